"""What every answer carries, and who is answered at all."""

from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from vestige.archive import Archive
from vestige.errors import InputError, UsageError
from vestige.web import create_app, serve
from vestige.web.serving import Door
from vestige.web.shelf import Scanner


def test_every_answer_carries_the_headers(client, original):
    key = next(iter(Scanner(original).scan().results))
    for address in (
        "/",
        f"/result/{key}/0",
        f"/tiles/{key}/0/0/0/0/0",
        "/static/js/stage.js",
        "/nothing",
        "/state",
    ):
        headers = client.get(address).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "unsafe-eval" not in policy


def test_pages_hold_no_script_and_no_style_of_their_own(client, original):
    key = next(iter(Scanner(original).scan().results))
    capture = next(iter(Scanner(original).scan().captures))
    for address in ["/", f"/capture/{capture}", f"/record/{key}", *(f"/result/{key}/{n}" for n in range(15))]:
        text = client.get(address).text
        assert text.count("<script") == text.count('<script type="module" src="/static/js/')
        for sign in ("<style", " style=", "javascript:", " onclick", " onload", "http://", "https://"):
            assert sign not in text, (address, sign)


@pytest.mark.parametrize(
    "host", ["example.org", "127.0.0.1.example.org", "", "localhost.example:8765", "[::2]"]
)
def test_foreign_names_are_not_answered(original, host):
    client = TestClient(create_app(original), base_url="http://127.0.0.1")
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8765", "localhost:1", "LOCALHOST", "[::1]:8765", "[::1]"]
)
def test_this_machine_is_answered(original, host):
    client = TestClient(create_app(original), base_url="http://127.0.0.1")
    assert client.get("/state", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(original, browse, method):
    client = browse(create_app(original))
    assert client.request(method, "/").status_code == 405
    assert client.request(method, "/", headers={"x-csrf": "guessed"}).status_code == 403


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::", ""])
def test_only_this_machine_is_served(tmp_path, host):
    with pytest.raises(UsageError, match="is not this machine"):
        serve(tmp_path, host, 0, open_browser=False)


def test_a_port_that_cannot_be_used_is_one_sentence(tmp_path):
    with pytest.raises(UsageError, match=r"port 70000 of 127\.0\.0\.1 cannot be used"):
        serve(tmp_path, port=70000, open_browser=False)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="is no folder"):
        serve(tmp_path / "nowhere")


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("door") / "museum"
    Archive.make(folder).close()
    return folder


@pytest.mark.parametrize(
    ("door", "sentence"),
    [
        (Door("0.0.0.0"), "by which name"),
        (Door("0.0.0.0", names=("museum.example",)), "vestige accounts add"),
        (Door(names=("museum.example",)), "has no admin"),
        (Door("0.0.0.0", names=("museum.example",), sign_in=False), "on this machine only"),
    ],
)
def test_beyond_this_machine_people_must_be_able_to_sign_in(archive, door, sentence):
    with pytest.raises(UsageError, match=sentence):
        serve(archive, door=replace(door, port=0), open_browser=False)


def test_a_name_that_was_given_is_answered(archive):
    client = TestClient(
        create_app(archive, names=["Museum.example"], sign_in=False), base_url="http://museum.example"
    )
    assert client.get("/state").status_code == 200
    assert client.get("/state", headers={"host": "elsewhere.example"}).status_code == 421
