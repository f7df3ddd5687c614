"""Scores of boundaries, objects and confidence against answers known beforehand."""

import numpy as np
import pytest

from vestige.survey.learning.calibration import Reliability, near_features, temperature_of
from vestige.survey.learning.objects import Found, boundary_found, objects_found
from vestige.survey.learning.scoring import confusion, scores

ROWS, COLUMNS = np.mgrid[:120, :120]
EVERYWHERE = np.ones((120, 120), bool)


def ring(row, column, radius=20, width=3):
    return np.abs(np.hypot(ROWS - row, COLUMNS - column) - radius) < width


def test_a_boundary_within_the_tolerance_is_right_and_beyond_it_is_not():
    true = ring(60, 60)
    near, far = np.roll(true, 2, 1), np.roll(true, 30, 1)
    assert boundary_found(true, near, EVERYWHERE, 2.0).f1() == 1.0
    assert boundary_found(true, near, EVERYWHERE, 1.0).f1() < 0.9
    assert boundary_found(true, far, EVERYWHERE, 2.0).f1() < 0.3
    assert boundary_found(true, ~EVERYWHERE, EVERYWHERE, 2.0).f1() == 0.0
    assert np.isnan(boundary_found(~EVERYWHERE, ~EVERYWHERE, EVERYWHERE, 2.0).f1())


def test_a_broken_ring_is_one_object_and_a_ring_elsewhere_is_false():
    true = ring(30, 30) | ring(85, 85)
    broken = ring(30, 30) & (np.abs(ROWS - 30) > 3)
    found = objects_found(true, broken | ring(35, 90, 12), 0.25, overlap=0.5, least=6.0)
    assert found == Found(right=1, found=2, met=1, true=2)
    assert found.f1() == 0.5
    speck = (ROWS < 4) & (COLUMNS < 4)
    assert objects_found(true, true | speck, 0.25, overlap=0.5, least=6.0).f1() == 1.0


def test_calibration_near_features_sees_what_an_empty_map_hides():
    truth = ring(60, 60, 12, 2).astype(np.uint8)
    empty = np.zeros_like(truth)
    sure = np.full(truth.shape, 0.99)
    overall, near = Reliability(), Reliability()
    overall.add(sure, truth == empty)
    mask = near_features(truth, empty, 2, 4.0)
    near.add(sure[mask], (truth == empty)[mask])
    assert overall.error() < 0.05
    assert near.error() > 0.25
    assert not near_features(empty, empty, 2, 4.0).any()


def test_the_temperature_of_logits_that_boast_is_found_again():
    torch = pytest.importorskip("torch")
    random = np.random.default_rng(0)
    logits = random.normal(0, 1.5, (2, 2, 64, 64))
    share = np.exp(logits[:, 1]) / np.exp(logits).sum(axis=1)
    truth = (random.random(share.shape) < share).astype(np.uint8)
    boasting = np.concatenate([2.0 * logits, np.full((2, 1, 64, 64), -9.0)], axis=1)
    found = temperature_of([(torch.from_numpy(boasting.astype(np.float32)), truth)])
    assert found == pytest.approx(2.0, rel=0.1)
    assert (
        temperature_of(
            [
                (
                    torch.zeros(1, 3, 8, 8) + torch.tensor([1.0, 0, 0])[:, None, None],
                    np.zeros((1, 8, 8), np.uint8),
                )
            ]
        )
        == 1.0
    )


def test_scores_of_more_classes_name_each_of_them():
    names = ("no-feature", "ring", "pit", "out-of-bounds")
    truth = np.array([0, 0, 0, 1, 1, 2, 3, 3])
    found = scores(confusion(truth, np.array([0, 0, 1, 1, 1, 0, 3, 3]), 4), names)
    assert found["iou_ring"] == found["ring_iou"] == pytest.approx(2 / 3)
    assert found["iou_pit"] == 0
    assert found["miou"] == pytest.approx((2 / 4 + 2 / 3 + 0 + 1) / 4)
