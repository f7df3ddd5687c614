"""The store: OCFL objects and the log in one folder, changed by one writer, whole after any crash.

How a change is made so that a power cut leaves it done or not done:

1. The files are staged in ``work/`` and hashed on the way.
2. Under the writer's lock the whole new state of the object is built there (older versions by links)
   and synced; the folder is named after the record it waits for.
3. That record goes into the log: from here on the change is done.
4. The object takes its place in one rename, or trades places with its older state.

A writer that opens the store finishes step 4 where the record is there, and throws away what has none.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from vestige.archive.disk import Disk, make_folders, sync_tree
from vestige.archive.inventory import (
    INVENTORY,
    OBJECT_MARK,
    SIDECAR,
    Inventory,
    Read,
    first,
    place,
    read_inventory,
    root_files,
    sidecar,
)
from vestige.archive.log import Entry, Log, Record, moment
from vestige.archive.staging import Source, Staged, stage
from vestige.errors import InputError, OutputError


@dataclass(frozen=True)
class Version:
    """A version about to be made: what is staged, what the inventory will be, and its digest."""

    staged: Staged
    inventory: Inventory
    digest: str


@dataclass(frozen=True)
class Change:
    """What becomes of staged files: the object they go to, files made from their digests, their records.

    The last entry that `tell` makes must name the digest of the inventory in its body, under
    ``inventory``: by it a writer that was killed is finished.
    """

    identifier: str
    sources: Sequence[Source]
    tell: Callable[[Version], Sequence[Entry]]
    message: str = ""


class Store(Protocol):
    """What the archive needs of a store. `vestige.testing.store.StoreConformance` tests one."""

    def append(self, entries: Sequence[Entry], *, who: str) -> list[Record]:
        """Add records; durable when this returns."""

    def records(self, after: int = 0, previous: str = "") -> Iterator[Record]:
        """Records in order from the one after `after`."""

    def last(self) -> Record | None:
        """The last record."""

    def put(self, sources: Sequence[Source], change: Callable[[Staged], Change], *, who: str) -> list[Record]:
        """Keep files as a new object, or as the next version of one, with the records that tell of it."""

    def read(self, identifier: str) -> Read:
        """The inventory of an object."""

    def path(self, identifier: str, file: str, version: int | None = None) -> Path:
        """A file of an object, of its newest version by default."""


class FolderStore:
    """A store in a folder: ``ocfl/`` (a storage root of OCFL 1.1), ``log/`` and ``work/``.

    >>> import tempfile
    >>> store = FolderStore(Path(tempfile.mkdtemp()))
    >>> store.make()
    >>> tell = lambda version: [Entry("kept", {"inventory": version.digest})]
    >>> change = lambda staged: Change("note", [], tell)
    >>> _ = store.put([Source("a.txt", b"text")], change, who="me")
    >>> store.path("note", "a.txt").read_text()
    'text'
    """

    def __init__(
        self,
        folder: Path,
        *,
        disk: Disk | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        workers: int = 6,
    ) -> None:
        self.folder, self.disk, self.workers = folder, disk or Disk(), workers
        self.ocfl, self.work = folder / "ocfl", folder / "work"
        self.log = Log(folder / "log", self.disk, clock)

    # -- making and opening ----------------------------------------------------------------------

    def make(self) -> None:
        """Make an empty store; what is there already stays.

        Raises
        ------
        OutputError
            where the disk refuses.
        """
        with self._refusing():
            self.folder.mkdir(parents=True, exist_ok=True)
            for name in ("work", "log", "ocfl"):
                make_folders(self.disk, self.folder / name, self.folder)
            with _locked(self.work / "lock"):
                for name, data in root_files().items():
                    path = self.ocfl / name
                    make_folders(self.disk, path.parent, self.folder)
                    if not path.exists():
                        self._replace(path, data)

    def recover(self) -> None:
        """Finish what a killed writer had recorded, and throw away what it had not.

        Raises
        ------
        OutputError
            where the disk refuses.
        """
        with self.writer():
            pass

    def keep(self, name: str, data: bytes) -> None:
        """Write a small file beside the store, atomically and durably.

        Raises
        ------
        OutputError
            where the disk refuses.
        """
        with self.writer():
            self._replace(self.folder / name, data)

    @contextlib.contextmanager
    def writer(self) -> Iterator[None]:
        """The one writer of this store, among all threads and processes."""
        with self._refusing(), _locked(self.work / "lock"):
            self.log.mend()
            for folder in sorted(self.work.iterdir()):
                if folder.name.startswith("commit-"):
                    self._settle(folder)
                elif folder.is_dir():
                    self._sweep(folder)
                elif folder.name.startswith("new-"):
                    self.disk.remove(folder)
            yield

    # -- the store's verbs -----------------------------------------------------------------------

    def append(self, entries: Sequence[Entry], *, who: str, accept_clock: bool = False) -> list[Record]:
        """Add records; durable when this returns.

        Raises
        ------
        OutputError
            where the disk refuses, or the clock was set back and is not accepted; nothing was added.
        """
        with self.writer():
            time = moment(self.log.clock()) if accept_clock else ""
            return self.log.append(entries, who=who, time=time)

    def records(self, after: int = 0, previous: str = "") -> Iterator[Record]:
        """Records in order from the one after `after` (whose hash is `previous`), each link checked.

        Raises
        ------
        InputError
            naming the line that is damaged.
        """
        return self.log.records(after, previous)

    def last(self) -> Record | None:
        """The last record."""
        return self.log.last()

    def put(self, sources: Sequence[Source], change: Callable[[Staged], Change], *, who: str) -> list[Record]:
        """Keep files as a new object, or as the next version of one, with the records that tell of it.

        The sources are staged first, with no lock held; `change` then says, under the writer's lock,
        where they go. When this returns, files and records are durable.

        Raises
        ------
        InputError
            where a source cannot be read or is not what was recorded.
        OutputError
            where the disk refuses: nothing was kept, or, once the record is written, the change is
            finished by the next writer.
        """
        with self._refusing(), self._staging() as folder:
            staged = stage(self.disk, folder, sources, workers=self.workers)
            with self.writer():
                time = self.log.now()
                made = change(staged)
                version = self._build(made, staged.plus(self.disk, made.sources), time=time, who=who)
                entries = made.tell(version)
                last = self.log.last()
                number = (last.sequence if last else 0) + len(entries)
                waiting = self.work / f"commit-{number:012d}"
                self.disk.rename(folder / "object", waiting)
                self.disk.sync(self.work)
                try:
                    records = self.log.append(entries, who=who, time=time)
                except BaseException:
                    if not self._reaches(number):
                        with contextlib.suppress(OSError):
                            self.disk.remove(waiting)
                    raise
                self._place(waiting, made.identifier)
                return records

    def read(self, identifier: str) -> Read:
        """The inventory of an object.

        Raises
        ------
        InputError
            where there is no such object, or it is damaged.
        """
        folder = self.object(identifier)
        if not folder.is_dir():
            raise InputError(identifier, "is not in this archive")
        return read_inventory(folder)

    def path(self, identifier: str, file: str, version: int | None = None) -> Path:
        """A file of an object, of its newest version by default.

        Raises
        ------
        InputError
            where there is no such object or file.
        """
        inventory = self.read(identifier).inventory
        if version is not None and f"v{version}" not in inventory.versions:
            raise InputError(identifier, f"has no version {version}", f"1 to {inventory.number}")
        files = inventory.files(version)
        if file not in files:
            raise InputError(identifier, f"holds no file {file}")
        return self.object(identifier) / files[file]

    def object(self, identifier: str) -> Path:
        """The folder of an object."""
        return self.ocfl / place(identifier)

    # -- how a version is built and takes its place ----------------------------------------------

    def _build(self, change: Change, staged: Staged, *, time: str, who: str) -> Version:
        """The whole object with its new version, in the staging folder, synced."""
        added = {path: item.sha512 for path, item in staged.kept.items()}
        older, target = self.object(change.identifier), staged.folder / "object"
        about: Any = {"created": time, "message": change.message, "who": who}
        self.disk.make_folder(target)
        if older.is_dir():
            read = read_inventory(older)
            inventory = read.inventory.next(added, **about)
            self._link_tree(older, target)
        else:
            inventory = first(change.identifier, added, **about)
            self.disk.write(target / OBJECT_MARK[0], [OBJECT_MARK[1]])
        data = inventory.to_json()
        fresh = target / inventory.head
        self.disk.make_folder(fresh)
        self.disk.rename(staged.folder / "content", fresh / "content")
        for folder in (fresh, target):
            self.disk.write(folder / INVENTORY, [data])
            self.disk.write(folder / SIDECAR, [sidecar(data)])
        sync_tree(self.disk, target)
        return Version(staged, inventory, sidecar(data)[:128].decode())

    def _link_tree(self, source: Path, target: Path) -> None:
        """The same files under a second folder, all but the inventory at the top."""
        for here, folders, files in os.walk(source):
            fresh = target / Path(here).relative_to(source)
            for name in folders:
                self.disk.make_folder(fresh / name)
            for name in files:
                if Path(here) != source or name not in (INVENTORY, SIDECAR):
                    self.disk.link(Path(here, name), fresh / name)

    def _place(self, waiting: Path, identifier: str) -> None:
        """Put a finished object where it belongs; done again after a crash, it does no harm."""
        final = self.object(identifier)
        make_folders(self.disk, final.parent, self.ocfl)
        if final.is_dir():
            self.disk.exchange(waiting, final)
        else:
            self.disk.rename(waiting, final)
        self.disk.sync(final.parent)
        self.disk.sync(self.work)
        with contextlib.suppress(OSError):  # an older state left in work/ is swept by the next writer
            self.disk.remove(waiting)

    def _settle(self, waiting: Path) -> None:
        """Finish or throw away what waits for a record; an older state that traded places goes too."""
        number = int(waiting.name.removeprefix("commit-").split(".")[0])
        record = next(self.log.records(after=number - 1), None) if self._reaches(number) else None
        try:
            found = read_inventory(waiting)
        except InputError:
            found = None
        if found and record and record.body.get("inventory") == found.digest:
            self._place(waiting, found.inventory.id)
        else:
            self.disk.remove(waiting)

    def _reaches(self, number: int) -> bool:
        last = self.log.last()
        return last is not None and last.sequence >= number

    @contextlib.contextmanager
    def _staging(self) -> Iterator[Path]:
        folder = self.work / f"stage-{uuid.uuid4().hex}"
        with contextlib.ExitStack() as held:
            with _locked(self.work / "lock"):  # no writer may sweep the folder before its own lock is held
                self.disk.make_folder(folder)
                held.enter_context(_locked(folder / "lock"))
            try:
                yield folder
            finally:
                with contextlib.suppress(OSError):
                    self.disk.remove(folder)

    def _sweep(self, folder: Path) -> None:
        """Throw away a staging folder whose process is gone."""
        try:
            handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:  # its process has just cleared it away itself
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        finally:
            os.close(handle)
        self.disk.remove(folder)

    def _replace(self, path: Path, data: bytes) -> None:
        """Write a small file in one step; its first name lies in ``work/``, where the next writer sweeps."""
        fresh = self.work / f"new-{uuid.uuid4().hex}"
        self.disk.write(fresh, [data], sync=True)
        self.disk.rename(fresh, path)
        self.disk.sync(path.parent)

    @contextlib.contextmanager
    def _refusing(self) -> Iterator[None]:
        """One sentence where the disk refuses."""
        try:
            yield
        except OSError as error:
            raise OutputError(
                f"{error.filename or self.folder} cannot be written ({error.strerror}): "
                "free some space, or check the disk and its permissions"
            ) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
