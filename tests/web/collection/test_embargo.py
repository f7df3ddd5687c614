"""What is under embargo is not there for a visitor, at any address; those who work here see it, marked."""

import json

import pytest
from fastapi.testclient import TestClient

from vestige.archive import Archive, search
from vestige.publish.kept import result_key
from vestige.web import create_app
from vestige.web.access import Accounts
from vestige.web.access.gate import csrf_of
from vestige.web.access.table import rules

PASSWORD, HIDDEN = "correct horse battery", "2999-12-31"


@pytest.fixture
def house(museum, key):
    """The museum with accounts, and the address parts of the object that is under embargo in it."""
    with Archive(museum) as archive:
        people = Accounts(archive.engine)
        for name in ("admin", "curator", "visitor"):
            people.add(name, PASSWORD, name)
        archive.describe("ENT 1842", {"embargo": HIDDEN})
        found = search.capture(archive.engine, key)
    app = create_app(museum)
    result = result_key(key, found["products"][0]["run"])
    yield app, found["object_id"], key, result
    app.state.bench.close()


def person(app, name):
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    client.get("/sign-in")
    form = {"csrf": csrf_of(client.cookies.get("visit")), "name": name, "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    return client


def addresses(app, number, key, result):
    """Each address of what a visitor may look at, as that of the hidden object."""
    found = set()
    for rule in rules(app):
        if rule.method != "GET" or rule.role != "visitor" or "{" not in rule.path:
            continue
        if rule.path.startswith("/object/"):
            path = rule.path.replace("{number}", str(number)).replace("{key}", result)
        elif rule.path.startswith(("/frame/", "/capture/")):
            path = rule.path.replace("{key}", key)
        else:
            path = rule.path.replace("{key}", result).replace("{name}", f"r.{result}.0.0")
        for name in ("index", "item", "number", "zoom", "column", "row"):
            path = path.replace(f"{{{name}}}", "0")
        found.add(path)
    more = {f"/compare?a=f.{key}.0", f"/compare?a=r.{result}.0.0", f"/download/f.{key}.0"}
    return sorted((found | more) - {"/collection/values/{field}"})


def test_a_visitor_finds_none_of_its_addresses(house):
    app, *parts = house
    visitor, curator = person(app, "visitor"), person(app, "curator")
    listed = addresses(app, *parts)
    assert len(listed) > 20
    for address in listed:
        assert visitor.get(address).status_code == 404, address
    seen = [address for address in listed if curator.get(address).status_code == 200]
    assert len(seen) > 12, "the addresses must be real ones"
    app.state.bench.archive.describe("ENT 1842", {"embargo": ""})
    assert [address for address in seen if visitor.get(address).status_code != 200] == []


def test_lists_counts_and_values_are_without_it(house):
    app, number, key, _ = house
    visitor, curator = person(app, "visitor"), person(app, "curator")
    for address in ("/", "/?q=chafer", "/?kind=image", "/?place=Graz", "/?q=Rose&place=Graz", "/?q=ENT*"):
        assert f"/object/{number}" not in visitor.get(address).text, address
        assert "Insects" not in visitor.get(address).text, address
    assert f"/object/{number}" in curator.get("/?q=chafer").text
    assert "40 " in visitor.get("/").text
    assert "41 " in curator.get("/").text
    assert visitor.get("/collection/values/collection?start=Ins").json() == []
    assert curator.get("/collection/values/collection?start=Ins").json() == ["Insects"]
    assert visitor.get("/?q=ENT+1842&go=1").status_code == 200
    assert curator.get("/?q=ENT+1842&go=1").status_code == 303
    assert f"f.{key}" not in visitor.get("/compare?find=chafer").text
    assert f"f.{key}" in curator.get("/compare?find=chafer").text
    assert visitor.get("/projects").status_code == 403


def test_a_visitor_sees_nothing_of_the_desk(house):
    app, *_ = house
    visitor = person(app, "visitor")
    told = visitor.get("/shelf")
    assert "/result/" not in told.text
    assert "/capture/" not in told.text


def test_those_who_work_here_see_it_marked(house):
    app, number, *_ = house
    curator = person(app, "curator")
    assert f"Not public before {HIDDEN}" in curator.get(f"/object/{number}").text
    assert f"Nicht öffentlich vor dem {HIDDEN}" in curator.get("/", headers={"accept-language": "de"}).text
    assert json.loads(curator.get(f"/object/{number}/annotations.json").text)


def test_an_embargo_that_has_passed_hides_nothing(house):
    app, number, *_ = house
    app.state.bench.archive.describe("ENT 1842", {"embargo": "2001-01-01"})
    told = person(app, "visitor").get(f"/object/{number}")
    assert told.status_code == 200
    assert "Not public before 2001" not in told.text
