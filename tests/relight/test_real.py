"""Real captures, and others' relightable pictures."""

import cv2
import numpy as np
import pytest

from vestige import relight
from vestige.imaging import read_image
from vestige.relight import read_relight
from vestige.relight.height import integrate, slopes

pytestmark = pytest.mark.real


@pytest.mark.parametrize(("kind", "baseline"), [("lambert", 4.11), ("specular", 5.13)])
def test_bunny_is_as_good_as_least_squares_can_be(
    real_data, run, read_normals, angles, stored, kind, baseline
):
    """The folder's README measured least squares on these very files."""
    folder = real_data / "relight" / "bunny_ps"
    report, out = run(folder / kind, "encoding=linear", "white_level=4095", lights=folder / "lights.lp")
    mask = stored(folder / "mask.png") > 0
    error = angles(read_normals(out / "normals.tif"), read_normals(folder / "normals_gt.png"))[mask]
    assert abs(error.mean() - baseline) < 0.05
    assert report.measurements["lights"] == 25


def test_leaves_by_raking_light(real_data, run):
    """Twelve lights around, elevation unknown: leaves stand above the paper that they lie on."""
    settings = ["frames=*_TL.jpg", "light_source=azimuth", "first_azimuth=220", "elevation=30"]
    report, out = run(real_data / "relight" / "leaves_tdm", *settings)
    assert report.measurements["lights"] == 12
    assert relight.read_relight(out / "relight").shape == (333, 500)
    height, albedo = read_image(out / "height.tif"), read_image(out / "albedo.tif")
    # Near lamps bow the whole, so leaves are compared with their surroundings, away from the margins.
    local = (height - cv2.GaussianBlur(height, (0, 0), 30))[60:280, 120:420]
    colour = albedo[60:280, 120:420]
    leaf, paper = np.ptp(colour, axis=2) > 0.5 * colour.max(axis=2), colour.min(axis=2) > 0.6
    assert 0.1 < leaf.mean() < 0.6
    assert local[leaf].mean() > local[paper].mean() + 1


def test_leaves_tell_their_first_azimuth(real_data):
    """Only lights turned as they were (or opposite) give slopes that fit a surface."""
    folder = real_data / "relight" / "leaves_tdm"
    frames = np.stack([read_image(folder / f"{number}_TL.jpg")[::2, ::2] for number in range(1, 13)])

    def misfit(first, step):
        lights = np.array([relight.from_angles(first + step * number, 30) for number in range(12)])
        right, down = slopes(relight.normals(frames, lights))
        down_again, right_again = np.gradient(integrate(right, down))
        return np.mean((right - right_again) ** 2 + (down - down_again) ** 2)

    clockwise = [misfit(first, -30) for first in range(180, 270, 15)]
    assert 195 <= 180 + 15 * int(np.argmin(clockwise)) <= 240
    assert min(clockwise) < 0.6 * misfit(220, 30)


def test_one_and_two_leaves_frames(real_data, run):
    report, out = run(real_data / "relight" / "leaves_tdm", "frames=[28]_TL.jpg")
    assert [product.name for product in report.products] == ["view"]
    assert 0.4 < read_image(out / "view.tif", encoding="srgb").mean() ** (1 / 2.2) < 0.6


def test_three_bases_of_one_coin_agree(real_data, psnr):
    """Relight's own files: three bases, decoded and lit from one side, show one coin."""
    folder = real_data / "relight" / "relight_web_coin"
    planes = {name: read_relight(folder / name) for name in ("ptm", "hsh", "bilinear18")}
    assert {name: p.terms for name, p in planes.items()} == {"ptm": 6, "hsh": 9, "bilinear18": 18}
    assert all(len(p.lights) == 116 for p in planes.values())
    for light in ((0.6, 0.2, 0.77), (-0.5, 0.5, 0.7), (0.1, -0.7, 0.7)):
        lit = {name: np.clip(relight.relight(p, light), 0, 1) for name, p in planes.items()}
        assert psnr(lit["hsh"], lit["bilinear18"]) > 26
        assert psnr(lit["ptm"], lit["bilinear18"]) > 20
        assert psnr(lit["ptm"], lit["hsh"]) > 22


def test_a_coin_read_and_written_again(real_data, tmp_path, psnr):
    planes = read_relight(real_data / "relight" / "relight_web_coin" / "hsh")
    relight.write_relight(tmp_path / "coin", planes)
    light = (-0.5, 0.5, 0.7)
    again = relight.relight(read_relight(tmp_path / "coin"), light)
    assert psnr(again, relight.relight(planes, light)) > 44
