"""A run against the truth of the forward model."""

import numpy as np
import pytest
import tifffile
from skimage.color import deltaE_ciede2000, xyz2lab

from vestige.imaging import read_image

INNER = (slice(12, -12), slice(12, -12))
XYZ = np.linalg.inv([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


def _lab(linear):
    return xyz2lab(np.clip(linear.astype(float) @ XYZ.T, 0, None))


def test_reflectance_of_each_band(leaf, made):
    bands = made.planes("bands.tif")
    for plane, lamp in zip(bands, leaf.lamps, strict=True):
        error = (plane - leaf.truth(f"reflectance_{lamp:g}nm", 530.0))[INNER]
        assert np.isfinite(error).mean() > 0.99
        # Shot noise of one exposure and of its flat alone is 0.005 to 0.008; strokes are two pixels wide.
        assert np.sqrt(np.nanmean(error**2)) < 0.016, lamp
        assert abs(np.nanmean(error)) < 0.001, lamp


def test_bands_lie_on_the_reference(leaf, made):
    measured = made.outcome.measurements
    y, x = np.mgrid[0:320:20, 0:240:20]
    points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    errors = []
    for matrix, lamp in zip(measured["matrices"], leaf.lamps, strict=True):
        true = leaf.warps[lamp] @ np.linalg.inv(leaf.warps[530.0])
        difference = (np.reshape(matrix, (3, 3)) - true) @ points
        errors.append(np.hypot(difference[0], difference[1]).mean())
    assert max(errors) < 0.3
    assert np.mean(errors) < 0.12
    assert max(measured["registration_residual_px"]) < 0.3
    assert measured["bands_not_registered"] == 0
    assert measured["calibrated"] == 12


def test_colour(leaf, made):
    found, truth = read_image(made.folder / "colour.tif")[INNER], leaf.truth("colour", 530.0)[INNER]
    difference = deltaE_ciede2000(_lab(found), _lab(truth))
    # A pixel carries the noise of its bands; patches, as a checker is read, do not.
    assert np.mean(difference) < 2.0
    patches = [plane[:280, :200].reshape(28, 10, 20, 10, 3).mean(axis=(1, 3)) for plane in (found, truth)]
    assert np.mean(deltaE_ciede2000(_lab(patches[0]), _lab(patches[1]))) < 0.5


def test_undertext_is_told_better_by_a_component_than_by_any_band(leaf, made):
    erased = leaf.truth("undertext", 530.0)[INNER]
    ink, rest = erased > 0.6, erased < 0.02

    def told(planes):
        """How often a pixel of ink differs from one of the rest, text and stain included, the right way."""
        areas = []
        for plane in planes:
            values = plane[INNER]
            inked, other = (values[where & np.isfinite(values)] for where in (ink, rest))
            area = np.searchsorted(np.sort(other), inked).mean() / len(other)
            areas.append(max(area, 1 - area))
        return max(areas)

    assert told(made.planes("components.tif")) > told(made.planes("bands.tif")) + 0.02


def test_products_say_what_they_are(leaf, made):
    assert [product.name for product in made.outcome.products] == [
        "bands",
        "colour",
        "falsecolour",
        "components",
    ]
    bands = made.outcome.products[0].about
    assert bands["wavelengths"] == leaf.lamps
    assert bands["unit"] == "reflectance"
    with tifffile.TiffFile(made.folder / "bands.tif") as tiff:
        metadata = tiff.ome_metadata
        assert tiff.series[0].axes == "CYX"
        assert tiff.pages[0].is_tiled
    assert 'Name="365 nm"' in metadata
    assert 'EmissionWavelength="940.0"' in metadata
    explained = made.outcome.measurements["explained_variance"]
    assert explained == sorted(explained, reverse=True)
    assert sum(explained) == pytest.approx(1, abs=1e-4)
    assert made.warnings == []


def test_pictures_of_the_report_show_something(made):
    pictures = {one.title: one.pixels for one in made.outcome.pictures}
    assert list(pictures) == ["True colour", "False colour", "Bands", "Components"]
    for pixels in pictures.values():
        assert pixels.dtype == np.uint8
        assert pixels[: pixels.shape[0] // 3].std() > 10
