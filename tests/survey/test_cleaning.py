"""Cleaning against injected faults."""

import numpy as np
import pytest

from vestige.errors import UsageError
from vestige.survey import Survey, clip, despike, zero_median_traverse
from vestige.survey.processing.cleaning import filled


def striped(random, iron=True):
    """A quiet field, its stripes, and both together."""
    field = random.normal(0, 0.2, (40, 160)).astype(np.float32)
    if iron:
        field[10:12, 20:50] += 40
    stripes = random.normal(0, 1.0, (40, 2)).repeat(80, axis=1).astype(np.float32)
    return field, stripes


def test_stripes_go_grid_by_grid():
    field, stripes = striped(np.random.default_rng(0))
    survey = Survey(field + stripes, 1.0, 0.25, grid=(80, 20))
    left = zero_median_traverse(survey) - field
    assert np.sqrt(np.mean(left**2)) < 0.15 * np.sqrt(np.mean(stripes**2))


def test_without_its_threshold_iron_pulls_the_traverse_down():
    field, stripes = striped(np.random.default_rng(0))
    survey = Survey(field + stripes, 1.0, 0.25, grid=(80, 20))
    errors = [
        float(np.abs(zero_median_traverse(survey, threshold=t) - field)[10:12].mean()) for t in (5.0, 1e6)
    ]
    assert errors[0] < errors[1]


def test_gaps_stay_and_empty_traverses_do_no_harm():
    values = np.ones((3, 20), np.float32)
    values[1] = np.nan
    values[2, 3] = np.nan
    cleaned = zero_median_traverse(Survey(values, 1.0, 0.25))
    assert np.array_equal(np.isnan(cleaned), np.isnan(values))
    assert np.nanmax(np.abs(cleaned)) == 0


def test_a_zero_median_survey_is_left_alone():
    values = np.tile(np.array([-1, 0, 1, 0], np.float32), (4, 10))
    assert np.array_equal(zero_median_traverse(Survey(values, 1.0, 0.25)), values)


def test_spikes_go_and_iron_stays():
    values = np.random.default_rng(0).normal(0, 0.3, (20, 100)).astype(np.float32)
    iron = values.copy()
    iron[5, 40:44] += [30, 60, 50, 25]
    spiked = iron.copy()
    places = ([1, 3, 9, 15], [10, 50, 0, 99])
    spiked[places] += 80
    cleaned, count = despike(spiked)
    assert count == 4
    assert np.abs(cleaned - iron)[places].max() < 1.5
    kept = np.ones(values.shape, bool)
    kept[places] = False
    assert np.array_equal(cleaned[kept], iron[kept])


def test_filling_takes_the_nearer_side():
    values = np.array([[np.nan, 1, np.nan, np.nan, np.nan, 5], [np.nan] * 6], np.float32)
    assert filled(values).tolist() == [[1, 1, 1, 1, 5, 5], [0] * 6]


def test_clip_keeps_gaps():
    assert np.array_equal(
        clip(np.array([[-9, np.nan]], np.float32), 2), np.array([[-2, np.nan]], np.float32), equal_nan=True
    )


def test_wrong_settings_are_refused():
    survey = Survey(np.zeros((2, 8), np.float32), 1.0, 0.25)
    with pytest.raises(UsageError, match="threshold"):
        zero_median_traverse(survey, threshold=0)
    with pytest.raises(UsageError, match="odd"):
        despike(survey.values, size=4)
    with pytest.raises(UsageError, match="bearing"):
        Survey(survey.values, 1.0, 0.25, bearing=45)
    with pytest.raises(UsageError, match="positive"):
        Survey(survey.values, 0.0, 0.25)
