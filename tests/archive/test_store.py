"""The folder store: conformance, power cuts, faults at every write, the fallback where trading places fails."""

import errno
import os
from pathlib import Path

import pytest
from ocfl.validator import Validator

from vestige.archive.disk import Disk
from vestige.archive.log import Entry
from vestige.archive.store import FolderStore
from vestige.archive.verification import verify_object
from vestige.errors import OutputError, VestigeError
from vestige.testing.faults import faults
from vestige.testing.store import StoreConformance, put


def ocfl_faults(folder: Path) -> list[str]:
    """What ocfl-py finds wrong with an object."""
    validator = Validator(log_warnings=True)
    return [] if validator.validate_object(str(folder)) else [str(validator)]


class TestFolderStore(StoreConformance):
    def open_store(self, folder: Path, disk: Disk) -> FolderStore:
        store = FolderStore(folder, disk=disk, workers=1)
        store.make()
        store.recover()
        return store

    def check_object(self, store: FolderStore, identifier: str) -> list[str]:
        folder = store.object(identifier)
        return verify_object(folder)[1] + ocfl_faults(folder)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    made = FolderStore(tmp_path / "store", workers=1)
    made.make()
    put(made, "one", {"a.txt": b"first"})
    return made


def _state(store: FolderStore, name: str = "one") -> tuple[list[str], int]:
    fresh = FolderStore(store.folder, workers=1)
    fresh.recover()
    left = [path.name for path in fresh.work.iterdir() if path.name != "lock"]
    assert left == [], "something half-done stays in work/"
    folder = fresh.object(name)
    if not folder.exists():
        return [record.hash for record in fresh.records()], 0
    assert verify_object(folder)[1] == []
    assert ocfl_faults(folder) == []
    return [record.hash for record in fresh.records()], fresh.read(name).inventory.number


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("change", ["append", "put new", "put next"])
def test_every_write_fails_once(store: FolderStore, number: int, change: str) -> None:
    """A typed error, and a store that is as it was, or has the whole change."""
    acts = {
        "append": lambda: store.append([Entry("note")], who="me"),
        "put new": lambda: put(store, f"new {at}", {"b.txt": b"x" * 100}),
        "put next": lambda: put(store, f"next {at}", {"b.txt": b"x" * 100}),
    }
    outcomes = set()
    with faults(store.folder) as disk:
        for at in range(200):
            if change == "put next":
                put(store, f"next {at}", {"a.txt": b"first"})
            name = f"{change.removeprefix('put ')} {at}"
            before = _state(store, name)
            disk.fail(at, number)
            try:
                acts[change]()
            except OutputError as error:
                assert os.strerror(number) in str(error)
                disk.calm()
                after = _state(store, name)
                grown = len(after[0]) - len(before[0])
                assert (grown > 0) == (after[1] != before[1]) or change == "append"
                outcomes.add(grown)
                continue
            disk.calm()
            if not disk.hit:
                break
        else:
            raise AssertionError("the change never went through")
    assert 0 in outcomes


def test_read_only(store: FolderStore) -> None:
    with faults(store.folder) as disk:
        disk.fail_all(errno.EROFS)
        for act in (lambda: store.append([Entry("note")], who="me"), lambda: put(store, "two", {"a": b""})):
            with pytest.raises(OutputError, match="Read-only"):
                act()
        assert store.path("one", "a.txt").read_bytes() == b"first"


def test_a_disk_that_cannot_trade_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vestige.archive.disk._libc", object)

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    store = FolderStore(tmp_path / "store")
    store.make()
    put(store, "one", {"a.txt": b"first"})
    put(store, "one", {"a.txt": b"second"})
    assert store.path("one", "a.txt", 1).read_bytes() == b"first"
    assert store.path("one", "a.txt").read_bytes() == b"second"
    assert ocfl_faults(store.object("one")) == []
    store.recover()
    assert [path.name for path in store.work.iterdir()] == ["lock"]


def test_two_writers_take_turns(store: FolderStore) -> None:
    other = FolderStore(store.folder)
    for number in range(5):
        (store, other)[number % 2].append([Entry("note", {"number": number})], who="me")
    assert [record.sequence for record in store.records()] == list(range(1, 7))
    put(other, "one", {"a.txt": b"second"})
    put(store, "one", {"a.txt": b"third"})
    assert store.read("one").inventory.number == 3


def test_a_staging_folder_in_use_is_left_alone(store: FolderStore) -> None:
    with store._staging() as folder:
        store.append([Entry("note")], who="me")
        assert folder.is_dir()
    (store.work / "stage-dead").mkdir()
    store.append([Entry("note")], who="me")
    assert not (store.work / "stage-dead").exists()


def test_names_that_leave_the_object_are_refused(store: FolderStore) -> None:
    for name in ("../out", "/out", "a/../../out"):
        with pytest.raises((VestigeError, ValueError)):
            put(store, "two", {name: b"x"})
    assert not (store.folder.parent / "out").exists()
