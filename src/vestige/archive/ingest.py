"""Taking in: a capture is sealed and kept as an object of its own, a result as its next version."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestige.archive import search
from vestige.archive.archive import Archive
from vestige.archive.crate import METADATA, Result, crate
from vestige.archive.descent import ancestor, given
from vestige.archive.kept import CAPTURE, contents, kept_capture, ocfl_identifier
from vestige.archive.log import Entry
from vestige.archive.staging import Source, Staged, read_back
from vestige.archive.store import Change, Version
from vestige.capture import MANIFEST, Calibration, Capture, Frame, open_capture
from vestige.contract.provenance import path_digest
from vestige.contract.report import REPORT, InputRecord, Report, load_report
from vestige.errors import InputError, UsageError

OBJECT = "object.json"
RECORDS = "records.jsonl"


@dataclass(frozen=True)
class Added:
    """What came of adding: object, key of the capture, its version; `new` is False where it was there."""

    identifier: str
    capture: str
    version: int
    files: int
    bytes: int
    new: bool


class _Known(Exception):  # noqa: N818 - it carries an answer out of a transaction
    def __init__(self, found: Mapping[str, Any]) -> None:
        self.found = found


def add(archive: Archive, path: str | Path, values: Mapping[str, Any] | None = None) -> Added:
    """Take in a capture, or the result of a run on a capture that is here; once, however often it is called.

    `values` describe the object: its identifier where the manifest has none, and any field of
    `Description`. Originals stay where they are, untouched.

    Raises
    ------
    InputError
        where a file is missing or not what was recorded, or a result is made from nothing here.
    UsageError
        where no identifier is given.
    OutputError
        where the disk refuses; the archive is as it was.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a.tif").write_bytes(b"pixels")
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     added = add(archive, folder, {"identifier": "MS 42"})
    ...     added.version, added.files, add(archive, folder, {"identifier": "MS 42"}).new
    (1, 1, False)
    """
    archive.writable()
    path = Path(path)
    if (path / REPORT).is_file():
        made = publish(archive, path)
        archive.describe(made.identifier, {**(values or {}), "identifier": made.identifier})
        return made
    return add_capture(archive, open_capture(path), values)


def add_capture(
    archive: Archive,
    capture: Capture,
    values: Mapping[str, Any] | None = None,
    along: Sequence[Source] = (),
) -> Added:
    """Take in a capture: each file is read once, hashed, written and synced; then it is sealed.

    `along` are files kept beside it, such as what another archive recorded of it.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     add_capture(archive, Capture(), {"identifier": "MS 42"})
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: . holds no frame of an object; expected a capture with frames
    """
    archive.writable()
    values = dict(values or {})
    identifier = str(values.pop("identifier", "") or capture.thing.identifier)
    if not identifier:
        raise UsageError(
            f"{capture.root} does not say which object it shows: give --identifier, or mend capture.json"
        )
    if not capture.select():
        raise InputError(capture.root, "holds no frame of an object", "a capture with frames")
    items = capture.files()
    if all(item.blake3 for item in items) and (known := _known(archive, capture.digest(recorded=True))):
        return _as_added(known)
    sources = [Source(f"{CAPTURE}/{item.file}", capture.path(item), item.blake3) for item in items]
    sources += along

    def change(staged: Staged) -> Change:
        archive.catch_up()
        sealed = _sealed(capture, staged)
        key = sealed.digest(recorded=True)
        if found := _known(archive, key):
            raise _Known(found)
        described = archive.description_entry(_described(archive, identifier, sealed, values))
        description = _after(archive, identifier, described)
        files = {path: item.bytes for path, item in staged.kept.items()}
        made = [
            Source(f"{CAPTURE}/{MANIFEST}", sealed.to_json().encode()),
            Source(OBJECT, _json(description)),
        ]
        files |= {item.path: len(item.data) for item in made if isinstance(item.data, bytes)}
        told = crate(
            description,
            sealed,
            files,
            [],
            published=archive.store.log.now()[:10],
            digests={path: item.sha512 for path, item in staged.kept.items()},
        )
        made.append(Source(METADATA, told))

        def tell(version: Version) -> list[Entry]:
            body = {
                "title": sealed.thing.title,
                "axes": ", ".join(sealed.axes()),
                "frames": len(sealed.frames),
                "files": len(staged.kept),
                "bytes": staged.bytes,
                "created": sealed.created.isoformat() if sealed.created else "",
                "version": version.inventory.number,
                "inventory": version.digest,
            }
            entry = Entry("capture.added", body, object=identifier, capture=key)
            return [described, entry] if described else [entry]

        return Change(ocfl_identifier(key), made, tell, "capture added")

    try:
        records = archive.store.put(sources, change, who=archive.who)
    except _Known as known:
        return _as_added(known.found)
    archive.taken_in(records)
    body = records[-1].body
    return Added(identifier, records[-1].capture, 1, body["files"], body["bytes"], new=True)


def publish(archive: Archive, folder: str | Path, *, origin: str = "") -> Added:
    """Keep the result of a run as the next version of its capture; read back before it counts.

    With it are kept what it was made from and is not here yet, what is said of its object, and every
    record on it. The result of a later step of a chain goes to the capture that the chain began with;
    `origin` is the key of that where neither the inputs nor the steps before can tell it.

    Raises
    ------
    InputError
        where a product is not what the report says, or the capture is not in this archive.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     publish(archive, "nowhere")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: nowhere/report.json cannot be read (No such file or directory)
    """
    archive.writable()
    folder = Path(folder)
    report = load_report(folder)
    capture = _capture_of(archive, report, folder, origin)
    key = capture["key"]
    if any(item["run"] == report.key for item in capture["products"]):
        return _as_added(capture)
    place = f"products/{report.technique}-{report.operation}-{report.key[:16]}"
    sources = [*_result_files(report, folder, place), *_used(archive, key, report, folder, place)]

    def change(staged: Staged) -> Change:
        archive.catch_up()
        read_back(staged)
        now = search.capture(archive.engine, key) or capture
        if any(item["run"] == report.key for item in now["products"]):
            raise _Known(now)
        made = _folded(archive, now, staged, Result(place, report))

        def tell(version: Version) -> list[Entry]:
            body = {
                "run": report.key,
                "technique": report.technique,
                "operation": report.operation,
                "products": [
                    {
                        "name": item.name,
                        "kind": item.kind.value,
                        "path": f"{place}/{item.path}",
                        "bytes": item.bytes,
                        "blake3": item.blake3,
                    }
                    for item in report.products
                ],
                "version": version.inventory.number,
                "inventory": version.digest,
            }
            return [Entry("products.published", body, object=capture["identifier"], capture=key)]

        told = f"{report.technique} {report.operation} published"
        return Change(ocfl_identifier(key), made, tell, told)

    try:
        records = archive.store.put(sources, change, who=archive.who)
    except _Known as known:
        return _as_added(known.found)
    archive.taken_in(records)
    size = sum(item.bytes for item in report.products)
    version = records[-1].body["version"]
    return Added(capture["identifier"], key, version, len(sources), size, new=True)


def results_of(archive: Archive, capture: Mapping[str, Any]) -> list[Result]:
    """The results published from a capture, in order."""
    found: dict[str, Result] = {}
    for item in capture["products"]:
        if item["run"] not in found:
            place = "/".join(item["path"].split("/")[:2])
            path = archive.store.path(ocfl_identifier(capture["key"]), f"{place}/{REPORT}")
            found[item["run"]] = Result(place, load_report(path.parent))
    return list(found.values())


def _described(
    archive: Archive, identifier: str, capture: Capture, values: Mapping[str, Any]
) -> dict[str, Any]:
    """What adding a capture says of its object: the caller's words, and the manifest's where none stand."""
    known = archive.known(identifier) or {}
    manifest = {"title": capture.thing.title, "rights": capture.rights.licence or capture.rights.statement}
    told = {name: value for name, value in manifest.items() if value and not known.get(name)}
    return {"identifier": identifier, **told, **values}


def _after(archive: Archive, identifier: str, entry: Entry | None) -> dict[str, Any]:
    """The description of an object as it stands once `entry` is taken in."""
    known = archive.known(identifier) or {"identifier": identifier}
    told = {name: known[name] for name in known if name not in ("id", "added", "changed", "revision")}
    return told | (entry.body["set"] if entry else {})


def _folded(archive: Archive, capture: Mapping[str, Any], staged: Staged, result: Result) -> list[Source]:
    """Description, records and RO-Crate for a new version."""
    identifier, key = capture["identifier"], capture["key"]
    description = _after(archive, identifier, None)
    records = [
        json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        for line in search.history(archive.engine, object=identifier)
        if line["capture"] in ("", key)
    ]
    made = [
        Source(OBJECT, _json(description)),
        Source(RECORDS, "".join(line + "\n" for line in records).encode()),
    ]
    read = archive.store.read(ocfl_identifier(key)).inventory
    root = archive.store.object(ocfl_identifier(key))
    files = {path: (root / where).stat().st_size for path, where in read.files().items()}
    files |= {path: item.bytes for path, item in staged.kept.items()}
    files |= {item.path: len(item.data) for item in made if isinstance(item.data, bytes)}
    files = {path: size for path, size in files.items() if path not in (METADATA, "b3sums.txt")}
    told = crate(
        description,
        kept_capture(archive, key),
        files,
        [*results_of(archive, capture), result],
        published=archive.store.log.now()[:10],
        digests=read.digests() | {path: item.sha512 for path, item in staged.kept.items()},
    )
    return [*made, Source(METADATA, told)]


def _capture_of(archive: Archive, report: Report, folder: Path, origin: str) -> dict[str, Any]:
    """The capture in this archive that a result descends from."""
    if found := _known(archive, ancestor(archive, report, folder) or origin):
        return found
    raise InputError(folder, "is made from no capture in this archive", action="add its capture first")


def _result_files(report: Report, folder: Path, place: str) -> Iterator[Source]:
    """Products, report and page, each with the digest it must have."""
    for item in report.products:
        path = folder / item.path
        if path.is_dir():
            if path_digest(path)[0] != item.blake3:
                raise InputError(path, "has changed since the run", action="run it again")
            for file in sorted(path.rglob("*")):
                if file.is_file():
                    yield Source(f"{place}/{file.relative_to(folder).as_posix()}", file)
        else:
            yield Source(f"{place}/{item.path}", path, item.blake3)
    for name in (REPORT, "report.html"):
        if (folder / name).is_file():
            yield Source(f"{place}/{name}", folder / name)


def _used(archive: Archive, key: str, report: Report, folder: Path, place: str) -> Iterator[Source]:
    """What the run was given and this archive does not hold: kept with what was made from it.

    Of a capture that a chain cut or made, the manifest, and the frames that its object does not have.
    """
    for number, item in enumerate(report.inputs):
        within = f"{place}/inputs/{number}"
        if item.what == "capture":
            if not _known(archive, item.blake3):
                yield from _derived(archive, key, given(archive, folder, number, item), within)
        elif not search.product_origin(archive.engine, item.blake3):
            yield from _product(folder, number, item, within)


def _derived(archive: Archive, key: str, capture: Capture, within: str) -> Iterator[Source]:
    there = contents(archive, key)
    yield Source(f"{within}/{MANIFEST}", capture.to_json().encode())
    for item in capture.files():
        if item.blake3 not in there:
            yield Source(f"{within}/{item.file}", capture.path(item), item.blake3)


def _product(folder: Path, number: int, item: InputRecord, within: str) -> Iterator[Source]:
    along = sorted((folder / "inputs" / str(number)).glob("*"))
    path = along[0] if along else Path(item.path)
    if not path.exists() or path_digest(path)[0] != item.blake3:
        raise InputError(
            path, f"is no more the {item.what} that the run was given", action="put it back, or run again"
        )
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    for file in files:
        yield Source(f"{within}/{file.relative_to(path.parent).as_posix()}", file)


def _known(archive: Archive, key: str) -> dict[str, Any] | None:
    return search.capture(archive.engine, key) if key else None


def _sealed(capture: Capture, staged: Staged) -> Capture:
    """The capture sealed, with the digests found while its files were written."""

    def digest(item: Frame | Calibration) -> dict[str, str]:
        return {"blake3": staged.kept[f"{CAPTURE}/{item.file}"].blake3}

    update = {
        "state": "sealed",
        "frames": [item.model_copy(update=digest(item)) for item in capture.frames],
        "calibration": [item.model_copy(update=digest(item)) for item in capture.calibration],
    }
    return capture.model_copy(update=update).at(capture.root)


def _as_added(found: Mapping[str, Any]) -> Added:
    return Added(
        found["identifier"], found["key"], found["version"], found["files"], found["bytes"], new=False
    )


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()
