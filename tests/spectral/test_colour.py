"""Colour: the standard's own numbers first, then real pigments."""

import re

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, xyz2lab

from vestige.errors import UsageError
from vestige.spectral import colour_from_bands, colour_matrix, spectrum_matrix, standard_observer
from vestige.spectral.colour import SRGB

LAMPS = [365.0, 420, 450, 500, 530, 570, 600, 630, 700, 780, 850, 940]


def test_standard_illuminants_have_their_white_points():
    table = standard_observer()
    for column, wanted in ((4, (0.31271, 0.32902)), (5, (0.34567, 0.35851))):
        tristimulus = table[:, 1:4].T @ table[:, column]
        assert np.allclose(tristimulus[:2] / tristimulus.sum(), wanted, atol=2e-4)


@pytest.mark.parametrize("illuminant", ["D65", "D50"])
def test_grey_is_grey_under_each_light(illuminant):
    assert np.allclose(colour_matrix(LAMPS, illuminant=illuminant) @ np.full(12, 0.4), 0.4, atol=2e-3)


def test_estimate_reproduces_the_bands():
    nm = standard_observer()[:, 0]
    spectrum = 0.4 + 0.2 * np.sin(nm / 60)
    lamps = np.arange(400, 741, 20.0)
    bands = np.interp(lamps, nm, spectrum)
    assert np.abs(spectrum_matrix(lamps.tolist(), 5.0) @ bands - spectrum)[6:-10].max() < 0.01


def test_colour_is_linear_and_keeps_unknowns():
    bands = np.random.default_rng(0).uniform(0, 1, (4, 5, 12)).astype(np.float32)
    assert np.allclose(colour_from_bands(bands / 2, LAMPS), colour_from_bands(bands, LAMPS) / 2, atol=1e-5)
    bands[0, 0, 4] = np.nan
    assert np.isnan(colour_from_bands(bands, LAMPS)[0, 0]).all()


def test_too_few_visible_bands_is_one_sentence():
    with pytest.raises(UsageError, match="true colour needs three bands"):
        colour_matrix([365, 550, 940])
    with pytest.raises(UsageError, match="do not fit"):
        colour_from_bands(np.zeros((2, 2, 3)), [450, 550])


@pytest.mark.real
def test_real_pigments(real_data):
    """1,592 measured spectra, seen through twelve lamps."""
    folder = real_data / "spectral" / "hyppigments"
    header = (folder / "speclib_medians.hdr").read_text()
    own = np.array([float(nm) for nm in re.search(r"wavelength\s*=\s*{([^}]*)}", header)[1].split(",")])
    library = np.fromfile(folder / "speclib_medians.sli", np.float32).reshape(-1, len(own))
    library = np.clip(library[np.isfinite(library).all(axis=1)], 0, 1)
    nm = np.arange(340, 1001, 5.0)
    spectra = np.array([np.interp(nm, own, spectrum) for spectrum in library])
    power = np.exp(-0.5 * ((nm - np.array(LAMPS)[:, None]) / 8.493) ** 2)
    bands = spectra @ (power / power.sum(axis=1, keepdims=True)).T
    table = standard_observer()
    weights = table[:, 1:4] * table[:, 4:5]
    truth = np.array([np.interp(table[:, 0], nm, one) for one in spectra]) @ weights / weights[:, 1].sum()
    found = colour_from_bands(bands[None].astype(np.float32), LAMPS)[0] @ np.linalg.inv(SRGB).T
    difference = deltaE_ciede2000(xyz2lab(found), xyz2lab(truth))
    assert len(difference) > 1500
    assert difference.mean() < 0.5
    assert np.percentile(difference, 95) < 1.5
