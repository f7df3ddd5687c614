"""Lists of lights, read and refused."""

import numpy as np
import pytest

from vestige.errors import InputError
from vestige.relight import (
    Lights,
    azimuth_from_name,
    azimuths_from_numbers,
    elevation_azimuth,
    from_angles,
    light_faults,
    read_lights,
    write_lights,
)
from vestige.testing import mutants

GOOD = "3\na.jpg 0 0 1\nb one.jpg 0.6 0 0.8\nfolder/c.jpg 0 -0.6 0.8\n"


def test_there_and_back(tmp_path, hemisphere):
    lights = Lights(tuple(f"{n}.tif" for n in range(9)), hemisphere(9))
    write_lights(tmp_path / "dome.lp", lights)
    again = read_lights(tmp_path / "dome.lp")
    assert again.names == lights.names
    assert np.allclose(again.directions, lights.directions, atol=1e-6)
    assert np.allclose(np.linalg.norm(again.directions, axis=1), 1)


def test_names_are_found_with_spaces_folders_and_other_suffixes(tmp_path):
    path = tmp_path / "dome.lp"
    path.write_text(GOOD)
    lights = read_lights(path)
    assert lights.of("b one.jpg").tolist() == [0.6, 0, 0.8]
    assert lights.of("C.TIF").tolist() == [0, -0.6, 0.8]
    assert lights.of("d.jpg") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "number of lights"),
        ("a.jpg 0 0 1\n", "number of lights"),
        ("2\na.jpg 0 0 1\n", "2 lights and lists 1"),
        ("1\na.jpg 0 0\n", "line 2"),
        ("1\n0 0 1\n", "line 2"),
        ("1\na.jpg 0 x 1\n", "line 2"),
        ("1\na.jpg nan 0 1\n", "line 2"),
        ("1\na.jpg 0 0 0\n", "line 2"),
        ("1\na.jpg 0 0 2.5\n", "length 2.5"),
        ("2\na.jpg 0 0 1\na.jpg 0 0 1\n", "twice"),
    ],
)
def test_a_broken_list_names_file_and_line(tmp_path, text, words):
    path = tmp_path / "dome.lp"
    path.write_text(text)
    with pytest.raises(InputError, match=words) as caught:
        read_lights(path)
    assert "dome.lp" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_list_at_all(tmp_path):
    for path in (tmp_path / "none.lp", tmp_path):
        with pytest.raises(InputError):
            read_lights(path)
    large = tmp_path / "large.lp"
    large.write_bytes(bytes(5 << 20))
    with pytest.raises(InputError, match="too large"):
        read_lights(large)


def test_mutants_are_read_or_refused(tmp_path):
    path = tmp_path / "dome.lp"
    for mutant in mutants(GOOD.encode(), 300, seed=1):
        path.write_bytes(mutant)
        try:
            lights = read_lights(path)
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert np.allclose(np.linalg.norm(lights.directions, axis=1), 1)


def test_angles_there_and_back(hemisphere):
    lights = hemisphere(50)
    elevation, azimuth = elevation_azimuth(lights)
    again = np.array([from_angles(a, e) for a, e in zip(azimuth, elevation, strict=True)])
    assert np.allclose(again, lights)


def test_faults_name_the_frame():
    lights = np.array([[0, 0, 1.0], [np.nan, 0, 1], [0, 0, 3], [1, 0, -0.001]])
    faults = light_faults(["a", "b", "c", "d"], lights)
    assert list(faults) == ["b", "c", "d"]
    assert "length 3" in faults["c"]


@pytest.mark.parametrize(
    ("name", "azimuth"),
    [
        ("12oclock.tif", 90),
        ("raking_9_o_clock.tif", 180),
        ("coin-6h.jpg", 270),
        ("E.jpg", 0),
        ("obverse_SW.jpg", 225),
        ("left.jpg", 180),
        ("deep/Top.JPG", 90),
        ("azimuth-215.5.tif", 215.5),
        ("phi_010.tif", 10),
        ("bottle.jpg", None),
        ("Sample.jpg", None),
        ("IMG_0012.jpg", None),
        ("13oclock.jpg", None),
    ],
)
def test_azimuths_in_names(name, azimuth):
    assert azimuth_from_name(name) == azimuth


def test_azimuths_by_number_go_around_either_way():
    names = [f"{n}_TL.jpg" for n in (3, 1, 2)]
    assert azimuths_from_numbers(names, first=0, clockwise=False) == [240, 0, 120]
    assert azimuths_from_numbers(names, first=0, clockwise=True) == [120, 0, 240]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["1.jpg", "3.jpg"], "number 2 is missing"),
        (["1a.jpg", "1b.jpg"], "same number"),
        (["a.jpg"], "no number"),
    ],
)
def test_numbers_that_do_not_go_around_are_refused(names, words):
    with pytest.raises(InputError, match=words):
        azimuths_from_numbers(names, first=0, clockwise=True)
