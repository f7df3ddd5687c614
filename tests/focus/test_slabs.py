"""Slabs: each run of frames fused for itself, in the view and to the scale of the reference frame."""

import cv2
import numpy as np
import pytest

from vestige.capture import Capture, Frame, coordinates, open_capture, save
from vestige.contract.report import load_report
from vestige.contract.runner import execute
from vestige.errors import UsageError
from vestige.focus import spool
from vestige.focus.recipe import StackRecipe
from vestige.focus.slabs import slab_ranges
from vestige.focus.technique import technique
from vestige.imaging import probe, read_image, register, write_image

SHAPE = (200, 260)
COUNT = 7
BREATHING = 0.004


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """A slanted, textured sheet, breathing 0.4 % a frame; and what it truly looks like."""
    place = tmp_path_factory.mktemp("slabs")
    random = np.random.default_rng(1)
    sheet = 0.2 + 0.6 * cv2.GaussianBlur(random.random((*SHAPE, 3), np.float32), (0, 0), 1.0)
    blurred = [cv2.GaussianBlur(sheet, (0, 0), 0.9 * step) if step else sheet for step in range(COUNT)]
    across = np.broadcast_to(np.linspace(0, COUNT - 1, SHAPE[1], dtype=np.float32), SHAPE)[..., None]
    frames = []
    centre = ((SHAPE[1] - 1) / 2, (SHAPE[0] - 1) / 2)
    for number in range(COUNT):
        away = np.abs(across - number)
        seen = sum(np.clip(1 - np.abs(away - step), 0, 1) * blurred[step] for step in range(COUNT))
        matrix = cv2.getRotationMatrix2D(centre, 0, 1 + BREATHING * (number - COUNT // 2))
        moved = cv2.warpAffine(
            seen, matrix, SHAPE[::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        write_image(place / f"{number}.tif", moved, depth=8)
        frames.append(Frame(file=f"{number}.tif", coordinates=coordinates(focus=float(number))))
    capture = Capture(frames=frames).at(place)
    save(capture, place)
    recipe = StackRecipe(slabs=3, slab_overlap=1)
    report = execute(technique, "run", {"capture": [capture]}, recipe, place / "out")
    return report, place / "out", sheet


def scale_of(image, sheet, columns):
    """Size of a picture beside the true sheet's, from columns that are sharp."""
    found = register(sheet.mean(2)[12:-12, columns], image.mean(2)[12:-12, columns], model="similarity")
    return float(np.sqrt(np.linalg.det(found.matrix[:2, :2])))


def test_the_result_keeps_the_scale_of_the_reference_frame(result):
    _, out, sheet = result
    assert scale_of(read_image(out / "image.tif"), sheet, np.s_[12:-12]) == pytest.approx(1, abs=5e-4)


def test_slabs_keep_the_scale_of_the_reference_frame(result):
    _, out, sheet = result
    sharp = [np.s_[12:100], np.s_[80:180], np.s_[160:248]]
    for number, columns in enumerate(sharp, start=1):
        slab = read_image(out / "slabs" / f"slab_{number}.tif")
        assert scale_of(slab, sheet, columns) == pytest.approx(1, abs=5e-4)


def test_a_slab_is_sharp_where_its_frames_are_and_nowhere_else(result):
    _, out, sheet = result

    def detail(image):
        return float(np.var(cv2.Laplacian(image.mean(2), cv2.CV_32F)))

    first, last = (read_image(out / "slabs" / f"slab_{number}.tif") for number in (1, 3))
    near, far = np.s_[20:-20, 20:70], np.s_[20:-20, 190:240]
    assert detail(first[near]) > 0.5 * detail(sheet[near])
    assert detail(last[far]) > 0.5 * detail(sheet[far])
    assert detail(first[far]) < 0.1 * detail(sheet[far])
    assert detail(last[near]) < 0.1 * detail(sheet[near])


def test_a_slab_has_light_to_its_rim(result):
    _, out, sheet = result
    for number in (1, 2, 3):
        slab = read_image(out / "slabs" / f"slab_{number}.tif")
        assert slab.min() > 0.5 * sheet.min()


def test_slabs_are_told_and_stored_as_the_frames_are(result):
    report, out, _ = result
    told = report.product("slabs", out).about["slabs"]
    assert [(slab["file"], slab["first"], slab["last"]) for slab in told] == [
        ("slab_1.tif", "0.tif", "2.tif"),
        ("slab_2.tif", "2.tif", "4.tif"),
        ("slab_3.tif", "4.tif", "6.tif"),
    ]
    assert sorted(path.name for path in (out / "slabs").iterdir()) == [slab["file"] for slab in told]
    assert probe(out / "slabs" / "slab_1.tif").dtype == "uint8"
    assert "slabs" in {record.name for record in load_report(out).products}


@pytest.mark.parametrize("frames", [2, 3, 7, 10, 31])
@pytest.mark.parametrize(("size", "overlap"), [(2, 0), (3, 1), (5, 4), (8, 2)])
def test_slabs_hold_every_frame(frames, size, overlap):
    ranges = slab_ranges(frames, size, overlap)
    assert {number for chosen in ranges for number in chosen} == set(range(frames))
    assert {len(chosen) for chosen in ranges} == {min(size, frames)}


@pytest.mark.parametrize(("size", "overlap"), [(1, 0), (3, 3), (3, 4), (-1, 0)])
def test_slabs_that_make_no_sense(size, overlap):
    with pytest.raises(UsageError, match="slabs"):
        StackRecipe.make(values={"slabs": size, "slab_overlap": overlap})


def test_slabs_are_of_the_frames_that_are_registered_already(result, monkeypatch, tmp_path):
    """Frames are registered once; a slab of all of them is the fused picture itself."""
    calls = []
    register_rows = spool.registered_rows

    def counted(opened, found, shape, rows):
        calls.append(rows)
        return register_rows(opened, found, shape, rows)

    monkeypatch.setattr(spool, "registered_rows", counted)
    capture = open_capture(result[1].parent)
    execute(technique, "run", {"capture": [capture]}, StackRecipe(slabs=COUNT), tmp_path / "out")
    assert len(calls) == COUNT
    whole, slab = (read_image(tmp_path / "out" / name) for name in ("image.tif", "slabs/slab_1.tif"))
    assert np.array_equal(whole, slab)
