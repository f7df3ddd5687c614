"""Filters in wavenumber, filters in space and depths, against fields that are known."""

import numpy as np
import pytest

from vestige.contract import Context, Inputs, Kind, Product
from vestige.errors import InputError, UsageError
from vestige.survey import (
    Gradiometer,
    Layer,
    Raster,
    Survey,
    analytic_signal,
    gradient,
    high_pass,
    low_pass,
    reduction_to_pole,
    upward_continuation,
)
from vestige.survey.geotiff import raster_writer
from vestige.survey.processing.depths import depth
from vestige.survey.processing.wavenumber import filtered
from vestige.survey.recipe import DepthRecipe


def field(height=0.3, **instrument):
    """The gradient over three pits on 40 x 40 m, rows from north to south."""
    ground = np.zeros((160, 160), np.float32)
    ground[50:58, 60:66] = ground[100:104, 40:60] = ground[90:96, 110:116] = 1e-3
    return gradient([Layer(ground, 0.4, 0.9)], 0.25, Gradiometer(height=height, **instrument), padding=20)


@pytest.mark.parametrize("sensor", ["fluxgate", "total-field"])
@pytest.mark.parametrize(("inclination", "declination"), [(65.0, -3.0), (40.0, 25.0), (-50.0, 10.0)])
def test_reduction_gives_the_field_at_the_pole(inclination, declination, sensor):
    there = field(inclination=inclination, declination=declination, sensor=sensor)
    pole = field(inclination=90.0, declination=0.0, sensor=sensor)
    reduced = reduction_to_pole(
        Survey(there, 0.25, 0.25), inclination=inclination, declination=declination, sensor=sensor
    )
    error = reduced - pole
    assert (error - error.mean()).std() < 0.04 * pole.std()


@pytest.mark.parametrize("bearing", [0, 90, 180, 270])
def test_the_direction_of_walking_does_not_matter(bearing):
    there = field(inclination=60.0, declination=20.0)
    walked = np.rot90(there, {90: 0, 0: -1, 270: -2, 180: -3}[bearing])
    survey = Survey(np.ascontiguousarray(walked), 0.25, 0.25, bearing=bearing)
    assert np.array_equal(survey.north_up()[0], there)
    reduced = survey.with_values(reduction_to_pole(survey, inclination=60, declination=20)).north_up()[0]
    expected = reduction_to_pole(Survey(there, 0.25, 0.25), inclination=60, declination=20)
    assert np.allclose(reduced, expected, atol=0.02 * there.std())


def test_at_the_equator_noise_is_bounded():
    noise = np.random.default_rng(0).normal(0, 1, (160, 160)).astype(np.float32)
    reduced = reduction_to_pole(Survey(noise, 0.25, 0.25), inclination=0, declination=0)
    assert reduced.std() < 4


def test_upwards_is_as_if_carried_higher():
    low, high = field(height=0.3), field(height=1.0)
    continued = upward_continuation(Survey(low, 0.25, 0.25), height=0.7)
    assert np.abs(continued - high).max() < 0.02 * np.abs(high).max()


def test_the_analytic_signal_does_not_mind_the_direction():
    signals = [analytic_signal(Survey(field(inclination=i), 0.25, 0.25)) for i in (90.0, 45.0)]
    peaks = [np.unravel_index(signal.argmax(), signal.shape) for signal in signals]
    assert np.hypot(*np.subtract(*peaks)) <= 4


def test_low_and_high_pass_divide_the_readings_and_mind_gaps():
    values = field() + 5
    values[30:60, 30:50] = np.nan
    survey = Survey(values, 0.25, 0.25)
    low, high = low_pass(survey, radius=2.0), high_pass(survey, radius=2.0)
    assert np.allclose(low + high, values, atol=1e-5, equal_nan=True)
    flat = Survey(np.where(np.isnan(values), np.nan, 5).astype(np.float32), 0.25, 0.25)
    assert np.nanmax(np.abs(high_pass(flat, radius=2.0))) < 1e-5


def test_depths_are_those_of_the_sources(tmp_path):
    ground = np.zeros((240, 240), np.float32)
    for row, column in ((60, 60), (60, 180), (180, 60), (180, 180)):
        ground[row - 1 : row + 1, column - 1 : column + 1] = 5e-3
    # A sphere's worth of soil at 1.1 m: the gradient over 0.05 m falls with the fourth power.
    values = gradient(
        [Layer(ground, 1.0, 1.2)], 0.25, Gradiometer(inclination=90, height=0.25, separation=0.05)
    )
    raster = Raster(1000.0, 2000.0, 0.25, 240, 240, "EPSG:27700")
    with raster_writer(tmp_path / "grid.tif", raster, np.float32, nodata=np.nan, unit="nT") as writer:
        writer.write(0, values)
    grid = Product("processed", Kind.GRID, tmp_path / "grid.tif", {})
    outcome = depth(Inputs({"grid": [grid]}), DepthRecipe(index=4.0), Context(tmp_path / "w", tmp_path / "o"))
    table = np.genfromtxt(tmp_path / "o" / "depths" / "euler.csv", delimiter=",", names=True)
    assert outcome.measurements["sources"] == 4
    assert table["depth_m"] == pytest.approx(1.1, abs=0.15)
    assert sorted(table["easting_m"].round()) == [1015, 1015, 1045, 1045]


def test_wrong_settings_are_refused(tmp_path):
    survey = Survey(np.zeros((8, 8), np.float32), 1.0, 1.0)
    with pytest.raises(UsageError, match="inclination"):
        reduction_to_pole(survey, inclination=100, declination=0)
    with pytest.raises(UsageError, match="height"):
        upward_continuation(survey, height=-1)
    with pytest.raises(UsageError, match="radius"):
        low_pass(survey, radius=0)
    with pytest.raises(UsageError, match="grid"):
        depth(Inputs({}), DepthRecipe(), Context(tmp_path / "w", tmp_path / "o"))
    (tmp_path / "bad.tif").write_bytes(b"no raster")
    bad = Product("processed", Kind.GRID, tmp_path / "bad.tif", {})
    with pytest.raises(InputError, match=r"bad\.tif"):
        depth(Inputs({"grid": [bad]}), DepthRecipe(), Context(tmp_path / "w", tmp_path / "o"))


def test_tiles_make_no_seam():
    values = np.random.default_rng(0).normal(0, 1, (120, 500)).astype(np.float32)
    smooth = filtered(
        Survey(values, 1.0, 0.25), lambda east, north, length: np.exp(-length), lambda e, n, k: np.exp(-2 * k)
    )
    steps = np.abs(np.diff(smooth[1], axis=1)).mean(axis=0)
    assert steps[[159, 319]].max() < 1.3 * np.median(steps)
