"""Steps along traverses, against injected faults."""

import numpy as np
import pytest

from vestige.errors import UsageError
from vestige.survey import (
    Survey,
    clip,
    close_gaps,
    despike,
    remove_drift,
    zero_mean_traverse,
    zero_median_traverse,
)
from vestige.survey.processing.layout import filled


def striped(random):
    """A quiet field with iron, its stripes, and both together."""
    field = random.normal(0, 0.2, (40, 160)).astype(np.float32)
    field[10:12, 20:50] += 40
    stripes = random.normal(0, 1.0, (40, 2)).repeat(80, axis=1).astype(np.float32)
    return field, stripes


@pytest.mark.parametrize("zero", [zero_mean_traverse, zero_median_traverse])
def test_stripes_go_grid_by_grid(zero):
    field, stripes = striped(np.random.default_rng(0))
    survey = Survey(field + stripes, 1.0, 0.25, grid=(80, 20))
    left = zero(survey) - field
    assert np.sqrt(np.mean(left**2)) < 0.15 * np.sqrt(np.mean(stripes**2))


@pytest.mark.parametrize("zero", [zero_mean_traverse, zero_median_traverse])
def test_without_its_threshold_iron_pulls_the_traverse_down(zero):
    field, stripes = striped(np.random.default_rng(0))
    survey = Survey(field + stripes, 1.0, 0.25, grid=(80, 20))
    errors = [float(np.abs(zero(survey, threshold=t) - field)[10:12].mean()) for t in (5.0, 1e6)]
    assert errors[0] < errors[1]


def test_gaps_stay_and_empty_traverses_do_no_harm():
    values = np.ones((3, 20), np.float32)
    values[1] = np.nan
    values[2, 3] = np.nan
    for zero in (zero_mean_traverse, zero_median_traverse):
        cleaned = zero(Survey(values, 1.0, 0.25))
        assert np.array_equal(np.isnan(cleaned), np.isnan(values))
        assert np.nanmax(np.abs(cleaned)) == 0


def test_spikes_go_and_iron_stays():
    values = np.random.default_rng(0).normal(0, 0.3, (20, 100)).astype(np.float32)
    iron = values.copy()
    iron[5, 40:44] += [30, 60, 50, 25]
    spiked = iron.copy()
    places = ([1, 3, 9, 15], [10, 50, 0, 99])
    spiked[places] += 80
    cleaned = despike(spiked)
    assert np.count_nonzero(cleaned != spiked) == 4
    assert np.abs(cleaned - iron)[places].max() < 1.5


def test_drift_goes_and_ditches_and_levels_stay():
    random = np.random.default_rng(2)
    field = random.normal(0, 0.1, (20, 80)).astype(np.float32)
    field[:, 30:36] += 4.0
    level = random.normal(0, 1, (20, 1)).astype(np.float32)
    ramp = random.normal(0, 0.02, (20, 1)) * (np.arange(80) - 39.5)
    cleaned = remove_drift(Survey((field + level + ramp).astype(np.float32), 1.0, 0.25))
    assert np.sqrt(np.mean((cleaned - field - level) ** 2)) < 0.15 * ramp.std()


def test_short_gaps_close_and_long_ones_stay():
    values = np.arange(20, dtype=np.float32)[np.newaxis].copy()
    values[0, 3:5] = values[0, 8:14] = np.nan
    closed = close_gaps(Survey(values, 1.0, 0.25), longest=0.5)
    assert closed[0, 3:5].tolist() == [3, 4]
    assert np.isnan(closed[0, 8:14]).all()


def test_filling_takes_the_nearer_side():
    values = np.array([[np.nan, 1, np.nan, np.nan, np.nan, 5], [np.nan] * 6], np.float32)
    assert filled(values).tolist() == [[1, 1, 1, 1, 5, 5], [0] * 6]


def test_wrong_settings_are_refused():
    survey = Survey(np.zeros((2, 8), np.float32), 1.0, 0.25)
    with pytest.raises(UsageError, match="threshold"):
        zero_median_traverse(survey, threshold=0)
    with pytest.raises(UsageError, match="odd"):
        despike(survey.values, size=4)
    with pytest.raises(UsageError, match="longest"):
        close_gaps(survey, longest=-1)
    with pytest.raises(UsageError, match="bearing"):
        Survey(survey.values, 1.0, 0.25, bearing=45)
    with pytest.raises(UsageError, match="positive"):
        Survey(survey.values, 0.0, 0.25)
    assert np.isnan(clip(np.array([[np.nan]], np.float32), 2)).all()
