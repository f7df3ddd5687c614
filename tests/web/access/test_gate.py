"""The gate: who is let in, who is sent away, and that a change was meant."""

import pytest
from fastapi.testclient import TestClient

from vestige.archive import Archive
from vestige.web import create_app
from vestige.web.access import Accounts, Audit
from vestige.web.access.gate import csrf_of
from vestige.web.access.roles import ROLES, at_least
from vestige.web.access.table import STRANGER, TABLE, rules

PASSWORD = "correct horse battery"
HOME = "http://127.0.0.1"
HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house") / "museum"
    with Archive.make(folder) as archive:
        people = Accounts(archive.engine)
        for role in reversed(ROLES):
            people.add(role, PASSWORD, role)
    return folder


@pytest.fixture
def app(folder):
    return create_app(folder)


def browser(app, name=""):
    client = TestClient(app, base_url=HOME, follow_redirects=False)
    client.get("/sign-in")
    if name:
        answer = post(client, "/sign-in", name=name, password=PASSWORD)
        assert answer.status_code == 303, answer.text
    return client


def token(client):
    return csrf_of(client.cookies.get("signed_in") or client.cookies.get("visit"))


def post(client, address, **fields):
    return client.post(address, data={"csrf": token(client), **fields})


def test_every_route_has_a_role(app):
    assert len(rules(app)) > 25
    assert [f"{rule.method} {rule.path}" for rule in rules(app) if not rule.told] == []


def test_the_table_lists_only_routes_that_are_there(app):
    known = {rule.path if rule.method == "GET" else f"{rule.method} {rule.path}" for rule in rules(app)}
    assert {entry for entries in TABLE.values() for entry in entries} <= known


def filled(path):
    parts = [("1" if part.startswith("{") else part) for part in path.split("/")]
    return "/".join(parts)


def test_strangers_are_sent_to_sign_in_everywhere(app):
    stranger = browser(app)
    for rule in rules(app):
        if rule.role == STRANGER:
            continue
        answer = stranger.request(rule.method, filled(rule.path), headers=HTML | {"x-csrf": token(stranger)})
        if rule.method == "GET":
            assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in"), rule
        else:
            assert answer.status_code == 401, rule
    assert stranger.get("/nothing/here", headers=HTML).status_code == 303
    assert stranger.get("/state").status_code == 401
    assert stranger.get("/", headers={"hx-request": "true"}).headers["hx-redirect"] == "/sign-in"


def test_each_role_is_refused_what_is_above_it(app):
    for role in ROLES[:-1]:
        client = browser(app, role)
        for rule in rules(app):
            if rule.role == STRANGER or at_least(role, rule.role):
                continue
            answer = client.request(rule.method, filled(rule.path), headers={"x-csrf": token(client)})
            assert answer.status_code == 403, (role, rule)


def test_a_person_signs_in_and_out(app, folder):
    client = browser(app)
    answer = client.get("/accounts?x=1", headers=HTML)
    assert answer.headers["location"] == "/sign-in?back=%2Faccounts%3Fx%3D1"
    answer = post(client, "/sign-in", name="Admin ", password=PASSWORD, back="/accounts")
    assert (answer.status_code, answer.headers["location"]) == (303, "/accounts")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    page = client.get("/accounts")
    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-cache"
    shown = client.cookies["signed_in"]
    assert post(client, "/sign-out").status_code == 303
    client.cookies.set("signed_in", shown)
    assert client.get("/accounts", headers=HTML).status_code == 303
    records = list(Audit(folder).records())
    assert {"sign-in", "POST"} <= {record.kind for record in records}
    assert not any(PASSWORD in record.line for record in records)


def test_cookies_over_https_cannot_be_set_from_elsewhere(folder):
    client = TestClient(
        create_app(folder, names=["vestige.example.org"]), base_url="https://vestige.example.org"
    )
    answer = client.get("/sign-in")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-visit=")
    assert "Secure" in cookie
    assert "strict-transport-security" in answer.headers


def test_a_wrong_password_says_nothing_of_the_name(app):
    client = browser(app)
    wrong = post(client, "/sign-in", name="admin", password="not the right one")
    nobody = post(client, "/sign-in", name="nobody", password="not the right one")
    assert wrong.status_code == nobody.status_code == 403
    assert "do not fit together" in wrong.text
    assert "do not fit together" in nobody.text


def test_guessing_is_slowed_down(app):
    client = browser(app)
    answers = [
        post(client, "/sign-in", name="curator", password=f"guess number {n}").status_code for n in range(7)
    ]
    assert answers == [403] * 5 + [429] * 2
    assert post(client, "/sign-in", name="curator", password=PASSWORD).status_code == 429


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://elsewhere.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
    ],
)
def test_a_page_elsewhere_changes_nothing(app, headers):
    client = browser(app, "admin")
    data = {"csrf": token(client), "name": "visitor", "role": "admin"}
    assert client.post("/accounts/role", data=data, headers=headers).status_code == 403


@pytest.mark.parametrize("shown", ["", "x", "0" * 64, "\u00e9"])
def test_a_form_without_the_token_changes_nothing(app, shown):
    client = browser(app, "admin")
    answer = client.post("/accounts/remove", data={"csrf": shown, "name": "visitor"})
    assert answer.status_code == 403
    assert "too old" in answer.text
    assert client.post("/accounts/remove", json={"name": "visitor"}).status_code == 403


def test_the_token_may_come_in_a_header(app):
    client = browser(app, "operator")
    assert client.post("/sign-out", headers={"x-csrf": token(client)}).status_code == 303


def test_a_form_that_is_too_long_is_refused(app):
    client = browser(app, "admin")
    assert post(client, "/accounts", name="x" * (1 << 20)).status_code == 413


def test_another_password_ends_other_sign_ins(app):
    one, other = browser(app, "technician"), browser(app, "technician")
    answer = post(one, "/account", old=PASSWORD, new="another horse battery", again="another horse battery")
    assert "Your password is changed" in answer.text
    assert one.get("/account").status_code == 200
    assert other.get("/account", headers=HTML).status_code == 303
    assert post(one, "/account", old="another horse battery", new=PASSWORD, again=PASSWORD).status_code == 200
    assert post(one, "/account", old="wrong", new=PASSWORD, again=PASSWORD).status_code == 422


def test_an_admin_keeps_the_accounts(app):
    client = browser(app, "admin")
    assert post(client, "/accounts", name="Zoë", password=PASSWORD, role="operator").status_code == 303
    assert "zoë" in client.get("/accounts").text
    guest = TestClient(app, base_url=HOME, follow_redirects=False)
    guest.get("/sign-in")
    assert post(guest, "/sign-in", name="ZOË", password=PASSWORD).status_code == 303
    assert post(client, "/accounts/remove", name="zoë").status_code == 303
    assert guest.get("/", headers=HTML).status_code == 303
    for fields, sentence in [
        ({"name": "a", "password": "short", "role": "visitor"}, "12 to 256 characters"),
        ({"name": "a b", "password": PASSWORD, "role": "visitor"}, "is no name"),
        ({"name": "b", "password": PASSWORD, "role": "king"}, "is no role"),
        ({"name": "admin", "password": PASSWORD, "role": "visitor"}, "has an account already"),
    ]:
        answer = post(client, "/accounts", **fields)
        assert answer.status_code == 422
        assert sentence in answer.text
    assert "last admin" in post(client, "/accounts/remove", name="admin").text
    assert "last admin" in post(client, "/accounts/role", name="admin", role="visitor").text


def test_without_accounts_everyone_here_may_do_everything(tmp_path):
    Archive.make(tmp_path / "museum").close()
    client = TestClient(create_app(tmp_path / "museum"), base_url=HOME, follow_redirects=False)
    assert client.get("/accounts").status_code == 200
    assert client.get("/sign-in").status_code == 303
    assert post(client, "/accounts", name="eva", password=PASSWORD, role="operator").status_code == 422
    assert client.post("/accounts", data={"name": "eva"}).status_code == 403
