"""Colours, placing, pictures and the model file."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh

from vestige.errors import InputError
from vestige.testing import mutants
from vestige.turntable import (
    Camera,
    Placing,
    Surface,
    ViewColours,
    colours_from_view,
    placing,
    rasterise,
    read_glb,
    shaded,
    vertex_colours,
    view_gains,
    write_glb,
)

SHEET = np.array([[0, 1, 2], [2, 1, 3]], np.int32)


def ball(radius: float = 10.0) -> Surface:
    sphere = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    return Surface(sphere.vertices.astype(np.float32), sphere.faces.astype(np.int32))


def camera(distance: float = 60.0, size: int = 120) -> Camera:
    lens = np.array([[2.0 * size, 0, size / 2], [0, 2.0 * size, size / 2], [0, 0, 1]])
    return Camera("a", size, size, lens, np.eye(3), np.array([0, 0, distance]))


def test_depth_of_a_ball_is_analytic() -> None:
    depth, face = rasterise(ball(), camera())
    assert depth[60, 60] == pytest.approx(50, abs=0.1)
    limb = 10 / np.sqrt(60**2 - 10**2) * 240
    assert (face >= 0).sum() == pytest.approx(np.pi * limb**2, rel=0.01)
    assert np.isinf(depth[0, 0])
    assert face[0, 0] == -1


def test_nearer_surface_hides_the_other() -> None:
    near = np.array([[-5, -5, 0], [5, -5, 0], [-5, 5, 0], [5, 5, 0]], np.float32)
    both = Surface(
        np.vstack([near + np.float32([0, 0, 9]), near]).astype(np.float32), np.vstack([SHEET, SHEET + 4])
    )
    assert set(np.unique(rasterise(both, camera())[1])) == {-1, 2, 3}


def test_only_the_visible_half_gets_colours() -> None:
    shape, view = ball(), camera()
    image = np.zeros((120, 120, 3), np.float32)
    image[:, :60, 0], image[:, 60:, 2] = 0.8, 0.8
    depth, face = rasterise(shape, view)
    found = colours_from_view(shape, shape.normals(), view, image, face >= 0, depth, tolerance=0.5)
    places = shape.vertices[found.vertices]
    assert places[:, 2].max() < 0
    left = places[:, 0] < -1
    assert (found.colours[left, 0] > 0.75).all()
    assert (found.colours[places[:, 0] > 1, 2] > 0.75).all()
    facing = np.argmax(found.weights)
    assert np.linalg.norm(places[facing, :2]) < 1


def test_best_facing_views_win_and_the_unseen_borrow() -> None:
    shape = ball()
    few = np.arange(50, dtype=np.int32)
    good = ViewColours(few, np.full(50, 0.9, np.float32), np.full((50, 3), 0.6, np.float32))
    poor = ViewColours(few, np.full(50, 0.1, np.float32), np.full((50, 3), 0.1, np.float32))
    colours, seen = vertex_colours(shape, [poor, good], blend=1)
    assert colours == pytest.approx(0.6, abs=1e-3)
    assert seen.sum() == 50
    nothing, unseen = vertex_colours(shape, [])
    assert (nothing == 0.5).all()
    assert not unseen.any()


def test_gains_undo_exposure() -> None:
    random = np.random.default_rng(1)
    truth = random.random((200, 3)).astype(np.float32) * 0.5 + 0.1
    factors = np.array([0.5, 1.0, 2.0])
    views = []
    for factor in factors:
        chosen = np.sort(random.choice(200, 150, replace=False)).astype(np.int32)
        views.append(
            ViewColours(chosen, np.ones(150, np.float32), (truth[chosen] * factor).astype(np.float32))
        )
    gains = view_gains(200, lambda: views, passes=4)
    assert gains * factors == pytest.approx(np.ones(3), rel=0.02)


def test_model_stands_on_the_ground_in_metres() -> None:
    # The world has z up and millimetres; the camera looks along +y from the front.
    rotation = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    view = Camera("a", 9, 9, np.eye(3), rotation, -rotation @ np.array([50.0, -500.0, 0]))
    box = np.array([[x, y, z] for x in (0, 100) for y in (0, 50) for z in (20, 320)], np.float32)
    shape = Surface(box, SHEET)
    place = placing(shape, [view], 1.0)
    model = place.placed(shape).vertices
    assert model.min(axis=0) == pytest.approx([-0.05, 0, -0.025], abs=1e-6)
    assert model.max(axis=0) == pytest.approx([0.05, 0.3, 0.025], abs=1e-6)
    assert np.linalg.det(place.rotation) == pytest.approx(1)
    front = place.rotation @ [0, -1.0, 0]
    assert front == pytest.approx([0, 0, 1], abs=0.15)
    moved = place.matrix @ [*box[3].tolist(), 1.0]
    assert moved[:3] == pytest.approx(model[3], abs=1e-6)
    assert isinstance(place, Placing)


def test_picture_shows_colours() -> None:
    shape = ball()
    red = np.tile(np.float32([0.7, 0, 0]), (len(shape.vertices), 1))
    assert shaded(shape, camera(), red)[60, 60] == pytest.approx([0.7, 0, 0])
    clay = shaded(shape, camera())
    assert clay[60, 60, 0] != clay[60, 75, 0]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    shape = ball(0.05)
    colours = np.abs(shape.normals())
    write_glb(tmp_path / "model.glb", shape, shape.normals(), colours, extras={"vestige": {"unit": "m"}})
    return tmp_path / "model.glb"


def test_model_reads_back(model: Path) -> None:
    shape, normals, colours = read_glb(model)
    assert (shape.vertices == ball(0.05).vertices).all()
    assert (shape.faces == ball(0.05).faces).all()
    assert normals == pytest.approx(shape.normals(), abs=1e-6)
    assert colours == pytest.approx(np.abs(shape.normals()), abs=1e-4)


def test_model_is_gltf_to_others(model: Path) -> None:
    scene = trimesh.load(model)
    found = next(iter(scene.geometry.values()))
    assert found.is_watertight
    assert found.volume == pytest.approx(4 / 3 * np.pi * 0.05**3, rel=0.02)


def test_layout_follows_the_standard(model: Path) -> None:
    data = model.read_bytes()
    size = struct.unpack_from("<I", data, 12)[0]
    head = json.loads(data[20 : 20 + size])
    assert len(data) % 4 == 0
    assert size % 4 == 0
    for view in head["bufferViews"]:
        assert view["byteOffset"] % 4 == 0
    position = head["accessors"][0]
    assert position["max"] == ball(0.05).vertices.max(axis=0).tolist()
    assert head["accessors"][2]["normalized"]


def test_broken_models(model: Path, tmp_path: Path) -> None:
    whole = model.read_bytes()
    for content in (b"", b"glTF", whole[:100], whole[:-7], b"\x89PNG" + whole[4:]):
        (tmp_path / "broken.glb").write_bytes(content)
        with pytest.raises(InputError, match=r"broken\.glb"):
            read_glb(tmp_path / "broken.glb")
    with pytest.raises(InputError, match="cannot be read"):
        read_glb(tmp_path / "none.glb")


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    corner = Surface(np.eye(3, dtype=np.float32), np.array([[0, 1, 2]], np.int32))
    path = tmp_path / "small.glb"
    write_glb(path, corner, corner.normals(), np.ones((3, 3), np.float32))
    for mutant in mutants(path.read_bytes(), count=300):
        path.write_bytes(mutant)
        try:
            read_glb(path)
        except InputError as error:
            assert "\n" not in str(error)
