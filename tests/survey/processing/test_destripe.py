"""Destripe, destagger and edge match on simulated ground, against the faults that were laid on it."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest

from vestige.survey import (
    Gradiometer,
    Survey,
    anomaly,
    destagger,
    destripe,
    draw_site,
    edge_match,
    estimated_stagger,
    zero_median_traverse,
)
from vestige.survey.forward.acquisition import Walk, walk
from vestige.survey.processing.ditches import ditch_pieces


@cache
def ground():
    random = np.random.default_rng(102)
    return anomaly(draw_site(100, 80, 0.25, Gradiometer(), random, rings=4), random)


def walked(ditch=0.0, **faults):
    """A survey of 20 m grids, its stripes, and a ditch along the traverse at 50.5 m (nT at its middle)."""
    field, _ = ground()
    north = (np.arange(len(field)) + 0.5) * 0.25 - 50.5
    along = ditch * np.exp(-((north / 0.9) ** 2))[:, np.newaxis] * np.ones_like(field)
    along[:, :72] = along[:, 240:] = 0
    made = walk(field + along, 0.25, Walk(**faults), np.random.default_rng(7))
    return Survey(made.recorded, 1.0, 0.25, grid=(80, 20)), made.stripes


def left(survey, stripes, cleaned):
    error = cleaned - (survey.values - stripes)
    return error - np.median(error)


def test_stripes_go_better_than_by_the_median():
    survey, stripes = walked(stagger=0.0, stripes=0.4)
    ours, theirs = (
        np.sqrt(np.mean(left(survey, stripes, clean(survey)) ** 2))
        for clean in (destripe, zero_median_traverse)
    )
    assert ours < 0.35 * stripes.std()
    assert ours < 0.9 * theirs


def test_a_ditch_along_the_traverse_stays():
    survey, stripes = walked(ditch=3.0, stagger=0.0, stripes=0.4)
    place = np.s_[50, 80:230]
    for clean, least, most in ((destripe, 2.7, 3.4), (zero_median_traverse, -1.0, 1.0)):
        kept = 3.0 + np.median(left(survey, stripes, clean(survey))[place])
        assert least < kept < most


def test_iron_at_the_edge_of_a_grid_does_not_make_a_stripe_of_a_ditch():
    own = np.zeros((5, 3))
    own[2, 1] = 5.0
    pieces = np.repeat(own[..., np.newaxis], 4, axis=2)
    edges = np.diff(own, axis=1)
    assert not ditch_pieces(pieces, own, own, edges, 1.0).any()
    pieces[2, 1, [0, -1]] = 0.0
    assert ditch_pieces(pieces, own, own, edges, 1.0)[2, 1].tolist() == [False, True, True, False]


def test_a_quiet_survey_is_left_alone_and_gaps_stay():
    values = np.random.default_rng(0).normal(0, 0.2, (60, 240)).astype(np.float32)
    values[20:40, 80:160] = np.nan
    cleaned = destripe(Survey(values, 1.0, 0.25, grid=(80, 20)))
    assert np.array_equal(np.isnan(cleaned), np.isnan(values))
    assert np.nanstd(cleaned - values) < 0.05


@pytest.mark.parametrize("stagger", [-0.3, 0.65])
def test_stagger_is_found_within_a_fraction_of_a_reading(stagger):
    survey, _ = walked(stagger=stagger, stripes=0.3, noise=0.1)
    found = estimated_stagger(survey)[2, 2]
    assert found == pytest.approx(-stagger / 0.25, abs=0.15)
    before, after = (neighbours(values) for values in (survey.values, destagger(survey)))
    assert after > before + 0.01 * abs(stagger)


def test_weak_ground_tells_a_stagger_too():
    field, _ = ground()
    made = walk(field * 0.3, 0.25, Walk(stagger=0.65, spikes=0.0), np.random.default_rng(7))
    survey = Survey(made.recorded, 1.0, 0.25, grid=(80, 20))
    assert estimated_stagger(survey)[2, 2] == pytest.approx(-2.6, abs=0.25)


def neighbours(values):
    """How well traverses correlate with the next, on the average."""
    return np.mean([np.corrcoef(a, b)[0, 1] for a, b in pairwise(values)])


def test_where_nothing_correlates_nothing_moves():
    noise = np.random.default_rng(3).normal(0, 1, (40, 160)).astype(np.float32)
    survey = Survey(noise, 1.0, 0.25, grid=(80, 20))
    assert np.array_equal(destagger(survey), noise)


def test_grids_come_to_one_level():
    survey, stripes = walked(stagger=0.0, stripes=0.0, grid_bias=2.0)
    assert stripes.std() > 1
    assert left(survey, stripes, edge_match(survey)).std() < 0.15 * stripes.std()
