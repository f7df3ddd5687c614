"""A chain of two techniques on one capture: focus distances under each of several lights, made sharp, relit."""

import json

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from vestige.capture import Capture, Frame, Thing, coordinates, open_capture, save
from vestige.cli.console import guarded
from vestige.cli.root import root
from vestige.contract import simulate
from vestige.contract.registry import technique
from vestige.contract.report import load_report
from vestige.imaging import read_image, write_image

SIZE = 160
DEPTHS = (0.0, 1.0, 2.0)
CHAIN = """name = "Raking light over a focus stack"
[[step]]
name = "sharp"
operation = "focus.run"
each = "light"
recipe = { align = false, exposure = false }
[[step]]
name = "relit"
operation = "relight.run"
input = "sharp.image"
"""


def normals():
    """A field of low bumps: unit normals, x right, y up, z to the viewer."""
    y, x = np.mgrid[:SIZE, :SIZE] / 25.0
    slope_x, slope_y = 0.35 * np.cos(x) * np.cos(y), -0.35 * np.sin(x) * np.sin(y)
    field = np.dstack([-slope_x, slope_y, np.ones((SIZE, SIZE))])
    return field / np.linalg.norm(field, axis=2, keepdims=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Eight lights by three focus distances of a textured relief that leans away from left to right."""
    made = tmp_path_factory.mktemp("chain") / "relief"
    made.mkdir()
    chance = np.random.default_rng(7)
    paint = (0.35 + 0.5 * gaussian_filter(chance.random((SIZE, SIZE)), 0.7))[..., None] * [1.0, 0.9, 0.75]
    depth = np.linspace(DEPTHS[0], DEPTHS[-1], SIZE)[None, :]
    frames = []
    for number, turn in enumerate(np.arange(8) * np.pi / 4):
        light = (0.6 * np.cos(turn), 0.6 * np.sin(turn), 0.8)
        lit = paint * np.clip(normals() @ light, 0, 1)[..., None]
        for focus in DEPTHS:
            weight = np.clip(np.abs(depth - focus), 0, 1)[..., None]
            blurred = gaussian_filter(lit, (2.5, 2.5, 0))
            name = f"light_{number}_focus_{focus:.0f}.tif"
            write_image(made / name, ((1 - weight) * lit + weight * blurred).astype(np.float32), depth=16)
            frames.append(Frame(file=name, coordinates=coordinates(light=light, focus=focus)))
    save(Capture(thing=Thing(title="Relief"), frames=frames).at(made), made)
    (made.parent / "raking.toml").write_text(CHAIN)
    return made.parent


@pytest.fixture(scope="module")
def relit(folder):
    command = [
        "chain",
        "run",
        str(folder / "raking.toml"),
        str(folder / "relief"),
        "--out",
        str(folder / "out"),
    ]
    assert guarded(root, [*command, "--cores", "1"]) == 0
    return folder / "out"


def test_each_light_is_one_sharp_frame_that_keeps_its_light(relit):
    capture = open_capture(relit / "sharp.image")
    assert len(capture.frames) == 8
    assert capture.thing.title == "Relief"
    assert capture.axes() == ["light"]
    assert (
        load_report(relit / "sharp" / "003").inputs[0].blake3
        != load_report(relit / "sharp" / "004").inputs[0].blake3
    )


def test_the_relief_comes_out_as_it_was(relit):
    found = read_image(relit / "relit" / "normals.tif", encoding="linear")[..., :3].astype(float) * 2 - 1
    found /= np.linalg.norm(found, axis=2, keepdims=True)
    inner = np.s_[12:-12, 12:-12]
    angle = np.degrees(np.arccos(np.clip((found * normals()).sum(2), -1, 1)))[inner]
    assert np.median(angle) < 3


def test_again_nothing_is_done_twice(folder, relit):
    before = {path: path.stat().st_mtime_ns for path in relit.rglob("*") if path.is_file()}
    command = ["chain", "run", str(folder / "raking.toml"), str(folder / "relief"), "--out", str(relit)]
    assert guarded(root, [*command, "--cores", "1"]) == 0
    assert {path: path.stat().st_mtime_ns for path in relit.rglob("*") if path.is_file()} == before


ONE_ALIGNMENT = """name = "Raking light over a focus stack"
[[step]]
name = "aligned"
operation = "focus.align"
first = "light"
[[step]]
name = "sharp"
operation = "focus.run"
each = "light"
products = { reuse_alignment = "aligned.alignment" }
recipe = { surface = 0 }
[[step]]
name = "relit"
operation = "relight.run"
input = "sharp.image"
"""
LIGHTS = 5


@pytest.fixture(scope="module")
def coin(tmp_path_factory):
    """A coin under five lamps that shine in turn at each plane of focus, by a lens that breathes; and relit."""
    place = tmp_path_factory.mktemp("coin")
    focus = technique("focus")
    values = {"scene": "coin", "height": 180, "frames": 4, "blur": 1.5, "lights": LIGHTS}
    simulate(focus, place / "coin", focus.forward.recipe.make(values=values), seed=2)
    (place / "raking.toml").write_text(ONE_ALIGNMENT)
    command = ["chain", "run", str(place / "raking.toml"), str(place / "coin"), "--out", str(place / "out")]
    assert guarded(root, [*command, "--cores", "1"]) == 0
    return place


def matrices(folder):
    return [row["matrix"] for row in load_report(folder).frames]


def test_one_alignment_serves_every_light_to_the_last_bit(coin):
    first = matrices(coin / "out" / "aligned")
    assert len(first) == 4
    assert sum(matrix == np.eye(3).tolist() for matrix in first) == 1
    for number in range(LIGHTS):
        assert matrices(coin / "out" / "sharp" / f"{number:03d}") == first
    digest = load_report(coin / "out" / "aligned").products[0].blake3
    for number in range(LIGHTS):
        inputs = load_report(coin / "out" / "sharp" / f"{number:03d}").inputs
        assert [item.blake3 for item in inputs if item.name == "reuse_alignment"] == [digest]


def test_the_one_alignment_is_true(coin):
    truth = json.loads((coin / "coin" / "truth" / "frames.json").read_text())["frames"]
    corners = np.array([[x, y, 1] for x in (20, 120, 220) for y in (20, 90, 160)]).T
    for found, true in zip(matrices(coin / "out" / "aligned"), truth, strict=True):
        assert np.median(np.hypot(*((np.array(found) - true["matrix"]) @ corners)[:2])) < 0.4


def test_the_coin_comes_out_lit_and_in_relief(coin):
    """Its normals are those of the heights that the model knows, where the coin is not too steep."""
    capture = open_capture(coin / "coin")
    away = read_image(coin / "coin" / "truth" / "depth.tif", encoding="linear").astype(float)
    down, across = np.gradient(away / capture.settings["pixel_mm"])
    true = np.dstack([across, -down, np.ones_like(away)])
    true /= np.linalg.norm(true, axis=2, keepdims=True)
    found = (
        read_image(coin / "out" / "relit" / "normals.tif", encoding="linear")[..., :3].astype(float) * 2 - 1
    )
    found /= np.linalg.norm(found, axis=2, keepdims=True)
    angle = np.degrees(np.arccos(np.clip((found * true).sum(2), -1, 1)))
    y, x = np.mgrid[: away.shape[0], : away.shape[1]]
    inner = np.hypot(x - away.shape[1] / 2, y - away.shape[0] / 2) < 0.38 * away.shape[0]
    assert np.median(angle[inner]) < 12
    flat = np.degrees(np.arccos(true[..., 2]))
    assert np.median(angle[inner]) < 0.7 * np.median(flat[inner])
