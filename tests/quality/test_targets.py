"""Rendered targets are found and measured as their truth says; broken input is told in clear words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vestige.errors import UsageError
from vestige.quality.check import Checked, check
from vestige.quality.measures.geometry import fit_geometry
from vestige.quality.targets.layout import kinds, layout
from vestige.quality.targets.render import Rendered, render
from vestige.quality.targets.scene import Lens, Scene, row_of_targets


def photographed(*targets: str, angle: float = 0.0, ppi: float = 90.0, **about: Any) -> Rendered:
    placed, width, height = row_of_targets(targets, ppi, angle)
    return render(Scene(placed, width, height, ppi, angle, tilt_x=2.0, **about))


def agrees(checked: Checked, truth: dict[str, Any]) -> None:
    kind = truth["kind"]
    ppi = checked.value("ppi", kind)
    assert ppi == pytest.approx(truth["ppi"], rel=0.02)
    if "delta_e_2000_mean" in truth and kind != "grey-scale":
        assert checked.value("delta_e_2000_mean", kind) == pytest.approx(truth["delta_e_2000_mean"], abs=0.2)
    if "noise_l" in truth:
        noise = float(np.mean(list(truth["noise_l"].values())))
        assert checked.value("noise_l", kind) == pytest.approx(noise, rel=0.06)
    if truth["edges"]:
        sharp = float(np.median([edge["mtf50"] for edge in truth["edges"].values()]))
        assert checked.value("mtf50", kind) == pytest.approx(sharp, rel=0.03)


@pytest.mark.parametrize(
    ("targets", "angle"),
    [
        (("colorchecker-classic", "object-strip"), 163.0),
        (("colorchecker-sg",), -71.0),
        (("grey-scale", "ruler"), 38.0),
    ],
)
def test_found_and_measured_as_the_truth_says(targets: tuple[str, ...], angle: float) -> None:
    rendered = photographed(*targets, angle=angle, lens=Lens(0.6, 0.005, 0.1, 0.01), clutter=6)
    checked = check(rendered.light)
    assert {one.kind for one in checked.targets} == set(targets)
    for truth in rendered.truth["targets"]:
        agrees(checked, truth)


def test_distortion_of_a_board_that_fills_the_frame() -> None:
    board = layout("charuco")
    placed, width, height = row_of_targets(("charuco",), 150.0, 0.0)
    scene = Scene(placed, width, height, 150.0, tilt_x=2.0, lens=Lens(0.5, -0.012))
    geometry = fit_geometry(board.points, scene.where(placed[0], board.points), (width, height))
    assert geometry.sure
    assert 100 * geometry.distortion == pytest.approx(-1.2, abs=0.01)


def test_more_blur_is_less_sharp() -> None:
    sharp, soft = (
        check(photographed("object-strip", angle=8, lens=Lens(blur)).light).value("mtf50")
        for blur in (0.4, 0.9)
    )
    assert sharp is not None
    assert soft is not None
    assert soft < 0.7 * sharp


def test_glare_upside_down_and_the_wrong_name_are_told() -> None:
    light = photographed("colorchecker-classic", angle=180).light.copy()
    target = check(light).targets[0]
    left, top = np.floor(target.patches["black 2"].min(axis=0)).astype(int)
    right, bottom = np.ceil(target.patches["black 2"].max(axis=0)).astype(int)
    light[top:bottom, left:right] = 0.9
    remarks = " ".join(check(light, expected="colorchecker-sg").remarks)
    assert "upside down" in remarks
    assert "glare or dirt on black 2" in remarks
    assert "colorchecker-sg was named" in remarks


def test_half_a_target_is_found_and_told() -> None:
    light = photographed("colorchecker-classic").light
    checked = check(np.ascontiguousarray(light[:, : int(0.78 * light.shape[1])]))
    assert [one.kind for one in checked.targets] == ["colorchecker-classic"]
    assert "cut off" in " ".join(checked.remarks)


def test_nothing_there_and_nothing_known() -> None:
    assert "no target" in check(np.full((200, 300, 3), 0.4, np.float32)).remarks[0]
    with pytest.raises(UsageError, match="there is no target 'chart'"):
        check(np.zeros((9, 9, 3), np.float32), expected="chart")


@pytest.mark.parametrize("kind", kinds())
def test_layouts_keep_within_their_size_and_know_their_inks(kind: str) -> None:
    known = layout(kind)
    points = np.concatenate([polygon for _, polygon in known.shapes])
    assert (points >= 0).all()
    assert (points <= known.size).all()
    assert {ink for ink, _ in known.shapes} <= set(known.lab)
    assert set(known.neutrals) <= set(known.patches)
