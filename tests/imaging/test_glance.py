"""A quick small version is nearly the exact one, in every format."""

import numpy as np
import pytest

from vestige.errors import InputError, UsageError
from vestige.imaging import open_image, write_image
from vestige.imaging._vips import pyvips


def scene(grey=False):
    y, x = np.mgrid[:300, :420] / 60
    light = 0.3 + 0.2 * np.sin(x) * np.cos(y)
    return (
        light.astype(np.float32) if grey else np.dstack([light, 0.8 * light, 0.5 * light]).astype(np.float32)
    )


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize(("suffix", "depth"), [("jpg", 8), ("png", 16), ("tif", 8), ("tif", 16), ("tif", 32)])
@pytest.mark.parametrize("side", [40, 100, 150, 300])
def test_a_glance_is_nearly_the_proxy(tmp_path, suffix, depth, grey, side):
    path = tmp_path / f"scene.{suffix}"
    write_image(path, scene(grey), depth=depth)
    with open_image(path) as image:
        quick = image.glance(side)
    with open_image(path) as image:
        exact = image.proxy(side)
    assert quick.dtype == np.float32
    assert np.abs(np.subtract(quick.shape[:2], exact.shape[:2])).max() <= 2
    rows, columns = (min(sides) for sides in zip(quick.shape[:2], exact.shape[:2], strict=True))
    assert quick.shape[2:] == exact.shape[2:]
    assert np.abs(quick[:rows, :columns] - exact[:rows, :columns]).max() < 0.03


def test_a_glance_through_a_profile(tmp_path):
    path = tmp_path / "wide.tif"
    p3 = bytes(pyvips.Operation.call("profile_load", "p3"))
    write_image(path, scene(), depth=16, profile=p3)
    with open_image(path) as image:
        quick = image.glance(100)
        exact = image.proxy(100)
    assert np.abs(quick[:70, :100] - exact[:70, :100]).max() < 0.02


def test_never_enlarged_and_only_sizes_that_make_sense(tmp_path):
    path = tmp_path / "scene.png"
    write_image(path, scene(), depth=8)
    with open_image(path) as image:
        assert image.glance(5000).shape == (300, 420, 3)
        with pytest.raises(UsageError, match="max_side must be 1 or more"):
            image.glance(0)


def test_a_cut_off_file_names_itself(tmp_path):
    path = tmp_path / "scene.jpg"
    write_image(path, scene(), depth=8)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"scene\.jpg"), open_image(path) as image:
        image.glance(50)
