"""Small images of every format and depth, made without the writer under test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray

HEIGHT, WIDTH = 24, 32


def smooth_scene(dtype: type, channels: int = 3) -> NDArray[np.generic]:
    """A smooth scene with some noise: compressible, yet with something in every bit."""
    random = np.random.default_rng(7)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    planes = [0.5 + 0.4 * np.sin((x + 3 * band) / 5) * np.cos(y / 4) for band in range(channels)]
    values = np.stack(planes, axis=-1) + random.uniform(-0.02, 0.02, (HEIGHT, WIDTH, channels))
    values = values[..., 0] if channels == 1 else values
    if dtype is np.float32:
        return values.astype(np.float32)
    return (values * np.iinfo(dtype).max).astype(dtype)


def write_dng(path: Path) -> NDArray[np.uint16]:
    """A DNG such as a camera makes: colour filter array RGGB, uncompressed, 12 bit in 16; returns the mosaic."""
    mosaic = np.full((64, 96), 1024, np.uint16)
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = 1024, 512
    mosaic[:, 48:] *= 2
    identity = [value for row in np.eye(3) for number in row for value in (int(number), 1)]
    tags = [
        (254, "I", 1, 0, True),
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, b"\x00\x01\x01\x02", True),
        (271, "s", 0, "Vestige", True),
        (272, "s", 0, "Test camera", True),
        (50706, "B", 4, b"\x01\x04\x00\x00", True),
        (50708, "s", 0, "Vestige Test camera", True),
        (50714, "H", 1, 0, True),
        (50717, "H", 1, 4095, True),
        (50721, "2i", 9, identity, True),
        (50728, "2I", 3, (1, 1, 1, 1, 1, 1), True),
        (50778, "H", 1, 21, True),
        (33434, "2I", 1, (1, 125), True),
        (33437, "2I", 1, (8, 1), True),
    ]
    tifffile.imwrite(path, mosaic, photometric=32803, extratags=tags, metadata=None, software=False)
    return mosaic


def _tiff(dtype: type, **options: object) -> Callable[[Path], None]:
    return lambda path: tifffile.imwrite(path, smooth_scene(dtype), photometric="rgb", **options)


MAKERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "jpeg": (
        "a.jpg",
        lambda path: path.write_bytes(imagecodecs.jpeg8_encode(smooth_scene(np.uint8), level=90)),
    ),
    "png8": ("a.png", lambda path: path.write_bytes(imagecodecs.png_encode(smooth_scene(np.uint8)))),
    "png16": ("b.png", lambda path: path.write_bytes(imagecodecs.png_encode(smooth_scene(np.uint16)))),
    "tiff8": ("a.tif", _tiff(np.uint8, compression="lzw")),
    "tiff16": ("b.tif", _tiff(np.uint16, compression="deflate", tile=(16, 16))),
    "tiff32": ("c.tiff", _tiff(np.float32)),
    "bigtiff": ("d.tif", _tiff(np.uint16, bigtiff=True, compression="deflate", predictor=True)),
    "jp2": (
        "a.jp2",
        lambda path: path.write_bytes(imagecodecs.jpeg2k_encode(smooth_scene(np.uint8), codecformat="JP2")),
    ),
    "jp2_16": (
        "b.jp2",
        lambda path: path.write_bytes(imagecodecs.jpeg2k_encode(smooth_scene(np.uint16), level=0)),
    ),
    "raw": ("a.dng", write_dng),
}


@pytest.fixture(params=MAKERS)
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A small, sound image of each format and depth in turn."""
    name, make = MAKERS[request.param]
    make(tmp_path / name)
    return tmp_path / name


@pytest.fixture
def make_sample(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a small, sound image of a named format and depth."""

    def make(kind: str) -> Path:
        name, maker = MAKERS[kind]
        maker(tmp_path / name)
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def scene() -> Callable[..., NDArray[np.generic]]:
    """The scene that the samples show: `scene(dtype, channels=3)`."""
    return smooth_scene
