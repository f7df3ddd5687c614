"""Pyramids of stored tiles: what is sent is what was stored, and it is the picture."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from vestige.contract.kinds import Kind
from vestige.errors import InputError
from vestige.publish.iiif.names import Picture
from vestige.publish.iiif.pyramids import TILE, PyramidCache, drawn


def gradient(height, width):
    y, x = np.mgrid[0:height, 0:width]
    return np.dstack([x * 255 / width, y * 255 / height, np.full_like(x, 90)]).astype(np.uint8)


@pytest.fixture
def cache(tmp_path):
    made = PyramidCache(tmp_path / "cache")
    yield made
    made.close()


def test_a_stored_tile_is_a_file_of_its_own(tmp_path, cache):
    pixels = gradient(1300, 1700)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb")
    picture = Picture("a", tmp_path / "a.tif", Kind.IMAGE)
    stored = cache.stored(picture, wait=True)
    assert [(level.width, level.height) for level in stored.levels] == [(1700, 1300), (850, 650), (425, 325)]
    place = stored.place(0, 1, 1)
    with Image.open(io.BytesIO(stored.jpeg(0, place))) as tile:
        assert (tile.size, tile.format, tile.info["jfif"]) == ((TILE, TILE), "JPEG", 257)
        assert np.abs(np.asarray(tile).astype(int) - pixels[512:1024, 512:1024]).max() < 12
    assert stored.place(0, 3, 0) is None
    assert stored.place(0, 0, 2) is None
    assert stored.place(3, 0, 0) is None
    assert cache.stored(picture) is not None


def test_values_are_drawn_and_missing_ones_are_white(tmp_path, cache):
    values = np.linspace(0, 5, 600 * 700, dtype=np.float32).reshape(600, 700)
    values[:200, :200] = np.nan
    tifffile.imwrite(tmp_path / "d.tif", values)
    picture = Picture("d", tmp_path / "d.tif", Kind.DEPTH)
    cache.stored(picture, wait=True)
    with Image.open(cache.place(picture)) as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape == (600, 700, 3)
    assert pixels[50, 50].min() > 240
    assert tuple(pixels[599, 350] > 120) == (True, True, False)  # the bright end of the colour map


def test_any_part_in_any_size(tmp_path, cache):
    tifffile.imwrite(tmp_path / "a.tif", gradient(400, 600), photometric="rgb")
    picture = Picture("a", tmp_path / "a.tif", Kind.IMAGE)
    source = cache.source(picture)
    for box, size in [
        ((0, 0, 600, 400), (7, 300)),
        ((599, 399, 1, 1), (50, 40)),
        ((10, 20, 300, 200), (30, 20)),
    ]:
        made = drawn(picture, source, box, size)
        assert made.shape == (size[1], size[0], 3)
        middle = gradient(400, 600)[box[1] + box[3] // 2, box[0] + box[2] // 2].astype(int)
        assert np.abs(made[size[1] // 2, size[0] // 2].astype(int) - middle).max() <= 6


def test_a_cut_file_and_an_emptied_cache_are_errors(tmp_path, cache):
    tifffile.imwrite(tmp_path / "a.tif", gradient(700, 700), photometric="rgb")
    picture = Picture("a", tmp_path / "a.tif", Kind.IMAGE)
    stored = cache.stored(picture, wait=True)
    cache.place(picture).write_bytes(cache.place(picture).read_bytes()[:100])
    with pytest.raises(InputError, match="cut short"):
        stored.jpeg(0, 0)
    cache.place(picture).unlink()
    with pytest.raises(InputError):
        stored.jpeg(0, 0)
    assert cache.stored(picture, wait=True) is not None
    tifffile.imwrite(tmp_path / "plain.tif", gradient(64, 64), photometric="rgb")
    (tmp_path / "plain.tif").replace(cache.place(picture))
    with pytest.raises(InputError, match="no JPEG tiles"):
        cache.stored(picture)
