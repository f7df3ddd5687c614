"""The relief: to scale where the capture tells mm, otherwise stretched and said so."""

import json
import struct

import numpy as np
import pytest
import trimesh

from vestige.capture import Capture
from vestige.contract.runner import execute
from vestige.focus.recipe import SceneRecipe, StackRecipe
from vestige.focus.simulate import make
from vestige.focus.surface import AreaMeans, grid_of, relief, write_surface
from vestige.focus.technique import technique


def cone(shape=(60, 80), top=8.0, bottom=12.0):
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    away = np.hypot(x - shape[1] / 2, y - shape[0] / 2) / (shape[0] / 2)
    return (top + (bottom - top) * np.clip(away, 0, 1)).astype(np.float32)


def mesh(path):
    (found,) = trimesh.load(path).geometry.values()
    return found


def test_a_cone_stands_up_to_scale(tmp_path):
    depth = cone()
    about = write_surface(
        tmp_path / "surface.glb",
        depth,
        np.full((60, 80, 3), 0.2, np.float32),
        (600, 800),
        in_mm=True,
        pixel_mm=0.05,
    )
    found = mesh(tmp_path / "surface.glb")
    assert about == {"unit": "m", "to_scale": True}
    sides = np.ptp(found.vertices, axis=0) * 1000
    assert sides[:2] == pytest.approx([79 * 0.5, 59 * 0.5], rel=1e-4)
    assert sides[2] == pytest.approx(4, abs=0.2)
    tip = found.vertices[found.vertices[:, 2].argmax()]
    assert np.abs(tip[:2]).max() < 1e-3
    assert (found.face_normals[:, 2] > 0).all()
    assert (found.vertex_normals[:, 2] > 0).all()


def test_the_picture_lies_where_it_belongs(tmp_path):
    texture = np.zeros((60, 80, 3), np.float32)
    texture[:30, :40, 0], texture[30:, 40:, 2] = 0.8, 0.8
    write_surface(tmp_path / "surface.glb", cone(), texture, (60, 80), in_mm=False, pixel_mm=None)
    found = mesh(tmp_path / "surface.glb")
    picture = np.asarray(found.visual.material.baseColorTexture)
    upper_left = (found.vertices[:, 0] < -0.01) & (found.vertices[:, 1] > 0.01)
    u, v = found.visual.uv[upper_left].T
    # trimesh counts v from below.
    colours = picture[((1 - v) * 60).astype(int), (u * 80).astype(int)]
    assert colours[:, 0].mean() > 200
    assert colours[:, 2].mean() < 30


@pytest.mark.parametrize(
    ("in_mm", "pixel_mm", "lacks"),
    [(False, 0.1, "focus positions in mm"), (True, None, "the size of a pixel")],
)
def test_without_a_scale_the_relief_is_stretched_and_says_so(in_mm, pixel_mm, lacks):
    points, about = relief(cone(), (60, 80), in_mm=in_mm, pixel_mm=pixel_mm)
    assert not about["to_scale"]
    assert lacks in about["scale"]
    sides = np.ptp(points.reshape(-1, 3), axis=0)
    assert sides[2] == pytest.approx(0.2 * sides[0], rel=0.2)


def test_a_flat_thing_is_flat():
    points, _ = relief(np.full((10, 12), 7, np.float32), (10, 12), in_mm=True, pixel_mm=0.1)
    assert np.ptp(points[..., 2]) == 0


def test_means_by_strips_are_means_of_the_whole():
    random = np.random.default_rng(0)
    picture = random.random((97, 61, 3), np.float32)
    whole, parts = (AreaMeans(picture.shape, grid_of(picture.shape, 20)) for _ in range(2))
    whole.add(0, picture)
    for first in range(0, 97, 8):
        parts.add(first, picture[first : first + 8])
    assert np.allclose(whole.result(), parts.result(), atol=1e-5)
    assert whole.result().mean() == pytest.approx(picture.mean(), abs=0.01)


@pytest.fixture(scope="module")
def capture(tmp_path_factory):
    return make(SceneRecipe(height=120, frames=5), tmp_path_factory.mktemp("scene"), 0)


def test_run_writes_a_surface_in_metres(capture, tmp_path):
    report = execute(technique, "run", {"capture": [capture]}, StackRecipe(surface=100), tmp_path / "out")
    about = report.product("surface", tmp_path / "out").about
    assert about["to_scale"]
    data = (tmp_path / "out" / "surface.glb").read_bytes()
    head = json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])
    assert head["asset"]["extras"]["vestige"] == about
    width_mm = np.ptp(mesh(tmp_path / "out" / "surface.glb").vertices[:, 0]) * 1000
    assert width_mm == pytest.approx(160 * capture.settings["pixel_mm"] * 99 / 100, rel=0.01)


def test_no_surface_where_none_is_wanted(capture, tmp_path):
    report = execute(technique, "run", {"capture": [capture]}, StackRecipe(surface=0), tmp_path / "out")
    assert "surface" not in {record.name for record in report.products}


def test_a_scale_that_makes_no_sense_is_none(capture, tmp_path):
    odd = Capture(frames=capture.frames, settings={**capture.settings, "pixel_mm": "wide"}).at(capture.root)
    report = execute(technique, "run", {"capture": [odd]}, StackRecipe(surface=50), tmp_path / "out")
    assert "pixel_mm" in report.product("surface", tmp_path / "out").about["scale"]
