"""Every reader: good files read right, broken ones are one sentence that names the file."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from vestige.errors import InputError, VestigeError
from vestige.survey import read_delimited, read_geoplot, read_geotiff, read_saga, read_survey
from vestige.testing import mutants


def refuses(read, path, *words):
    with pytest.raises(InputError) as caught:
        read(path)
    sentence = str(caught.value)
    assert "\n" not in sentence
    for word in words:
        assert word in sentence, sentence


# -- Geoplot -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", ""])
def test_geoplot_reads_with_any_line_end(geoplot, end):
    survey = read_geoplot(geoplot(end=end))
    assert survey.values.shape == (4, 8)
    assert np.isnan(survey.values[0, 5])
    assert np.isnan(survey.values).sum() == 1
    assert (survey.traverse_m, survey.reading_m, survey.grid, survey.instrument) == (1.0, 0.5, (4, 2), "FM36")
    assert (survey.west, survey.north, survey.extent) == (0.0, 4.0, (4.0, 4.0))


def test_geoplot_is_found_by_its_header_too(geoplot):
    path = geoplot()
    assert np.array_equal(
        read_survey(path).values, read_survey(path.with_suffix(".CMD")).values, equal_nan=True
    )


@pytest.mark.parametrize(("direction", "bearing"), [("N", 0), ("E", 90), ("S", 180), ("W", 270)])
def test_geoplot_direction_turns_the_map(geoplot, direction, bearing):
    path = geoplot()
    header = path.with_suffix(".CMD")
    header.write_bytes(header.read_bytes().replace(b'"E"', f'"{direction}"'.encode()))
    survey = read_geoplot(path)
    assert survey.bearing == bearing
    first = survey.values[0, 0]
    corner = {0: (-1, 0), 90: (0, 0), 180: (0, -1), 270: (-1, -1)}[bearing]
    assert survey.north_up()[0][corner] == first


def test_geoplot_faults(geoplot, tmp_path):
    path = geoplot()
    good = path.read_bytes()
    for data, words in [
        (b"", "holds 0 bytes"),
        (good[:-4], "holds 124 bytes"),
        (good + b"x", "holds 129 bytes"),
    ]:
        path.write_bytes(data)
        refuses(read_geoplot, path, "a.CMP", words)
    path.write_bytes(np.full(32, 2047.5, "<f4").tobytes())
    refuses(read_geoplot, path, "only dummy values")
    path.write_bytes(np.full(32, 3e30, "<f4").tobytes())
    refuses(read_geoplot, path, "traverse 1, reading 1")
    path.with_suffix(".CMD").write_text('"only"\n"two"')
    refuses(read_geoplot, path, "a.CMD", "holds 2 quoted lines")
    path.with_suffix(".CMD").unlink()
    refuses(read_geoplot, path, "has no .cmd file beside it")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b'"4 m"', b'"four"', "a length"),
        (b'".5 m"', b'"0 m"', "a length"),
        (b'".5 m"', b'".3 m"', "whole number of intervals"),
        (b'"1"', b'"x"', "multiplier"),
        (b'"4 m"', b'"99999 m"', "bytes"),
    ],
)
def test_geoplot_header_faults(geoplot, old, new, words):
    path = geoplot()
    header = path.with_suffix(".CMD")
    header.write_bytes(header.read_bytes().replace(old, new, 1))
    refuses(read_geoplot, path, words)


# -- delimited ---------------------------------------------------------------------------------------------


def test_delimited_finds_the_gradient_and_the_traverses(xyz):
    survey = read_delimited(xyz)
    assert survey.values.shape == (3, 8)
    assert survey.unit == "GRAD"
    assert (survey.reading_m, survey.traverse_m, survey.bearing) == (0.5, 1.0, 90)
    assert np.allclose(survey.values[1], 1 + 0.05 * np.arange(8), atol=1e-5)
    assert (survey.easting, survey.northing) == (100.0, 50.0)


def test_delimited_column_by_name_or_number(xyz):
    assert read_delimited(xyz, column="top").values[0, 0] == 49000
    assert read_delimited(xyz, column="3").values[0, 0] == 49000
    refuses(lambda path: read_delimited(path, column="bogus"), xyz, "no column 'bogus'", "GRAD")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", " ", "   "])
@pytest.mark.parametrize("head", ["", "x{0}y{0}z\n", "# made by hand\nx{0}y{0}z\n", "\ufeffx{0}y{0}z\n"])
def test_delimited_dialects(tmp_path, delimiter, head):
    path = tmp_path / "a.xyz"
    rows = [delimiter.join(f"{v:.1f}" for v in (x, y, x * y)) for x in range(3) for y in range(9)]
    path.write_text(head.format(delimiter) + "\r\n".join(rows), encoding="utf-8")
    survey = read_survey(path)
    assert survey.bearing == 0
    assert np.array_equal(survey.values, np.outer(np.arange(3), np.arange(9)))


def test_delimited_decimal_commas_and_dummies(tmp_path):
    path = tmp_path / "a.dat"
    rows = [
        f"{x};{y / 2}".replace(".", ",") + (";*" if (x, y) == (1, 4) else f";{y},5")
        for x in range(3)
        for y in range(9)
    ]
    path.write_text("x;y;nT\n" + "\n".join(rows))
    values = read_survey(path).values
    assert values[0, 2] == 2.5
    assert values[1, 4] == pytest.approx(4.5), "a single missing reading is bridged"


def test_delimited_decimal_commas_between_blanks(tmp_path):
    path = tmp_path / "a.dat"
    path.write_text("\n".join(f"{x},0 {y},5 {y},25" for x in range(3) for y in range(9)))
    assert read_survey(path).values[2, 8] == 8.25


def test_delimited_long_gap_stays_a_gap(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "\n".join(f"{x},{y},1" for y in range(3) for x in range(20) if not (y == 1 and 5 < x < 14))
    )
    values = read_survey(path).values
    assert np.isnan(values[1, 7:12]).all()
    assert np.isfinite(values[[0, 2]]).all()


def test_scattered_points_become_square_cells(tmp_path):
    random = np.random.default_rng(0)
    points = random.uniform(0, 30, (900, 2))
    path = tmp_path / "cart.csv"
    lines = "\n".join(f"{x:.3f},{y:.3f},{x + 2 * y:.4f}" for x, y in points)
    path.write_text("easting,northing,nT\n" + lines)
    survey = read_survey(path)
    assert not survey.walked
    values, dy, dx = survey.north_up()
    rows, columns = np.mgrid[: values.shape[0], : values.shape[1]]
    plane = survey.easting + columns * dx + 2 * (survey.northing - rows * dy)
    assert np.nanmax(np.abs(values - plane)) < 0.01
    assert np.isfinite(values).mean() > 0.9


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("   \n\n", "is empty"),
        ("a,b\n1,2\n", "columns on line 1"),
        ("p,q,r\n1,2,3\n", "has columns p, q, r"),
        ("x,y,z\n1,2,3\n1,zwei,3\n1,3,3\n", "on line 3"),
        ("x,y,z\n1,2\n", "on line 2"),
        ("x,y,z\n", "only headings"),
        ("x,y,z\n1,1,1\n1,1,1\n1,1,1\n1,1,1\n1,1,1\n", "do not move"),
        ("x,y,z\n" + "".join(f"{i},0,1\n" for i in range(9)) + "1e30,0,1\n1e30,1,1\n", "strews"),
    ],
)
def test_delimited_faults(tmp_path, text, words):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    refuses(read_delimited, path, "bad.csv", words)


def test_delimited_binary_is_no_text(tmp_path):
    path = tmp_path / "bad.dat"
    path.write_bytes(bytes(range(256)) * 10)
    refuses(read_delimited, path, "is no text")


# -- grids -------------------------------------------------------------------------------------------------


def test_saga_reads_from_south_to_north(saga):
    survey = read_saga(saga)
    assert survey.values[2].tolist()[:3] == [0, 1, 2]
    assert np.isnan(survey.values[2, 3])
    assert (survey.west, survey.north, survey.walked) == (10.0, 21.5, False)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("CELLCOUNT_X = 4", "CELLCOUNT_X = 5", "holds 48 bytes"),
        ("CELLCOUNT_X = 4", "CELLCOUNT_X = many", "CELLCOUNT_X"),
        ("CELLSIZE = 0.5", "CELLSIZE = -1", "a SAGA grid"),
        ("FLOAT", "COMPLEX", "COMPLEX"),
        ("CELLCOUNT_Y = 3", "CELLCOUNT_Y = 3000000000", "a SAGA grid"),
    ],
)
def test_saga_faults(saga, old, new, words):
    saga.write_text(saga.read_text().replace(old, new))
    refuses(read_saga, saga, words)


def geotiff(path, bands=1, transform=None, dtype="float32", crs="EPSG:27700", nodata=None):
    with rasterio.open(
        path, "w", driver="GTiff", width=6, height=5, count=bands, dtype=dtype, crs=crs, nodata=nodata,
        transform=transform or Affine(0.5, 0, 100, 0, -0.25, 200),
    ) as raster:  # fmt: skip
        for band in range(1, bands + 1):
            raster.write(np.arange(30).reshape(5, 6).astype(dtype), band)
    return path


def test_geotiff_reads_place_and_nodata(tmp_path):
    survey = read_geotiff(geotiff(tmp_path / "a.tif", nodata=7))
    assert (survey.west, survey.north, survey.reading_m, survey.traverse_m) == (100.0, 200.0, 0.5, 0.25)
    assert survey.crs == "EPSG:27700"
    assert np.isnan(survey.values[1, 1])
    assert survey.values[0, 5] == 5


def test_geotiff_faults(tmp_path):
    refuses(read_geotiff, geotiff(tmp_path / "rgb.tif", bands=3), "rgb.tif", "holds 3 bands")
    turned = geotiff(tmp_path / "turned.tif", transform=Affine(0.5, 0.1, 0, 0.1, -0.5, 0))
    refuses(read_geotiff, turned, "turned or mirrored")
    degrees = geotiff(tmp_path / "deg.tif", crs="EPSG:4326", transform=Affine(1e-6, 0, 1, 0, -1e-6, 51))
    refuses(read_geotiff, degrees, "in degrees")
    refuses(read_geotiff, geotiff(tmp_path / "c.tif", dtype="complex64"), "complex64")
    (tmp_path / "text.tif").write_text("not a picture at all")
    refuses(read_geotiff, tmp_path / "text.tif", "cannot be read as GeoTIFF")
    (tmp_path / "empty.tif").write_bytes(b"")
    refuses(read_geotiff, tmp_path / "empty.tif", "is empty")
    good = geotiff(tmp_path / "cut.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(good[: len(good) // 2])
    refuses(read_geotiff, tmp_path / "cut.tif", "cut.tif")


def test_a_virtual_raster_is_not_followed(tmp_path):
    """A file that names other files (VRT) must not be opened as GeoTIFF."""
    path = tmp_path / "a.tif"
    path.write_text("<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>")
    refuses(read_geotiff, path, "cannot be read as GeoTIFF")


# -- all ---------------------------------------------------------------------------------------------------


def test_unknown_suffix_and_missing_file(tmp_path):
    refuses(read_survey, tmp_path / "a.jpg", "has the suffix '.jpg'")
    for suffix in (".cmp", ".csv", ".tif", ".sgrd"):
        refuses(read_survey, tmp_path / f"none{suffix}", "none")


def survives(read, path, good):
    """300 mutants: each reads or is one sentence; at least some are refused."""
    refused = 0
    for mutant in mutants(good):
        path.write_bytes(mutant)
        try:
            survey = read()
        except VestigeError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert np.isfinite(survey.values).any()
            assert survey.values.size < 5e6
    assert refused > 0


def test_mutants_of_geoplot_readings(geoplot):
    path = geoplot()
    survives(lambda: read_survey(path), path, path.read_bytes())


def test_mutants_of_geoplot_headers(geoplot):
    path = geoplot()
    header = path.with_suffix(".CMD")
    survives(lambda: read_survey(path), header, header.read_bytes())


def test_mutants_of_delimited(xyz):
    survives(lambda: read_survey(xyz), xyz, xyz.read_bytes())


def test_mutants_of_saga_headers(saga):
    survives(lambda: read_survey(saga), saga, saga.read_bytes())


def test_mutants_of_saga_values(saga):
    data = saga.with_suffix(".sdat")
    survives(lambda: read_survey(saga), data, data.read_bytes())


def test_mutants_of_geotiff(tmp_path):
    path = geotiff(tmp_path / "a.tif")
    survives(lambda: read_survey(path), path, path.read_bytes())
