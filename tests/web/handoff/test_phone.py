"""The phone's page: what is behind a token, and the one page for all that is not."""

import asyncio
import contextlib
import io
import logging
import re
import zipfile
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from vestige.deliver import Vault
from vestige.web.handoff.phone import PROBES, phone_app

HERE = "http://10.42.0.1"


def picture(number):
    return cv2.imencode(".jpg", np.full((60, 40 + number, 3), 20 * number, np.uint8))[1].tobytes()


@pytest.fixture
def vault(tmp_path):
    made = Vault(tmp_path)
    yield made
    made.close()


@pytest.fixture
def session(vault, tmp_path_factory):
    made = vault.begin()
    folder = tmp_path_factory.mktemp("in")
    for number in (1, 2, 3):
        (folder / "a.jpg").write_bytes(picture(number))
        vault.add(made, folder / "a.jpg", datetime(2026, 11, 23, tzinfo=UTC))
    return made


@pytest.fixture
def phone(vault):
    with TestClient(phone_app(vault), base_url=HERE, follow_redirects=False) as client:
        yield client


def test_every_link_of_the_list_leads_somewhere(phone, session):
    page = phone.get(f"/s/{session.token}")
    links = set(re.findall(r'(?:href|src)="(/[^"]+)"', page.text))
    assert len(links) > 10
    for link in links:
        answer = phone.get(link)
        assert answer.status_code in (200, 303), link
    assert "http://" not in page.text


def test_both_languages(phone, session):
    assert "Ihre Scans" in phone.get(f"/s/{session.token}", headers={"accept-language": "de"}).text
    assert "Your scans" in phone.get(f"/s/{session.token}", headers={"accept-language": "en"}).text
    phone.get(f"/s/{session.token}/in/de")
    assert "Ihre Scans" in phone.get(f"/s/{session.token}", headers={"accept-language": "en"}).text


def test_a_zip_goes_on_where_it_was_cut(phone, session):
    address = f"/s/{session.token}/zip/3/scans.zip"
    whole = phone.get(address)
    assert whole.headers["content-length"] == str(len(whole.content))
    mark = whole.headers["etag"]
    rest = phone.get(address, headers={"range": "bytes=100-", "if-range": mark})
    assert rest.status_code == 206
    assert rest.headers["content-range"] == f"bytes 100-{len(whole.content) - 1}/{len(whole.content)}"
    assert whole.content[:100] + rest.content == whole.content
    with zipfile.ZipFile(io.BytesIO(whole.content)) as archive:
        assert archive.read("scan-02.jpg") == session.scans[1].file.read_bytes()


def test_a_file_never_changes_under_its_address(phone, session, vault, tmp_path_factory):
    address = f"/s/{session.token}/zip/3/scans.zip"
    before = phone.get(address)
    path = tmp_path_factory.mktemp("more") / "a.jpg"
    path.write_bytes(picture(9))
    vault.add(session, path, datetime(2026, 11, 23, tzinfo=UTC))
    assert phone.get(address).content == before.content
    assert phone.get(f"/s/{session.token}/zip/4/scans.zip").status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"range": "bytes=9999999-"}, 416),
        ({"range": "bytes=-0"}, 416),
        ({"range": "bytes=0-0"}, 206),
        ({"range": "bytes=0-1,4-5"}, 200),
        ({"range": "lines=1-2"}, 200),
        ({"range": "bytes=5-2"}, 200),
        ({"range": "bytes=5-", "if-range": '"another"'}, 200),
        ({"range": "bytes=5-", "if-range": "Mon, 23 Nov 2026 10:00:00 GMT"}, 200),
        ({"range": "bytes=" + "9" * 400 + "-"}, 200),
    ],
)
def test_ranges(phone, session, headers, status):
    assert phone.get(f"/s/{session.token}/picture/1/scan-01.jpg", headers=headers).status_code == status


def test_what_a_phone_has_is_not_sent_again(phone, session):
    address = f"/s/{session.token}/picture/1/scan-01.jpg"
    mark = phone.get(address).headers["etag"]
    assert phone.get(address, headers={"if-none-match": mark}).status_code == 304
    assert phone.head(address).headers["content-length"] == str(session.scans[0].size)


def test_nothing_is_told_of_what_is_not_theirs(phone, session, vault):
    over = vault.begin()
    vault.end(over)
    other = vault.begin()
    asked = [
        f"/s/{over.token}",
        f"/s/{over.token}/zip/1/scans.zip",
        f"/s/{'A' * 22}",
        f"/s/{session.token[:-1]}",
        f"/s/{session.token}x",
        f"/s/{session.token}/scan/4",
        f"/s/{session.token}/scan/0",
        f"/s/{session.token}/scan/-1",
        f"/s/{session.token}/scan/1e9",
        f"/s/{session.token}/zip/0/a.zip",
        f"/s/{session.token}/zip/4/a.zip",
        f"/s/{session.token}/in/fr",
        f"/s/{other.token}/scan/1",
        f"/s/{other.token}/zip/1/a.zip",
        "/s/",
        "/s/%00",
        "/s/" + "%F0%9F%92%A9" * 400,
        "/",
        "/admin",
        "/static/css/vestige.css",
        "/../../etc/passwd",
    ]
    answers = [phone.get(address) for address in asked]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    heads = [{k: v for k, v in answer.headers.items() if k != "date"} for answer in answers]
    assert all(head == heads[0] for head in heads)
    assert phone.post(f"/s/{session.token}").content == answers[0].content


def test_phones_hear_what_keeps_them_in_the_network(phone):
    for address, (status, _, text) in PROBES.items():
        answer = phone.get(address, headers={"host": "captive.apple.com"})
        assert (answer.status_code, answer.text) == (status, text)
    assert "<TITLE>Success</TITLE>" in phone.get("/hotspot-detect.html").text


def test_too_many_requests_wait(vault):
    with TestClient(phone_app(vault, at_once=5, a_second=0.001), base_url=HERE) as phone:
        assert [phone.get("/s/x").status_code for _ in range(6)] == [404] * 5 + [429]


def test_no_line_of_a_log_names_a_token_or_a_file(phone, session, vault, caplog, monkeypatch):
    caplog.set_level(logging.DEBUG)
    phone.get(f"/s/{session.token}")
    phone.get(f"/s/{session.token}/zip/3/scans.zip")
    monkeypatch.setattr("vestige.web.handoff.phone.parcel", lambda scans: 1 / 0)
    with contextlib.suppress(ZeroDivisionError):
        phone.get(f"/s/{session.token}")
    vault.end(session)
    phone.get(f"/s/{session.token}")
    ours = [
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))
    ]
    assert any("ZeroDivisionError" in line for line in ours)
    assert not [
        line for line in ours if session.token in line or "scan-" in line or session.folder.name in line
    ]


def test_a_download_ends_with_the_session(vault, session):
    """Wiped is wiped: what a slow phone is still fetching breaks off, with no end of the body."""
    app, sent = phone_app(vault), []
    session.scans[0].file.write_bytes(bytes(1 << 20))
    large = session.scans[0]
    object.__setattr__(large, "size", 1 << 20)
    scope = {
        "type": "http", "method": "GET", "path": f"/s/{session.token}/picture/1/x.jpg", "raw_path": b"",
        "query_string": b"", "headers": [], "client": ("10.42.0.2", 1), "server": ("10.42.0.1", 80),
        "scheme": "http", "root_path": "", "asgi": {"version": "3.0", "spec_version": "2.3"},
    }  # fmt: skip

    async def receive():
        await asyncio.sleep(60)

    async def send(message):
        sent.append(message)
        if message["type"] == "http.response.body":
            vault.end(session)

    asyncio.run(app(scope, receive, send))
    assert sum(len(message.get("body", b"")) for message in sent) < 1 << 20
    assert all(message.get("more_body") for message in sent[1:])
