"""Comparing, frames in tiles, layers of light: every address."""

from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from vestige.archive import Archive, add
from vestige.capture import load_manifest, save
from vestige.web import create_app
from vestige.web.looking.alignment import aligned
from vestige.web.shelf import Scanner


def sight(width, height, group="a", pixel_mm=None):
    return SimpleNamespace(
        pyramid=SimpleNamespace(width=width, height=height), group=group, pixel_mm=pixel_mm
    )


@pytest.mark.parametrize(
    ("one", "other", "how", "width"),
    [
        (sight(600, 400), sight(600, 400), "pixels", 1),
        (sight(600, 400), sight(600, 400, "b"), "size", 1),
        (sight(600, 400, "a", 0.1), sight(300, 300, "b", 0.1), "scale", 0.5),
        (sight(600, 400, "a", 0.1), sight(300, 300, "b"), "width", 1),
        (sight(600, 400), sight(300, 200), "width", 1),
    ],
)
def test_pictures_are_laid_over_each_other(one, other, how, width):
    place = aligned([one, other])[1]
    assert (place.how, place.width) == (how, width)


def test_a_common_scale_is_about_the_middle():
    place = aligned([sight(600, 400, "a", 0.1), sight(300, 300, "b", 0.1)])[1]
    assert (place.x, place.y) == pytest.approx((0.25, (400 / 600 - 0.5) / 2))


def test_two_are_compared_and_more_can_be_chosen(client, key, capture_key):
    page = client.get("/compare", params={"a": f"r.{key}.0.0", "b": f"f.{capture_key}.2"}).text
    assert "compare.js" in page
    assert "lengths cannot be compared" in page
    assert page.count("checked") == 2
    empty = client.get("/compare").text
    assert "compare.js" not in empty
    assert f"f.{capture_key}.3" in empty


def test_the_chooser_works_without_script(client, key):
    answer = client.get(f"/compare?p=r.{key}.0.0&p=r.{key}.1.0", follow_redirects=False)
    assert answer.headers["location"] == f"/compare?a=r.{key}.0.0&b=r.{key}.1.0"
    assert client.get("/compare?find=nothing+of+the+kind").status_code == 200


@pytest.mark.parametrize("name", ["r.x.0.0", "f.x.0", "nonsense", "r.x"])
def test_what_is_not_there_cannot_be_compared(client, name):
    assert client.get("/compare", params={"a": name}).status_code == 404


def test_frames_in_tiles(client, capture_key):
    told = client.get(f"/frame/{capture_key}/1/raster").json()
    assert (told["width"], told["height"], told["deepest"]) == (160, 120, 0)
    tile = client.get(f"{told['tiles']}/0/0/0")
    assert cv2.imdecode(np.frombuffer(tile.content, np.uint8), cv2.IMREAD_COLOR).shape == (120, 160, 3)
    assert client.get(f"{told['tiles']}/0/1/0").status_code == 404
    assert client.get(f"/frame/{capture_key}/99/raster").status_code == 404


@pytest.mark.parametrize(("place", "layers", "shape"), [(3, 6, (256, 320)), (4, 1, (250, 310))])
def test_layers_lie_beneath_each_other_with_a_rim(client, key, place, layers, shape):
    answer = client.get(f"/light/{key}/{place}/0/0/0")
    stacked = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert stacked.shape == ((shape[0] + 2) * layers, shape[1] + 2, 3)
    first = stacked[: shape[0] + 2].astype(int)
    assert np.abs(first[0] - first[1]).mean() < 3
    assert client.get(f"/light/{key}/{place}/0/1/0").status_code == 404


def test_only_light_has_layers(client, key):
    assert client.get(f"/light/{key}/0/0/0/0").status_code == 404


def test_in_an_archive_what_belongs_to_an_object_is_offered(tmp_path, original, browse):
    coin = next(iter(Scanner(original).scan().captures.values()))
    with Archive.make(tmp_path / "museum") as archive:
        key = add(archive, coin.folder, {"identifier": "K 7", "title": "A coin"}).capture
    with browse(create_app(tmp_path / "museum")) as client:
        assert f"f.{key}.3" in client.get("/compare", params={"a": f"f.{key}.0"}).text
        assert f"f.{key}.1" in client.get("/compare", params={"find": "coin"}).text
        assert f"f.{key}.1" not in client.get("/compare", params={"find": "spoon"}).text
        assert client.get(f"/download/f.{key}.0", params={"size": 1000}).status_code == 200


def test_frames_are_read_by_the_limited_child_alone(client, capture_key, monkeypatch):
    """A frame came from outside: neither tifffile nor libvips may open it here."""
    from vestige.display import opening

    opened = []
    real = opening._native
    monkeypatch.setattr(opening, "_native", lambda path: (opened.append(path), real(path))[1])
    opening._open.cache_clear()
    assert client.get(f"/frame/{capture_key}/2/tiles/0/0/0").status_code == 200
    assert all(".cache" in path.parts for path in opened)


def test_a_frame_of_linear_light_is_as_bright_as_its_small_picture(folder, capture_key, browse):
    path = next(folder.rglob("capture.json"))
    capture = load_manifest(path)
    save(capture.model_copy(update={"settings": {"encoding": "linear"}}), path.parent)
    client = browse(create_app(folder))

    def mean(address):
        return cv2.imdecode(np.frombuffer(client.get(address).content, np.uint8), cv2.IMREAD_COLOR).mean()

    tile = mean(f"/frame/{capture_key}/0/tiles/0/0/0")
    assert tile == pytest.approx(mean(f"/frame/{capture_key}/0"), abs=3)
    assert tile > 100
