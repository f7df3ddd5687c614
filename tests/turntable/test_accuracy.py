"""The whole chain against the truth of the forward model."""

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from vestige.capture import MANIFEST, Capture, load_manifest
from vestige.contract import Budget, Context, Inputs, Outcome
from vestige.errors import FrameError, InputError
from vestige.turntable import Surface, TurntableRecipe, compare_surfaces, read_glb
from vestige.turntable.pipeline import run

from .conftest import photographed, truth_of


def modelled(capture: Capture, folder: Path, **settings: object) -> Outcome:
    recipe = TurntableRecipe.make(values={"resolution": 128, **settings})
    return run(Inputs({"capture": [capture]}), recipe, Context(folder, budget=Budget(cores=1)))


def in_world(outcome: Outcome) -> tuple[Surface, NDArray[np.float32]]:
    """The model in millimetres of the world of the cameras, and its colours."""
    product = outcome.products[0]
    model, _, colours = read_glb(product.path)
    back = np.linalg.inv(np.array(product.about["model_from_world"]))
    vertices = model.vertices @ back[:3, :3].T + back[:3, 3]
    return Surface(vertices.astype(np.float32), model.faces), colours


@pytest.fixture(scope="module")
def jug(jug_capture: Capture, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return modelled(jug_capture, tmp_path_factory.mktemp("work"))


def test_jug_lies_on_the_truth(jug: Outcome, jug_capture: Capture) -> None:
    found = compare_surfaces(in_world(jug)[0], truth_of(jug_capture), samples=8000)
    assert found.score > 0.80
    assert found.chamfer < 0.9


def test_jug_is_closed_with_its_handle_open(jug: Outcome) -> None:
    shape, _ = in_world(jug)
    assert jug.measurements["open_edges"] == 0
    assert len(shape.vertices) + len(shape.faces) - len(shape.faces) * 3 // 2 == 0


def test_measurements_are_metric(jug: Outcome) -> None:
    wide, high, deep = jug.measurements["size_mm"]
    assert 118 < high < 130
    assert 80 < min(wide, deep) < max(wide, deep) < 115
    assert jug.products[0].about["metric"]
    assert jug.measurements["agreement_worst"] > 0.97
    assert len(jug.frames) == 13
    assert len(jug.pictures) == 3


def test_colours_are_those_of_the_clay_and_the_glaze(jug: Outcome) -> None:
    shape, colours = in_world(jug)
    height = shape.vertices[:, 2]
    band = (height > 35) & (height < 38)
    ground = (height > 31.6) & (height < 32.4)
    assert np.median(colours[band].mean(axis=1)) < 0.08
    assert np.median(colours[ground, 0]) > 0.2
    assert np.median(colours[ground, 0] / colours[ground, 2]) > 2


def test_figurine_without_plates(figurine_capture: Capture, tmp_path: Path) -> None:
    outcome = modelled(figurine_capture, tmp_path, misses=0)
    found = compare_surfaces(in_world(outcome)[0], truth_of(figurine_capture), samples=8000)
    assert outcome.measurements["silhouettes"] == "uniform"
    assert found.score > 0.80


def test_more_views_come_nearer(jug: Outcome, jug_capture: Capture, tmp_path: Path) -> None:
    few = jug_capture.model_copy(update={"frames": jug_capture.frames[:12:3] + jug_capture.frames[12:]})
    sparse = modelled(few.at(jug_capture.root), tmp_path)
    truth = truth_of(jug_capture)
    assert (
        compare_surfaces(in_world(jug)[0], truth, samples=4000).chamfer
        < compare_surfaces(in_world(sparse)[0], truth, samples=4000).chamfer
    )


def test_unknown_scale_is_told(jug_capture: Capture, tmp_path: Path) -> None:
    folder = tmp_path / "scene"
    capture = photographed(folder, views=6)
    listed = json.loads((folder / "cameras.json").read_text())
    del listed["unit"]
    (folder / "cameras.json").write_text(json.dumps(listed))
    context = Context(tmp_path / "work", budget=Budget(cores=1))
    outcome = run(Inputs({"capture": [capture]}), TurntableRecipe(resolution=64), context)
    assert any("no unit" in warning for warning in context.warnings)
    assert not outcome.products[0].about["metric"]
    assert "size_mm" not in outcome.measurements
    told = modelled(capture, tmp_path / "told", resolution=64, unit_mm=2.0)
    assert told.measurements["size_mm"][1] > 220


class TestRefusals:
    @pytest.fixture
    def scene(self, tmp_path: Path) -> Capture:
        return photographed(tmp_path / "scene", views=4, width=80, height=90)

    def test_no_cameras(self, scene: Capture, tmp_path: Path) -> None:
        bare = scene.model_copy(update={"calibration": []}).at(scene.root)
        with pytest.raises(InputError, match="no calibration of kind 'cameras'"):
            modelled(bare, tmp_path / "work")

    def test_cameras_of_other_frames(self, scene: Capture, tmp_path: Path) -> None:
        path = scene.root / "cameras.json"
        path.write_text(path.read_text().replace("view_", "other_"))
        with pytest.raises(InputError, match="0 of 5 frames"):
            modelled(scene, tmp_path / "work")

    def test_frame_of_another_shape(self, scene: Capture, tmp_path: Path) -> None:
        from vestige.imaging import write_image

        write_image(scene.root / "view_002.png", np.zeros((50, 90, 3), np.float32), depth=8)
        with pytest.raises(FrameError, match=r"view_002\.png is 90 x 50"):
            modelled(scene, tmp_path / "work")

    def test_broken_frame_names_itself(self, scene: Capture, tmp_path: Path) -> None:
        path = scene.root / "view_003.png"
        path.write_bytes(path.read_bytes()[:300])
        with pytest.raises(InputError, match=r"view_003\.png"):
            modelled(load_manifest(scene.root / MANIFEST), tmp_path / "work")

    def test_empty_views(self, scene: Capture, tmp_path: Path) -> None:
        from vestige.imaging import write_image

        for frame in scene.frames:
            write_image(scene.path(frame), np.full((90, 80, 3), 0.1, np.float32), depth=8)
        with pytest.raises(InputError, match="show no object"):
            modelled(scene, tmp_path / "work")

    def test_plate_asked_for_and_not_there(self, scene: Capture, tmp_path: Path) -> None:
        bare = scene.model_copy(update={"frames": scene.select()}).at(scene.root)
        with pytest.raises(InputError, match="no clean plate"):
            modelled(bare, tmp_path / "work", background="plate")
