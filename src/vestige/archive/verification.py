"""Verifying: every byte of the archive against what was recorded of it; can be stopped and gone on with.

Contents are checked by BLAKE3 (`b3sums.txt` of each version), the sums and inventories themselves by
SHA-512, the log by its chain, and one against the other: each capture that the log tells of must lie
there with the very inventory recorded, and nothing else may.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vestige.archive.archive import Archive
from vestige.archive.inventory import (
    INVENTORY,
    OBJECT_MARK,
    SIDECAR,
    SUMS,
    Inventory,
    parse_inventory,
    place,
    read_inventory,
    root_files,
    sidecar,
)
from vestige.archive.kept import ocfl_identifier
from vestige.archive.log import Log
from vestige.archive.settings import SETTINGS, Settings, load_settings
from vestige.archive.staging import blake3_of
from vestige.errors import InputError

STATE = "verify.json"
#: How many objects are checked between two notes of how far it got.
_NOTE = 100


@dataclass
class Verification:
    """What a verification found: one sentence a problem. `done` is False where it was stopped."""

    objects: int = 0
    records: int = 0
    bytes: int = 0
    problems: list[str] = field(default_factory=list)
    done: bool = False


def verify(
    archive: Archive,
    *,
    again: bool = False,
    cancelled: Callable[[], bool] = lambda: False,
    progress: Callable[[float, float, str], None] = lambda done, total, label: None,
) -> Verification:
    """Check every byte; a verification that was stopped goes on where it was (`again` begins anew).

    How far it got is noted in ``work/verify.json`` where the archive can be written.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     verify(archive).problems
    []
    """
    note = archive.store.work / STATE
    found, passed = (Verification(), "") if again else _resumed(note)
    known = _recorded(archive, found)
    if not passed:
        found.problems += _fixed_files(archive)
    try:
        for folder in object_folders(archive.store.ocfl, after=passed, problems=found.problems):
            if cancelled():
                return found
            size, problems = _examined(folder, known)
            if problems and _grown(archive, found):
                # Others may add and publish meanwhile: what looked wrong is looked at once more.
                known = _recorded(archive, found)
                size, problems = _examined(folder, known)
            found.problems += [f"{folder.relative_to(archive.folder)}: {problem}" for problem in problems]
            found.objects, found.bytes = found.objects + 1, found.bytes + size
            passed = folder.name
            if found.objects % _NOTE == 0:
                _note(archive, note, found, passed)
            progress(min(found.objects, len(known)), max(len(known), found.objects), "objects")
        found.done = True
    finally:  # stopped by a person too
        if not found.done:
            _note(archive, note, found, passed)
    found.problems += [
        f"the capture {key} is missing"
        for key in known
        if not archive.store.object(ocfl_identifier(key)).is_dir()
    ]
    with contextlib.suppress(OSError):
        note.unlink(missing_ok=True)
    return found


def _examined(folder: Path, known: dict[str, str]) -> tuple[int, list[str]]:
    size, problems = verify_object(folder)
    return size, problems + _against_log(folder, known)


def _grown(archive: Archive, found: Verification) -> bool:
    """Whether records came since the log was read."""
    last = archive.store.last()
    return last is not None and last.sequence > found.records


def verify_object(folder: Path) -> tuple[int, list[str]]:
    """Check one OCFL object: how many bytes of content it holds, and what is wrong with it."""
    problems: list[str] = []
    try:
        inventory = read_inventory(folder).inventory
    except InputError as error:
        return 0, [str(error)]
    try:
        if (folder / OBJECT_MARK[0]).read_bytes() != OBJECT_MARK[1]:
            problems.append(f"{OBJECT_MARK[0]} has changed")
        if folder.parts[-3:] != place(inventory.id).parts:
            problems.append(f"holds {inventory.id}, which belongs elsewhere")
        versions = {f"v{number}" for number in range(1, inventory.number + 1)}
        problems += _unlike("", _names(folder), versions | {OBJECT_MARK[0], INVENTORY, SIDECAR})
        head = (folder / INVENTORY).read_bytes()
        for number in range(1, inventory.number + 1):
            problems += _version(folder / f"v{number}", number, inventory, head)
        size, wrong = _content(folder, inventory)
    except OSError as error:
        return 0, [*problems, f"{error.filename} cannot be read ({error.strerror})"]
    return size, problems + wrong


def object_folders(root: Path, *, after: str = "", problems: list[str] | None = None) -> Iterator[Path]:
    """The folders of all objects of a storage root, in order of their names; `problems` takes strays."""
    strays = problems if problems is not None else []
    expected = {path.split("/")[0] for path in root_files()}
    for first in _sorted(root):
        if first.name in expected:
            continue
        for second in _sorted(first) if first.is_dir() else [first]:
            if not second.is_dir():
                strays.append(f"{second} does not belong there")
                continue
            for folder in _sorted(second):
                digest = folder.name
                if digest[:4] != first.name + second.name or len(digest) != 64 or not folder.is_dir():
                    strays.append(f"{folder} does not belong there")
                elif digest > after:
                    yield folder


def verify_log(log: Log) -> tuple[int, dict[str, str], list[str]]:
    """Check the chain: how many records, the inventory recorded last for each capture, what is wrong."""
    count, inventories = 0, {}
    for path in log.folder.iterdir():
        if path not in log.segments():
            return 0, {}, [f"{path} does not belong there"]
    try:
        for record in log.records():
            count += 1
            if "inventory" in record.body:
                inventories[record.capture] = record.body["inventory"]
    except InputError as error:
        return count, inventories, [str(error)]
    return count, inventories, []


def _recorded(archive: Archive, found: Verification) -> dict[str, str]:
    """What the log tells; its faults are told once, however often it is read."""
    found.records, known, problems = verify_log(archive.store.log)
    found.problems += [problem for problem in problems if problem not in found.problems]
    return known


def _fixed_files(archive: Archive) -> list[str]:
    """The files that always hold the same bytes, and the settings."""
    problems = []
    for name, data in root_files().items():
        path = archive.store.ocfl / name
        if not path.is_file() or path.read_bytes() != data:
            problems.append(f"{path} has changed")
    try:
        first = next(archive.store.records(), None)
        settings = Settings.model_validate(first.body) if first else None
        if settings is None or settings.to_json() != (archive.folder / SETTINGS).read_bytes():
            problems.append(f"{archive.folder / SETTINGS} is not what the first record says")
        load_settings(archive.folder)
    except (InputError, ValueError) as error:
        problems.append(str(error))
    return problems


def _against_log(folder: Path, known: dict[str, str]) -> list[str]:
    try:
        noted = (folder / SIDECAR).read_text().split()[0]
        identifier = json.loads((folder / INVENTORY).read_bytes())["id"]
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return []  # told already
    key = str(identifier).removeprefix(ocfl_identifier(""))
    if key not in known:
        return ["is told of by no record"]
    return [] if known[key] == noted else ["is not the version that was recorded last"]


def _version(folder: Path, number: int, inventory: Inventory, head: bytes) -> list[str]:
    """A version's own inventory: the very bytes of the newest one, or an earlier state of it."""
    wanted = {INVENTORY, SIDECAR, "content"}
    problems = _unlike(f"{folder.name}/", _names(folder), wanted)
    data = (folder / INVENTORY).read_bytes()
    if (folder / SIDECAR).read_bytes() != sidecar(data):
        return [*problems, f"{folder.name}/{INVENTORY} does not match {SIDECAR}"]
    if number == inventory.number:
        return problems if data == head else [*problems, f"{folder.name}/{INVENTORY} is not the newest"]
    try:
        older = parse_inventory(data, folder / INVENTORY)
    except InputError as error:
        return [*problems, str(error)]
    versions = [f"v{n}" for n in range(1, number + 1)]
    if older.id != inventory.id or older.versions != {name: inventory.versions[name] for name in versions}:
        problems.append(f"{folder.name}/{INVENTORY} tells otherwise than the newest inventory")
    return problems


def _content(folder: Path, inventory: Inventory) -> tuple[int, list[str]]:
    """Each file of content by its BLAKE3 sum, the lists of sums by SHA-512."""
    digests = {path: digest for digest, paths in inventory.manifest.items() for path in paths}
    sums: dict[str, str] = {}
    problems, size = [], 0
    for path in sorted(path for path in digests if path.split("/", 2)[2] == SUMS):
        data = (folder / path).read_bytes() if (folder / path).is_file() else b""
        if hashlib.sha512(data).hexdigest() != digests.pop(path):
            problems.append(f"{path} has changed")
        version = path.split("/", 1)[0]
        for line in data.decode(errors="replace").split("\n"):
            sums[f"{version}/content/{line[66:]}"] = line[:64]
    present = {
        Path(here, name).relative_to(folder).as_posix()
        for version in inventory.versions
        for here, _, files in os.walk(folder / version / "content")
        for name in files
    }
    present = {path for path in present if path.split("/", 2)[2] != SUMS}
    problems += _unlike("", present, set(digests))
    for path in sorted(present & set(digests)):
        count, right = _check(folder / path, sums.get(path, ""), digests[path])
        size += count
        if not right:
            problems.append(f"{path} has changed")
    return size, problems


def _check(path: Path, blake3: str, sha512: str) -> tuple[int, bool]:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(handle).st_size
        if blake3:
            return size, blake3_of(handle) == blake3
        with open(handle, "rb", closefd=False) as stream:
            return size, hashlib.file_digest(stream, "sha512").hexdigest() == sha512
    finally:
        os.close(handle)


def _unlike(where: str, found: set[str], wanted: set[str]) -> list[str]:
    missing, extra = sorted(wanted - found), sorted(found - wanted)
    return [f"{where}{name} is missing" for name in missing] + [
        f"{where}{name} does not belong there" for name in extra
    ]


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _sorted(folder: Path) -> list[Path]:
    return sorted(folder.iterdir(), key=lambda path: path.name)


def _resumed(note: Path) -> tuple[Verification, str]:
    try:
        kept = json.loads(note.read_bytes())
        passed = str(kept.pop("passed"))
        return Verification(**kept), passed
    except (OSError, ValueError, KeyError, TypeError):
        return Verification(), ""


def _note(archive: Archive, note: Path, found: Verification, passed: str) -> None:
    if not archive.read_only and passed:
        kept = {"passed": passed, **found.__dict__}
        archive.store.keep(f"work/{note.name}", json.dumps(kept).encode())
