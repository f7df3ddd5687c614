"""The conformance suite of a store: what every archive store must do, power cuts included.

::

    class TestFolderStore(StoreConformance):
        def open_store(self, folder, disk):
            store = FolderStore(folder, disk=disk, workers=1)
            store.make()
            store.recover()
            return store
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from vestige.archive.disk import Disk
from vestige.archive.inventory import Read
from vestige.archive.log import Entry, Record
from vestige.archive.staging import Source, Staged
from vestige.archive.store import Change, Store, Version
from vestige.errors import InputError, VestigeError
from vestige.testing.forgetful import ForgetfulDisk, PowerCut

Opener = Callable[[Path, Disk], Store]

_NAMES = st.sampled_from(["one", "two", "three"])
_BYTES = st.binary(max_size=40)
_CUTS = st.one_of(st.none(), st.integers(0, 60))


def put(store: Store, identifier: str, files: dict[str, bytes], *, extra: int = 0) -> list[Record]:
    """Keep small files as the next version of an object, told by `extra` notes and one record."""

    def tell(version: Version) -> Sequence[Entry]:
        body = {"inventory": version.digest, "version": version.inventory.number}
        notes = [Entry("note", {"number": number}) for number in range(extra)]
        return [*notes, Entry("kept", body, object=identifier)]

    def change(_staged: Staged) -> Change:
        return Change(identifier, [], tell)

    return store.put([Source(path, data) for path, data in files.items()], change, who="conformance")


class StoreConformance:
    """Subclass it and say how a store is opened in a folder on a disk; a second opening recovers."""

    #: How many histories the state machine tries, and how long each may be.
    histories = 30
    steps = 12

    def open_store(self, folder: Path, disk: Disk) -> Store:
        """Open the store under test, made and recovered."""
        raise NotImplementedError

    def check_object(self, store: Store, identifier: str) -> Iterable[str]:
        """What is wrong with an object as it lies on the disk; an oracle of its own is welcome."""
        store.read(identifier)
        return ()

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        """An empty store on a real disk."""
        return self.open_store(tmp_path / "store", Disk())

    def test_records_come_back_in_order(self, store: Store) -> None:
        """Numbers without gaps, each with the hash of the one before."""
        store.append([Entry("a"), Entry("b")], who="me")
        store.append([Entry("c", {"x": "ä"})], who="me")
        found = list(store.records())
        assert [record.kind for record in found][-3:] == ["a", "b", "c"]
        assert [record.sequence for record in found] == list(range(1, len(found) + 1))
        assert all(one.hash == two.previous for one, two in pairwise(found))
        assert list(store.records(after=found[-2].sequence, previous=found[-2].hash)) == found[-1:]
        assert store.last() == found[-1]

    def test_versions_never_change(self, store: Store) -> None:
        """A later version lays its files over; the earlier ones stay as they were."""
        put(store, "one", {"a.txt": b"first", "b/c.txt": b"same"})
        put(store, "one", {"a.txt": b"second"})
        assert store.path("one", "a.txt").read_bytes() == b"second"
        assert store.path("one", "a.txt", version=1).read_bytes() == b"first"
        assert store.path("one", "b/c.txt").read_bytes() == b"same"
        assert list(self.check_object(store, "one")) == []

    def test_what_is_not_there_is_named(self, store: Store) -> None:
        """No object, no file, no version: one sentence."""
        put(store, "one", {"a.txt": b"first"})
        for identifier, file, version in (("none", "a", None), ("one", "b.txt", None), ("one", "a.txt", 7)):
            with pytest.raises(InputError, match=r"^(none|one) "):
                store.path(identifier, file, version)

    def test_a_source_that_fails_leaves_nothing(self, store: Store, tmp_path: Path) -> None:
        """A missing or changed source: the store is as it was."""
        before = list(store.records())
        (tmp_path / "a").write_bytes(b"other")
        for source in (Source("a", tmp_path / "none"), Source("a", tmp_path / "a", blake3="0" * 64)):
            with pytest.raises(InputError):
                store.put([Source("b", b"good"), source], lambda _: Change("one", [], lambda _: []), who="me")
            with pytest.raises(InputError):
                store.read("one")
        assert list(store.records()) == before

    def test_power_cuts(self) -> None:
        """Whatever was acknowledged is there after a power cut at any moment, and nothing is half there."""
        checks = {"opener": staticmethod(self.open_store), "check": staticmethod(self.check_object)}
        machine = type("StoreMachine", (_StoreMachine,), checks)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=self.histories,
                stateful_step_count=self.steps,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )


class _StoreMachine(RuleBasedStateMachine):
    """A store on a forgetful disk, beside a model of what it must hold."""

    opener: Opener
    check: Callable[[Store, str], Iterable[str]]

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        folder = Path(self.temporary.name, "disk")
        self.disk = ForgetfulDisk(folder, seed=7)
        self.store = type(self).opener(folder, self.disk)
        self.records = list(self.store.records())
        self.versions: dict[str, list[dict[str, bytes]]] = {}

    def teardown(self) -> None:
        self.temporary.cleanup()

    @rule(count=st.integers(1, 3), cut=_CUTS)
    def append(self, count: int, cut: int | None) -> None:
        entries = [Entry("note", {"number": number}) for number in range(count)]
        self._change(lambda: self.store.append(entries, who="me"), cut, "", {})

    @rule(name=_NAMES, data=_BYTES, path=_NAMES, extra=st.integers(0, 2), cut=_CUTS)
    def put(self, name: str, data: bytes, path: str, extra: int, cut: int | None) -> None:
        files = {f"folder/{path}": data}
        self._change(lambda: put(self.store, name, files, extra=extra), cut, name, files)

    @rule()
    def cut(self) -> None:
        self.disk.power_cut()
        self._reopen("", {})

    def _change(
        self, act: Callable[[], list[Record]], cut: int | None, name: str, files: dict[str, bytes]
    ) -> None:
        self.disk.cut_after(cut)
        try:
            made = act()
        except PowerCut:
            self.disk.power_cut()
            self._reopen(name, files)
            return
        self.disk.cut_after(None)
        self.records += made
        if name:
            self.versions.setdefault(name, []).append(files)

    def _reopen(self, name: str, files: dict[str, bytes]) -> None:
        """After a cut: all that was acknowledged, and of the change in hand a beginning or all."""
        self.store = type(self).opener(self.disk.root, self.disk)
        found = list(self.store.records())
        assert found[: len(self.records)] == self.records, "an acknowledged record is lost"
        new = found[len(self.records) :]
        self.records = found
        if name and any(record.kind == "kept" for record in new):
            self.versions.setdefault(name, []).append(files)

    @invariant()
    def holds_what_was_kept(self) -> None:
        for name, versions in self.versions.items():
            read: Read = self.store.read(name)
            assert read.inventory.number == len(versions)
            assert list(type(self).check(self.store, name)) == []
            for number, files in enumerate(versions, start=1):
                for path, data in files.items():
                    assert self.store.path(name, path, number).read_bytes() == data
        for name in {"one", "two", "three"} - set(self.versions):
            try:
                self.store.read(name)
            except VestigeError:
                continue
            raise AssertionError(f"{name} is there, and no record tells of it")

    @invariant()
    def record_names_the_inventory(self) -> None:
        last: dict[str, Any] = {r.object: r.body for r in self.records if r.kind == "kept"}
        for name, body in last.items():
            assert self.store.read(name).digest == body["inventory"]
