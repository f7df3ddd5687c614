"""The picture that stands for an object: its most telling product, else the middle frame of its capture."""

from __future__ import annotations

from vestige.archive.gallery import newest_capture, products_of
from vestige.contract.kinds import Kind
from vestige.display import pictures
from vestige.display.entries import CaptureEntry
from vestige.publish.kept import result_key
from vestige.web.archive_shelf import ArchiveShelf
from vestige.web.cards import TELLING
from vestige.web.exhibit import Exhibit

#: Kinds whose picture is made from all their files.
_WHOLE = (Kind.MESH, Kind.FEATURES, Kind.RELIGHTABLE)


def portrait(shelf: ArchiveShelf, number: int) -> tuple[bytes, str] | None:
    """The picture of an object and its media type; None where it has none.

    Raises
    ------
    InputError
        where the file it would be made from is broken.
    """
    engine, cache = shelf.archive.engine, pictures.cache_of(shelf.root)
    listed = [item for item in products_of(engine, number) if item.kind in TELLING]
    if listed:
        best = min(listed, key=lambda item: TELLING.index(Kind(item.kind)))
        entry = shelf.result(result_key(best.capture, best.run))
        records = entry.report.products if entry.report else []
        index = next((place for place, record in enumerate(records) if record.kind == best.kind), None)
        if index is not None:
            exhibit = Exhibit(entry, index, cache)
            whole = exhibit.record.kind in _WHOLE
            files = exhibit.files() if whole else [path for _, path in exhibit.pictures()]
            return pictures.thumbnail(exhibit.record.kind, entry.path(index), files, cache, pictures.LISTED)
    key = newest_capture(engine, number)
    return frame_portrait(shelf.capture(key), shelf) if key else None


def frame_portrait(entry: CaptureEntry, shelf: ArchiveShelf) -> tuple[bytes, str] | None:
    """The telling frame of a capture, small."""
    place = entry.telling
    if entry.capture is None or place is None:
        return None
    frame = entry.capture.frames[place]
    data = pictures.frame_picture(entry.capture, frame, pictures.LISTED, pictures.cache_of(shelf.root))
    return data, "image/jpeg"
