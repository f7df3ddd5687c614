"""One alignment for the frames of several lights."""

import json

import cv2
import numpy as np
import pytest

from vestige import focus
from vestige.capture import Capture, Frame, coordinates, save
from vestige.cli.console import guarded
from vestige.cli.root import root
from vestige.contract import Context, Inputs, Kind, Product
from vestige.contract.report import load_report
from vestige.contract.source import open_product
from vestige.errors import FrameError, InputError, VestigeError
from vestige.focus.frames import frames_of_items
from vestige.focus.pipeline import run
from vestige.focus.recipe import StackRecipe
from vestige.focus.reuse import read_alignment, recorded_of, write_alignment
from vestige.imaging import write_image
from vestige.testing import mutants

SHAPE = (120, 160)


def light(number, positions=(1.0, 2.0, 3.0), gains=(1.0,) * 9):
    """A stack of one object under one light: another light shows other texture, the camera moves alike."""
    random = np.random.default_rng([number, 5])
    scene = 0.2 + 0.6 * cv2.GaussianBlur(random.random(SHAPE, np.float32), (0, 0), 1.2)
    frames = []
    for place, gain in zip(positions, gains, strict=False):
        matrix = np.array([[1 + 0.004 * (place - 2), 0, 1.5 * (place - 2)], [0, 1 + 0.004 * (place - 2), 0]])
        moved = cv2.warpAffine(scene, matrix, SHAPE[::-1], borderMode=cv2.BORDER_REFLECT)
        frames.append(cv2.GaussianBlur(moved, (0, 0), 0.3 + abs(place - 2)) * np.float32(gain))
    return frames


def capture(folder, number, positions=(1.0, 2.0, 3.0), axis="focus", **options):
    folder.mkdir()
    frames = []
    for place, pixels in zip(positions, light(number, positions, **options), strict=True):
        name = f"{folder.name}_{place:g}.tif"
        write_image(folder / name, pixels, depth=16)
        frames.append(Frame(file=name, coordinates=coordinates(**{axis: place})))
    made = Capture(frames=frames).at(folder)
    save(made, folder)
    return made


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The result of a first light."""
    place = tmp_path_factory.mktemp("reuse")
    capture(place / "lit", 0)
    assert guarded(root, ["focus", "run", str(place / "lit"), "--out", str(place / "first")]) == 0
    return place / "first"


def matrices(folder):
    return [row["matrix"] for row in load_report(folder).frames]


@pytest.mark.parametrize("given", ["report.json", "alignment.json", ""])
def test_another_light_takes_the_warps_to_the_last_bit(first, tmp_path, given):
    capture(tmp_path / "raking", 1)
    command = ["focus", "run", str(tmp_path / "raking"), "--out", str(tmp_path / "out")]
    assert guarded(root, [*command, "--set", f"reuse_alignment={first / given}"]) == 0
    report = load_report(tmp_path / "out")
    assert matrices(tmp_path / "out") == matrices(first)
    assert matrices(first) != [np.eye(3).tolist()] * 3
    kept = next(item for item in report.inputs if item.name == "reuse_alignment")
    assert kept.blake3 != load_report(first).inputs[0].blake3
    product = open_product(first / given, Kind.TABLE)
    assert kept.path == str(product.path)


def test_the_digest_of_what_was_reused_is_in_the_key(first, tmp_path):
    capture(tmp_path / "raking", 1)
    keys = []
    for number, more in enumerate(
        [[], ["--set", f"reuse_alignment={first}"], ["--reuse_alignment", str(first)]]
    ):
        out = tmp_path / f"out{number}"
        assert guarded(root, ["focus", "run", str(tmp_path / "raking"), "--out", str(out), *more]) == 0
        keys.append(load_report(out).key)
    assert keys[0] != keys[1] == keys[2]


def test_align_alone_gives_the_alignment_of_run(first, tmp_path):
    lit = first.parent / "lit"
    assert guarded(root, ["focus", "align", str(lit), "--out", str(tmp_path / "align")]) == 0
    assert (tmp_path / "align" / "alignment.json").read_bytes() == (first / "alignment.json").read_bytes()


def test_brightness_is_measured_anew():
    first = focus.stack(light(0), focus=[1, 2, 3])
    known = first.warps
    other = focus.stack(light(1, gains=(0.8, 1.0, 1.1)), focus=[1, 2, 3], reuse_alignment=first)
    assert [np.array_equal(one.matrix, two.matrix) for one, two in zip(known, other.warps, strict=True)] == [
        True
    ] * 3
    assert [warp.gain for warp in other.warps] == pytest.approx([1.25, 1, 1 / 1.1], abs=0.01)
    dark = StackRecipe(exposure=False)
    still = focus.stack(light(1), focus=[1, 2, 3], reuse_alignment=first, recipe=dark)
    assert [warp.gain for warp in still.warps] == [1, 1, 1]


def test_frames_are_matched_by_their_focus(first, tmp_path):
    """A frame is missing under the other light, and the others keep their own places."""
    fewer = capture(tmp_path / "fewer", 1, (2.0, 3.0))
    with Context(tmp_path / "work") as context:
        given = {"capture": [fewer], "reuse_alignment": [open_product(first, Kind.TABLE)]}
        outcome = run(Inputs(given), StackRecipe(), context)
    assert [row["matrix"] for row in outcome.frames] == matrices(first)[1:]


@pytest.mark.parametrize(
    ("positions", "axis", "error", "words"),
    [
        (
            (1.0, 2.0, 2.5),
            "focus",
            FrameError,
            r"is focused at 2\.5 mm, and alignment\.json has no frame there",
        ),
        ((1.0, 2.0, 3.0, 4.0), "focus", InputError, "is the alignment of 3 frames; expected one of 4 frames"),
        ((1.0, 2.0), "page", InputError, "is the alignment of 3 frames; expected one of 2 frames"),
    ],
)
def test_what_does_not_fit_is_told(first, tmp_path, positions, axis, error, words):
    other = capture(tmp_path / "other", 1, positions, axis)
    given = Inputs({"capture": [other], "reuse_alignment": [open_product(first, Kind.TABLE)]})
    with Context(tmp_path / "work") as context, pytest.raises(error, match=words):
        run(given, StackRecipe(), context)


def test_frames_whose_focus_nobody_knows_are_matched_by_the_order_of_their_names():
    """The first light was shot from far to near; the frames of the second take warps by their names."""
    order = [1, 0, 2]
    known = focus.stack([light(0)[n] for n in order], focus=[2, 1, 3])
    recorded = recorded_of(known.warps, known.names, SHAPE, None)
    chosen, matrices, reference = recorded.fitting(frames_of_items([light(1)[n] for n in order], None, print))
    assert known.names == ("frame 1", "frame 0", "frame 2")
    assert chosen == order
    assert reference == 1
    assert [matrix.tolist() for matrix in matrices] == [warp.matrix.tolist() for warp in known.warps]


@pytest.mark.parametrize("positions", [[1, 2, 3, 4], None])
def test_a_frame_that_the_first_light_had_left_out_is_left_out(positions):
    """The first light's second frame is black: the other light goes on without that one, and says so."""
    one, two = ([lit[0], lit[1], lit[2], lit[2]] for lit in (light(0), light(1)))
    one[1] = np.zeros_like(one[1])
    first = focus.stack(one, focus=positions)
    other = focus.stack(two, focus=positions, reuse_alignment=first)
    assert other.names == first.names == ("frame 0", "frame 2", "frame 3")
    assert [found.matrix.tolist() for found in other.warps] == [
        known.matrix.tolist() for known in first.warps
    ]
    assert "frame 1 was left out of the alignment that is taken over from the stack" in other.warnings[-1]
    again = focus.stack(one, focus=positions, reuse_alignment=first)
    assert again.names == first.names


def test_what_was_left_out_is_kept_with_the_alignment(tmp_path):
    row = {"focus": 0, "unit": "mm", "matrix": np.eye(3).tolist(), "gain": 1.0, "reference": False}
    rows = [{**row, "file": name, "focus": place} for name, place in (("a", 1.0), ("c", 3.0))]
    write_alignment(tmp_path / "alignment.json", (40, 30), rows, [("b", 2.0)])
    known = read_alignment(tmp_path / "alignment.json")
    assert known.left_out == (("b", 2.0),)
    frames = frames_of_items([np.zeros((30, 40), np.float32)] * 3, [1.0, 2.0, 3.0], print)
    assert known.fitting(frames)[0] == [0, 2]


def test_another_size_and_another_number_are_told():
    known = focus.stack(light(0), focus=[1, 2, 3])
    small = [frame[:100] for frame in light(1)]
    with pytest.raises(
        InputError, match="of frames of 160 x 120 pixels; expected one of frames of 160 x 100"
    ):
        focus.stack(small, reuse_alignment=known)
    with pytest.raises(InputError, match="the stack is the alignment of 3 frames; expected one of 2 frames"):
        focus.stack(light(1)[:2], reuse_alignment=known)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "holds no alignment: frames: Field required"),
        ("[]", "holds no alignment"),
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ('{"frames": []}', "holds no alignment: 0 frames have a matrix"),
        ('{"frames": [{"matrix": [[1, 0, 0], [0, 1, 0], [0, 0, NaN]]}]}', "holds no alignment"),
        ('{"frames": [{"matrix": [[0, 0, 0], [0, 1, 0], [0, 0, 1]]}]}', "the matrix cannot be inverted"),
    ],
)
def test_what_is_no_alignment_is_told(tmp_path, text, words):
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_alignment(path)


def test_mutants_of_an_alignment(first, tmp_path):
    path = tmp_path / "alignment.json"
    frames = frames_of_items(light(1), [1.0, 2.0, 3.0], print)
    for data in mutants((first / "alignment.json").read_bytes(), count=300):
        path.write_bytes(data)
        try:
            _, found, _ = read_alignment(path).fitting(frames)
        except VestigeError as error:
            assert "\n" not in str(error)
        else:
            assert np.isfinite(found).all()


def test_a_report_of_something_else_is_no_alignment(first, tmp_path):
    report = json.loads((first / "report.json").read_text())
    report["frames"] = [{"file": row["file"]} for row in report["frames"]]
    (tmp_path / "report.json").write_text(json.dumps(report))
    with pytest.raises(InputError, match="0 frames have a matrix"):
        read_alignment(Product("report", Kind.TABLE, tmp_path / "report.json").path)


def test_a_frame_of_another_object_is_named_and_left_out(first, tmp_path):
    capture(tmp_path / "raking", 1)
    write_image(tmp_path / "raking" / "raking_3.tif", light(7)[2], depth=16)
    command = ["focus", "run", str(tmp_path / "raking"), "--out", str(tmp_path / "out")]
    assert guarded(root, [*command, "--set", f"reuse_alignment={first}"]) == 0
    report = load_report(tmp_path / "out")
    assert [row["file"] for row in report.frames] == ["raking_1.tif", "raking_2.tif"]
    assert matrices(tmp_path / "out") == matrices(first)[:2]
    assert any(warning.startswith("raking_3.tif does not fit its neighbours") for warning in report.warnings)
