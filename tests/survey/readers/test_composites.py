"""Grids of one site become one survey: the same as if they had been walked as one."""

import numpy as np
import pytest

from vestige.survey import Survey, interpolate, raster_of
from vestige.survey.readers.composites import composites


def cut(whole, rows, columns):
    """The survey in blocks of rows and columns (north up), each a survey of its own."""
    values, row_m, column_m = whole.north_up()
    turns = {90: 0, 0: 1, 270: 2, 180: 3}[whole.bearing]
    for top in range(0, values.shape[0], rows):
        for left in range(0, values.shape[1], columns):
            block = np.rot90(values[top : top + rows, left : left + columns], -turns)
            part = Survey(block.copy(), whole.traverse_m, whole.reading_m, bearing=whole.bearing)
            yield part.placed(whole.west + left * column_m, whole.north - top * row_m)


@pytest.mark.parametrize("bearing", [0, 90, 180, 270])
def test_grids_give_the_whole(bearing):
    random = np.random.default_rng(bearing)
    shape = (8, 24) if bearing in (90, 270) else (12, 16)
    whole = Survey(random.normal(0, 1, shape).astype(np.float32), 1.0, 0.5, bearing=bearing).placed(100, 200)
    height, width = whole.north_up()[0].shape
    parts = list(cut(whole, height // 2, width // 2))
    (made,) = composites(parts[::-1])
    assert np.array_equal(made.values, whole.values)
    assert (made.west, made.north, made.bearing) == (whole.west, whole.north, bearing)
    assert made.grid == parts[0].values.shape[::-1]
    raster = raster_of([whole], 0.25)
    everything = slice(0, raster.height)
    assert np.allclose(
        interpolate(made, raster, everything), interpolate(whole, raster, everything), atol=1e-6
    )


def test_later_grids_show_and_gaps_do_not():
    under = Survey(np.ones((4, 4), np.float32), 1.0, 1.0)
    over = np.full((4, 4), 2, np.float32)
    over[0, 0] = np.nan
    (made,) = composites([under, Survey(over, 1.0, 1.0).placed(under.west + 2, under.north)])
    assert made.values[0].tolist() == [1, 1, 1, 2, 2, 2]
    assert made.grid is None


def test_directions_are_kept_where_grids_agree():
    ways = np.array([1, -1, 1, -1], np.int8)
    one = Survey(np.zeros((4, 4), np.float32), 1.0, 1.0, directions=ways)
    beside = one.placed(one.west + 4, one.north)
    assert composites([one, beside])[0].directions.tolist() == ways.tolist()
    other = Survey(one.values, 1.0, 1.0, directions=-ways).placed(one.west + 4, one.north)
    assert composites([one, other])[0].directions is None


def test_what_shares_no_lattice_stays():
    one = Survey(np.zeros((4, 4), np.float32), 1.0, 1.0)
    for other in (
        one.placed(one.west + 4.3, one.north),
        one.placed(one.west + 400, one.north),
        Survey(one.values, 0.5, 1.0).placed(4, 4),
        Survey(one.values, 1.0, 1.0, crs="EPSG:27700").placed(4, 4),
    ):
        assert composites([one, other]) == [one, other]
