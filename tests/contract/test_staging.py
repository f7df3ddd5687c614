"""Where results go: never over what a person needs, one run at a time, nothing left behind."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vestige.capture import OpenCapture, open_capture
from vestige.contract import Input, Outcome, execute, load_report, simulate
from vestige.errors import InputError, OutputError
from vestige.imaging import write_image

from .test_runner import run, with_run


@pytest.fixture
def capture(toy, tmp_path):
    return simulate(toy, tmp_path / "capture", seed=1)


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("capture", "is the input itself"),
        (".", "folder you are in"),
        ("..", "folder you are in"),
        ("link", "is the input"),
    ],
)
def test_places_that_cost_something_are_refused(toy, capture, tmp_path, monkeypatch, out, words):
    (tmp_path / "link").symlink_to("capture")
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    for allowed in (False, True):
        with pytest.raises(OutputError, match=words):
            run(toy, capture, Path(out), replace=allowed)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_holds_the_input_is_refused(toy, capture, tmp_path):
    run(toy, capture, tmp_path / "out")
    product = open_capture(tmp_path / "out" / "image.tif")
    with pytest.raises(OutputError, match="is the input itself"):
        run(toy, product, tmp_path / "out", replace=True)


def test_a_note_beside_an_older_result_is_not_lost(toy, capture, tmp_path):
    run(toy, capture, tmp_path / "out")
    (tmp_path / "out" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds notes\.txt"):
        run(toy, capture, tmp_path / "out", seed=2, replace=True)
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"


def test_a_link_to_another_disk_stays_a_link(toy, capture, tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    run(toy, capture, tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert (tmp_path / "disk" / "report.json").is_file()
    assert sorted(item.name for item in tmp_path.iterdir()) == ["capture", "disk", "out"]


def test_out_may_lie_within_the_input_and_have_any_name(toy, capture):
    out = capture.root / "Käfer & Blätter" / "…"
    run(toy, capture, out)
    assert load_report(out).title == "capture"
    assert len(open_capture(capture.root).frames) == 4


def test_a_result_that_was_changed_is_not_found_done(toy, capture, tmp_path):
    run(toy, capture, tmp_path / "out")
    write_image(tmp_path / "out" / "image.tif", np.zeros((4, 4), np.float32), depth=8)
    with pytest.raises(OutputError, match="not empty"):
        run(toy, capture, tmp_path / "out")
    report = run(toy, capture, tmp_path / "out", replace=True)
    assert (tmp_path / "out" / "image.tif").stat().st_size == report.products[0].bytes


def test_a_failure_without_finished_parts_leaves_nothing(toy, capture, tmp_path):
    def broken(inputs, recipe, context):
        (context.output / "half.tif").write_bytes(b"half")
        raise InputError("0.tif", "is broken")

    with pytest.raises(InputError):
        run(with_run(toy, broken), capture, tmp_path / "out")
    assert [item.name for item in tmp_path.iterdir()] == ["capture"]


def test_half_files_of_a_killed_run_are_not_published(toy, capture, tmp_path):
    def killed(inputs, recipe, context):
        context.part("one", lambda: 1)
        (context.output / "image.tif.half").write_bytes(b"half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(with_run(toy, killed), capture, tmp_path / "out")
    assert (tmp_path / ".out.vestige" / "output" / "image.tif.half").exists()
    run(toy, capture, tmp_path / "out")
    assert sorted(item.name for item in (tmp_path / "out").iterdir()) == [
        "image.tif",
        "report.html",
        "report.json",
    ]


def test_disk_refuses_at_the_last_step_and_the_older_result_is_as_it_was(toy, capture, tmp_path, monkeypatch):
    first = run(toy, capture, tmp_path / "out", seed=1)
    rename = Path.rename

    def refuse(self, target):
        if self.name == "output":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="No space left"):
        run(toy, capture, tmp_path / "out", seed=2, replace=True)
    monkeypatch.undo()
    assert load_report(tmp_path / "out") == first
    assert run(toy, capture, tmp_path / "out", seed=2, replace=True).seed == 2
    assert sorted(item.name for item in tmp_path.iterdir()) == ["capture", "out"]


def test_frames_still_arriving_are_refused_unless_the_operation_takes_them(toy, capture, tmp_path):
    growing = OpenCapture(capture.root)
    write_image(capture.root / "9.tif", np.zeros((48, 48, 3), np.float32), depth=8)
    growing.append(growing.capture.frames[0].model_copy(update={"file": "9.tif"}))
    arriving = open_capture(capture.root)
    assert len(arriving.frames) == 5
    with pytest.raises(
        InputError, match="still open: frames are arriving: close it with vestige capture seal"
    ):
        run(toy, arriving, tmp_path / "out")
    patient = with_run(toy, toy.operations[0].run, inputs=(Input(accepts_open=True),))
    assert run(patient, arriving, tmp_path / "out").inputs[0].blake3 == arriving.digest()
    growing.seal()
    run(toy, open_capture(capture.root), tmp_path / "sealed")


def test_a_frame_changed_since_it_was_sealed_is_named(toy, capture, tmp_path):
    OpenCapture(capture.root).seal()
    (capture.root / "2.tif").write_bytes((capture.root / "1.tif").read_bytes())
    with pytest.raises(InputError, match=r"2\.tif has changed since it was recorded"):
        run(toy, open_capture(capture.root), tmp_path / "out")


def test_values_for_a_frame_that_is_not_there_are_told(toy, capture, tmp_path):
    recipe = toy.operations[0].recipe.make(
        values={"overrides": {"0.tif": {"gain": 2}, "zero.tif": {"gain": 2}}}
    )
    report = execute(toy, "run", {"capture": [capture]}, recipe, tmp_path / "out")
    assert report.warnings == ["overrides name 'zero.tif', which is no frame of the input"]


def test_threads_asked_for_before_are_asked_for_after(toy, capture, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("VIPS_CONCURRENCY", raising=False)
    seen = []

    def look(inputs, recipe, context):
        seen.append((os.environ["OMP_NUM_THREADS"], os.environ["VIPS_CONCURRENCY"]))
        return toy.operations[0].run(inputs, recipe, context)

    run(with_run(toy, look), capture, tmp_path / "out")
    assert seen == [("2", "2")]
    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "VIPS_CONCURRENCY" not in os.environ


def test_an_operation_may_make_nothing_but_what_it_says(toy, capture, tmp_path):
    def more(inputs, recipe, context):
        outcome = toy.operations[0].run(inputs, recipe, context)
        return Outcome(
            [
                *outcome.products,
                outcome.products[0].__class__("second", outcome.products[0].kind, Path("image.tif")),
            ]
        )

    with pytest.raises(AssertionError, match="does not declare"):
        run(with_run(toy, more), capture, tmp_path / "out")


KILLED = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from toy import toy
from vestige.contract import simulate

def half(recipe, folder, seed):
    (folder / "half.tif").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)

simulate(replace(toy, forward=replace(toy.forward, make=half)), Path(sys.argv[2]))
"""


def test_what_a_killed_simulation_left_is_cleared_by_the_next(toy, tmp_path):
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(tmp_path / "in")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert (tmp_path / ".in.vestige" / "capture" / "half.tif").exists()
    (tmp_path / ".in.vestige.0a1b2c3d").mkdir()
    simulate(toy, tmp_path / "in")
    assert [item.name for item in tmp_path.iterdir()] == ["in"]
    assert not list((tmp_path / "in").glob("half*"))


def test_a_simulation_that_fails_leaves_nothing(toy, tmp_path):
    def fail(recipe, folder, seed):
        (folder / "half.tif").write_bytes(b"half")
        raise InputError("scene", "cannot be")

    with pytest.raises(InputError):
        simulate(replace(toy, forward=replace(toy.forward, make=fail)), tmp_path / "in")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(OutputError, match="is not empty"):
        simulate(toy, tmp_path / "full")
