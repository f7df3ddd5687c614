"""Values read from a raster are those that are stored there."""

import numpy as np
import pytest
import tifffile

from vestige.display.opening import open_pyramid
from vestige.web.faults import Absent
from vestige.web.looking.values import MOST, box_of, profile, spectrum


class Exhibited:
    """A product of one file, as `values` asks for it."""

    class record:  # noqa: N801 - stands for an attribute
        kind = "depth"

    def __init__(self, path, about, towards=1):
        self.path, self.about, self.towards_viewer = path, about, towards

    def pyramid(self, item):
        return open_pyramid(self.path, self.path.parent / "cache")


def exhibited(folder, values, **about):
    tifffile.imwrite(folder / "values.tif", values, tile=(256, 256), photometric="minisblack")
    return Exhibited(folder / "values.tif", about)


@pytest.fixture
def cube(tmp_path):
    values = np.random.default_rng(3).random((5, 90, 120)).astype(np.float32)
    values[2, 10:20, 10:20] = np.nan
    return values, exhibited(tmp_path, values, wavelengths=[400, 500, 600, 700, 800], unit="reflectance")


def test_spectrum_of_a_pixel(cube):
    values, thing = cube
    told = spectrum(thing, 0, (33.7, 41.2, 33.7, 41.2))
    np.testing.assert_allclose(told["values"], values[:, 41, 33], rtol=1e-6)
    assert told["spread"] == pytest.approx([0] * 5, abs=1e-6)
    assert told["wavelengths"] == [400, 500, 600, 700, 800]
    assert (told["pixels"], told["unit"]) == (1, "reflectance")


def test_spectrum_of_an_area_is_its_mean(cube):
    values, thing = cube
    told = spectrum(thing, 0, (60, 70, 40, 50))
    part = values[:, 50:71, 40:61]
    np.testing.assert_allclose(told["values"], part.mean((1, 2)), rtol=1e-5)
    np.testing.assert_allclose(told["spread"], part.std((1, 2)), rtol=1e-4)
    assert told["pixels"] == 21 * 21


def test_missing_values_are_left_out(cube):
    values, thing = cube
    assert spectrum(thing, 0, (12, 12, 12, 12))["values"][2] is None
    told = spectrum(thing, 0, (5, 5, 24, 24))
    assert told["values"][2] == pytest.approx(np.nanmean(values[2, 5:25, 5:25]), rel=1e-5)


def test_a_profile_over_a_plane_is_a_straight_line(tmp_path):
    y, x = np.mgrid[0:300, 0:400].astype(np.float32)
    thing = exhibited(tmp_path, 3 * x - 2 * y + 7, unit="mm")
    told = profile(thing, 0, (20.5, 250.5, 300.5, 30.5))
    ends = [3 * 20 - 2 * 250 + 7, 3 * 300 - 2 * 30 + 7]
    assert [told["values"][0], told["values"][-1]] == pytest.approx(ends, abs=0.01)
    assert np.diff(told["values"], 2) == pytest.approx(0, abs=0.01)
    assert told["length_px"] == pytest.approx(np.hypot(280, 220))


def test_a_long_profile_is_read_from_a_smaller_size(tmp_path):
    thing = exhibited(tmp_path, np.tile(np.arange(3000, dtype=np.float32), (8, 1)))
    told = profile(thing, 0, (0, 4, 2999, 4))
    assert len(told["values"]) == MOST
    assert told["values"][MOST // 2] == pytest.approx(1500, abs=8)


@pytest.mark.parametrize(
    ("corners", "box"),
    [
        ((-50, -50, -40, -40), (0, 0, 1, 1)),
        ((1e6, 1e6, 1e7, 1e7), (119, 89, 1, 1)),
        ((10, 10, -10, -10), (0, 0, 11, 11)),
        ((-1e7, -1e7, 1e7, 1e7), (0, 0, 120, 90)),
    ],
)
def test_corners_outside_are_cut_to_the_raster(cube, corners, box):
    assert box_of(cube[1].pyramid(0), corners) == box


def test_a_part_is_what_lies_there(cube):
    values, thing = cube
    pyramid = thing.pyramid(0)
    np.testing.assert_array_equal(pyramid.part((30, 40, 20, 10), 500, (1,))[..., 0], values[1, 40:50, 30:50])
    assert pyramid.part((0, 0, 120, 90), 60, (0, 1)).shape == (45, 60, 2)
    for box in ((-1, 0, 5, 5), (0, 0, 0, 5), (100, 0, 30, 5)):
        with pytest.raises(Absent):
            pyramid.part(box, 100, (0,))


def test_addresses(client, key):
    told = client.get(f"/spectrum/{key}/2/0", params={"x": 5, "y": 5}).json()
    assert [len(told[name]) for name in ("labels", "values", "wavelengths")] == [6, 6, 6]
    told = client.get(f"/profile/{key}/1/0", params={"x": 2, "y": 2, "x2": 500, "y2": 400}).json()
    assert told["values"][0] is None
    assert told["values"][-1] is not None
    for wrong in ({"x": "nan", "y": 1}, {"x": 1e9, "y": 1}, {"y": 1}):
        assert client.get(f"/spectrum/{key}/2/0", params=wrong).status_code == 400
    assert client.get(f"/spectrum/{key}/2/9", params={"x": 1, "y": 1}).status_code == 404
