"""Rings: centre, diameter and completeness; arcs of one ring are one feature, strangers are not."""

import numpy as np
import pytest

from vestige.survey.mapping.features import features_of
from vestige.survey.mapping.rings import fit_circle


@pytest.mark.parametrize(
    ("gaps", "complete"),
    [((), 1.0), (((10, 60),), 1 - 50 / 360), (((0, 40), (120, 170), (240, 290)), 1 - 140 / 360)],
)
def test_a_ring_whole_or_broken_is_one_feature(on_disk, model, gaps, complete, ring):
    mask = ring(np.zeros((140, 140), np.uint8), (17, 18), 10, 2, gaps=gaps)
    found = features_of(*on_disk(mask), model)
    assert len(found) == 1
    one = found[0]
    assert one.centre == pytest.approx((1017, 1982), abs=0.15)
    assert one.diameter == pytest.approx(20, abs=0.3)
    assert one.complete == pytest.approx(complete, abs=0.05)
    assert one.area == pytest.approx((mask == 1).sum() / 16, rel=0.02)
    assert len(one.polygon.geoms) == max(len(gaps), 1)
    assert one.term == "ring ditch"
    assert one.peak == pytest.approx(3)


def test_two_rings_side_by_side_stay_two(on_disk, model, ring):
    mask = np.zeros((120, 240), np.uint8)
    gaps = ((0, 30), (180, 215))
    for east in (14, 40):
        ring(mask, (east, 15), 9, 1.5, gaps=gaps)
    found = features_of(*on_disk(mask), model)
    assert sorted(round(one.centre[0]) for one in found) == [1014, 1040]
    assert all(len(one.polygon.geoms) == 2 for one in found)


def test_a_ditch_that_passes_is_not_drawn_into_a_ring(on_disk, model, ring):
    mask = ring(np.zeros((160, 160), np.uint8), (20, 20), 8, 1.5, gaps=((50, 110),))
    mask[:, 4:8] = 1
    found = features_of(*on_disk(mask), model)
    rings = [one for one in found if np.isfinite(one.complete)]
    assert len(found) == 2
    assert len(rings) == 1
    assert rings[0].diameter == pytest.approx(16, abs=0.3)
    straight = next(one for one in found if not np.isfinite(one.complete))
    assert straight.diameter == pytest.approx(40, abs=0.3)


def test_a_pit_and_a_straight_ditch_are_no_rings(on_disk, model, ring):
    mask = ring(np.zeros((120, 120), np.uint8), (8, 8), 1.5, 3)
    mask[80:86, 5:110] = 1
    assert [np.isnan(one.complete) for one in features_of(*on_disk(mask), model)] == [True, True]


def test_small_arcs_count_in_their_ring_and_not_alone(on_disk, model, ring):
    mask = np.zeros((160, 160), np.uint8)
    ring(mask, (20, 20), 6, 0.8, gaps=((50, 100), (170, 220), (290, 340)))
    mask[2:8, 2:8] = 1
    found = features_of(*on_disk(mask), model, minimum_area=6.0)
    assert [len(one.polygon.geoms) for one in found] == [3]


@pytest.mark.parametrize("noise", [0.0, 0.25])
def test_a_spur_does_not_draw_the_circle_to_itself(noise):
    random = np.random.default_rng(3)
    angle = random.uniform(0, 2 * np.pi, 900)
    points = np.column_stack([np.cos(angle), np.sin(angle)]) * (10 + random.normal(0, 0.4, 900))[:, None]
    spur = np.column_stack([np.linspace(10, 16, 120), random.normal(0, 0.4, 120)])
    strength = 1 + noise * random.normal(size=1020)
    circle = fit_circle(np.vstack([points, spur]), strength)
    assert (circle.east, circle.north) == pytest.approx((0, 0), abs=0.15)
    assert circle.radius == pytest.approx(10, abs=0.1)


def test_no_circle_through_too_little():
    assert fit_circle(np.zeros((4, 2))) is None
    assert fit_circle(np.zeros((40, 2))) is None
