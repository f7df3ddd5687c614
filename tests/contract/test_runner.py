"""Running an operation: whole or not at all, found done, refused in one sentence."""

import fcntl
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vestige.capture import Capture, Frame
from vestige.contract import (
    Budget,
    Context,
    Input,
    Kind,
    Outcome,
    Picture,
    Product,
    execute,
    load_report,
    open_inputs,
    open_product,
    simulate,
)
from vestige.contract.report_page import page
from vestige.errors import InputError, MissingError, OutputError, UsageError
from vestige.imaging import write_image


@pytest.fixture
def capture(toy, tmp_path):
    return simulate(toy, tmp_path / "capture", seed=1)


def run(toy, capture, out, **options):
    return execute(toy, "run", {"capture": [capture]}, None, out, **options)


def with_run(toy, function, **changes):
    """The toy with another way of running."""
    return replace(toy, operations=(replace(toy.operations[0], run=function, **changes),))


def test_foreign_folder_is_left_alone(toy, capture, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "letter.txt").write_text("mine")
    for allowed in (False, True):
        with pytest.raises(OutputError, match=r"not empty|left alone"):
            run(toy, capture, out, replace=allowed)
    assert (out / "letter.txt").read_text() == "mine"


def test_replace_takes_the_place_of_a_result(toy, capture, tmp_path):
    first = run(toy, capture, tmp_path / "out", seed=1)
    second = run(toy, capture, tmp_path / "out", seed=2, replace=True)
    assert first.key != second.key
    assert load_report(tmp_path / "out") == second
    assert sorted(p.name for p in tmp_path.iterdir()) == ["capture", "out"]


def test_out_is_a_file(toy, capture, tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        run(toy, capture, tmp_path / "out")


def test_two_runs_on_one_folder(toy, capture, tmp_path):
    work = tmp_path / ".out.vestige"
    work.mkdir()
    with open(work / "lock", "a+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="another run"):
            run(toy, capture, tmp_path / "out")


def test_a_failed_run_leaves_no_output_and_the_next_goes_on(toy, capture, tmp_path):
    calls = []

    def half(inputs, recipe, context):
        context.part("first", lambda: calls.append(1))
        raise InputError("frame_2.tif", "is broken")

    with pytest.raises(InputError):
        run(with_run(toy, half), capture, tmp_path / "out")
    assert not (tmp_path / "out").exists()

    def whole(inputs, recipe, context):
        context.part("first", lambda: calls.append(1))
        return toy.operations[0].run(inputs, recipe, context)

    run(with_run(toy, whole), capture, tmp_path / "out")
    assert calls == [1]


def test_another_recipe_does_not_take_old_parts(toy, capture, tmp_path):
    def fail(inputs, recipe, context):
        context.part("value", lambda: recipe.gain)
        raise InputError("x", "is broken")

    with pytest.raises(InputError):
        run(with_run(toy, fail), capture, tmp_path / "out")
    seen = []

    def look(inputs, recipe, context):
        seen.append(context.part("value", lambda: recipe.gain))
        return toy.operations[0].run(inputs, recipe, context)

    strong = toy.operations[0].recipe.make("strong")
    execute(with_run(toy, look), "run", {"capture": [capture]}, strong, tmp_path / "out")
    assert seen == [2.0]


def test_disk_full_is_one_sentence(toy, capture, tmp_path):
    def full(inputs, recipe, context):
        raise OSError(28, "No space left on device", str(context.output / "image.tif"))

    with pytest.raises(OutputError, match="No space left on device"):
        run(with_run(toy, full), capture, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_product_that_is_not_its_kind_is_not_published(toy, capture, tmp_path):
    def lie(inputs, recipe, context):
        (context.output / "image.tif").write_bytes(b"no picture at all")
        return Outcome([Product("image", Kind.IMAGE, Path("image.tif"))])

    with pytest.raises(InputError, match=r"image\.tif"):
        run(with_run(toy, lie), capture, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_undeclared_or_missing_product_is_a_fault_of_the_technique(toy, capture, tmp_path):
    with pytest.raises(AssertionError, match="made no product 'image'"):
        run(with_run(toy, lambda i, r, c: Outcome([])), capture, tmp_path / "out")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "needs an input 'capture'"),
        ({"capture": []}, "needs an input 'capture'"),
        ({"capture": [Capture(frames=[Frame(file="a")])] * 2}, "one is needed, 2"),
        ({"nonsense": [Capture()]}, "takes no input 'nonsense'"),
        ({"capture": [Product("m", Kind.MODEL, Path("m.onnx"))]}, "a capture is needed"),
    ],
)
def test_wrong_inputs(toy, tmp_path, given, words):
    with pytest.raises(UsageError, match=words):
        execute(toy, "run", given, None, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_missing_axis_names_the_frame(toy, capture, tmp_path):
    wanting = with_run(toy, toy.operations[0].run, inputs=(Input(axes=("wavelength",)),))
    with pytest.raises(InputError, match=r"0\.tif has no wavelength"):
        run(wanting, capture, tmp_path / "out")


def test_open_product_by_folder_file_and_kind(toy, capture, tmp_path):
    run(toy, capture, tmp_path / "out")
    assert open_product(tmp_path / "out", Kind.IMAGE).name == "image"
    assert open_product(tmp_path / "out" / "image.tif", Kind.IMAGE).name == "image"
    write_image(tmp_path / "other.tif", np.zeros((4, 4), np.float32))
    assert open_product(tmp_path / "other.tif", Kind.IMAGE).name == "other"
    with pytest.raises(InputError, match="holds 0 products of kind 'mesh'"):
        open_product(tmp_path / "out", Kind.MESH)


def test_several_frames_make_one_capture(toy, capture):
    frames = [capture.path(frame) for frame in capture.frames]
    (made,) = open_inputs(toy.operation("run"), frames)["capture"]
    assert len(made.frames) == len(frames)


def test_the_page_escapes_what_came_from_outside(toy, capture, tmp_path):
    report = run(toy, capture, tmp_path / "out")
    hostile = report.model_copy(
        update={"title": "<script>alert(1)</script>", "warnings": ['<img src=x onerror="x">']}
    )
    text = page(hostile, [Picture("<b>", np.zeros((4, 4, 3), np.uint8))])
    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_report_holds_no_nan(toy, capture, tmp_path):
    def nan(inputs, recipe, context):
        outcome = toy.operations[0].run(inputs, recipe, context)
        return replace(
            outcome,
            measurements={"x": float("nan"), "y": np.float32(1)},
            frames=[{"z": np.array([1, np.inf])}],
        )

    run(with_run(toy, nan), capture, tmp_path / "out")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["measurements"] == {"x": None, "y": 1.0}
    assert report["frames"] == [{"z": [1.0, None]}]


def test_budget_caps_the_libraries(toy, capture, tmp_path):
    import cv2
    import numba

    seen = []

    def look(inputs, recipe, context):
        seen.append((cv2.getNumThreads(), numba.get_num_threads()))
        return toy.operations[0].run(inputs, recipe, context)

    before = cv2.getNumThreads()
    run(with_run(toy, look), capture, tmp_path / "out", budget=Budget(cores=1))
    assert seen == [(1, 1)]
    assert cv2.getNumThreads() == before


def test_an_extra_that_is_not_installed_is_named_before_the_work(toy, capture, tmp_path, monkeypatch):
    needing = with_run(toy, toy.operations[0].run, extra="learn")
    monkeypatch.setattr("vestige.contract.runner.missing_extra", lambda extra: ["torch", "onnx"])
    with pytest.raises(MissingError, match=r"toy run needs torch and onnx: pip install 'vestige\[learn\]'"):
        run(needing, capture, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_seed_is_all_that_chance_knows(tmp_path):
    draws = [Context(tmp_path / str(n), seed=s).random(4).random() for n, s in enumerate((1, 1, 2))]
    assert draws[0] == draws[1] != draws[2]
