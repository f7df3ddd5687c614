"""Silhouettes: against the true masks of the forward model, and their properties."""

import numpy as np
import pytest

from vestige.capture import Capture, Frame
from vestige.errors import UsageError
from vestige.imaging import read_image
from vestige.turntable import silhouette
from vestige.turntable.views import plate_of


def true_mask(capture: Capture, frame: Frame) -> np.ndarray:
    coverage = read_image(capture.root / "truth" / "masks" / frame.file, encoding="linear")
    return np.asarray(coverage > 0.5)


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / (first | second).sum())


def test_clean_plate_finds_the_outline_to_under_half_a_pixel(jug_capture: Capture) -> None:
    plates = jug_capture.select(role="background")
    for frame in jug_capture.select()[::4]:
        plate = plate_of(frame, plates)
        assert plate is not None
        found = silhouette(read_image(jug_capture.path(frame)), read_image(jug_capture.path(plate)))
        truth = true_mask(jug_capture, frame)
        assert found.method == "plate"
        outline = (
            truth.sum() - (np.roll(truth, 1, 0) & np.roll(truth, -1, 0) & np.roll(truth, 1, 1) & truth).sum()
        )
        assert (found.mask ^ truth).sum() < 0.45 * outline
        assert found.cut_off == 0


def test_uniform_background(figurine_capture: Capture) -> None:
    for frame in figurine_capture.select()[::4]:
        found = silhouette(read_image(figurine_capture.path(frame)))
        assert found.method == "uniform"
        assert overlap(found.mask, true_mask(figurine_capture, frame)) > 0.95


def test_grabcut_from_a_rough_prior(figurine_capture: Capture) -> None:
    frame = figurine_capture.select()[0]
    truth = true_mask(figurine_capture, frame)
    rough = np.roll(truth, 3, axis=1)
    found = silhouette(read_image(figurine_capture.path(frame)), method="grabcut", prior=rough)
    assert overlap(found.mask, truth) > max(0.9, overlap(rough, truth))


def test_exposure_of_the_plate_does_not_matter() -> None:
    random = np.random.default_rng(0)
    plate = np.full((60, 80, 3), 0.2, np.float32)
    view = plate * 1.3
    view[20:40, 30:50] = 0.6
    noise = 0.002 * random.standard_normal((2, *plate.shape)).astype(np.float32)
    found = silhouette(view + noise[0], plate + noise[1])
    assert found.mask[20:40, 30:50].mean() > 0.98
    assert found.mask.sum() < 1.05 * 400


def test_pinholes_are_closed_and_openings_kept() -> None:
    view = np.full((80, 80, 3), 0.02, np.float32)
    view[10:70, 10:70] = 0.5
    view[20:22, 20:22] = 0.02
    view[35:55, 35:55] = 0.02
    found = silhouette(view).mask
    assert found[20:22, 20:22].all()
    assert not found[37:53, 37:53].any()


def test_specks_do_not_count() -> None:
    view = np.full((60, 60, 3), 0.02, np.float32)
    view[20:45, 20:45] = 0.5
    view[5:9, 50:55] = 0.9
    assert not silhouette(view).mask[:12].any()


def test_grey_frames() -> None:
    view = np.full((40, 40), 0.02, np.float32)
    view[10:30, 10:30] = 0.5
    assert silhouette(view).mask.sum() == pytest.approx(400, abs=8)


def test_empty_frame_has_an_empty_silhouette() -> None:
    assert silhouette(np.full((40, 40, 3), 0.1, np.float32)).share == 0


def test_wrong_plate_is_refused() -> None:
    view = np.zeros((40, 40, 3), np.float32)
    with pytest.raises(UsageError, match="40 x 40"):
        silhouette(view, view[:20], method="plate")
    with pytest.raises(UsageError, match="found none"):
        silhouette(view, method="plate")
