"""Descent: from which capture of the archive a run's inputs come, through parts of it and steps of chains."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from vestige.archive import search
from vestige.archive.archive import Archive
from vestige.archive.kept import kept_capture
from vestige.capture import MANIFEST, Capture, load_manifest, open_capture
from vestige.contract.chain import split
from vestige.contract.report import REPORT, InputRecord, Report, load_report
from vestige.errors import InputError, VestigeError

#: A chain's step lies at most this far above the capture that was made of its products.
_ABOVE = 3
#: Axes along which a capture is looked through for the part that a run was given.
_AXES = 6


def ancestor(archive: Archive, report: Report, folder: Path) -> str:
    """The key of the capture that a result descends from; empty where none is in this archive.

    A run may have been given a capture, a part of one, products, or a capture that a chain made of products:
    then the steps before tell, kept or not.
    """
    for number, item in enumerate(report.inputs):
        if item.what != "capture":
            found = search.product_origin(archive.engine, item.blake3)
        elif _known(archive, item.blake3):
            found = item.blake3
        else:
            found = _through(archive, _as_given(archive, folder, number, item), Path(item.path))
        if found:
            return found
    return ""


def given(archive: Archive, folder: Path, number: int, item: InputRecord) -> Capture:
    """The capture that a run was given as its input of that number, or the part of one, with its digests.

    Raises
    ------
    InputError
        where it is there no more, or not what it was.
    """
    whole = _as_given(archive, folder, number, item)
    for part in _parts(whole) if whole else ():
        if part.digest(recorded=True) == item.blake3:
            return part
    raise InputError(
        item.path, "is no more the capture that the run was given", action="put it back, or run again"
    )


def _as_given(archive: Archive, folder: Path, number: int, item: InputRecord) -> Capture | None:
    """The whole that the input was, or was a part of; from the archive where that knows it."""
    along = folder / "inputs" / str(number) / MANIFEST
    if along.is_file():
        return load_manifest(along)
    try:
        whole = open_capture(item.path)
        recorded = all(one.blake3 for one in whole.files())
        key = whole.digest(recorded=recorded)
    except VestigeError:
        return None
    return kept_capture(archive, key) if _known(archive, key) else whole


def _through(archive: Archive, whole: Capture | None, place: Path) -> str:
    """The capture that another was cut from or made of, step by step back."""
    if whole is None:
        return ""
    key = whole.digest(recorded=True)
    if _known(archive, key):
        return key
    for frame in whole.frames:
        if found := search.product_origin(archive.engine, frame.blake3):
            return found
    step = str(whole.settings.get("derived_from", "")).partition(".")[0]
    for before in _steps(place, step) if step else ():
        if found := ancestor(archive, load_report(before), before):
            return found
    return ""


def _steps(place: Path, step: str) -> Iterator[Path]:
    """The folders of the results of a step of the chain that made the capture in `place`."""
    for above in list(place.parents)[:_ABOVE]:
        for report in sorted([*(above / step).glob(REPORT), *(above / step).glob(f"*/{REPORT}")]):
            yield report.parent


def _parts(whole: Capture) -> Iterator[Capture]:
    """A capture, and its parts along one axis or several; those of its first part, too (for `first`)."""
    yield whole
    for part in _along(whole):
        yield part
        if part.frames[0] == whole.frames[0]:
            yield from _along(part)


def _along(capture: Capture) -> Iterator[Capture]:
    axes = capture.axes()[:_AXES]
    for count in range(1, len(axes) + 1):
        for chosen in combinations(axes, count):
            try:
                yield from (part for _, part in split(capture, *chosen))
            except InputError:  # not every frame stands on that axis
                continue


def _known(archive: Archive, key: str) -> bool:
    return bool(key) and search.capture(archive.engine, key) is not None
