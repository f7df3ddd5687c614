"""A chain of two techniques on one capture: three focus distances under each of eight lights, made sharp, relit."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from vestige.capture import Capture, Frame, Thing, coordinates, open_capture, save
from vestige.cli.console import guarded
from vestige.cli.root import root
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
