"""The picture is stored as the reference frame is: bits, profile, EXIF, resolution."""

import numpy as np
import pytest

from vestige.capture import Capture, Frame, coordinates
from vestige.contract.runner import execute
from vestige.focus.recipe import StackRecipe
from vestige.focus.technique import technique
from vestige.imaging import probe, read_image, write_image
from vestige.imaging._vips import pyvips

SHAPE = (60, 90, 3)


def stack(folder, suffix, depth, profile, exif):
    random = np.random.default_rng(0)
    light = 0.2 + 0.5 * random.random(SHAPE, np.float32)
    frames = []
    for number in range(3):
        name = f"{number}.{suffix}"
        write_image(folder / name, light, depth=depth, profile=profile, ppi=1200, exif=exif)
        frames.append(Frame(file=name, coordinates=coordinates(focus=float(number))))
    return Capture(frames=frames).at(folder), light


@pytest.mark.parametrize(("suffix", "depth"), [("jpg", 8), ("tif", 8), ("tif", 16), ("tif", 32)])
def test_bits_profile_exif_and_resolution(tmp_path, suffix, depth):
    with_exif = tmp_path / "camera.jpg"
    write_image(with_exif, np.full((8, 8, 3), 0.5, np.float32), depth=8, ppi=1200)
    image = pyvips.Image.new_from_file(str(with_exif)).copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Model", "Camera X")
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd2-FNumber", "56/10")
    image.write_to_file(str(tmp_path / "noted.jpg"))
    exif = probe(tmp_path / "noted.jpg").exif_bytes
    assert exif
    p3 = bytes(pyvips.Operation.call("profile_load", "p3")) if depth < 32 else None
    capture, light = stack(tmp_path, suffix, depth, p3, exif)
    execute(technique, "run", {"capture": [capture]}, StackRecipe(align=False, slabs=2), tmp_path / "out")
    given = probe(tmp_path / f"1.{suffix}")
    for name in ("image.tif", "slabs/slab_1.tif"):
        made = probe(tmp_path / "out" / name)
        assert made.dtype == {8: "uint8", 16: "uint16", 32: "float32"}[depth]
        assert made.ppi == pytest.approx(1200, rel=0.01)
        assert made.exif["Model"] == "Camera X" == given.exif["Model"]
        assert made.exif["FNumber"] == pytest.approx(5.6)
        if p3:
            assert made.icc == p3
    tolerance = {8: 0.05 if suffix == "jpg" else 0.012, 16: 2e-3, 32: 1e-3}[depth]
    assert np.abs(read_image(tmp_path / "out" / "image.tif") - light).mean() < tolerance
