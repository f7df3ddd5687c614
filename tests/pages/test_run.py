"""The operation as a whole: text against truth, overrides, frames that fail."""

import json
import shutil

import numpy as np
import pytest

from vestige.capture import Capture, Frame, coordinates
from vestige.contract import Budget, Context, Inputs
from vestige.errors import BudgetError, InputError, MissingError, UsageError
from vestige.imaging import read_image, write_image
from vestige.pages import PagesRecipe, character_error_rate, installed, read_alto
from vestige.pages.frames import frames_in_order
from vestige.pages.pipeline import run


def process(capture, folder, **settings):
    with Context(folder / "work", folder / "out", budget=settings.pop("budget", None)) as context:
        outcome = run(Inputs({"capture": [capture]}), PagesRecipe(**settings), context)
        return outcome, context.output, context.warnings


@pytest.fixture(scope="module")
def whole(book, tmp_path_factory):
    if not {"deu", "eng"} <= set(installed()):
        pytest.skip("Tesseract data for deu and eng is not installed")
    return process(book.capture, tmp_path_factory.mktemp("whole"), language="deu+eng")


def test_text_is_read(book, whole):
    outcome, output, _ = whole
    truth = [page for frame in book.truth.values() for page in frame["pages"]]
    rates = [
        character_error_rate(read_alto(output / "text" / f"{number:04d}.xml").text, page["text"])
        for number, page in enumerate(truth, start=1)
    ]
    assert np.mean(rates) < 0.03
    assert outcome.measurements["pages"] == 3
    assert outcome.measurements["double_pages"] == 1


def test_boxes_lie_on_the_words(book, whole):
    _, output, _ = whole
    table = json.loads((output / "volume.json").read_text())["pages"]
    from vestige.pages import Box, Placement

    row = table[1]
    placement = Placement(row["side"], row["angle_deg"], Box(*row["crop_px"]))
    height, width = book.image(1).shape[:2]
    back = np.linalg.inv(placement.matrix((height, width)))
    centres = {}
    for line in book.truth["frame_002.jpg"]["pages"][0]["lines"]:
        for word in line:
            centres.setdefault(word["text"], []).append(back @ [*np.mean(word["corners"], axis=0), 1])
    found = read_alto(output / "text" / "0002.xml").words
    near = [
        min(
            np.hypot(*(np.array([(w.box.left + w.box.right) / 2, (w.box.top + w.box.bottom) / 2]) - c[:2]))
            for c in centres[w.text]
        )
        for w in found
        if w.text in centres
    ]
    assert len(near) > 0.85 * len(found)
    assert np.median(near) < 4


def test_pages_are_the_frame_s_pixels(book, whole):
    _, output, _ = whole
    page = read_image(output / "pages" / "0002.tif")
    assert page.shape[2] == 3
    assert abs(np.median(page) - np.median(book.image(1)[300:800, 300:600])) < 0.1


def test_frames_are_told_one_by_one(book, whole):
    outcome, _, warnings = whole
    assert [row["pages"] for row in outcome.frames] == [1, 2]
    assert warnings == []


def test_bad_frame_is_named_and_the_rest_goes_on(book, tmp_path):
    for frame in book.capture.frames:
        shutil.copy(book.capture.path(frame), tmp_path)
    (tmp_path / "frame_003.jpg").write_bytes(b"\xff\xd8\xff nothing")
    capture = Capture(
        frames=[Frame(file=f"frame_00{n}.jpg", coordinates=coordinates(page=n)) for n in (3, 1)]
    ).at(tmp_path)
    outcome, _, warnings = process(capture, tmp_path, language="none")
    assert outcome.measurements["frames_left_out"] == 1
    assert any("frame_003.jpg" in warning and "left out" in warning for warning in warnings)
    assert "error" in outcome.frames[1]


@pytest.mark.parametrize("shape", [(1, 1), (3, 400), (300, 200, 3)])
def test_blank_frames_do_not_stop_the_run(shape, tmp_path):
    write_image(tmp_path / "blank.png", np.full(shape, 0.7, np.float32), depth=8)
    capture = Capture(frames=[Frame(file="blank.png")]).at(tmp_path)
    outcome, output, _ = process(capture, tmp_path)
    assert outcome.measurements["pages"] == 1
    assert read_alto(output / "text" / "0001.xml").words == ()


def test_page_on_its_head_is_noticed(book, tmp_path):
    if "osd" not in installed():
        pytest.skip("Tesseract data for orientation (osd) is not installed")
    write_image(tmp_path / "a.png", np.ascontiguousarray(book.image(1)[::-1, ::-1]), depth=8)
    capture = Capture(frames=[Frame(file="a.png")]).at(tmp_path)
    _, _, warnings = process(capture, tmp_path, language="eng")
    assert any("turned by 180 degrees" in warning for warning in warnings)


def test_angle_by_hand_turns_a_page_upright(book, tmp_path):
    image = book.image(0)[::2, ::2]
    write_image(tmp_path / "a.png", np.ascontiguousarray(image[::-1, ::-1]), depth=8)
    capture = Capture(frames=[Frame(file="a.png")]).at(tmp_path)
    recipe = {"angle": 180.0, "cropping": "frame", "split": "never", "language": "none"}
    _, output, warnings = process(capture, tmp_path, **recipe)
    assert warnings == []
    assert np.allclose(read_image(output / "pages" / "0001.tif"), image, atol=0.02)


def test_override_holds_for_its_frame_only(book, tmp_path):
    recipe = {"language": "none", "overrides": {"frame_002.jpg": {"split": "never"}}}
    outcome, _, _ = process(book.capture, tmp_path, **recipe)
    assert outcome.measurements["pages"] == 2


def test_sixteen_bit_grey_linear_frame(tmp_path):
    page = np.full((260, 180), 0.5, np.float32)
    page[30:230:10, 30:150] = 0.05
    codes = np.rint(page * 4000).astype(np.uint16)
    write_image(tmp_path / "a.tif", codes, depth=16, encoded=True)
    settings = {"encoding": "linear", "white_level": 4000}
    capture = Capture(frames=[Frame(file="a.tif")], settings=settings).at(tmp_path)
    _, output, _ = process(capture, tmp_path, language="none")
    found = read_image(output / "pages" / "0001.tif")
    assert found.ndim == 2
    assert np.median(found) == pytest.approx(0.5, abs=0.01)


def test_order_is_page_then_side_then_name():
    frames = [
        Frame(file="b10.jpg", coordinates=coordinates(page=2, side="left")),
        Frame(file="b9.jpg", coordinates=coordinates(page=1, side="right")),
        Frame(file="b8.jpg", coordinates=coordinates(page=1, side="left")),
    ]
    assert [f.file for f in frames_in_order(Capture(frames=frames))] == ["b8.jpg", "b9.jpg", "b10.jpg"]
    loose = [Frame(file="p10.jpg"), Frame(file="p9.jpg")]
    assert [f.file for f in frames_in_order(Capture(frames=loose))] == ["p9.jpg", "p10.jpg"]


def test_language_that_is_not_there(book, tmp_path):
    with pytest.raises(MissingError, match="klingon"):
        process(book.capture, tmp_path, language="klingon")


def test_without_any_data_pages_are_made_and_it_is_said(book, tmp_path, monkeypatch):
    monkeypatch.setattr("vestige.pages.languages.data_folders", list)
    outcome, output, warnings = process(book.capture, tmp_path)
    assert not (output / "text").exists()
    assert any("no text was read" in warning for warning in warnings)
    assert "words" not in outcome.measurements


def test_page_larger_than_memory_is_refused(tmp_path):
    write_image(tmp_path / "a.png", np.full((4000, 4000), 0.5, np.float32), depth=8)
    capture = Capture(frames=[Frame(file="a.png")]).at(tmp_path)
    with pytest.raises(BudgetError, match="16 megapixels"):
        process(capture, tmp_path, language="none", budget=Budget(bytes=10 * 2**20))


def test_boxes_need_an_inside():
    with pytest.raises(UsageError, match="left < right"):
        PagesRecipe.make(values={"crop": [0.5, 0.1, 0.4, 0.9]})


def test_no_frames_at_all(tmp_path):
    with pytest.raises(InputError, match="holds no frame"):
        process(Capture().at(tmp_path), tmp_path)
