"""Laying traverses on square cells."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestige.errors import InputError
from vestige.survey import Survey, interpolate, raster_of


def plane(survey, east=0.3, north=-0.2):
    """A survey whose readings lie on a plane."""
    rows, columns = np.mgrid[: survey.values.shape[0], : survey.values.shape[1]]
    steps = {0: (0, 1), 90: (1, 0), 180: (0, -1), 270: (-1, 0)}[survey.bearing]
    right = (steps[1], -steps[0])
    at_east = survey.easting + columns * survey.reading_m * steps[0] + rows * survey.traverse_m * right[0]
    at_north = survey.northing + columns * survey.reading_m * steps[1] + rows * survey.traverse_m * right[1]
    return survey.with_values((east * at_east + north * at_north).astype(np.float32))


@pytest.mark.parametrize("bearing", [0, 90, 180, 270])
def test_a_plane_stays_a_plane(bearing):
    survey = plane(Survey(np.zeros((12, 40), np.float32), 1.0, 0.25, bearing=bearing).placed(50, 80))
    raster = raster_of([survey], 0.125)
    assert (raster.west, raster.north) == (50, 80)
    found = interpolate(survey, raster, slice(0, raster.height))
    rows, columns = np.mgrid[: raster.height, : raster.width]
    expected = 0.3 * (50 + (columns + 0.5) * 0.125) - 0.2 * (80 - (rows + 0.5) * 0.125)
    inner = (slice(16, -16), slice(16, -16))
    assert np.isfinite(found).all()
    assert np.abs(found - expected)[inner].max() < 1e-3


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 60), st.integers(1, 40), st.sampled_from([0.25, 0.5, 0.2]))
def test_strips_are_the_whole(first, count, cell):
    values = np.random.default_rng(0).normal(0, 1, (10, 60)).astype(np.float32)
    values[3:5, 20:30] = np.nan
    survey = Survey(values, 1.0, 0.25)
    raster = raster_of([survey], cell)
    whole = interpolate(survey, raster, slice(0, raster.height))
    first = min(first, raster.height - 1)
    rows = slice(first, min(first + count, raster.height))
    assert np.array_equal(interpolate(survey, raster, rows), whole[rows], equal_nan=True)


def test_readings_keep_their_values_on_their_own_cells():
    values = np.random.default_rng(0).normal(0, 1, (8, 8)).astype(np.float32)
    survey = Survey(values, 0.25, 0.25)
    assert np.allclose(interpolate(survey, raster_of([survey], 0.25), slice(0, 8)), values, atol=1e-5)


def test_gaps_are_those_of_the_nearest_reading():
    values = np.ones((8, 32), np.float32)
    values[2:4, 8:16] = np.nan
    survey = Survey(values, 1.0, 0.25)
    found = interpolate(survey, raster_of([survey], 0.25), slice(0, 32))
    assert np.array_equal(np.isnan(found), np.isnan(values).repeat(4, axis=0))
    assert np.allclose(found[np.isfinite(found)], 1)


def test_beyond_the_survey_nothing_is_known():
    one = Survey(np.ones((4, 16), np.float32), 1.0, 0.25).placed(0, 4)
    other = Survey(np.ones((4, 16), np.float32), 1.0, 0.25).placed(8, 8)
    raster = raster_of([one, other], 0.25)
    assert (raster.height, raster.width) == (32, 48)
    found = interpolate(one, raster, slice(0, 32))
    assert np.isfinite(found).sum() == 16 * 16
    assert np.isfinite(found[16:, :16]).all()


def test_other_systems_and_far_places_are_refused():
    one = Survey(np.ones((4, 4), np.float32), 1.0, 1.0, crs="EPSG:27700", source="one")
    with pytest.raises(InputError, match="two is in EPSG:25832"):
        raster_of([one, Survey(np.ones((4, 4), np.float32), 1.0, 1.0, crs="EPSG:25832", source="two")], 0.5)
    with pytest.raises(InputError, match="from the others"):
        raster_of([one, one.placed(1e7, 1e7)], 0.5)
