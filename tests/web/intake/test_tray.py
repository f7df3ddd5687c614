"""Whatever is killed between two steps of taking in: what arrived is there, once."""

import contextlib
import os
import subprocess
import sys
import time

import pytest

from vestige.archive import Archive, search
from vestige.errors import UsageError
from vestige.web.bench import Bench
from vestige.web.intake.tray import Offset, Tray


def fill(tray, frames):
    for name, data in frames.items():
        tray.take_piece(name, len(data), 0, 0, data)


class Killed(BaseException):
    """The power went."""


@pytest.mark.parametrize("step", range(1, 12))
def test_a_cut_at_any_step_loses_no_piece(tmp_path, frames, monkeypatch, step):
    tray, (name, data) = Tray.begin(tmp_path / "desk"), next(iter(frames.items()))
    half = len(data) // 2
    assert not tray.take_piece(name, len(data), 0, 0, data[:half])
    calls = iter(range(1, 1000))
    original = os.fsync

    def cut(handle):
        if next(calls) == step:
            raise Killed
        original(handle)

    monkeypatch.setattr(os, "fsync", cut)
    with contextlib.suppress(Killed):
        tray.take_piece(name, len(data), 0, half, data[half:])
    monkeypatch.undo()
    later = Tray.of(tmp_path / "desk", tray.key)
    later.mend()
    try:
        later.take_piece(name, len(data), 0, half, data[half:])
    except Offset as error:
        assert later.take_piece(name, len(data), 0, error.offset, data[error.offset :])
    assert [frame.file for frame in later.files()] == ["frames/frame_1_1.5mm.png"]
    assert (later.folder / "frames/frame_1_1.5mm.png").read_bytes() == data
    assert later.parts() == []


def test_taking_in_is_finished_after_a_kill_and_done_once(museum, frames):
    bench = Bench(museum)
    tray = Tray.begin(bench.open_captures, values={"identifier": "Coin 7"})
    fill(tray, frames)
    tray.change(state="taking")
    bench.porter.carry(tray)
    tray.keep(
        tray.state().model_copy(update={"state": "taking", "taken": None})
    )  # killed before it was noted
    fill_again = Tray.of(bench.open_captures, tray.key)
    (fill_again.folder / "frames").mkdir()
    (fill_again.folder / "parts").mkdir()
    fill_again.keep(fill_again.state().model_copy(update={"state": "open"}))
    fill(fill_again, frames)
    bench.porter.carry(fill_again)
    assert fill_again.state().taken.new is False
    assert (
        len(search.captures_of(bench.archive.engine, search.find(bench.archive.engine, "Coin 7")["id"])) == 1
    )
    bench.close()


SERVE = """
import sys, time
from vestige.web.bench import Bench
bench = Bench(sys.argv[1])
print("there", flush=True)
bench.porter.open()
time.sleep(60)
"""


def test_a_killed_server_goes_on_taking_in(museum, frames):
    bench = Bench(museum)
    tray = Tray.begin(bench.open_captures, values={"identifier": "Coin 7"})
    fill(tray, frames)
    tray.change(state="taking")
    bench.close()
    for pause in (0.005, 0.03, 0.06, 30):
        process = subprocess.Popen([sys.executable, "-c", SERVE, museum], stdout=subprocess.PIPE)
        process.stdout.readline()
        end = time.monotonic() + pause
        while time.monotonic() < end and tray.state().state != "done":
            time.sleep(0.005)
        process.kill()
        process.communicate()
    assert tray.state().state == "done"
    with Archive(museum) as archive:
        assert archive.show("Coin 7")["captures"][0]["frames"] == 4


def test_what_was_taken_in_does_not_change(museum, frames):
    bench = Bench(museum)
    tray = Tray.begin(bench.open_captures, values={"identifier": "Coin 7"})
    fill(tray, frames)
    tray.change(state="taking")
    bench.porter.carry(tray)
    with pytest.raises(UsageError, match="taken in"):
        tray.change(technique="focus")
    with pytest.raises(UsageError, match="no more files"):
        tray.take_piece("b.png", 3, 0, 0, b"abc")
    bench.close()


def test_a_full_disk_is_one_sentence(tmp_path, frames, monkeypatch):
    from vestige.errors import OutputError
    from vestige.web.intake import tray as module

    tray, (name, data) = Tray.begin(tmp_path), next(iter(frames.items()))
    usage = type("Usage", (), {"free": 10})
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(OutputError, match="no room"):
        tray.take_piece(name, len(data), 0, 0, data)
