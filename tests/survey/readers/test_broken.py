"""Broken files: one clear sentence each, and no mutant that gets through to an error of another kind."""

import numpy as np
import pytest

from vestige.capture import Capture, Frame, coordinates
from vestige.errors import InputError, VestigeError
from vestige.survey import raster_of, read_survey
from vestige.survey.readers.coordinates import check_place, one_system, without_zone
from vestige.survey.readers.gathering import Reading, gather
from vestige.survey.traverses import Survey
from vestige.testing import mutants


def refuses(path, *words, **how):
    with pytest.raises(InputError) as caught:
        read_survey(path, **how)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert path.stem in sentence
    for word in words:
        assert word in sentence, sentence


def change(path, old, new):
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))


# -- dummies -----------------------------------------------------------------------------------------------


def grid_file(path, values):
    rows = [f"{x},{y},{values[y, x]:g}" for y in range(values.shape[0]) for x in range(values.shape[1])]
    path.write_text("\n".join(rows))
    return path


@pytest.fixture
def noisy():
    return np.random.default_rng(0).normal(0, 2, (20, 40)).round(2)


@pytest.mark.parametrize("dummy", [32702, -32768, 9999, 99999])
def test_a_known_dummy_left_as_data_is_taken_out_and_said(tmp_path, noisy, dummy):
    noisy[5:9, 10:30] = dummy
    survey = read_survey(grid_file(tmp_path / "a.csv", noisy))
    assert np.isnan(survey.values).sum() == 80
    assert len(survey.notes) == 1
    assert "80 readings" in survey.notes[0]


def test_geoplot_dummy_in_a_geotiff(tmp_path, noisy):
    import rasterio

    noisy[5:9, 10:30] = 2047.5
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", width=40, height=20, count=1, dtype="float32",
                       crs="EPSG:27700", transform=(1, 0, 431_000, 0, -1, 287_000)) as raster:  # fmt: skip
        raster.write(noisy.astype(np.float32), 1)
    assert np.isnan(read_survey(tmp_path / "a.tif").values).sum() == 80


def test_an_unknown_dummy_is_refused_until_it_is_named(tmp_path, noisy):
    noisy[5:9, 10:30] = 511
    path = grid_file(tmp_path / "a.csv", noisy)
    refuses(path, "80 readings of exactly 511 nT", "--set dummy=511")
    assert np.isnan(read_survey(path, dummy=511.0).values).sum() == 80


def test_iron_is_no_dummy(tmp_path, noisy):
    noisy[5, 10:14] = (60, 100, 100, -80)
    survey = read_survey(grid_file(tmp_path / "a.csv", noisy))
    assert np.isfinite(survey.values).all()
    assert survey.notes == ()


def test_blocks_of_nan_are_gaps_and_nothing_else_is_refused(tmp_path, noisy):
    noisy[:, 10:30] = np.nan
    survey = read_survey(grid_file(tmp_path / "a.csv", noisy))
    assert np.isnan(survey.values[:, 12:28]).all()
    noisy[:] = np.nan
    refuses(grid_file(tmp_path / "b.csv", noisy), "readings with a place")


# -- places ------------------------------------------------------------------------------------------------


def placed_file(path, east, north, head="x,y,nT\n"):
    rows = [f"{east + x * 0.5:.2f},{north + y:.2f},{x + y}" for y in range(5) for x in range(20)]
    path.write_text(head + "\n".join(rows))
    return path


def test_swapped_axes_are_noticed(tmp_path):
    refuses(
        placed_file(tmp_path / "a.csv", 5_712_000, 432_000), "easting and northing swapped", "swap the two"
    )
    with pytest.raises(InputError, match="swapped for EPSG:27700"):
        check_place("a.csv", 800_000, 350_000, "EPSG:27700")
    with pytest.raises(InputError, match="outside the area of EPSG:27700"):
        check_place("a.csv", 5_712_000, 9_432_000, "EPSG:27700")
    check_place("a.csv", 500_000, 5_700_000, "EPSG:25832")
    check_place("a.csv", 500_000, 5_700_000, "EPSG:3857")


def test_degrees_that_do_not_say_so_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,y,nT\n" + "\n".join(f"{9 + i * 1e-5:.6f},{51 + i * 2e-5:.6f},1" for i in range(50)))
    refuses(path, "as degrees do", "longitude and latitude")
    path.write_text("lon,lat,nT\n" + "\n".join(f"{500000 + i},{51 + i},1" for i in range(50)))
    refuses(path, "hold no degrees")


def test_zone_prefixes():
    assert without_zone(np.array([33400000.0]), np.array([5.7e6]))[1] == 33
    for east in (3512345.0, 432000.0, 61400000.0, 32000001.0):
        assert without_zone(np.array([east]), np.array([5.7e6])) == (np.array([east]), 0)
    survey_crs = one_system("a", "EPSG:32632", "EPSG:4647")
    assert survey_crs == "EPSG:4647"


@pytest.mark.parametrize(
    ("told", "asked", "words"),
    [
        ("EPSG:32632", "EPSG:32633", "as the recipe says"),
        ("", "EPSG:4326", "in degrees"),
        ("", "EPSG:none", "a reference system such as"),
        ("EPSG:27700", "EPSG:25832", "EPSG:25832 as the recipe says"),
    ],
)
def test_reference_systems_that_cannot_be(told, asked, words):
    with pytest.raises(InputError, match=words):
        one_system("a.csv", told, asked)


def test_two_grids_in_one_file_are_refused(tmp_path):
    path = placed_file(tmp_path / "a.csv", 0, 0)
    path.write_text(path.read_text() + "\n" + path.read_text().replace("x,y,nT\n", ""))
    refuses(path, "places twice", "split the grids")


class Watch:
    """A context that tracks nothing and keeps warnings."""

    def __init__(self):
        self.warnings = []

    def track(self, things, _):
        return things

    def warn(self, sentence):
        self.warnings.append(sentence)


def gathered(folder, places, **how):
    frames = [Frame(file=name, coordinates=coordinates(**place)) for name, place in places.items()]
    watch = Watch()
    return *gather([Capture(frames=frames).at(folder)], Reading(**how), watch), watch.warnings


def test_grids_of_one_site_make_one_map(grad601, tmp_path):
    first = grad601("xyz")
    (tmp_path / "b.xyz").write_bytes(first.read_bytes())
    places = {
        "grid.xyz": {"easting": 431_000, "northing": 287_000},
        "b.xyz": {"easting": 431_010, "northing": 287_000},
    }
    surveys, rows, warnings = gathered(tmp_path, places, crs="EPSG:27700")
    assert not warnings
    raster = raster_of(surveys, 0.25)
    assert (raster.bounds, raster.crs) == ((431_000, 286_990, 431_020, 287_000), "EPSG:27700")
    assert [row["pattern"] for row in rows] == ["zig-zag"] * 2
    _, _, warnings = gathered(tmp_path, {name: {} for name in places})
    assert "laid side by side" in warnings[0]


def test_two_files_on_the_same_ground_are_said(tmp_path):
    for name in ("a.csv", "b.csv"):
        placed_file(tmp_path / name, 10, 20)
    surveys, _, warnings = gathered(tmp_path, {"a.csv": {}, "b.csv": {}})
    assert len(surveys) == 2
    assert "b.csv covers just the ground of a.csv" in warnings[0]


def test_mixed_reference_systems_are_refused(tmp_path):
    near = Survey(np.zeros((4, 4), np.float32), 1.0, 1.0, crs="EPSG:25832", source="a")
    with pytest.raises(InputError, match="EPSG:25833"):
        raster_of([near, Survey(near.values, 1.0, 1.0, crs="EPSG:25833", source="b")], 0.5)


def test_a_wrong_reference_system_is_named(tmp_path, sensys_asc):
    sensys_asc()
    with pytest.raises(InputError, match="EPSG:27700 as the recipe says"):
        gathered(tmp_path, {"cart.asc": {}}, crs="EPSG:27700")
    surveys, _, warnings = gathered(tmp_path, {"cart.asc": {}}, crs="EPSG:25832")
    assert surveys[0].crs == "EPSG:25832"
    placed_file(tmp_path / "a.csv", 431_000, 287_000)
    with pytest.raises(InputError, match="outside the area of EPSG:2157"):
        gathered(tmp_path, {"a.csv": {}}, crs="EPSG:2157")
    assert len(warnings) == 1


# -- headers and counts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"Grid Size = 10x10\n", b"", "lacks the header line 'grid size'"),
        (b"Sampling = 4", b"Sampling = many", "a sampling of 'many'"),
        (b"Line Spacing = 1.00 m", b"Line Spacing = -1", "line spacing of '-1'"),
        (b"Sampling = 4", b"Sampling = 8", "traverses of 80"),
        (b"Grid Size = 10x10", b"Grid Size = 20x20", "400 readings"),
    ],
)
def test_grad601_header_faults(grad601, old, new, words):
    path = grad601("values")
    change(path, old, new)
    refuses(path, words)


def test_grad601_readings_faults(grad601, tmp_path):
    path = grad601("values")
    good = path.read_bytes()
    path.write_bytes(good.rstrip()[:-8])
    refuses(path, "holds 399 readings", "400 for 10 traverses of 40")
    path.write_bytes(good.replace(b"\r\n", b"\r\nzwei\r\n", 1))
    refuses(path, "has 'zwei' on line")
    path.write_bytes(good[: good.index(b"Min = -5.0") + 11])
    refuses(path, "only a header")
    path.unlink()
    grad601("xyz", apart=True).unlink()
    refuses(tmp_path / "grid.hdr", "has no .dat file beside it")
    path = grad601("xyz")
    head, body = path.read_bytes().split(b"Min = -5.0\n")
    path.write_bytes(head + b"Min = -5.0\n" + body + body)
    refuses(path, "places twice")


def test_grad601_xyz_without_its_header_is_still_a_survey(grad601):
    path = grad601("xyz")
    path.write_bytes(path.read_bytes().split(b"Min = -5.0\n")[1])
    assert read_survey(path).values.shape == (10, 40)


def test_unequal_traverses_are_padded(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("\n".join(f"{x},{y},1" for y in range(4) for x in range(10 + 5 * y)))
    survey = read_survey(path)
    assert survey.values.shape == (4, 25)
    assert np.isfinite(survey.values).sum(axis=1).tolist() == [25, 20, 15, 10]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b"TraverseLength", b"<", "is no whole XML"),
        (b"<Grid ", b"<Other ", "no element with the lengths"),
        (b'TraverseLength="5"', b'TraverseLength="3"', "outside its grid"),
        (b'IntervalSeparation="0.5"', b'IntervalSeparation="0"', "no element with the lengths"),
        (b'X="7" Y="0"', b'X="x" Y="0"', "has a reading"),
        (b"<Survey>", b'<!DOCTYPE a [<!ENTITY b "c">]><Survey>', "declares XML entities"),
        (b'TraverseLength="5"', b'TraverseLength="5e9"', "one survey grid"),
    ],
)
def test_terrasurveyor_faults(xgd, old, new, words):
    change(xgd, old, new)
    refuses(xgd, words)


def test_sensys_faults(sensys_asc, sensys_prm):
    path = sensys_asc()
    good = path.read_text()
    path.write_text(good + "32474000.1 5971000.1 zwei 1 1\n")
    refuses(path, "on line 2401", "X, Y, nT, track and probe")
    path.write_text("\n".join(good.splitlines()[:3]))
    refuses(path, "holds 3 readings")
    good = sensys_prm.read_bytes()
    for data, words in [
        (good[:100], "holds 100 bytes"),
        (good[:-1], "and a multiple of 264 for 2 probes"),
        (good[:8] + b"\0" + good[9:], "says it has 0 probes"),
        (
            good[:275] + bytes(24) + b"".join(good[339 + i * 264 :][:200] + bytes(64) for i in range(12)),
            "header",
        ),
    ]:
        sensys_prm.write_bytes(data)
        if words != "header":
            refuses(sensys_prm, words)
    sensys_prm.write_bytes(
        good[:275] + bytes(64) + b"".join(good[339 + i * 264 :][:200] + bytes(64) for i in range(12))
    )
    refuses(sensys_prm, "fewer than two places")


@pytest.mark.parametrize(
    ("kind", "old", "new", "words"),
    [
        ("DSAA", b"DSAA", b"DSXX", "begins with b'DSXX'"),
        ("DSAA", b"6 5", b"6 x", "damaged header"),
        ("DSAA", b"6 5", b"7 5", "holds 30 values"),
        ("DSAA", b"100 102.5", b"102.5 100", "least before greatest"),
        ("DSAA", b"\n6 7 ", b"\nsix 7 ", "a word among its numbers"),
        ("DSBB", b"\x06\x00\x05\x00", b"\x06\x00\x09\x00", "bytes of values"),
        ("DSBB", b"\x06\x00\x05\x00", b"\xff\xff\x05\x00", "says -1 x 5 cells"),
        ("DSRB", b"DATA", b"DOTA", "ends before its values"),
    ],
)
def test_surfer_faults(surfer, kind, old, new, words):
    path = surfer(kind)
    change(path, old, new)
    refuses(path, words)


def test_surfer_turned_or_of_geoplot(surfer, tmp_path):
    refuses(surfer("DSRB", turned=12.0), "turned by 12 degrees")
    (tmp_path / "g.grd").write_bytes(b'"site"\r\n')
    (tmp_path / "g.dat").write_bytes(b"\0\0\0\0")
    refuses(tmp_path / "g.grd", "a Geoplot grid: make a composite")


def test_geomar_without_headings_or_text(mgr):
    text = mgr.read_text()
    mgr.write_text(text.split("\n", 1)[1])
    refuses(mgr, "without headings")
    mgr.write_bytes(bytes(range(256)))
    refuses(mgr, "is no text")


@pytest.mark.parametrize("suffix", [".hdr", ".prm", ".xgd", ".mgr", ".grd", ".asc"])
def test_missing_and_empty(tmp_path, suffix):
    path = tmp_path / f"none{suffix}"
    refuses(path)
    path.write_bytes(b"")
    refuses(path)


# -- mutants -----------------------------------------------------------------------------------------------


def survives(path, broken=None):
    """300 mutants of a file: each reads, or is refused in one sentence; at least some are refused."""
    broken = broken or path
    refused = 0
    for mutant in mutants(broken.read_bytes()):
        broken.write_bytes(mutant)
        try:
            survey = read_survey(path)
        except VestigeError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert np.isfinite(survey.values).any()
            assert survey.values.size < 5e6
    assert refused > 0


@pytest.mark.parametrize("kind", ["xyz", "values"])
def test_mutants_of_grad601(grad601, kind):
    survives(grad601(kind))


def test_mutants_of_grad601_headers(grad601):
    path = grad601("values", apart=True)
    survives(path, path.with_suffix(".hdr"))


def test_mutants_of_sensys_asc(sensys_asc):
    path = sensys_asc()
    path.write_text("\n".join(path.read_text().splitlines()[::10]))
    survives(path)


def test_mutants_of_sensys_prm(sensys_prm):
    survives(sensys_prm)


def test_mutants_of_terrasurveyor(xgd):
    survives(xgd)


def test_mutants_of_geomar(mgr):
    survives(mgr)


@pytest.mark.parametrize("kind", ["DSAA", "DSBB", "DSRB"])
def test_mutants_of_surfer(surfer, kind):
    survives(surfer(kind))


def test_mutants_of_geoplot_statistics(geoplot):
    path = geoplot()
    statistics = path.with_suffix(".CMS")
    statistics.write_bytes(np.array([1, 2, 6, 0, 31, 1, 0, 0, 0, 2047.5, *[3] * 31], "<f4").tobytes())
    for mutant in mutants(statistics.read_bytes()):
        statistics.write_bytes(mutant)
        assert np.isfinite(read_survey(path).values).any()
