"""Each format read right: values, intervals, places, directions, probes, time."""

import numpy as np
import pytest

from vestige.errors import UsageError
from vestige.survey import on_cells, read_survey, zero_median_traverse


def field(east, north):
    return 3 * np.sin(0.5 * np.asarray(east)) + 2 * np.cos(0.3 * np.asarray(north))


@pytest.mark.parametrize("kind", ["xyz", "values"])
@pytest.mark.parametrize("apart", [False, True])
def test_grad601(grad601, kind, apart):
    path = grad601(kind, apart=apart)
    survey = read_survey(path)
    assert survey.values.shape == (10, 40)
    assert (survey.traverse_m, survey.reading_m, survey.grid) == (1.0, 0.25, (40, 10))
    assert (survey.instrument, survey.source, survey.bearing) == ("Grad601", "grid grid 3", 90)
    assert np.isnan(survey.values[2, 5])
    assert np.isnan(survey.values).sum() == 1
    wanted = field(np.arange(40)[None] * 0.25, np.arange(10)[:, None])
    assert np.nanmax(np.abs(survey.values - wanted)) < 1e-3
    if apart:
        other = read_survey(path.with_suffix(".hdr"))
        assert np.array_equal(other.values, survey.values, equal_nan=True)


def test_grad601_keeps_how_it_was_walked(grad601):
    both = read_survey(grad601(sensors=2))
    assert both.pattern == "zig-zag"
    assert both.directions.tolist() == [1, 1, -1, -1, 1, 1, -1, -1, 1, 1]
    assert both.alternates
    assert read_survey(grad601(sensors=1)).directions.tolist() == [1, -1] * 5
    parallel = read_survey(grad601(method="Parallel"))
    assert (parallel.pattern, parallel.alternates) == ("parallel", False)


@pytest.mark.parametrize(
    ("direction", "corner"), [("N", (-1, 0)), ("E", (0, 0)), ("S", (0, -1)), ("W", (-1, -1))]
)
def test_grad601_starting_direction_turns_the_map(grad601, direction, corner):
    survey = read_survey(grad601(direction=direction))
    assert survey.north_up()[0][corner] == survey.values[0, 0]


def test_grad601_that_starts_askew_is_noted(grad601):
    assert "starts to the NE" in read_survey(grad601(direction="NE")).notes[0]


def test_sensys_asc_makes_a_traverse_of_each_probe(sensys_asc):
    survey = read_survey(sensys_asc())
    assert survey.values.shape[0] == 12
    assert survey.crs == "EPSG:32632"
    assert survey.sensors.tolist() == [1, 2, 3, 4] * 3
    assert survey.tracks.tolist() == [1] * 4 + [2] * 4 + [3] * 4
    assert survey.directions.tolist() == [1] * 4 + [-1] * 4 + [1] * 4
    assert (survey.reading_m, survey.traverse_m) == (0.1, pytest.approx(0.5, abs=0.02))
    east, north = survey.places[..., 0] - 474_000, survey.places[..., 1] - 5_971_000
    assert np.nanmax(np.abs(survey.values - field(east, north))) < 0.01
    assert survey.west == pytest.approx(474_000, abs=4)


def test_a_cart_is_cleaned_along_its_traverses_and_laid_on_cells(sensys_asc):
    survey = read_survey(sensys_asc())
    offset = np.linspace(-5, 5, 12, dtype=np.float32)[:, None]
    striped = survey.with_values(survey.values + offset)
    clean = striped.with_values(zero_median_traverse(striped, threshold=1e6))
    assert np.nanmax(np.abs(np.nanmedian(clean.values, axis=1))) < 1e-4
    with pytest.raises(UsageError, match="on_cells"):
        survey.north_up()
    cells = on_cells(survey)
    values, row_m, column_m = cells.north_up()
    rows, columns = np.mgrid[: values.shape[0], : values.shape[1]]
    east = cells.easting + columns * column_m - 474_000
    north = cells.northing - rows * row_m - 5_971_000
    assert np.nanpercentile(np.abs(values - field(east, north)), 99) < 0.05
    assert np.isfinite(values).sum() * row_m * column_m == pytest.approx(12 * 0.5 * 20, rel=0.15)
    moved = survey.placed(0.0, 100.0)
    assert (moved.west, moved.north) == (pytest.approx(0, abs=1e-6), pytest.approx(100))


def test_sensys_tracks_may_be_numbers(sensys_asc):
    named = read_survey(sensys_asc())
    assert np.array_equal(read_survey(sensys_asc(named=False)).values, named.values, equal_nan=True)


def test_sensys_prm(sensys_prm):
    survey = read_survey(sensys_prm)
    assert survey.values.shape[0] == 2
    assert survey.crs == "EPSG:32632"
    assert survey.sensors.tolist() == [1, 2]
    assert survey.reading_m == pytest.approx(0.016, abs=1e-3)
    assert survey.traverse_m == pytest.approx(0.5, abs=0.01)
    assert survey.places[0, 0] == pytest.approx([499_999.75, 5_600_000], abs=0.02)
    known = survey.values[0][np.isfinite(survey.values[0])]
    assert np.median(np.diff(known)) == pytest.approx(0.7, abs=0.05)
    assert np.median(known) == pytest.approx(0, abs=1)
    assert np.nanmax(survey.seconds) == pytest.approx(6.0, abs=0.05)
    assert "no absolute level" in survey.notes[0]


def test_terrasurveyor(xgd):
    survey = read_survey(xgd)
    assert survey.values.shape == (5, 20)
    assert (survey.traverse_m, survey.reading_m, survey.pattern) == (1.0, 0.5, "zig-zag")
    assert survey.directions.tolist() == [1, -1, 1, -1, 1]
    assert survey.instrument == "Grad601"
    assert np.argwhere(np.isnan(survey.values)).tolist() == [[1, 3], [4, 19]]
    assert survey.values[3, 7] == pytest.approx(field(7, 3), abs=1e-3)


def test_geomar_export(mgr):
    survey = read_survey(mgr)
    assert survey.values.shape == (6, 25)
    assert (survey.instrument, survey.bearing, survey.reading_m) == ("GEOMAR", 0, 0.2)
    assert survey.directions.tolist() == [1, -1] * 3
    assert survey.pattern == "zig-zag"
    assert survey.seconds[0, 1] - survey.seconds[0, 0] == pytest.approx(0.3, abs=1e-6)
    assert survey.seconds[1, 0] > survey.seconds[1, 24]


@pytest.mark.parametrize("kind", ["DSAA", "DSBB", "DSRB"])
def test_surfer(surfer, kind):
    survey = read_survey(surfer(kind))
    assert survey.values.shape == (5, 6)
    assert survey.values[4].tolist() == [0, 1, 2, 3, 4, 5]
    assert np.argwhere(np.isnan(survey.values)).tolist() == [[3, 2]]
    assert (survey.west, survey.north, survey.extent) == (99.75, 204.5, (5.0, 3.0))
    assert not survey.walked


def test_cloud_optimised_geotiff(cog):
    survey = read_survey(cog)
    assert survey.values.shape == (700, 600)
    assert np.isnan(survey.values[:, :5]).all()
    assert np.array_equal(survey.values[699, 5:], np.arange(5, 600, dtype=np.float32))
    assert survey.crs == "EPSG:25832"


def test_geoplot_statistics_and_history(geoplot):
    path = geoplot()
    header = path.with_suffix(".CMD")
    steps = '" 2"\r\n"Zero Mean Traverse, Grid=All"\r\n"Despike X=1"\r\n""\r\n'
    header.write_bytes(header.read_bytes() + steps.encode())
    values = np.fromfile(path, "<f4")
    values[9] = 4095.0
    path.write_bytes(values.tobytes())
    known = values[(values != 2047.5) & (values != 4095)]
    stored = [known.mean(), known.std(), 0, known.min(), known.max(), 1, 0, 0, 0, 4095.0, *[0] * 31]
    path.with_suffix(".CMS").write_bytes(np.array(stored, "<f4").tobytes())
    survey = read_survey(path)
    assert survey.history == ("Zero Mean Traverse, Grid=All", "Despike X=1")
    assert np.isnan(survey.values).sum() == 2, "the dummy that the statistics name counts too"
    assert survey.notes == ()
    stored[4] = 99
    path.with_suffix(".CMS").write_bytes(np.array(stored, "<f4").tobytes())
    assert "another version" in read_survey(path).notes[0]


def test_slanting_lines_with_a_line_column_are_traverses(tmp_path):
    at = np.arange(0, 10, 0.25)
    rows = [
        f"{line},{at_ * 0.6 + line * 0.8:.3f},{at_ * 0.8 - line * 0.6:.3f},{line + at_:.3f}"
        for line in range(4)
        for at_ in (at if line % 2 == 0 else at[::-1])
    ]
    (tmp_path / "a.csv").write_text("LINE,X,Y,nT\n" + "\n".join(rows))
    survey = read_survey(tmp_path / "a.csv")
    assert survey.values.shape[0] == 4
    assert survey.tracks.tolist() == [0, 1, 2, 3]
    assert survey.directions.tolist() == [1, -1, 1, -1]
    assert survey.traverse_m == pytest.approx(1.0, abs=0.01)
    assert survey.walked


def test_degrees_are_projected_where_columns_say_so(tmp_path):
    points = [(9.0 + x * 1e-5, 51.0 + y * 1e-5, x + y) for y in range(12) for x in range(12)]
    rows = "\n".join(f"{x:.7f},{y:.7f},{v}" for x, y, v in points)
    (tmp_path / "a.csv").write_text("longitude,latitude,nT\n" + rows)
    survey = read_survey(tmp_path / "a.csv")
    assert survey.crs == "EPSG:32632"
    assert survey.west == pytest.approx(500_000, abs=1)
    assert survey.extent[1] == pytest.approx(0.7 * 11, abs=1)


def test_a_huge_text_is_read_in_bounded_memory(tmp_path):
    """Ten megabytes of text: the peak is the numbers (24 bytes a reading) and what is made of them."""
    import tracemalloc

    path = tmp_path / "a.xyz"
    line = "".join(f"{x * 0.25:.2f},{{0}}.00,{x % 7:.3f},{'0' * 60}\n" for x in range(400))
    path.write_text("x,y,nT,rest\n" + "".join(line.replace("{0}", str(y)) for y in range(300)))
    size = path.stat().st_size
    tracemalloc.start()
    survey = read_survey(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert survey.values.shape == (300, 400)
    assert size > 9e6
    assert peak < 2.2 * size
