"""Captures: manifest, selection, digests, sealing, journal."""

import json
from pathlib import Path

import pytest

from vestige.capture import (
    JOURNAL,
    MANIFEST,
    Capture,
    Frame,
    OpenCapture,
    check,
    coordinates,
    load_manifest,
    open_capture,
    save,
    seal,
)
from vestige.capture.durable import publish_folder, write_atomically
from vestige.errors import InputError, OutputError, VestigeError
from vestige.testing import mutants


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in (1, 2, 10):
        (tmp_path / f"f{number}.tif").write_bytes(f"frame {number}".encode())
    return tmp_path


def made(folder: Path) -> Capture:
    frames = [Frame(file=f"f{n}.tif", coordinates=coordinates(focus=n / 2)) for n in (1, 2, 10)]
    return Capture(frames=frames).at(folder)


def test_round_trip(folder):
    save(made(folder), folder)
    again = load_manifest(folder / MANIFEST)
    assert again == made(folder)
    assert [f.number("focus") for f in again.sorted_by("focus")] == [0.5, 1.0, 5.0]


def test_digest_follows_bytes_and_words(folder):
    before = made(folder).digest()
    assert made(folder).digest() == before
    (folder / "f1.tif").write_bytes(b"other")
    assert made(folder).digest() != before


def test_sealed_never_changes(folder):
    sealed = seal(made(folder))
    save(sealed, folder)
    assert check(sealed) == []
    with pytest.raises(InputError, match="sealed"):
        save(made(folder), folder)
    with pytest.raises(InputError, match="sealed"):
        OpenCapture(folder)
    (folder / "f2.tif").write_bytes(b"changed")
    assert check(sealed) == ["f2.tif has changed since it was recorded"]


def test_supersedes_leaves_the_older_file(folder):
    capture = made(folder)
    capture.frames.append(Frame(file="f2b.tif", supersedes="f2.tif"))
    assert "f2.tif" not in [frame.file for frame in capture.select()]
    assert (folder / "f2.tif").exists()


def test_frames_listed_twice_are_refused():
    with pytest.raises(ValueError, match="listed twice"):
        Capture(frames=[Frame(file="a"), Frame(file="a")])


@pytest.mark.parametrize("name", ["/etc/passwd", "../secret.tif", "a/../../b.tif"])
def test_paths_that_leave_the_folder_are_refused(tmp_path, name):
    (tmp_path / MANIFEST).write_text(json.dumps({"frames": [{"file": name}]}))
    with pytest.raises(InputError, match="outside its own folder"):
        load_manifest(tmp_path / MANIFEST)


@pytest.mark.parametrize(
    "text",
    ['{"settings": {"x": ' + "9" * 1_000_000 + "}}", '{"settings": {"x": ' + "[" * 100_000, '{"frames": [{"file": ""}]}',
     '{"frames": [{"file": "a\\u0000b"}]}', '{"notes": ["\\ud800"]}', "\ufeff{}", "[]", "null", ""],
)  # fmt: skip
def test_manifests_of_strangers_are_one_sentence(tmp_path, text):
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(InputError, match="is no valid manifest") as caught:
        load_manifest(tmp_path / MANIFEST)
    assert len(str(caught.value)) < 400


def test_a_long_manifest_with_a_double_is_told_at_once():
    names = [f"{number}.tif" for number in range(50_000)]
    with pytest.raises(ValueError, match=r"frame 7\.tif is listed twice"):
        Capture.model_validate({"frames": [{"file": name} for name in [*names, "7.tif"]]})


def test_a_recorded_digest_is_checked_not_trusted(folder):
    capture = seal(made(folder))
    digest = capture.digest()
    assert made(folder).digest() == digest
    (folder / "f10.tif").write_bytes(b"changed")
    with pytest.raises(InputError, match=r"f10\.tif has changed since it was recorded"):
        capture.digest()


def test_publishing_takes_the_place_of_an_older_folder(tmp_path):
    for name in ("older", "newer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
    publish_folder(tmp_path / "newer", tmp_path / "older")
    assert (tmp_path / "older" / "x").read_text() == "newer"
    assert [item.name for item in tmp_path.iterdir()] == ["older"]


def test_mutants_of_a_manifest_are_one_sentence(folder):
    save(made(folder), folder)
    path = folder / MANIFEST
    for mutant in mutants(path.read_bytes(), 300):
        path.write_bytes(mutant)
        try:
            load_manifest(path)
        except VestigeError as error:
            assert str(path) in str(error)
            assert "\n" not in str(error)


def test_journal_keeps_each_frame_at_once(folder):
    growing = OpenCapture(folder)
    for name in ("f1.tif", "f2.tif"):
        growing.append(Frame(file=name))
    assert [frame.file for frame in open_capture(folder).frames] == ["f1.tif", "f2.tif"]
    with pytest.raises(InputError, match="already"):
        growing.append(Frame(file="f1.tif"))
    with pytest.raises(InputError, match="not in the folder"):
        growing.append(Frame(file="f3.tif"))
    sealed = OpenCapture(folder).seal()
    assert not (folder / JOURNAL).exists()
    assert open_capture(folder).state == "sealed"
    assert len(sealed.frames) == 2


def test_a_line_cut_by_a_power_cut_is_dropped(folder):
    growing = OpenCapture(folder)
    growing.append(Frame(file="f1.tif"))
    with open(folder / JOURNAL, "ab") as stream:
        stream.write(b'{"file": "f2.t')
    again = OpenCapture(folder)
    assert [frame.file for frame in again.capture.frames] == ["f1.tif"]
    again.append(Frame(file="f10.tif"))
    assert [frame.file for frame in OpenCapture(folder).capture.frames] == ["f1.tif", "f10.tif"]


def test_a_damaged_line_in_the_middle_is_told(folder):
    growing = OpenCapture(folder)
    growing.append(Frame(file="f1.tif"))
    data = (folder / JOURNAL).read_bytes()
    (folder / JOURNAL).write_bytes(b"\x00garbage\n" + data)
    with pytest.raises(InputError, match="damaged line 1"):
        OpenCapture(folder)


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.json"
    write_atomically(path, b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OutputError, match="No space left"):
        write_atomically(path, b"new")
    monkeypatch.undo()
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["x.json"]


def test_schema_is_published():
    schema = Capture.model_json_schema()
    assert "frames" in schema["properties"]
