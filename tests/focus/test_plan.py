"""The planner equals what others have published, and obeys the formulas it explains."""

import csv
import json

import pytest
from click.testing import CliRunner

from vestige.cli.root import root
from vestige.contract.registry import technique
from vestige.contract.runner import execute
from vestige.errors import UsageError
from vestige.focus import plan
from vestige.focus.recipe import PlanRecipe, StackRecipe


def test_equals_the_published_depths_of_field():
    """Zerene's own check: life size at an effective f/32."""
    found = plan(magnification=1.0, aperture=16, pupil_ratio=1.0, circle_mm=0.03)
    assert found.effective_aperture == 32
    assert found.wave_mm == pytest.approx(2.253, abs=0.0005)
    assert found.classic_mm == pytest.approx(1.92, abs=1e-9)


def test_a_herbarium_sheet():
    """420 mm on 150 MP at f/8: depth of field 8.4 mm, step 5.9 mm, 7 frames for 30 mm and one at each end."""
    recipe = PlanRecipe.make("herbarium")
    found = plan(
        field_width_mm=recipe.field_width,
        sensor_width_mm=recipe.sensor_width,
        sensor_pixels=recipe.sensor_pixels,
        aperture=recipe.aperture,
        depth_mm=recipe.depth,
    )
    assert found.magnification == pytest.approx(0.127, abs=0.0005)
    assert found.classic_mm == pytest.approx(8.4, abs=0.05)
    assert found.step_mm == pytest.approx(5.9, abs=0.05)
    assert (found.frames, found.spare, found.governs) == (9, 1, "classic")
    assert found.ppi == pytest.approx(14204 / 420 * 25.4)


def test_life_size():
    found = plan(magnification=1, aperture=5.6, sensor_width_mm=53.4, sensor_pixels=14204)
    assert found.classic_mm == pytest.approx(0.168, abs=0.001)


@pytest.mark.parametrize("magnification", [0.1, 1.0, 5.0])
def test_numerical_aperture_and_depth_agree(magnification):
    """λ / NA² and the circle seen through the cone of light give the same depths."""
    found = plan(magnification=magnification, aperture=4, pupil_ratio=1.4)
    assert found.wave_mm == pytest.approx(550e-6 / found.numerical_aperture**2)
    cone = 2 * found.numerical_aperture
    assert found.classic_mm == pytest.approx(2 * found.circle_mm / magnification / cone)


def test_frames_cover_the_object():
    """Steps over the object, and the spare ones beyond it."""
    for depth in (0.0, 0.3, 4.0, 17.2):
        found = plan(magnification=0.5, depth_mm=depth, spare=2)
        within = found.frames - 1 - 2 * found.spare
        assert within * found.step_mm >= depth > (within - 1) * found.step_mm - 1e-9


def test_diffraction_takes_over_when_the_lens_is_stopped_down():
    assert plan(magnification=1, aperture=4).governs == "classic"
    stopped = plan(magnification=1, aperture=22)
    assert stopped.governs == "wave"
    assert stopped.depth_of_field_mm == stopped.wave_mm
    assert plan(magnification=1, aperture=22, criterion="classic").governs == "classic"


@pytest.mark.parametrize(
    "values",
    [{}, {"magnification": 1, "field_width_mm": 20}, {"magnification": -1}, {"magnification": 1, "depth_mm": -2},
     {"magnification": 1, "aperture": float("nan")}],
)  # fmt: skip
def test_what_cannot_be_planned_is_one_sentence(values):
    with pytest.raises(UsageError) as caught:
        plan(**values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("preset", PlanRecipe.presets)
def test_each_preset_is_a_plan_and_a_way_to_stack(preset, tmp_path):
    """Five kinds of object, each with a plan and a recipe; the plan is written as a table too."""
    out = tmp_path / "out"
    report = execute(technique("focus"), "plan", {}, PlanRecipe.make(preset), out)
    assert 3 <= report.measurements["frames"] <= 100
    assert any(f"Take {report.measurements['frames']} frames" in sentence for sentence in report.answer)
    lines = (out / "plan.csv").read_text(encoding="utf-8").splitlines()
    rows = {row["quantity"]: row for row in csv.DictReader(lines)}
    assert float(rows["step"]["value"]) == pytest.approx(report.measurements["step_mm"])
    assert report.answer[0] in (out / "report.html").read_text()
    assert StackRecipe.make(preset)


def test_command_answers_without_a_folder(tmp_path):
    """The answer stands on the terminal; a folder is made where one is named."""
    arguments = ["focus", "plan", "--set", "magnification=1", "--set", "aperture=16", "--set", "circle=0.03"]
    told = CliRunner().invoke(root, arguments)
    assert told.exit_code == 0, told.output
    assert "wave-optics 2.25 mm" in told.output
    assert "report.html" not in told.output
    kept = CliRunner().invoke(root, [*arguments, "--out", str(tmp_path / "plan"), "--json"])
    assert json.loads(kept.output)["measurements"]["frames"] == 11
    assert (tmp_path / "plan" / "plan.csv").exists()


def test_command_asks_for_what_is_missing():
    told = CliRunner().invoke(root, ["focus", "plan"])
    assert told.exit_code != 0
    assert "field_width" in str(told.exception)
