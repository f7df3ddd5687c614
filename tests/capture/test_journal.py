"""Open captures: several may append, looking never writes, a full disk costs nothing that was kept."""

import subprocess
import sys

import pytest

from vestige.capture import JOURNAL, MANIFEST, Capture, Frame, OpenCapture, open_capture, read_open, save
from vestige.capture import journal as journal_module
from vestige.errors import InputError, OutputError, VestigeError
from vestige.testing import mutants


@pytest.fixture
def folder(tmp_path):
    for number in range(40):
        (tmp_path / f"{number}.tif").write_bytes(b"pixels")
    return tmp_path


def test_looking_never_writes(folder):
    OpenCapture(folder).append(Frame(file="0.tif"))
    with open(folder / JOURNAL, "ab") as stream:
        stream.write(b'{"file": "1.t')
    before = (folder / JOURNAL).read_bytes()
    assert [frame.file for frame in open_capture(folder).frames] == ["0.tif"]
    assert open_capture(folder).growing
    assert (folder / JOURNAL).read_bytes() == before


def test_two_cameras_append_at_once(folder):
    program = (
        "import sys; from vestige.capture import Frame, OpenCapture\n"
        f"growing = OpenCapture({str(folder)!r})\n"
        "for number in range(int(sys.argv[1]), 40, 2): growing.append(Frame(file=f'{number}.tif'))"
    )
    cameras = [subprocess.Popen([sys.executable, "-c", program, str(start)]) for start in (0, 1)]
    assert [camera.wait(60) for camera in cameras] == [0, 0]
    assert sorted(int(frame.file[:-4]) for frame in open_capture(folder).frames) == list(range(40))


def test_one_camera_sees_what_the_other_took(folder):
    left, right = OpenCapture(folder), OpenCapture(folder)
    left.append(Frame(file="0.tif"))
    with pytest.raises(InputError, match="already"):
        right.append(Frame(file="0.tif"))
    right.append(Frame(file="1.tif"))
    assert [frame.file for frame in left.seal().frames] == ["0.tif", "1.tif"]
    with pytest.raises(InputError, match="is sealed"):
        right.append(Frame(file="2.tif"))
    assert not (folder / JOURNAL).exists()


def test_a_full_disk_leaves_the_journal_as_it_was(folder, monkeypatch):
    growing = OpenCapture(folder)
    growing.append(Frame(file="0.tif"))

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal_module.os, "fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        growing.append(Frame(file="1.tif"))
    monkeypatch.undo()
    growing.append(Frame(file="1.tif"))
    assert [frame.file for frame in open_capture(folder).frames] == ["0.tif", "1.tif"]


def test_a_seal_that_fails_leaves_no_journal(folder):
    save(Capture(frames=[Frame(file="missing.tif")]).at(folder), folder)
    with pytest.raises(InputError, match=r"cannot be sealed: missing\.tif is missing"):
        OpenCapture(folder).seal()
    assert not (folder / JOURNAL).exists()
    assert not open_capture(folder).growing


def test_a_manifest_alone_is_open_and_does_not_grow(folder):
    save(Capture(frames=[Frame(file="0.tif")]).at(folder), folder)
    assert open_capture(folder).state == "open"
    assert not open_capture(folder).growing
    assert read_open(folder).frames == open_capture(folder / MANIFEST).frames


@pytest.mark.parametrize("name", ["../secret.tif", "/etc/passwd"])
def test_a_journal_that_leaves_its_folder_is_refused(folder, name):
    (folder / JOURNAL).write_text(f'{{"file": "{name}"}}\n')
    with pytest.raises(InputError, match="damaged line 1"):
        open_capture(folder)


@pytest.mark.parametrize(
    "line", ['{"settings": ' + "[" * 100_000, '{"file": "a", "settings": {"x": ' + "9" * 5000 + "}}"]
)
def test_deep_nesting_and_long_numbers(folder, line):
    (folder / JOURNAL).write_text(line + "\n")
    with pytest.raises(InputError, match="damaged line 1"):
        open_capture(folder)


def test_mutants_of_a_journal(folder):
    growing = OpenCapture(folder)
    for number in range(3):
        growing.append(Frame(file=f"{number}.tif"))
    good = (folder / JOURNAL).read_bytes()
    for mutant in mutants(good, 300):
        (folder / JOURNAL).write_bytes(mutant)
        try:
            open_capture(folder)
        except VestigeError as error:
            assert "\n" not in str(error)
            assert JOURNAL in str(error)
