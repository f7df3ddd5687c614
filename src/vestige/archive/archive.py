"""An archive: objects with their captures and products, described, searched, and kept whole."""

from __future__ import annotations

import getpass
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel
from sqlalchemy import Engine

from vestige.archive import catalogue, search
from vestige.archive.database import CATALOGUE, open_database, writing
from vestige.archive.descriptions import (
    Annotation,
    Clearance,
    Description,
    Judgement,
    Project,
    Repetition,
    Review,
    Withdrawal,
    described,
)
from vestige.archive.disk import Disk
from vestige.archive.log import Entry, Record, moment
from vestige.archive.settings import README, SETTINGS, Settings, load_settings
from vestige.archive.store import FolderStore
from vestige.errors import InputError, OutputError, UsageError, VestigeError


class Archive:
    """An archive in a folder. Opening it finishes what a killed process left.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     _ = archive.describe("MS 42", {"title": "Psalter"})
    ...     [found["identifier"] for found in archive.search("psalter").objects]
    ['MS 42']
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        who: str = "",
        disk: Disk | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.folder = Path(folder)
        self.who = who or _user()
        self.settings = load_settings(self.folder)
        self.store = FolderStore(self.folder, disk=disk, clock=clock)
        self.read_only = not _writable(self.store.work)
        if not self.read_only:
            self.store.recover()
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self.engine: Engine = self._opened()
        try:
            if not self.read_only or self._copy:
                self.catch_up()
        except VestigeError:
            self.close()
            raise

    @classmethod
    def make(
        cls,
        folder: str | os.PathLike[str],
        *,
        catalogue: str = "",
        who: str = "",
        disk: Disk | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Self:
        """Make a new archive in a folder that is empty or not there; going on where it was cut short.

        Raises
        ------
        OutputError
            where the folder holds something else, or the disk refuses.
        """
        folder = Path(folder)
        store = FolderStore(folder, disk=disk, clock=clock)
        begun = {"ocfl", "log", "work", "README.txt", SETTINGS}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if (folder / SETTINGS).exists():
                raise OutputError(f"{folder} is an archive already: use it, or name another folder")
            if foreign := sorted({item.name for item in folder.iterdir()} - begun):
                raise OutputError(f"{folder} holds {foreign[0]}: name an empty folder for the archive")
        except OSError as error:
            raise OutputError(f"{folder} cannot be written ({error.strerror}): choose another") from None
        store.make()
        first = next(store.records(), None)
        if first is None:
            settings = Settings(identifier=str(uuid.uuid4()), made=moment(clock()), catalogue=catalogue)
            first = store.append([Entry("archive.made", settings.model_dump())], who=who or _user())[0]
        store.keep("README.txt", README)
        store.keep(SETTINGS, Settings.model_validate(first.body).to_json())
        return cls(folder, who=who, disk=disk, clock=clock)

    def _opened(self) -> Engine:
        """The catalogue; of a read-only archive that a kill left with a write-ahead log, a copy of it."""
        if self.settings.catalogue or not self.read_only:
            return open_database(self.settings.catalogue or self.folder / "catalogue")
        files = [self.folder / "catalogue" / f"{CATALOGUE}{end}" for end in ("", "-wal")]
        if not files[1].exists() or not files[1].stat().st_size:
            return open_database(self.folder / "catalogue", read_only=True)
        self._copy = tempfile.TemporaryDirectory(prefix="vestige-catalogue-")
        for file in files:
            shutil.copyfile(file, Path(self._copy.name) / file.name)
        return open_database(self._copy.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the catalogue."""
        self.engine.dispose()
        if self._copy:
            self._copy.cleanup()

    # -- the catalogue ---------------------------------------------------------------------------

    def catch_up(self) -> None:
        """Bring the catalogue to the last record of the log.

        Raises
        ------
        InputError
            where the catalogue knows records that the log has lost.
        """
        done, link = catalogue.watermark(self.engine)
        last = self.store.last()
        if last and (last.sequence, last.hash) == (done, link):
            return
        if done > (last.sequence if last else 0):
            raise InputError(
                self.store.log.folder,
                f"ends at record {last.sequence if last else 0}",
                f"record {done}, which the catalogue has taken in",
                "restore the log from a copy, or accept the loss with vestige archive rebuild",
            )
        catalogue.catch_up(self.engine, self.store, self.settings.identifier)

    def taken_in(self, records: Sequence[Record]) -> None:
        """Take new records into the catalogue."""
        if not records:
            return
        with writing(self.engine) as connection:
            done = catalogue.last_taken(connection)
            if done == records[0].sequence - 1:
                catalogue.take_in(connection, records, self.settings.identifier)
                return
        self.catch_up()

    # -- what is said of objects -----------------------------------------------------------------

    def describe(self, identifier: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Set fields of an object, new or known; the object as it then stands.

        Raises
        ------
        UsageError
            where a field does not exist or its value does not fit, or a quota is used up.
        """
        self.describe_all([{"identifier": identifier, **values}])
        return search.find(self.engine, identifier)

    def describe_all(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Set fields of many objects, all checked before the first is set; how many changed."""
        self.writable()
        self.catch_up()
        entries = [entry for row in rows if (entry := self.description_entry(row))]
        self._within_quotas(entries)
        for start in range(0, len(entries), catalogue.BATCH):
            self.taken_in(self.store.append(entries[start : start + catalogue.BATCH], who=self.who))
        return len(entries)

    def description_entry(self, values: Mapping[str, Any]) -> Entry | None:
        """The record of what `values` change of an object; None where they change nothing."""
        identifier = str(values.get("identifier", ""))
        given = described(Description, values, identifier or "object")
        wanted = given.model_dump(mode="json", include=given.model_fields_set - {"identifier"})
        known = self.known(given.identifier)
        if known is not None:
            wanted = {name: value for name, value in wanted.items() if _differs(known[name], value)}
            if not wanted:
                return None
        return Entry("object.described", {"set": wanted}, object=given.identifier)

    def known(self, identifier: str) -> dict[str, Any] | None:
        """The object of that very identifier, or None."""
        found = search.by_identifier(self.engine, identifier)
        return search.shown(found) if found else None

    def describe_project(self, values: Mapping[str, Any]) -> None:
        """Set or change a project."""
        self.writable()
        project = described(Project, values, "project").model_dump(mode="json")
        self.taken_in(self.store.append([Entry("project.described", project)], who=self.who))

    def annotate(self, identifier: str, values: Mapping[str, Any], *, capture: str = "") -> None:
        """Leave a remark on an object or one of its captures, or a later wording of one."""
        self._note("annotation.made", Annotation, identifier, values, capture)

    def withdraw(self, identifier: str, annotation: int) -> None:
        """Take back the annotation of that number; its wording stays in the history."""
        self._note("annotation.withdrawn", Withdrawal, identifier, {"annotation": annotation}, "")

    def review(self, identifier: str, values: Mapping[str, Any], *, capture: str = "") -> None:
        """Give a verdict on one of the checks that the project requires."""
        self._note("review.made", Review, identifier, values, capture)

    def clear(self, identifier: str, values: Mapping[str, Any]) -> None:
        """Record that an object may be published although checks are missing (`clearance.clear`)."""
        self._note("publication.allowed", Clearance, identifier, values, "")

    def repeated(self, identifier: str, values: Mapping[str, Any], *, capture: str = "") -> None:
        """Record that a result was made again, and whether it was the same."""
        self._note("result.reproduced", Repetition, identifier, values, capture)

    def judge(self, identifier: str, values: Mapping[str, Any], *, capture: str) -> Record:
        """Add what an interpreter says of a feature; nothing said before is changed by it."""
        return self._note("feature.judged", Judgement, identifier, values, capture)

    def _note(
        self, kind: str, model: type[BaseModel], identifier: str, values: Mapping[str, Any], capture: str
    ) -> Record:
        self.writable()
        body = described(model, values, kind.partition(".")[0]).model_dump(mode="json")
        found = search.find(self.engine, identifier)["identifier"]
        key = search.find_capture(self.engine, capture)["key"] if capture else ""
        records = self.store.append([Entry(kind, body, object=found, capture=key)], who=self.who)
        self.taken_in(records)
        return records[0]

    def accept_clock(self, reason: str) -> None:
        """Go on although the clock stands before the last record: that record's clock was wrong."""
        self.writable()
        entry = Entry("clock.accepted", {"reason": reason})
        self.taken_in(self.store.append([entry], who=self.who, accept_clock=True))

    def _within_quotas(self, entries: Sequence[Entry]) -> None:
        """Refuse objects beyond what a project grants their institution."""
        wanted: dict[tuple[str, str], int] = {}
        for entry in entries:
            known = self.known(entry.object) or {"project": "", "institution": ""}
            before = known["project"], known["institution"]
            after = (
                entry.body["set"].get("project", before[0]),
                entry.body["set"].get("institution", before[1]),
            )
            if after != before and after[0]:
                wanted[after] = wanted.get(after, 0) + 1
        if not wanted:
            return
        for project in search.project_list(self.engine):
            for quota in project["quotas"]:
                name = quota["institution"]
                more = wanted.get((project["name"], name), 0)
                if more and project["brought"].get(name, 0) + more > quota["objects"]:
                    raise UsageError(
                        f"{name} may bring {quota['objects']} objects to {project['name']} and has brought "
                        f"{project['brought'].get(name, 0)}: raise its quota, or add fewer"
                    )

    # -- asking ----------------------------------------------------------------------------------

    def search(
        self,
        words: str = "",
        *,
        fields: Mapping[str, str] | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> search.Page:
        """A page of objects that hold all the words, newest first."""
        return search.search(self.engine, words, fields=fields, after=after, limit=limit)

    def show(self, identifier: str) -> dict[str, Any]:
        """An object with its captures, their products, its history, and the checks it still lacks."""
        found = search.find(self.engine, identifier)
        found["captures"] = search.captures_of(self.engine, found["id"])
        found["history"] = search.history(self.engine, object=found["identifier"])
        found["lacking"] = self._lacking(found)
        return found

    def _lacking(self, found: Mapping[str, Any]) -> list[str]:
        """Checks that the object's project requires and that no review has passed, the last one counting."""
        verdicts = {
            line["body"]["check"]: line["body"]["verdict"]
            for line in found["history"]
            if line["kind"] == "review.made"
        }
        project = search.project(self.engine, found["project"]) or {"checks": []}
        return [check for check in project["checks"] if verdicts.get(check) != "passed"]

    def writable(self) -> None:
        """Check that this archive may be written.

        Raises
        ------
        OutputError
            where it is read-only.
        """
        if self.read_only:
            raise OutputError(f"{self.folder} is read-only: check its disk and its permissions")


def rebuild(folder: str | os.PathLike[str]) -> int:
    """Make the catalogue of an archive again from the archive alone; the number of records taken in.

    It works where the catalogue is damaged (the file is then set aside), gone, or ahead of the log.
    Other tables of the database, such as the job ledger, stay as they are.

    Raises
    ------
    InputError
        where the folder is no archive or its log is damaged.
    OutputError
        where the archive cannot be written.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> Archive.make(folder).close()
    >>> rebuild(folder)
    1
    """
    folder = Path(folder)
    settings, store = load_settings(folder), FolderStore(folder)
    store.recover()
    place = settings.catalogue or folder / "catalogue"
    try:
        return _rebuilt(place, store, settings)
    except InputError:
        if settings.catalogue or not _set_aside(folder / "catalogue"):
            raise
    return _rebuilt(place, store, settings)


def _rebuilt(place: str | Path, store: FolderStore, settings: Settings) -> int:
    engine = open_database(place)
    try:
        return catalogue.rebuild(engine, store, settings.identifier)
    finally:
        engine.dispose()


def _set_aside(folder: Path) -> bool:
    """Rename a damaged database, so that a new one can be made; False where there is none."""
    mark = uuid.uuid4().hex[:8]
    found = [path for path in folder.glob(f"{CATALOGUE}*") if "damaged" not in path.name]
    try:
        for path in found:
            path.rename(path.with_name(f"damaged-{mark}-{path.name}"))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}): check its permissions") from None
    return bool(found)


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _differs(known: Any, value: Any) -> bool:
    if isinstance(value, dict):
        return any(known.get(name, "") != item for name, item in value.items())
    return bool(known != value)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
