"""Real sets: a skull replica before a dark room, a stone head on a busy table."""

from pathlib import Path

import pytest

from vestige.capture.infer import infer_capture
from vestige.contract import Context, Inputs
from vestige.turntable import TurntableRecipe, read_cameras, read_glb
from vestige.turntable.pipeline import run


def test_both_camera_files_are_read(real_data: Path) -> None:
    skull = read_cameras(real_data / "turntable" / "skull66" / "cameras.json")
    buddha = read_cameras(real_data / "turntable" / "buddha13" / "cameras.json")
    assert (len(skull.cameras), len(buddha.cameras)) == (66, 13)
    assert skull.cameras[0].focal == pytest.approx(2177.7, abs=0.1)
    focal = [camera.focal for camera in buddha.cameras]
    assert max(focal) / min(focal) < 1.01
    assert all(abs(camera.matrix[0, 1]) < 1e-3 * camera.focal for camera in buddha.cameras)


@pytest.mark.real
def test_skull_is_whole(real_data: Path, tmp_path: Path) -> None:
    capture = infer_capture(real_data / "turntable" / "skull66")
    context = Context(tmp_path)
    recipe = TurntableRecipe.make("draft")
    outcome = run(Inputs({"capture": [capture]}), recipe, context)
    found = outcome.measurements
    assert found["views"] == 66
    assert found["open_edges"] == 0
    assert found["agreement_median"] > 0.95
    assert found["vertices_without_colour"] < 0.03
    # Shape of the skull with jaw and neck, in the arbitrary unit of its cameras.
    assert sorted(found["size_units"]) == pytest.approx([0.69, 0.80, 0.94], abs=0.06)
    assert any("no unit" in warning for warning in context.warnings)
    shape, _, colours = read_glb(outcome.products[0].path)
    assert shape.volume > 0
    assert (colours.mean(axis=0)[:2] > colours.mean(axis=0)[2]).all()
