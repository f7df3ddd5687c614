"""Light to move, surfaces and texts are compared side by side, each in a viewer that follows the other."""

import pytest


def keys(client, kind):
    """The name of the product of a kind, as the chooser names it."""
    import re

    told = client.get("/compare?find=").text
    names = re.findall(r'name="p" value="([\w.-]+)"', told)
    return names if kind is None else [name for name in names if name.startswith("v.")]


def test_the_chooser_offers_what_is_no_picture(client):
    assert len(keys(client, "v")) == 4, "a relightable picture, a mesh and two texts"


def test_each_stands_in_a_viewer_of_its_own(client):
    names = keys(client, "v")
    told = client.get("/compare", params=dict(zip("abc", names, strict=False))).text
    assert told.count("<iframe") == 3
    assert "beside-tools" not in told
    for name in names:
        _, key, index = name.split(".")
        answer = client.get(f"/alone/{key}/{index}")
        assert answer.status_code == 200
        assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
        assert "masthead" not in answer.text


def test_a_curtain_is_offered_for_two_that_move_alike(client):
    light = keys(client, "v")[0]
    assert "beside-tools" in client.get(f"/compare?a={light}&b={light}").text


def test_a_picture_may_stand_beside_a_surface(client):
    picture = next(name for name in keys(client, None) if name.startswith("r."))
    told = client.get(f"/compare?a={keys(client, 'v')[0]}&b={picture}").text
    assert told.count("<iframe") == 2


@pytest.mark.parametrize("name", ["v.nothing.0", "v.x.99", "v.", "v.a.b"])
def test_what_is_not_there_is_absent(client, name):
    assert client.get(f"/compare?a={name}").status_code == 404
