"""The Relight web format, there and back, and broken in every way."""

import json
import shutil

import numpy as np
import pytest

from vestige import relight
from vestige.errors import InputError, OutputError
from vestige.imaging import srgb_from_linear, write_image
from vestige.relight import Planes, read_relight, write_relight
from vestige.testing import mutants


@pytest.fixture
def folder(tmp_path):
    values = np.linspace(-0.5, 1.5, 18 * 16 * 24, dtype=np.float32).reshape(18, 16, 24)
    write_relight(tmp_path / "coin", Planes(values, "ptm", lights=np.eye(3)))
    return tmp_path / "coin"


def change(folder, **fields):
    info = json.loads((folder / "info.json").read_text())
    (folder / "info.json").write_text(json.dumps({**info, **fields}))


@pytest.mark.parametrize("colours", ["rgb", "lrgb"])
@pytest.mark.parametrize("basis", ["ptm", "hsh9", "hsh16"])
def test_written_and_read_it_lights_alike(stack, lights, tmp_path, psnr, colours, basis):
    shown = srgb_from_linear(stack)
    if basis == "ptm":
        planes = relight.polynomial_texture_map(shown, lights, colours=colours)
    else:
        planes = relight.hemispherical_harmonics(shown, lights, terms=int(basis[3:]), colours=colours)
    write_relight(tmp_path / "coin", planes)
    again = read_relight(tmp_path / "coin")
    assert (again.basis, again.colours, again.shape) == (planes.basis, planes.colours, planes.shape)
    assert np.allclose(again.lights, lights, atol=1e-6)
    for light in lights[::6]:
        assert psnr(relight.relight(again, light), relight.relight(planes, light)) > (
            42 if colours == "rgb" else 38
        )


def test_a_bilinear_picture_is_not_written(tmp_path):
    with pytest.raises(OutputError, match="bilinear"):
        write_relight(tmp_path, Planes(np.zeros((3, 2, 2), np.float32), "bilinear", "mrgb"))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"type": "rbf"}, "type"),
        ({"colorspace": "mycc"}, "colorspace"),
        ({"colorspace": "mrgb"}, "mrgb"),
        ({"width": 0}, "width"),
        ({"width": 23}, "plane_0.jpg"),
        ({"nplanes": 17}, "17"),
        ({"nplanes": 10**9}, "nplanes"),
        ({"materials": []}, "materials"),
        ({"materials": [{"scale": [1] * 18, "bias": [0] * 17}]}, "17 biases"),
        ({"materials": [{"scale": [1] * 18, "bias": [0] * 18}] * 2}, "2 materials"),
        ({"lights": [1, 0]}, "lights"),
        ({"type": "hsh"}, "18 planes"),
        ({"type": "bilinear", "colorspace": "mrgb"}, "table"),
    ],
)
def test_an_info_that_does_not_fit_says_what_is_wrong(folder, fields, words):
    change(folder, **fields)
    with pytest.raises(InputError, match=words) as caught:
        read_relight(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"width": NaN}', "\x00\xff"])
def test_an_info_that_is_none(folder, text):
    (folder / "info.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"info\.json"):
        read_relight(folder)


def test_a_folder_without_info(tmp_path):
    with pytest.raises(InputError, match=r"info\.json cannot be read"):
        read_relight(tmp_path)


def test_planes_missing_cut_empty_grey_or_of_another_kind(folder):
    path = folder / "plane_3.jpg"
    whole = path.read_bytes()
    faults = {"missing": None, "empty": b"", "cut": whole[: len(whole) // 3], "text": b"no picture"}
    for data in faults.values():
        path.unlink(missing_ok=True)
        if data is not None:
            path.write_bytes(data)
        with pytest.raises(InputError, match="plane_3") as caught:
            read_relight(folder)
        assert "\n" not in str(caught.value)
    path.unlink()
    write_image(path, np.zeros((16, 24), np.uint8), depth=8, encoded=True)
    with pytest.raises(InputError, match="plane_3"):
        read_relight(folder)


def test_a_bilinear_table_must_have_its_size(folder):
    material = {"scale": [1] * 18, "bias": [0] * 18, "range": [1] * 18}
    change(folder, type="bilinear", colorspace="mrgb", resolution=3, materials=[material])
    with pytest.raises(InputError, match=r"materials\.bin"):
        read_relight(folder)
    (folder / "materials.bin").write_bytes(bytes(5))
    with pytest.raises(InputError, match="5 bytes"):
        read_relight(folder)
    (folder / "materials.bin").write_bytes(bytes(3 * 9 * 19))
    assert read_relight(folder).table.shape == (19, 3, 3, 3)


def test_mutants_of_the_info_are_read_or_refused(folder):
    good = (folder / "info.json").read_bytes()
    for mutant in mutants(good, 300, seed=5):
        (folder / "info.json").write_bytes(mutant)
        try:
            planes = read_relight(folder)
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert planes.values.shape == (18, 16, 24)


def test_mutants_of_a_plane_are_read_or_refused(folder, tmp_path):
    path = folder / "plane_0.jpg"
    for number in range(1, 6):
        shutil.copy(path, folder / f"plane_{number}.jpg")
    for mutant in mutants(path.read_bytes(), 40, seed=6):
        path.write_bytes(mutant)
        try:
            assert np.isfinite(read_relight(folder).values).all()
        except InputError as error:
            assert "\n" not in str(error)
