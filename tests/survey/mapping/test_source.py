"""Grids made elsewhere: laid on the model's cells, refused in one sentence where they cannot be."""

import numpy as np
import pytest
import rasterio
from affine import Affine

from vestige.errors import InputError
from vestige.survey.geotiff import cloud_optimised
from vestige.survey.mapping.source import grid_raster, lay_grid


def written(path, values, cell=0.25, **options):
    options = {
        "crs": "EPSG:27700",
        "transform": Affine(cell, 0, 1000, 0, -cell, 2000),
        "nodata": -999,
        **options,
    }
    values = values if values.ndim == 3 else values[None]
    count, height, width = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", count=count, height=height, width=width, dtype=values.dtype, **options
    ) as out:
        out.write(values)
    return path


def laid(path, cell, target):
    raster = grid_raster(path, cell)
    with rasterio.open(lay_grid(path, raster, target)) as band:
        return raster, band.read(1)


def test_the_same_cells_are_taken_as_they_are(tmp_path):
    values = np.random.default_rng(0).normal(0, 1, (300, 70)).astype(np.float32)
    values[5, 5] = -999
    raster, found = laid(written(tmp_path / "a.tif", values), 0.25, tmp_path / "b.tif")
    values[5, 5] = np.nan
    assert np.array_equal(found, values, equal_nan=True)
    assert (raster.west, raster.north, raster.crs) == (1000, 2000, "EPSG:27700")


@pytest.mark.parametrize("crs", ["EPSG:27700", None])
def test_finer_cells_are_averaged(tmp_path, crs):
    values = np.random.default_rng(0).normal(0, 1, (40, 60)).astype(np.float32)
    values[:2, :2] = -999
    raster, found = laid(written(tmp_path / "a.tif", values, 0.125, crs=crs), 0.25, tmp_path / "b.tif")
    expected = values.reshape(20, 2, 30, 2).mean((1, 3))
    expected[0, 0] = np.nan
    assert (raster.height, raster.width) == (20, 30)
    assert np.allclose(found, expected, atol=1e-5, equal_nan=True)


def test_coarser_cells_are_interpolated(tmp_path):
    across = np.tile(np.linspace(0, 10, 50, dtype=np.float32), (40, 1))
    raster, found = laid(written(tmp_path / "a.tif", across, 0.5), 0.25, tmp_path / "b.tif")
    assert (raster.height, raster.width) == (80, 100)
    assert np.allclose(np.diff(found[40, 10:90]), 10 / 49 / 2, atol=1e-3)


def test_a_grid_without_a_place_lies_on_a_local_one(tmp_path):
    values = np.ones((6, 8), np.float32)
    path = tmp_path / "a.tif"
    with pytest.warns(rasterio.errors.NotGeoreferencedWarning):
        written(path, values, crs=None, transform=Affine.identity())
    raster, found = laid(path, 0.5, tmp_path / "b.tif")
    assert (raster.north, raster.height, raster.width, raster.crs) == (6, 12, 16, "")
    assert np.allclose(found, 1)


def broken(tmp_path, fault):
    path, values = tmp_path / "grid.tif", np.ones((300, 300), np.float32)
    if fault == "bands":
        return written(path, np.ones((3, 8, 8), np.uint8), nodata=None)
    if fault == "degrees":
        return written(path, values, 0.02, crs="EPSG:4326", transform=Affine(0.02, 0, 1, 0, -0.02, 50))
    if fault == "turned":
        return written(path, values, transform=Affine(0.2, 0.1, 0, 0.1, -0.2, 0))
    if fault == "oblong":
        return written(path, values, transform=Affine(0.2, 0, 0, 0, -0.5, 0))
    if fault == "nothing":
        return written(path, np.full((8, 8), -999, np.float32))
    if fault == "complex":
        return written(path, np.ones((8, 8), np.complex64), nodata=None)
    data = written(path, np.random.default_rng(0).random((300, 300)).astype(np.float32)).read_bytes()
    path.write_bytes({"cut": data[:5000], "empty": b"", "text": b"no grid"}[fault])
    return path


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("bands", "holds 3 bands"),
        ("degrees", "has its cells in degrees"),
        ("turned", "is turned or mirrored"),
        ("oblong", "has cells of 0.2 x 0.5 m"),
        ("nothing", "holds no cell with a value"),
        ("complex", "holds values of type complex64"),
        ("cut", "cannot be read as GeoTIFF"),
        ("empty", "is empty"),
        ("text", "cannot be read as GeoTIFF"),
    ],
)
def test_broken_grids_are_one_sentence(tmp_path, fault, said):
    path = broken(tmp_path, fault)
    with pytest.raises(InputError, match=said) as caught:
        laid(path, 0.25, tmp_path / "out.tif")
    assert str(caught.value).count("grid.tif") == 1 or fault in ("cut", "text")
    assert "\n" not in str(caught.value)


def test_rasters_are_cloud_optimised(on_disk, tmp_path):
    """The rules of the format, read from the file itself: no rule is taken on trust."""
    import tifffile

    classes, *_ = on_disk((np.random.default_rng(0).random((1300, 900)) < 0.1).astype(np.uint8))
    path = cloud_optimised(classes, tmp_path / "cog.tif", overviews="mode")
    with rasterio.open(path) as band:
        assert band.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert band.overviews(1) == [2, 4]
    with tifffile.TiffFile(path) as tiff:
        pages = list(tiff.pages)
        assert [page.shape for page in pages] == [(1300, 900), (650, 450), (325, 225)]
        assert all(page.is_tiled for page in pages)
        places = [page.offset for page in pages]
        data = [min(offset for offset in page.dataoffsets if offset) for page in pages]
        assert places == sorted(places), "directories from large to small"
        assert max(places) < min(data), "directories before the pixels"
        assert data == sorted(data, reverse=True), "the smallest pixels first"
