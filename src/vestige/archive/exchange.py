"""Out and in: BagIt bags with an RO-Crate each, one a capture; spreadsheets of objects.

Source: RFC 8493, The BagIt File Packaging Format 1.0; RO-Crate 1.1, appendix on BagIt.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from vestige.archive import search
from vestige.archive.archive import Archive
from vestige.archive.descriptions import FIELDS, read_table, write_table
from vestige.archive.ingest import OBJECT, RECORDS, Added, add_capture, publish
from vestige.archive.inventory import SUMS
from vestige.archive.kept import CAPTURE, ocfl_identifier
from vestige.archive.staging import Source
from vestige.capture import MANIFEST, load_manifest
from vestige.capture.durable import publish_folder
from vestige.errors import InputError, OutputError

_DECLARATION = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
_MANIFEST, _TAGS = "manifest-sha512.txt", "tagmanifest-sha512.txt"


def export_bags(archive: Archive, name: str, out: str | Path) -> list[Path]:
    """Write a bag for each capture of an object (by identifier), or for one (by its key), under `out`.

    A bag's payload is the newest version of the capture with all its products: an RO-Crate. Each
    file is checked against its SHA-512 as it is copied.

    Raises
    ------
    InputError
        where there is no such object or capture, or a file is damaged.
    OutputError
        where a bag is there already, or the disk refuses.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     export_bags(archive, "abcd", "bags")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: abcd is not in this archive
    """
    return _exported(archive, name, Path(out), _fill)


def export_crates(archive: Archive, name: str, out: str | Path) -> list[Path]:
    """Write an RO-Crate for each capture of an object, or for one: the payload of its bag, by itself.

    Raises
    ------
    InputError
        where there is no such object or capture, or a file is damaged.
    OutputError
        where a crate is there already, or the disk refuses.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     export_crates(archive, "abcd", "crates")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: abcd is not in this archive
    """
    return _exported(archive, name, Path(out), _payload)


def _exported(
    archive: Archive, name: str, out: Path, fill: Callable[[Archive, str, str, Path], object]
) -> list[Path]:
    """A folder for each capture of an object (by identifier), or for one (by its key), filled by `fill`."""
    try:
        found = search.find(archive.engine, name)
        captures = search.captures_of(archive.engine, found["id"])
    except InputError:
        found = {}
        captures = [search.find_capture(archive.engine, name)]
    if not captures:
        raise InputError(name, "has no capture to export")
    made = []
    for capture in captures:
        identifier = found.get("identifier") or capture["identifier"]
        folder = out / f"{_plain(identifier)}-{capture['key'][:12]}"
        _placed(folder, partial(fill, archive, capture["key"], identifier))
        made.append(folder)
    return made


def _placed(folder: Path, fill: Callable[[Path], object]) -> None:
    """A new folder, filled beside its place and put there whole."""
    if folder.exists():
        raise OutputError(f"{folder} exists already: name another folder, or move it away")
    staged = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}")
    try:
        fill(staged)
        publish_folder(staged, folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}): free some space") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _payload(archive: Archive, key: str, _identifier: str, target_folder: Path) -> tuple[list[str], int]:
    """Copy the newest version of a capture, checked as it is copied: lines of its manifest, and its size."""
    name = ocfl_identifier(key)
    read = archive.store.read(name)
    root, size = archive.store.object(name), 0
    lines = []
    digests = read.inventory.digests()
    for path, where in sorted(read.inventory.files().items()):
        if path == SUMS:
            continue
        target = target_folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / where, target)
        if _sha512(target) != digests[path]:
            raise InputError(root / where, "is damaged", action="restore the object from a copy")
        size += target.stat().st_size
        lines.append(f"{digests[path]}  data/{_escaped(path)}\n")
    return lines, size


def _fill(archive: Archive, key: str, identifier: str, staged: Path) -> None:
    lines, size = _payload(archive, key, identifier, staged / "data")
    name = ocfl_identifier(key)
    number = archive.store.read(name).inventory.number
    tags = {
        "bagit.txt": _DECLARATION,
        "bag-info.txt": (
            f"External-Identifier: {name}\n"
            f"Source-Organization: {archive.settings.identifier}\n"
            f"External-Description: capture of {identifier}, version {number}\n"
            f"Bagging-Date: {datetime.now(UTC):%Y-%m-%d}\n"
            f"Payload-Oxum: {size}.{len(lines)}\n"
        ).encode(),
        _MANIFEST: "".join(lines).encode(),
    }
    tags[_TAGS] = "".join(
        f"{hashlib.sha512(data).hexdigest()}  {name}\n" for name, data in tags.items()
    ).encode()
    for name, data in tags.items():
        (staged / name).write_bytes(data)


def import_bag(archive: Archive, folder: str | Path) -> list[Added]:
    """Take in a bag that `export_bags` wrote: the description, the capture, and each result.

    What the other archive recorded of them is kept beside the capture, in ``origin/records.jsonl``.

    Raises
    ------
    InputError
        where the bag is not whole, or holds no capture.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     import_bag(archive, "nowhere")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: nowhere is no bag; expected a folder with bagit.txt
    """
    folder = Path(folder)
    check_bag(folder)
    data = folder / "data"
    manifest = data / CAPTURE / MANIFEST
    if not manifest.is_file():
        raise InputError(folder, "holds no capture", f"data/{CAPTURE}/{MANIFEST}")
    along = [Source(f"origin/{RECORDS}", data / RECORDS)] if (data / RECORDS).is_file() else []
    added = [add_capture(archive, load_manifest(manifest), _description(data / OBJECT), along)]
    reports = sorted((data / "products").glob("*/report.json"))
    started = {path: json.loads(path.read_bytes())["started"] for path in reports}
    in_order = sorted(reports, key=lambda path: str(started[path]))
    return added + [publish(archive, path.parent, origin=added[0].capture) for path in in_order]


def import_table(archive: Archive, path: str | Path) -> int:
    """Take in the objects of a CSV file; the number of objects that changed.

    Raises
    ------
    InputError
        naming the line that is wrong; then nothing was taken in.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     import_table(archive, "none.csv")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.csv cannot be read (No such file or directory)
    """
    return archive.describe_all(read_table(Path(path)))


def export_table(archive: Archive, *, words: str = "", fields: Mapping[str, str] | None = None) -> str:
    """The objects as CSV, all or those found.

    >>> import tempfile
    >>> with Archive.make(tempfile.mkdtemp()) as archive:
    ...     _ = archive.describe("MS 42", {"title": "Psalter"})
    ...     export_table(archive).splitlines()[1][:13]
    'MS 42,Psalter'
    """

    def listed() -> Iterator[dict[str, Any]]:
        after = None
        while True:
            page = archive.search(words, fields=fields, after=after, limit=1000)
            yield from page.objects
            if page.after is None:
                return
            after = page.after

    return write_table(listed())


def check_bag(folder: Path) -> None:
    """Check that a bag is whole: every file listed is there with its digest, and no other is.

    Raises
    ------
    InputError
        naming the first file at fault.
    """
    if not (folder / "bagit.txt").is_file():
        raise InputError(folder, "is no bag", "a folder with bagit.txt")
    listed: set[str] = set()
    for name in (_TAGS, _MANIFEST):
        for number, (digest, path) in enumerate(_lines(folder / name), start=1):
            file = folder / path
            if Path(path).is_absolute() or ".." in Path(path).parts or "\0" in path:
                raise InputError(folder / name, f"names a file outside the bag on line {number}")
            if not file.is_file():
                raise InputError(file, "is missing from the bag")
            if _sha512(file) != digest:
                raise InputError(file, "is not what the bag says", action="copy the bag again")
            listed.add(path)
    present = {path.relative_to(folder).as_posix() for path in (folder / "data").rglob("*") if path.is_file()}
    if stray := sorted(present - listed):
        raise InputError(folder / stray[0], f"is not listed in {_MANIFEST}")


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise InputError(path, "is not in UTF-8") from None
    # Not `splitlines`, nor `strip`: a name may hold a line separator of Unicode or end in a space.
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text.rstrip("\r\n")), start=1):
        digest, _, name = line.partition(" ")
        if len(digest) != 128 or not name.strip():
            raise InputError(path, f"has no digest and path on line {number}")
        yield digest.lower(), unquote(name.lstrip(" \t"))


def _description(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_bytes()) if path.is_file() else {}
    except ValueError:
        raise InputError(path, "is no JSON") from None
    if not isinstance(told, dict):
        raise InputError(path, "does not describe an object")
    return {name: value for name, value in told.items() if name == "identifier" or (name in FIELDS and value)}


def _escaped(path: str) -> str:
    """Percent signs and line ends, as RFC 8493 asks."""
    return path.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _plain(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-._" else "-" for c in name)[:60].strip(".") or "object"


def _sha512(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha512").hexdigest()
