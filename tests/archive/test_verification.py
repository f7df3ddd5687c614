"""Every changed bit is found, wherever it lies; a verification that was stopped goes on."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vestige.archive import Archive, add, verify

Make = Callable[..., Path]


@pytest.fixture
def filled(archive: Archive, capture_folder: Make, result_folder: Make) -> Archive:
    for number in range(3):
        folder = capture_folder(f"c{number}", f"MS {number}", seed=number)
        add(archive, folder)
        add(archive, result_folder(folder, f"r{number}", text=f"{number}\n"))
    archive.annotate("MS 1", {"text": "torn"})
    return archive


def _files(archive: Archive) -> list[Path]:
    parts = [archive.folder / name for name in ("ocfl", "log", "archive.json")]
    found = [
        path for part in parts for path in ([part] if part.is_file() else part.rglob("*")) if path.is_file()
    ]
    return sorted(found)


def test_a_whole_archive(filled: Archive) -> None:
    found = verify(filled)
    assert (found.problems, found.objects, found.done) == ([], 3, True)
    assert found.bytes > 3000
    assert not (filled.store.work / "verify.json").exists()


def test_each_flipped_bit_is_found(filled: Archive) -> None:
    chance = random.Random(11)
    files = _files(filled)
    assert len(files) > 60
    for path in [*files, *chance.choices(files, k=60)]:
        good = path.read_bytes()
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        path.write_bytes(bad)
        problems = verify(filled, again=True).problems
        assert problems, f"a bit of {path} changed unseen"
        assert all("\n" not in problem for problem in problems)
        path.write_bytes(good)
    assert verify(filled, again=True).problems == []


@pytest.mark.parametrize("fault", ["remove", "truncate", "stray", "lost object", "double", "older"])
def test_what_is_missing_or_too_much(filled: Archive, fault: str) -> None:
    chance = random.Random(3)
    files = [path for path in _files(filled) if "content" in path.parts]
    objects = sorted(path.parent for path in filled.store.ocfl.rglob("0=ocfl_object_1.1"))
    match fault:
        case "remove":
            chance.choice(files).unlink()
        case "truncate":
            path = chance.choice(files)
            path.write_bytes(path.read_bytes()[:-1])
        case "stray":
            (chance.choice(files).parent / "Thumbs.db").write_bytes(b"x")
        case "lost object":
            shutil.rmtree(objects[1])
        case "double":
            shutil.copytree(objects[0], filled.store.ocfl / "00" / "00" / ("0" * 64))
        case "older":
            shutil.rmtree(objects[0] / "v2")
            for name in ("inventory.json", "inventory.json.sha512"):
                shutil.copyfile(objects[0] / "v1" / name, objects[0] / name)
    assert verify(filled).problems


def test_stopped_and_gone_on_with(filled: Archive) -> None:
    victim = sorted(filled.store.ocfl.rglob("frame 0.tif"))[0]
    victim.write_bytes(victim.read_bytes()[:-1] + b"!")
    calls: list[int] = []

    def stop() -> bool:
        calls.append(1)
        return len(calls) == 2

    def press(done: float, total: float, label: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verify(filled, progress=press)
    first = verify(filled, cancelled=stop)
    assert (first.done, first.objects) == (False, 2)
    second = verify(filled)
    assert (second.done, second.objects) == (True, 3)
    assert len(second.problems) == 1
    assert verify(filled, again=True).problems == second.problems


def test_a_damaged_note_begins_anew(filled: Archive) -> None:
    (filled.store.work / "verify.json").write_text("{}")
    assert verify(filled).objects == 3
