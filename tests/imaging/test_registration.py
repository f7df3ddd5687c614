"""Registration and warping against known transforms."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestige import imaging
from vestige.errors import UsageError
from vestige.imaging.transforms import MODELS, displacement, fitted, matrix_of, parameters_of, scaled

HEIGHT, WIDTH = 300, 360


def leaf(seed: int = 0) -> np.ndarray:
    """A textured scene in linear light, larger than a frame by 40 pixels a side."""
    random = np.random.default_rng(seed)
    size = (HEIGHT + 80, WIDTH + 80)
    layers = [cv2.GaussianBlur(random.normal(size=size), (0, 0), sigma) * sigma for sigma in (1.2, 3, 9)]
    scene = sum(layers)
    return (0.5 + 0.12 * scene / scene.std()).clip(0.02, 0.98).astype(np.float32)


def frames(matrix: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A fixed frame and the moving one that `matrix` (fixed to moving) makes of the same scene."""
    scene = leaf(seed)
    margin = matrix_of(np.array([40.0, 40.0]), "translation")
    return scene[40:-40, 40:-40], imaging.warp(
        scene, margin @ np.linalg.inv(matrix), (HEIGHT, WIDTH), border="reflect"
    )


def turned(angle: float, scale: float, x: float, y: float) -> np.ndarray:
    matrix = np.eye(3)
    matrix[:2] = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), angle, scale)
    matrix[:2, 2] += (x, y)
    return matrix


TRUTHS = {
    "translation": matrix_of(np.array([7.3, -4.6]), "translation"),
    "similarity": turned(1.5, 1.02, 5.2, -3.1),
    "affine": turned(-1, 0.99, -6, 2) @ np.array([[1, 0.01, 0], [0, 1.008, 0], [0, 0, 1]]),
    "homography": turned(0.5, 1, 3, 4) @ np.array([[1, 0, 0], [0, 1, 0], [2e-5, -1e-5, 1]]),
}


@pytest.mark.parametrize("model", MODELS)
def test_known_transform(model: str) -> None:
    fixed, moving = frames(TRUTHS[model])
    found = imaging.register(fixed, moving, model=model)  # type: ignore[arg-type]
    assert displacement(found.matrix, TRUTHS[model], fixed.shape) < 0.05
    assert found.residual < 0.05
    assert found.score > 0.9


CHANGES = {
    "negative": lambda image: 1 - image,
    "gain and offset": lambda image: 0.3 * image + 0.1,
    "curve": lambda image: image**1.8,
    "uneven light": lambda image: image * np.linspace(0.4, 1.2, image.shape[1]),
    "noise": lambda image: image + np.random.default_rng(1).normal(0, 0.03, image.shape),
}


@pytest.mark.parametrize("change", CHANGES)
def test_other_light_same_place(change: str) -> None:
    fixed, moving = frames(TRUTHS["similarity"])
    found = imaging.register(fixed, CHANGES[change](moving).astype(np.float32))
    assert displacement(found.matrix, TRUTHS["similarity"], fixed.shape) < 0.15


def test_half_the_resolution_and_a_negative() -> None:
    truth = TRUTHS["similarity"]
    fixed, moving = frames(truth)
    small = cv2.resize(1 - moving, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    found = imaging.register(fixed, small)
    assert displacement(found.matrix, scaled(truth, 0.5, 1.0), fixed.shape) < 0.1


def test_large_frames_are_registered_small() -> None:
    fixed, moving = frames(TRUTHS["similarity"])
    found = imaging.register(fixed, moving, working_side=200)
    assert displacement(found.matrix, TRUTHS["similarity"], fixed.shape) < 0.2


def test_mask_and_unknown_pixels() -> None:
    fixed, moving = (frame.copy() for frame in frames(TRUTHS["similarity"]))
    fixed[:100] = leaf(5)[:100, :WIDTH]
    moving[200:220, 50:90] = np.nan
    mask = np.ones(fixed.shape, bool)
    mask[:100] = False
    found = imaging.register(fixed, moving, mask=mask)
    assert displacement(found.matrix, TRUTHS["similarity"], fixed.shape) < 0.1


def test_initial_start_is_used() -> None:
    truth = TRUTHS["similarity"]
    fixed, moving = frames(truth)
    found = imaging.register(fixed, moving, initial=turned(1.3, 1.02, 4, -2), model="homography")
    assert displacement(found.matrix, truth, fixed.shape) < 0.1


def test_frames_of_different_things_show_in_the_figures() -> None:
    fixed, _ = frames(np.eye(3))
    found = imaging.register(fixed, leaf(9)[:HEIGHT, :WIDTH])
    assert found.score < 0.5
    assert imaging.register(fixed, np.zeros((HEIGHT, WIDTH), np.float32)).score < 0.5


def test_wrong_use() -> None:
    fixed, moving = frames(np.eye(3))
    with pytest.raises(UsageError, match="model must be one of"):
        imaging.register(fixed, moving, model="rigid")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="mask has shape"):
        imaging.register(fixed, moving, mask=np.ones((3, 3)))
    with pytest.raises(UsageError, match="3 x 3 finite"):
        imaging.warp(fixed, np.full((3, 3), np.nan), fixed.shape)
    with pytest.raises(UsageError, match="interpolation"):
        imaging.warp(fixed, np.eye(3), fixed.shape, interpolation="lanczos")  # type: ignore[arg-type]


@pytest.mark.real
@pytest.mark.parametrize(
    ("visible", "infrared"), [("a002_palette", "a002_s002__TL"), ("a001_vis_image", "a001_ir_image")]
)
def test_visible_and_infrared_close_the_loop(visible: str, infrared: str, real_data: Path) -> None:
    folder = real_data / "spectral" / "vis_ir_pairs"
    fixed, moving = (imaging.read_image(folder / f"{name}.jpg") for name in (visible, infrared))
    there, back = (
        imaging.register(fixed, moving, model="affine"),
        imaging.register(moving, fixed, model="affine"),
    )
    assert displacement(back.matrix @ there.matrix, np.eye(3), fixed.shape) < 0.5


@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("border", [float("nan"), 0.5, "reflect"])
def test_rows_of_a_warp_equal_the_whole(interpolation: str, border: float | str) -> None:
    scene = np.dstack([leaf()[:90, :70]] * 3)
    options = {"interpolation": interpolation, "border": border}
    whole = imaging.warp(scene, turned(10, 1.2, 4, 5), (80, 100), **options)  # type: ignore[arg-type]
    parts = [
        imaging.warp(scene, turned(10, 1.2, 4, 5), (80, 100), rows=strip.rows, **options)  # type: ignore[arg-type]
        for strip in imaging.strips(80, row_bytes=1, budget_bytes=7)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert np.isnan(whole).any() == (isinstance(border, float) and np.isnan(border))


@given(st.floats(-3, 3), st.floats(-3, 3))
@settings(max_examples=30, deadline=None)
def test_straight_slopes_and_shifts_are_exact(x: float, y: float) -> None:
    rows, columns = np.mgrid[0:20, 0:24].astype(np.float64)
    slope = 0.1 * columns - 0.07 * rows
    for interpolation in ("linear", "cubic"):
        warped = imaging.warp(
            slope, matrix_of(np.array([x, y]), "translation"), slope.shape, interpolation=interpolation
        )  # type: ignore[arg-type]
        inside = (slice(5, -5), slice(5, -5))
        np.testing.assert_allclose(warped[inside], (slope + 0.1 * x - 0.07 * y)[inside], atol=1e-5)


@given(st.sampled_from(MODELS), st.lists(st.floats(-1e-3, 1e-3), min_size=8, max_size=8))
def test_parameters_and_matrices(model: str, values: list[float]) -> None:
    parameters = np.array(values[: {"translation": 2, "similarity": 4, "affine": 6, "homography": 8}[model]])
    matrix = matrix_of(parameters, model)  # type: ignore[arg-type]
    np.testing.assert_allclose(parameters_of(matrix, model), parameters, atol=1e-12)  # type: ignore[arg-type]
    np.testing.assert_allclose(fitted(matrix, model, (50, 60)), matrix, atol=1e-9)  # type: ignore[arg-type]
    np.testing.assert_allclose(scaled(scaled(matrix, 2, 3), 1 / 2, 1 / 3), matrix, atol=1e-9)
