"""Runs that are not the usual: few bands, blown-out light, frames of other sizes, broken frames."""

import cv2
import numpy as np
import pytest

from vestige.capture import infer_capture
from vestige.contract import Context, Inputs
from vestige.errors import InputError, UsageError
from vestige.imaging import read_image, write_image
from vestige.spectral import SpectralRecipe
from vestige.spectral.pipeline import run
from vestige.spectral.session import open_session
from vestige.testing.mutants import mutants


def _scene(height=150, width=180, seed=4):
    random = np.random.default_rng(seed)
    return np.clip(
        cv2.GaussianBlur(random.normal(size=(height, width)).astype(np.float32), (0, 0), 2) + 0.5, 0.02, 0.98
    )


def _run(folder, recipe=None):
    context = Context(folder.parent / "work", folder.parent / "out")
    return run(Inputs({"capture": [infer_capture(folder)]}), recipe or SpectralRecipe(), context), context


@pytest.fixture
def pair(tmp_path):
    """A colour photograph and an infrared one of twice its size, with reversed contrast."""
    folder = tmp_path / "pair"
    folder.mkdir()
    scene = _scene()
    write_image(folder / "page_vis.png", np.stack([scene, 0.8 * scene, 0.6 * scene], axis=2), depth=8)
    write_image(
        folder / "page_ir.png", 1 - cv2.resize(scene, (360, 300), interpolation=cv2.INTER_CUBIC), depth=8
    )
    return folder


def test_photograph_and_infrared_of_another_size(pair):
    outcome, context = _run(pair)
    assert outcome.frames[1]["scale"] == pytest.approx(2.0, abs=0.01)
    colour = read_image(context.output / "colour.tif")
    assert np.abs(colour - read_image(pair / "page_vis.png")).max() < 1e-3
    false = read_image(context.output / "falsecolour.tif")
    assert np.corrcoef(false[10:-10, 10:-10, 0].ravel(), colour[10:-10, 10:-10, 0].ravel())[0, 1] < -0.98
    assert outcome.products[0].about["unit"] == "light"
    assert any("no flat frames" in warning for warning in context.warnings)


def test_two_grey_bands_give_no_colour_but_components(tmp_path):
    folder = tmp_path / "two"
    folder.mkdir()
    for name in ("a_365nm.tif", "a_940nm.tif"):
        write_image(folder / name, _scene(), depth=16)
    outcome, context = _run(folder)
    assert [product.name for product in outcome.products] == ["bands", "components"]
    assert sum(warning.startswith("no ") and ".tif" in warning for warning in context.warnings) == 2


def test_blown_out_frame_is_named(tmp_path):
    folder = tmp_path / "bright"
    folder.mkdir()
    scene = _scene()
    for name in ("a_450nm.tif", "a_940nm.tif"):
        write_image(folder / name, scene, depth=16)
        write_image(folder / f"flat_{name[2:]}", np.full_like(scene, 0.8), depth=16)
    bright = scene.copy()
    bright[40:60, 40:60] = 1.0
    write_image(folder / "a_940nm.tif", bright, depth=16)
    outcome, context = _run(folder)
    assert any("a_940nm.tif is blown out in 1.5%" in warning for warning in context.warnings)
    assert outcome.frames[1]["saturated"] == pytest.approx(400 / scene.size, rel=0.01)


def test_band_that_cannot_be_registered_is_named_and_kept_out(tmp_path):
    folder = tmp_path / "lost"
    folder.mkdir()
    write_image(folder / "a_450nm.tif", _scene(), depth=16)
    write_image(folder / "a_550nm.tif", _scene(), depth=16)
    noise = np.random.default_rng(0).uniform(0, 1, (150, 180)).astype(np.float32)
    write_image(folder / "a_940nm.tif", noise, depth=16)
    outcome, context = _run(folder)
    assert any(warning.startswith("a_940nm.tif could not be registered") for warning in context.warnings)
    assert outcome.products[-1].about["bands"] == ["450 nm", "550 nm"]


def test_session_mixes_bands_as_the_run_does(pair, tmp_path):
    recipe = SpectralRecipe(red=940, green=610, blue=540)
    _, context = _run(pair, recipe)
    written = read_image(context.output / "falsecolour.tif")
    session = open_session(Inputs({"capture": [infer_capture(pair)]}), context)
    try:
        whole = session.render(recipe, None, 180)
        part = session.render(recipe, (20, 30, 60, 40), 200)
        with pytest.raises(UsageError, match="lies outside the picture"):
            session.render(recipe, (0, 0, 999, 10), 100)
    finally:
        session.close()
    assert whole.shape == (150, 180, 3)
    assert part.shape == (40, 60, 3)
    from vestige.imaging import picture

    assert np.abs(part.astype(int) - picture(written[30:70, 20:80]).astype(int)).max() <= 6


def test_wrong_suffix_and_mixed_roles(pair):
    (pair / "page_ir.png").rename(pair / "page_ir.jpg")
    with pytest.raises(InputError, match=r"page_ir\.jpg is named \.jpg but holds a PNG"):
        _run(pair)


def test_mutants_of_a_manifest_setting_are_one_sentence(tmp_path):
    """The technique's own words in a manifest: region, reflectance, exposure of a white frame, pixel size."""
    import json

    from vestige.capture import Capture, Frame, coordinates, load_manifest, save
    from vestige.errors import VestigeError
    from vestige.spectral import CalibratedFrame, find_bands

    flat = np.full((24, 24), 0.5, np.float32)
    for name in ("a.tif", "flat.tif", "white.tif"):
        write_image(tmp_path / name, flat, depth=32)
    at = coordinates(wavelength=550)
    white = {"region": [4, 4, 8, 8], "reflectance": 0.99, "exposure_s": 0.5}
    frames = [
        Frame(file="a.tif", coordinates=at),
        Frame(file="flat.tif", role="flat", coordinates=at),
        Frame(file="white.tif", role="white", coordinates=at, settings=white),
    ]
    path = save(Capture(frames=frames, settings={"encoding": "linear"}), tmp_path)
    good = path.read_bytes()
    read = 0
    for mutant in mutants(good, 300, seed=5):
        path.write_bytes(mutant)
        try:
            capture = load_manifest(path)
            recipe = SpectralRecipe(wavelengths={"b.tif": 940})
            try:
                sources = find_bands(capture, recipe)
            except InputError as error:
                assert "\n" not in str(error)
                continue
            for source in sources:
                CalibratedFrame(capture, source, recipe).close()
            read += 1
        except VestigeError as error:
            assert "\n" not in str(error)
    assert json.loads(good)["frames"]
