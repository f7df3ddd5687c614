"""Downloads are pictures of the size, format and part that were asked for, and say whose they are."""

import numpy as np
import pytest

from vestige.capture import Rights, load_manifest, save
from vestige.imaging import probe, read_image
from vestige.web import create_app
from vestige.web.looking import downloads


def kept(answer, folder, suffix):
    assert answer.status_code == 200, answer.text
    path = folder / f"taken{suffix}"
    path.write_bytes(answer.content)
    return path


@pytest.mark.parametrize(("name", "suffix"), [("jpeg", ".jpg"), ("png", ".png"), ("tiff", ".tif")])
def test_formats(client, key, tmp_path, name, suffix):
    answer = client.get(f"/download/r.{key}.0.0", params={"format": name, "size": 1000})
    info = probe(kept(answer, tmp_path, suffix))
    assert (info.width, info.height) == (1000, 867)
    assert info.icc
    assert "One of every kind (picture)" in info.description
    assert f"One-of-every-kind-picture-1000px{suffix}" in answer.headers["content-disposition"]


def test_all_pixels_are_those_of_the_file(client, key, original, tmp_path):
    answer = client.get(f"/download/r.{key}.0.0", params={"format": "tiff", "size": 0})
    taken = read_image(kept(answer, tmp_path, ".tif"))
    stored = read_image(next(original.rglob("image.tif")))
    assert np.abs(taken - stored).max() < 0.01


def test_a_part_in_view(client, key, original, tmp_path):
    answer = client.get(
        f"/download/r.{key}.0.0", params={"format": "png", "size": 0, "part": "200,100,64,48"}
    )
    taken = read_image(kept(answer, tmp_path, ".png"))
    stored = read_image(next(original.rglob("image.tif")))[100:148, 200:264]
    assert taken.shape == (48, 64, 3)
    assert np.abs(taken - stored).max() < 0.01
    assert client.get(f"/download/r.{key}.0.0", params={"part": "9000,9000,5,5"}).status_code == 422


@pytest.mark.parametrize(
    ("place", "wish"),
    [
        (1, {"look": "relief"}),
        (1, {"look": "cividis"}),
        (2, {"bands": "5,2,0"}),
        (2, {"bands": "4"}),
        (4, {}),
        (10, {}),
    ],
)
def test_as_it_is_shown(client, key, tmp_path, place, wish):
    answer = client.get(f"/download/r.{key}.{place}.0", params={"size": 1000, **wish})
    assert read_image(kept(answer, tmp_path, ".jpg")).std() > 0.01


def test_a_frame_with_its_rights_and_scale(folder, capture_key, browse, tmp_path):
    path = next(folder.rglob("capture.json"))
    capture = load_manifest(path)
    rights = Rights(creator="Ana Ruiz", licence="CC-BY-4.0")
    save(capture.model_copy(update={"rights": rights, "settings": {"pixel_mm": 0.05}}), path.parent)
    answer = browse(create_app(folder)).get(f"/download/f.{capture_key}.1", params={"size": 0})
    info = probe(kept(answer, tmp_path, ".jpg"))
    assert info.exif["Artist"] == "Ana Ruiz"
    assert info.exif["Copyright"] == "CC-BY-4.0"
    assert info.ppi == pytest.approx(508, abs=1)


def test_what_is_refused(client, key, monkeypatch):
    address = f"/download/r.{key}.0.0"
    assert client.get(address, params={"format": "exe"}).status_code == 400
    assert client.get(address, params={"size": 1234}).status_code == 400
    assert client.get(address, params={"part": "1,2"}).status_code == 400
    assert client.get(address, params={"bands": "900"}).status_code == 404
    assert client.get(f"/download/r.{key}.5.0").status_code == 422
    for name in ("r.nowhere.0.0", f"r.{key}.99.0", f"r.{key}.0.77", "f.nowhere.0", "x", "..%2f..%2fetc"):
        assert client.get(f"/download/{name}").status_code == 404
    monkeypatch.setattr(downloads, "MOST_PIXELS", 1000)
    assert client.get(address, params={"size": 0}).status_code == 507


def test_nothing_is_left_behind(client, key, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client.get(f"/download/r.{key}.0.0", params={"size": 1000})
    assert list(tmp_path.iterdir()) == []
