"""A whole run: against truth, and with frames and lights that are wrong or few."""

import numpy as np
import pytest

from vestige import relight
from vestige.capture import Capture, Frame, coordinates, open_capture
from vestige.contract import Budget, Context, Inputs
from vestige.errors import FrameError, InputError, UsageError
from vestige.imaging import linear_from_srgb, picture, probe, read_image, srgb_from_linear, write_image
from vestige.relight.products import HEIGHT_BYTES
from vestige.relight.recipe import RelightRecipe
from vestige.relight.session import open_session


def bare(capture, **update):
    """A capture whose frames tell nothing of their lights."""
    frames = [frame.model_copy(update={"coordinates": {}, **update}) for frame in capture.frames]
    return Capture(frames=frames, settings=dict(capture.settings)).at(capture.root)


def test_products_are_near_the_truth(coin, run, read_normals, angles, without_plane):
    report, out = run(coin)
    truth = coin.root / "truth"
    error = angles(read_normals(out / "normals.tif"), read_normals(truth / "normals.tif"))
    assert np.median(error) < 1.5
    assert error.mean() < 4.0
    height = without_plane(read_image(truth / "height.tif"))
    found = without_plane(read_image(out / "height.tif"))
    assert np.std(found - height) < 0.05 * np.ptp(height)
    face = np.hypot(*(np.mgrid[:200, :200] - 99.5)) < 70
    colour, wanted = read_image(out / "albedo.tif")[face], 0.9 * read_image(truth / "albedo.tif")[face]
    assert np.corrcoef(colour.ravel(), wanted.ravel())[0, 1] > 0.9
    assert abs(colour.mean() / wanted.mean() - 1) < 0.25
    assert report.measurements["fit_psnr_db"] > 28
    assert report.product("height", out).about == {
        "unit": "mm", "towards_viewer": True, "pixel_mm": coin.settings["pixel_mm"]
    }  # fmt: skip


def test_the_relightable_picture_is_the_fit_of_the_frames(coin, stack, lights, run, psnr):
    _, out = run(coin, "basis=hsh9", "light_x=0.3", "light_y=-0.6")
    planes = relight.hemispherical_harmonics(srgb_from_linear(stack), lights)
    written = relight.read_relight(out / "relight")
    assert np.allclose(written.lights, lights, atol=1e-5)
    light = (0.3, -0.6, np.sqrt(1 - 0.45))
    wanted = np.clip(relight.relight(planes, light), 0, 1)
    assert psnr(np.clip(relight.relight(written, light), 0, 1), wanted) > 40
    assert psnr(read_image(out / "view.tif"), linear_from_srgb(wanted)) > 60


def test_a_small_budget_changes_height_alone(coin, run, tmp_path):
    _, out = run(coin)
    whole = {name: (out / name).read_bytes() for name in ("normals.tif", "albedo.tif", "view.tif")}
    out.rename(tmp_path / "first")
    budget = Budget(bytes=1)
    assert budget.working() > HEIGHT_BYTES * 200 * 200, "small pictures are integrated whole in any budget"
    _, again = run(coin, budget=budget)
    assert whole == {name: (again / name).read_bytes() for name in whole}


def test_height_in_steps_is_near_the_height_of_each_pixel(coin, run, tmp_path, monkeypatch, without_plane):
    _, out = run(coin)
    fine = without_plane(read_image(out / "height.tif"))
    out.rename(tmp_path / "first")
    monkeypatch.setattr("vestige.relight.products.HEIGHT_BYTES", 80_000)
    report, again = run(coin)
    assert report.measurements["height_step_px"] == 2
    assert "2 x 2" in report.warnings[0]
    coarse = without_plane(read_image(again / "height.tif"))
    assert coarse.shape == fine.shape
    assert np.std(coarse - fine) < 0.05 * np.ptp(fine)


def test_lights_from_a_list_named_in_the_recipe(coin, run, tmp_path):
    folder = tmp_path / "frames"
    folder.mkdir()
    for frame in coin.frames:
        (folder / frame.file).symlink_to(coin.path(frame))
    lines = (coin.root / "lights.lp").read_text()
    (tmp_path / "dome.lp").write_text(lines)
    report, _ = run(folder, "encoding=linear", lights=tmp_path / "dome.lp")
    assert report.measurements["light_source"] == "lp"
    assert report.measurements["fit_psnr_db"] > 28


def test_a_frame_that_the_list_lacks_is_named(coin, run, tmp_path):
    lines = (coin.root / "lights.lp").read_text().splitlines()
    (tmp_path / "dome.lp").write_text("\n".join(["23", *lines[1:-1]]))
    with pytest.raises(InputError, match=r"no light for light_24\.tif"):
        run(bare(coin), lights=tmp_path / "dome.lp")


def test_a_light_from_behind_is_left_out_and_told(coin, run):
    capture = coin.model_copy(deep=True).at(coin.root)
    capture.frames[3].coordinates.update(coordinates(light=(1.0, 0.0, -0.001)))
    capture.frames[5].coordinates.update(coordinates(light=(0.0, 0.0, 9.0)))
    report, _ = run(capture)
    assert report.measurements["lights"] == 22
    assert any("light_04.tif" in warning and "behind" in warning for warning in report.warnings)
    rows = {row["file"]: row for row in report.frames}
    assert not rows["light_06.tif"]["used"]
    assert "length 9" in rows["light_06.tif"]["why"]
    assert rows["light_01.tif"]["residual"] < 0.1


def test_a_frame_with_a_wrong_light_stands_out(coin, run):
    capture = coin.model_copy(deep=True).at(coin.root)
    x, y, z = capture.frames[2].coordinates["light"].vector
    capture.frames[2].coordinates.update(coordinates(light=(-x, -y, z)))
    report, _ = run(capture)
    worst = max(report.frames, key=lambda row: row["residual"])
    assert worst["file"] == "light_03.tif"


def test_doubled_lights_are_told(coin, run):
    capture = coin.model_copy(deep=True).at(coin.root)
    capture.frames[1].coordinates["light"] = capture.frames[0].coordinates["light"]
    report, _ = run(capture)
    assert any("same light" in warning for warning in report.warnings)


def test_lights_around_by_number(coin, run):
    report, _ = run(bare(coin), "frames=light_0[1-9].tif", "light_source=azimuth", "basis=ptm")
    assert report.measurements["light_source"] == "azimuth"
    assert any("elevation" in warning for warning in report.warnings)
    assert any("determine 5 of the 6" in warning for warning in report.warnings)


def test_a_frame_may_have_an_elevation_of_its_own(coin, run):
    report, _ = run(
        bare(coin),
        "frames=light_0[1-6].tif",
        "light_source=azimuth",
        "elevation=20",
        'overrides={"light_02.tif": {"elevation": 50}}',
    )
    assert [row["elevation_deg"] for row in report.frames] == [20, 50, 20, 20, 20, 20]
    assert [row["azimuth_deg"] for row in report.frames] == [90, 30, 330, 270, 210, 150]


def test_nothing_known_of_the_lights_says_what_would_help(coin, run, tmp_path):
    for frame in coin.frames[:5]:
        (tmp_path / frame.file).symlink_to(coin.path(frame))
    capture = bare(coin)
    capture.frames = capture.frames[:5]
    capture.at(tmp_path)
    with pytest.raises(InputError, match=r"--lights FILE\.lp"):
        run(capture)
    for source, words in (("coordinates", "without a coordinate"), ("lp", "no list of lights")):
        with pytest.raises(InputError, match=words):
            run(capture, f"light_source={source}")
    with pytest.raises(InputError, match="number 3 is missing"):
        run(capture, "light_source=azimuth", "frames=light_0[1245].tif")


@pytest.mark.parametrize(("count", "words"), [(1, "enhanced view"), (2, "difference")])
def test_one_or_two_frames_give_a_view(coin, run, count, words):
    report, out = run(bare(coin), f"frames=light_0[1-{count}].tif")
    assert [product.name for product in report.products] == ["view"]
    assert words in report.warnings[0]
    assert probe(out / "view.tif").shape == (200, 200, 3)
    assert read_image(out / "view.tif").std() > 0.02


def test_three_frames_give_normals(coin, run, read_normals, angles):
    _, out = run(coin, "frames=light_0[159].tif")
    error = angles(read_normals(out / "normals.tif"), read_normals(coin.root / "truth" / "normals.tif"))
    assert np.median(error) < 6


def test_grey_frames(coin, run, tmp_path):
    folder = tmp_path / "grey"
    folder.mkdir()
    frames = []
    for frame in coin.frames[::3]:
        grey = read_image(coin.path(frame), encoding="linear").mean(axis=2)
        write_image(folder / frame.file, grey)
        frames.append(Frame(file=frame.file, coordinates=frame.coordinates))
    _, out = run(Capture(frames=frames).at(folder))
    assert np.ptp(read_image(out / "albedo.tif"), axis=2).max() < 0.01


def test_a_broken_frame_is_left_out_and_told(coin, run, tmp_path):
    for number, frame in enumerate(coin.frames[:9]):
        data = coin.path(frame).read_bytes()
        (tmp_path / frame.file).write_bytes(data[: len(data) // 2] if number == 4 else data)
    write_image(tmp_path / coin.frames[7].file, np.full((31, 30, 3), 0.5, np.float32))
    capture = coin.model_copy(update={"frames": coin.frames[:9], "calibration": []}).at(tmp_path)
    report, _ = run(capture)
    assert report.measurements["lights"] == 7
    rows = {row["file"]: row for row in report.frames}
    assert [name for name, row in rows.items() if not row["used"]] == ["light_05.tif", "light_08.tif"]
    assert "30 x 31" in rows["light_08.tif"]["why"]
    assert all(
        any(name in warning for warning in report.warnings) for name in ("light_05.tif", "light_08.tif")
    )


def test_frames_of_many_sizes_name_the_first_odd_one(run, tmp_path):
    for number, size in enumerate((30, 31, 32, 30)):
        write_image(tmp_path / f"{number}.png", np.full((size, 30, 3), 0.5, np.float32), depth=8)
    with pytest.raises(FrameError, match=r"1\.png is 30 x 31 pixels"):
        run(open_capture(tmp_path))


def test_a_pattern_that_fits_nothing(coin, run):
    with pytest.raises(InputError, match="no frame named like"):
        run(coin, "frames=*.xyz")


def test_settings_that_make_no_sense():
    with pytest.raises(UsageError, match="unit circle"):
        RelightRecipe.make(settings=["light_x=0.9", "light_y=0.9"])


def test_bad_settings_of_the_capture(coin, run):
    for settings, words in (({"encoding": "log"}, "encoding"), ({"white_level": "x"}, "white_level")):
        capture = coin.model_copy(update={"settings": settings}).at(coin.root)
        with pytest.raises(UsageError, match=words):
            run(capture)
    capture = coin.model_copy(update={"settings": {"encoding": "linear", "pixel_mm": -1}}).at(coin.root)
    with pytest.raises(InputError, match="pixel_mm"):
        run(capture)


def test_a_session_moves_the_light(coin, tmp_path, run):
    session = open_session(Inputs({"capture": [coin]}), Context(tmp_path / "work"))
    try:
        left = session.render(RelightRecipe(light_x=-0.8, light_y=0.0), None, 200)
        right = session.render(RelightRecipe(light_x=0.8, light_y=0.0), None, 200)
        part = session.render(RelightRecipe(light_x=-0.8, light_y=0.0), (40, 60, 80, 50), 200)
    finally:
        session.close()
    assert left.shape == (200, 200, 3)
    assert np.abs(left.astype(int) - right).mean() > 5
    assert np.abs(part.astype(int) - left[60:110, 40:120]).max() <= 1
    _, out = run(coin, "light_x=-0.8", "light_y=0.0")
    kept = picture(read_image(out / "view.tif"))
    assert np.abs(kept.astype(int) - left).max() <= 1


def test_a_session_on_two_frames_says_why_not(coin, tmp_path):
    session = open_session(Inputs({"capture": [coin]}), Context(tmp_path / "work"))
    with pytest.raises(InputError, match="three or more"):
        session.render(RelightRecipe(frames="light_0[12].tif"))
    session.close()
