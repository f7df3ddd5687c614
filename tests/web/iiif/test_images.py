"""The image service: what it answers, to whom, and with which headers."""

import io

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from vestige.web import create_app
from vestige.web.access import Accounts

HOME = "http://127.0.0.1:8765"
ELSEWHERE = {"origin": "https://viewer.example", "sec-fetch-site": "cross-site"}


@pytest.fixture
def services(manifest):
    """The service of each canvas, by its label."""
    found = {}
    for canvas in manifest["items"]:
        body = canvas["items"][0]["items"][0]["body"]
        label = next(iter(canvas["label"].values()))[0]
        for image in body.get("items", [body]):
            found.setdefault(label, image["service"][0]["id"].removeprefix(HOME))
    return found


def opened(answer):
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


def test_every_kind_is_drawn_in_both_versions(client, services):
    assert len(services) == 13
    for address in services.values():
        for version in ("2", "3"):
            base = address.replace("/iiif/3/", f"/iiif/{version}/")
            info = client.get(f"{base}/info.json").json()
            image = opened(client.get(f"{base}/full/!99,99/0/default.jpg"))
            assert max(image.size) == 99
            assert abs(image.width / image.height - info["width"] / info["height"]) < 0.04
            assert info.get("id", info.get("@id")) == HOME + base


def test_a_picture_is_what_it_was(client, services, app):
    address = services["picture"]
    first = np.asarray(opened(client.get(f"{address}/100,200,300,200/300,200/0/default.png")).convert("RGB"))
    name = address.rsplit("/", 1)[1]
    images = app.state.bench.images
    assert images.pyramids.stored(images.picture(name), wait=True) is not None
    later = np.asarray(opened(client.get(f"{address}/100,200,300,200/300,200/0/default.png")).convert("RGB"))
    assert np.abs(first.astype(int) - later).mean() < 2
    tile = client.get(f"{address}/512,0,512,512/512,512/0/default.jpg")
    stored = images.pyramids.stored(images.picture(name))
    assert tile.content == stored.jpeg(0, 1)
    edge = opened(client.get(f"{address}/1024,1024,476,276/476,276/0/default.jpg"))
    assert edge.size == (476, 276)


def test_turned_mirrored_and_recoloured(client, services):
    base = f"{services['picture']}/0,0,600,400/300,200"
    plain = np.asarray(opened(client.get(f"{base}/0/default.png"))).astype(int)
    turned = np.asarray(opened(client.get(f"{base}/90/default.png")))
    assert np.abs(turned - np.rot90(plain, -1)).max() <= 1
    mirrored = np.asarray(opened(client.get(f"{base}/!0/default.png")))
    assert np.abs(mirrored - plain[:, ::-1]).max() <= 1
    both = np.asarray(opened(client.get(f"{base}/!90/default.png")))
    assert np.abs(both - np.rot90(plain[:, ::-1], -1)).max() <= 1
    assert opened(client.get(f"{base}/0/gray.jpg")).mode == "L"
    assert set(np.unique(opened(client.get(f"{base}/0/bitonal.png")).convert("L"))) <= {0, 255}
    assert opened(client.get(f"{base}/0/color.webp")).format == "WEBP"


def test_headers(client, services):
    address = f"{services['picture']}/full/200,/0/default.jpg"
    answer = client.get(address)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "public, max-age=86400"
    assert (
        f'<{HOME}{services["picture"]}/full/200,173/0/default.jpg>;rel="canonical"' in answer.headers["link"]
    )
    again = client.get(address, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head(address)
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", "image/jpeg")
    assert client.options(address, headers=ELSEWHERE).headers["access-control-allow-origin"] == "*"
    info = f"{services['picture']}/info.json"
    assert client.get(info).headers["content-type"] == "application/json"
    linked = client.get(info, headers={"accept": "application/ld+json"}).headers["content-type"]
    assert linked == 'application/ld+json;profile="http://iiif.io/api/image/3/context.json"'
    there = client.get(services["picture"])
    assert (there.status_code, there.headers["location"]) == (303, HOME + info)


@pytest.mark.parametrize(
    ("tail", "status"),
    [
        ("full/max/0/default.gif", 501),
        ("full/max/45/default.jpg", 501),
        ("full/full/0/default.jpg", 400),
        ("5,5,0,0/max/0/default.jpg", 400),
        ("full/max/0/native.jpg", 400),
        ("full/9999,/0/default.jpg", 400),
    ],
)
def test_what_is_refused(client, services, tail, status):
    answer = client.get(f"{services['picture']}/{tail}")
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (status, "*")
    assert len(answer.text.splitlines()) == 1


def test_names_that_are_none(client, services):
    name = services["picture"].rsplit("/", 1)[1]
    for wrong in (
        "x",
        name + "0",
        name[:-1] + "99",
        name + ".7",
        name.replace(".0.0", ".8.0"),
        "..%2f..",
        "%5Bfrob%5D",
    ):
        for tail in ("/info.json", "/full/max/0/default.jpg"):
            assert client.get(f"/iiif/3/{wrong}{tail}").status_code == 404, wrong
    assert client.get(f"/iiif/4/{name}/info.json").status_code == 404
    assert client.get(f"/iiif/3/a/b/{name}/info.json").status_code == 404


def test_a_stranger_sees_what_is_open_and_nothing_else(client, numbers, services):
    seen = {}
    for identifier, number in numbers.items():
        manifest = client.get(f"/iiif/presentation/{number}/manifest").json()
        image = manifest["items"][-1]["thumbnail"][0]["id"].removeprefix(HOME)
        seen[identifier] = [
            client.get(address, headers=ELSEWHERE).status_code
            for address in (f"/iiif/presentation/{number}/manifest", image, image.split("/full/")[0] + "/info.json",
                            manifest["seeAlso"][0]["id"].removeprefix(HOME), f"/iiif/search/{number}?q=a")
        ]  # fmt: skip
    assert seen == {"MS 1": [200] * 5, "MS 2": [404] * 5, "MS 3": [404] * 5}
    listed = client.get("/iiif/collection/all", headers=ELSEWHERE).json()["items"]
    assert [item["label"]["none"] for item in listed] == [["A coin <gold>"]]
    assert len(client.get("/iiif/collection/all").json()["items"]) == 3


def test_where_people_sign_in_strangers_still_see_what_is_open(museum, tmp_path, numbers, services):
    import shutil

    app = create_app(shutil.copytree(museum, tmp_path / "house"))
    Accounts(app.state.bench.archive.engine).add("eva", "a long password for eva", "admin")
    app.state.bench.close()
    app = create_app(tmp_path / "house")
    stranger = TestClient(app, base_url=HOME, follow_redirects=False)
    try:
        assert stranger.get(f"/iiif/presentation/{numbers['MS 1']}/manifest").status_code == 200
        assert stranger.get(f"{services['picture']}/full/64,/0/default.jpg").status_code == 200
        assert stranger.get(f"/iiif/presentation/{numbers['MS 3']}/manifest").status_code == 404
        assert stranger.get(f"/object/{numbers['MS 1']}").status_code == 401
    finally:
        app.state.bench.close()


def test_an_emptied_cache_is_filled_again(client, services, app):
    images = app.state.bench.images
    name = services["picture"].rsplit("/", 1)[1]
    address = f"{services['picture']}/0,0,512,512/512,512/0/default.jpg"
    assert images.pyramids.stored(images.picture(name), wait=True)
    assert client.get(address).status_code == 200
    images.pyramids.place(images.picture(name)).unlink()
    assert client.get(address).status_code == 200


def test_nonsense_is_answered_with_less_than_500(client, numbers, services):
    import random
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path
    from urllib.parse import unquote

    path = Path(__file__).parents[3] / "benchmarks" / "_iiif_nonsense.py"
    spec = spec_from_file_location("nonsense", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    chance = random.Random(4)
    name = services["picture"].rsplit("/", 1)[1]
    statuses = set()
    for _ in range(600):
        address, headers = module.nonsense(chance, name, numbers["MS 1"])
        answer = client.request(chance.choice(("GET", "HEAD", "OPTIONS")), address, headers=headers)
        assert answer.status_code < 500 or answer.status_code == 501, unquote(address)
        assert b"root:x:" not in answer.content
        statuses.add(answer.status_code)
    assert {200, 400, 404} <= statuses
