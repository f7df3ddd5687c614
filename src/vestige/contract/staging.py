"""Where a run works and where its result goes: hidden beside the output, alone, published in one step."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import glob
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from vestige.capture.durable import write_atomically
from vestige.contract.parts import PartStore
from vestige.contract.report import REPORT, load_report
from vestige.contract.report_page import PAGE
from vestige.errors import BusyError, InputError, OutputError

_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO})


def output_place(out: str | os.PathLike[str], sources: Iterable[Path] = ()) -> Path:
    """The folder that `out` means, links followed; never one that people or inputs stand in.

    Raises
    ------
    OutputError
        where `out` is the current folder, a file, or holds one of the `sources`.

    >>> output_place("sharp", [Path("sharp/frames")])
    Traceback (most recent call last):
    ...
    vestige.errors.OutputError: sharp holds the input sharp/frames: name another folder for the products
    """
    place = Path(os.path.realpath(out))
    here = Path(os.path.realpath("."))
    if place == here or place in here.parents:
        raise OutputError(f"{out} is the folder you are in: name a folder of its own for the products")
    if place.exists() and not place.is_dir():
        raise OutputError(f"{out} is a file: name a folder for the products")
    for source in sources:
        real = Path(os.path.realpath(source))
        if place == real or place in real.parents:
            what = "is the input itself" if place == real else f"holds the input {source}"
            raise OutputError(f"{out} {what}: name another folder for the products")
    return place


def refuse_foreign(place: Path, *, replace: bool) -> None:
    """Refuse a folder that holds anything but an older result which may be replaced.

    >>> refuse_foreign(Path("nowhere"), replace=False)
    """
    if not place.is_dir() or not (held := {item.name for item in place.iterdir()}):
        return
    foreign = sorted(held - _of_result(place))
    if foreign:
        raise OutputError(
            f"{place} is not empty and holds {foreign[0]}, which is no result of Vestige, and is left alone: "
            "name another folder"
        )
    if not replace:
        raise OutputError(
            f"{place} is not empty: name another folder, or add --replace to put the new result there"
        )


def _of_result(place: Path) -> set[str]:
    """Names at the top of a folder that belong to the result in it."""
    try:
        report = load_report(place)
    except InputError:
        return set()
    return {Path(record.path).parts[0] for record in report.products} | {REPORT, PAGE}


@contextlib.contextmanager
def working_folder(place: Path, key: str) -> Iterator[Path]:
    """A folder beside `place` for the run `key`; what an unlike run left there is dropped. One run at a time.

    It stays where the run fails with finished parts in it, so that the next one goes on from them.
    """
    with alone(place) as work:
        mark = work / "key"
        if not mark.exists() or mark.read_text() != key:
            for name in ("parts", "output"):
                shutil.rmtree(work / name, ignore_errors=True)
            write_atomically(mark, key.encode())
        finished = False
        try:
            yield work
            finished = True
        except OSError as error:
            raise _disk_error(error, place) from error
        finally:
            if finished or not PartStore(work / "parts" / "parts").any():
                _remove(work)


@contextlib.contextmanager
def alone(place: Path) -> Iterator[Path]:
    """The hidden folder that belongs to `place`, held by this run alone; removed if it stays empty.

    Raises
    ------
    OutputError
        where another run holds it, or the disk refuses.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, alone(Path(folder, "out")) as work:
    ...     work.name
    '.out.vestige'
    """
    work = place.with_name(f".{place.name}.vestige")
    try:
        lock = _lock(work, place)
    except OSError as error:
        raise OutputError(f"{place} cannot be written ({error.strerror}): choose another folder") from None
    for left in place.parent.glob(f"{glob.escape(work.name)}.*"):  # a kill came while it was being removed
        shutil.rmtree(left, ignore_errors=True)
    with lock:
        try:
            yield work
        finally:
            if work.exists() and [item.name for item in work.iterdir()] == ["lock"]:
                _remove(work)


def _lock(work: Path, place: Path) -> BinaryIO:
    """The lock of a working folder; tried again where a run that just ended took the folder away."""
    while True:
        work.mkdir(parents=True, exist_ok=True)
        try:
            lock = open(work / "lock", "a+b")  # noqa: SIM115 - held until the run ends
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(lock.fileno()), (work / "lock").stat()):
                    return lock
        except BlockingIOError:
            lock.close()
            raise BusyError(
                f"{place} is being made by another run: wait for it, or name another folder"
            ) from None
        lock.close()


def _remove(work: Path) -> None:
    """Take a working folder away in one step, so that a run that waits for it finds all or nothing."""
    gone = work.with_name(f"{work.name}.{uuid.uuid4().hex[:8]}")
    with contextlib.suppress(OSError):
        work.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)


def _disk_error(error: OSError, place: Path) -> OutputError:
    what = f"{error.filename or place} cannot be used ({error.strerror or error})"
    return OutputError(f"{what}: free some space or check the disk" if error.errno in _DISK else what)


def prune(folder: Path, keep: Iterable[str]) -> None:
    """Remove what lies in a folder beside the names to keep: a killed run may have left half a file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "image.tif").write_bytes(b"whole"), Path(folder, "half").write_bytes(b"")
    ...     prune(Path(folder), ["image.tif"])
    ...     [item.name for item in Path(folder).iterdir()]
    ['image.tif']
    """
    kept = set(keep)
    for item in folder.iterdir():
        if item.name not in kept:
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()
