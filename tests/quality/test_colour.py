"""Profiles of cameras: the fit against truth, ICC files against littleCMS, and refusals."""

import io
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image, ImageCms

from vestige.cli.console import guarded
from vestige.cli.root import root
from vestige.errors import InputError, UsageError
from vestige.imaging import probe, read_image, write_image
from vestige.imaging.exif import Entry, build
from vestige.imaging.transfer import srgb_from_linear
from vestige.quality.colour.fitting import fit_colour, left_out
from vestige.quality.colour.flat_field import flat_field
from vestige.quality.colour.icc import lut_profile, matrix_profile, profile_name, read_meta
from vestige.quality.colour.profile import (
    Conditions,
    embed_profile,
    make_profile,
    patch_values,
    profile_from_frame,
    recorded_conditions,
)
from vestige.quality.colour.reference import read_reference
from vestige.quality.measures.colour import D50, delta_e_2000, lab_from_light, lab_from_xyz
from vestige.quality.targets.camera import Camera, inks, spectra
from vestige.quality.targets.layout import layout

WHEN = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def chart():
    """Linear values of a camera, and L*a*b*, of the 140 patches of a ColorChecker SG."""
    target = layout("colorchecker-sg")
    known = inks(target)
    light = np.array([known[name] for name in target.patches])
    weights = spectra().observer * spectra().illuminants["D50"]
    lab = lab_from_xyz(light @ (weights / weights.sum(axis=1, keepdims=True)).T * D50)
    return 0.9 * Camera("nikon-5100", "D50").raw(light), lab


@pytest.fixture(scope="module")
def fits(chart):
    return {kind: fit_colour(*chart, kind) for kind in ("matrix", "lut")}


def icc(fit, curve, version):
    make, what = (matrix_profile, fit.matrix) if fit.kind == "matrix" else (lut_profile, fit.xyz)
    return make(what, curve, "Kamera ä", {"light": "Größe"}, WHEN, version=version)


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("kind", ["matrix", "lut"])
def test_littlecms_reads_the_profile_as_it_was_meant(chart, fits, kind, version):
    camera, _ = chart
    stored = np.round(srgb_from_linear(camera) * 255).astype(np.uint8)[None]
    profile = icc(fits[kind], "srgb", version)
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    assert opened.profile.version == pytest.approx(2.4 if version == 2 else 4.4)
    assert opened.profile.device_class == "scnr"
    lab = ImageCms.createProfile("LAB")
    for intent in (0, 1, 2):
        seen = ImageCms.applyTransform(
            Image.fromarray(stored),
            ImageCms.buildTransform(opened, lab, "RGB", "LAB", renderingIntent=intent),
        )
        codes = np.asarray(seen).astype(float)[0]
        got = np.c_[codes[:, 0] / 2.55, (codes[:, 1:] + 128) % 256 - 128]
        exact = fits[kind].lab(((stored[0] / 255 + 0.055) / 1.055) ** 2.4)
        bright = stored[0].min(axis=1) > 40
        # Whole numbers of L*a*b* are off by 0.3 on average.
        assert delta_e_2000(got, exact)[bright].mean() < 0.5
    assert read_meta(profile) == {"light": "Größe"}
    assert profile_name(profile) == ("Kamera ?" if version == 2 else "Kamera ä")


def test_left_out_patches_meet_the_bar(chart):
    judged = left_out(*chart)
    assert judged.patches == 140
    assert judged.mean < 0.7
    assert judged.p95 < 1.5
    assert judged.mean < left_out(*chart, "matrix").mean


def test_twins_do_not_tell_the_answer():
    """Each colour stands twice with its own fault: a fit that had seen the twin would seem perfect."""
    generator = np.random.default_rng(3)
    lab = np.c_[generator.uniform(30, 80, 30), generator.uniform(-40, 40, (30, 2))].repeat(2, axis=0)

    def by_heart(seen, known):
        return lambda asked: known[np.abs(asked[:, None, :1] - seen[None, :, :1]).sum(axis=2).argmin(axis=1)]

    camera = np.c_[np.arange(60) // 2, np.zeros((60, 2))] / 60
    assert left_out(camera, lab, "lut", fit=by_heart).mean > 5


@pytest.mark.parametrize("kind", ["matrix", "lut"])
def test_exposure_does_not_change_hue(chart, fits, kind):
    bright, dark = (fits[kind].xyz(chart[0] * share) for share in (1.0, 0.5))
    assert np.allclose(bright, 2 * dark)


@pytest.mark.parametrize("curve", ["linear", "srgb"])
@pytest.mark.parametrize("kind", ["matrix", "lut"])
def test_an_embedded_profile_is_obeyed_when_the_frame_is_read(tmp_path, chart, fits, kind, curve):
    camera, lab = chart
    bright = (lab[:, 0] > 30) & (fits[kind].xyz(camera).min(axis=1) > 0.03)
    stored = np.round((srgb_from_linear(camera) if curve == "srgb" else camera) * 65535).astype(np.uint16)[
        None
    ]
    write_image(tmp_path / "a.tif", stored, encoded=True, ppi=400)
    profile = icc(fits[kind], curve, 4)
    embed_profile(tmp_path / "a.tif", tmp_path / "b.tif", profile, light="", regardless=True)
    assert probe(tmp_path / "b.tif").ppi == pytest.approx(400, abs=0.1)
    got = lab_from_light(read_image(tmp_path / "b.tif"))[0]
    assert delta_e_2000(got, fits[kind].lab(camera))[bright].max() < 0.5


def test_a_profile_goes_with_its_camera_and_light_alone(tmp_path, chart):
    exif = build({271: Entry(271, 2, b"Phase\0"), 272: Entry(272, 2, b"iXH\0")})
    stored = np.full((4, 4, 3), 999, np.uint16)
    write_image(tmp_path / "a.tif", stored, encoded=True, exif=exif)
    made = make_profile(*chart, Conditions("Phase iXH", light="LED"), kind="matrix").to_icc()
    assert embed_profile(tmp_path / "a.tif", tmp_path / "b.tif", made, light="LED") == []
    with pytest.raises(InputError, match=r"the profile is of the light 'LED', the frame of 'flash'"):
        embed_profile(tmp_path / "a.tif", tmp_path / "c.tif", made, light="flash")
    write_image(tmp_path / "x.tif", stored, encoded=True)
    with pytest.raises(InputError, match="the frame does not say its camera"):
        embed_profile(tmp_path / "x.tif", tmp_path / "c.tif", made, light="LED")
    assert not (tmp_path / "c.tif").exists()
    with pytest.raises(UsageError, match="no ICC profile"):
        embed_profile(tmp_path / "a.tif", tmp_path / "c.tif", b"nonsense", light="LED")


def painted(chart, share=1.0):
    """A frame of the target, 20 px a patch, and where its patches lie."""
    target = layout("colorchecker-sg")
    frame, patches = np.zeros((200, 280, 3)), {}
    for index, (name, value) in enumerate(zip(target.patches, chart[0], strict=True)):
        row, column = divmod(index, 14)
        frame[20 * row : 20 * row + 20, 20 * column : 20 * column + 20] = value * share
        corners = np.array([[2, 2], [17, 2], [17, 17], [2, 17]], float)
        patches[name] = corners + np.array([20 * column, 20 * row])
    return frame, patches


def test_a_frame_of_a_target_becomes_a_profile(tmp_path, chart):
    frame, patches = painted(chart)
    write_image(tmp_path / "a.tif", frame.astype(np.float32))
    reference = dict(zip(patches, chart[1], strict=True))
    made = profile_from_frame(tmp_path / "a.tif", patches, reference, target="SG", light="LED")
    assert made.curve == "srgb"
    assert made.judged.mean < 0.7
    assert recorded_conditions(made.to_icc(when=WHEN)) == Conditions(light="LED", target="SG")
    write_image(tmp_path / "over.tif", painted(chart, 1.4)[0].astype(np.float32))
    with pytest.raises(InputError, match="over-exposed"):
        profile_from_frame(tmp_path / "over.tif", patches, reference, target="SG", light="LED")
    few = dict(list(patches.items())[:5])
    with pytest.raises(UsageError, match="needs 18 patches or more, not 5"):
        profile_from_frame(tmp_path / "a.tif", few, reference, target="SG", light="LED")


def test_a_patch_that_is_cut_off_is_left_out():
    quad = np.array([[-4, 2], [4, 2], [4, 9], [-4, 9]], float)
    assert patch_values(np.ones((20, 20, 3)), {"cut": quad}) == {}


def test_a_flat_field_evens_the_light():
    y, x = np.mgrid[-1:1:80j, -1:1:120j]
    fall = (1 - 0.3 * (x**2 + y**2))[..., None] * [1.0, 0.9, 0.7]
    scene = np.random.default_rng(1).uniform(0.2, 0.6, (80, 120, 1))
    even = flat_field(scene * fall + 0.01, fall + 0.01, dark=np.full((80, 120, 3), 0.01), smooth=False)
    ratio = even / scene
    assert np.ptp(ratio, axis=(0, 1)).max() < 1e-4
    with pytest.raises(UsageError, match="black in places"):
        flat_field(scene, np.zeros((80, 120, 1)))
    with pytest.raises(UsageError, match="one size"):
        flat_field(scene, fall[:40])


def test_the_commands_make_a_profile_and_embed_it(tmp_path, chart, capsys):
    """The frame is the target seen straight on, 10 px a mm; the copy's own colours are given."""
    target, exif = layout("colorchecker-sg"), build({272: Entry(272, 2, b"iXH\0")})
    frame = np.full((540, 700, 3), 0.05, np.float32)
    for quad, value in zip(target.patches.values(), chart[0], strict=True):
        (left, top), (right, bottom) = np.round(quad[[0, 2]] * 2.5).astype(int)
        frame[top:bottom, left:right] = value
    write_image(tmp_path / "a.tif", frame, exif=exif)
    lines = [f"{name},{lab[0]},{lab[1]},{lab[2]}" for name, lab in zip(target.patches, chart[1], strict=True)]
    (tmp_path / "sg.csv").write_text("\n".join(["patch,L,a,b", *lines]))
    place = [str(tmp_path / name) for name in ("a.tif", "camera.icc", "sg.csv", "b.tif")]
    corners = " ".join(f"{x},{y}" for x, y in target.corners * 2.5 - 0.5)
    make = ["quality", "profile", place[0], "--light", "LED", "--out", place[1]]
    assert guarded(root, [*make, "--reference", place[2], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["conditions"]["target"] == "colorchecker-sg"
    make += ["--target", "colorchecker-sg"]
    assert guarded(root, [*make, "--corners", corners, "--reference", place[2], "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["left_out"]["mean"] < 0.7
    assert answer["conditions"]["camera"] == "iXH"
    put = ["quality", "embed", place[0], "--profile", place[1], "--out", place[3], "--light"]
    assert guarded(root, [*put, "LED"]) == 0
    assert profile_name(probe(place[3]).icc).startswith("Vestige: iXH, LED")
    assert guarded(root, [*put, "flash"]) == 1
    assert "the frame of 'flash'" in capsys.readouterr().err
    assert guarded(root, [*make, "--corners", "1,2 3"]) == 2
    write_image(tmp_path / "a.tif", np.full((300, 300, 3), 0.2, np.float32))
    assert guarded(root, make) == 1
    assert "a.tif shows no ColorChecker Digital SG" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,L,a,b\n", "other columns"),
        ("patch,L,a,b\nA1,x,0,0\n", "no numbers in line 2"),
        ("patch,L,a,b\nA1,1,0,0\nA1,1,0,0\n", "twice"),
        ("patch,L,a,b\nA1,nan,0,0\n", "without a colour"),
        ("patch,L,a,b\nA1,1\n", "no numbers"),
    ],
)
def test_a_broken_reference_is_told(tmp_path, text, words):
    (tmp_path / "r.csv").write_text(text)
    with pytest.raises(InputError, match=words):
        read_reference(tmp_path / "r.csv")


@pytest.mark.parametrize("cut", [0, 10, 131, 140, 200, 400])
def test_a_damaged_profile_says_nothing(fits, cut):
    assert read_meta(icc(fits["matrix"], "linear", 4)[:cut]) == {}
    assert profile_name(icc(fits["matrix"], "linear", 4)[: min(cut, 150)]) == ""
