"""The leaves of an object: each picture of it that gets a canvas, with the other views of the same thing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vestige.capture import Capture
from vestige.contract.kinds import Kind
from vestige.contract.report import ProductRecord
from vestige.display.bands import band_labels
from vestige.display.entries import ResultEntry
from vestige.display.pictures import PORTRAYED, RASTERS
from vestige.errors import VestigeError
from vestige.imaging import IMAGE_SUFFIXES
from vestige.publish.iiif.labels import Labels, own, said, with_kind
from vestige.publish.iiif.names import frame_name, product_name

#: The axis whose frames show another thing each, where those of any other are views of one.
_PAGES = "page"
#: Of one capture no more frames are offered than this.
_MOST_FRAMES = 400


@dataclass(frozen=True)
class View:
    """One way to see a leaf: the name of its picture, and what it is called."""

    name: str
    label: Labels


@dataclass(frozen=True)
class Leaf:
    """What gets a canvas: its views, the first one first seen; the file it is in the archive.

    `sheet` is the file of its words where it is a page that was read.
    """

    name: str
    label: Labels
    views: tuple[View, ...]
    capture: str
    place: str
    whole: str
    sheet: Path | None = None


def product_leaves(entry: ResultEntry) -> Iterator[Leaf]:
    """The leaves of a result, product by product; what cannot be read is left out."""
    for index, record in enumerate(entry.report.products if entry.report else []):
        if record.kind in RASTERS | PORTRAYED:
            try:
                yield from _of_product(entry, index, record)
            except VestigeError:
                continue


def _of_product(entry: ResultEntry, index: int, record: ProductRecord) -> Iterator[Leaf]:
    capture, root = entry.key[:64], entry.path(index)
    whole = f"products/{entry.folder.name}/{record.path}"
    if record.kind in PORTRAYED:
        name = product_name(entry.key, index, 0)
        label = with_kind(record.name, record.kind)
        yield Leaf(name, label, (View(name, label),), capture, whole, whole)
        return
    files = [(n, path) for n, path in enumerate(entry.files(index)) if path.suffix.lower() in IMAGE_SUFFIXES]
    words = _sheets(entry) if record.kind is Kind.PAGE else {}
    for item, path in files:
        name = product_name(entry.key, index, item)
        label = with_kind(record.name, record.kind) if len(files) == 1 else own(path.stem)
        place = whole if path == root else f"{whole}/{path.relative_to(root).as_posix()}"
        views = (View(name, label), *_bands(entry, index, item, record, path))
        yield Leaf(name, label, views, capture, place, whole, words.get(path.stem))


def _bands(entry: ResultEntry, index: int, item: int, record: ProductRecord, path: Path) -> Iterator[View]:
    """Each band of a stack of bands, by its wavelength or name."""
    if record.kind is not Kind.BANDS:
        return
    from vestige.display.opening import native_bands

    for band, label in enumerate(band_labels(record.about, native_bands(path))):
        yield View(product_name(entry.key, index, item, band), said("band", label=label))


def _sheets(entry: ResultEntry) -> dict[str, Path]:
    """The files of words of a result, by the names of their pages."""
    return {path.stem: path for _, path in sheets(entry)}


def sheets(entry: ResultEntry) -> Iterator[tuple[int, Path]]:
    """The files of words of a result, each with the place of its product."""
    for index, record in enumerate(entry.report.products if entry.report else []):
        if record.kind is Kind.TEXT:
            for path in entry.files(index):
                if path.suffix.lower() == ".xml":
                    yield index, path


def frame_leaves(key: str, capture: Capture) -> Iterator[Leaf]:
    """The frames of a capture: one leaf with all of them to choose from; pages, each a leaf."""
    shown = [
        (number, frame)
        for number, frame in enumerate(capture.frames)
        if frame.role == "object" and Path(frame.file).suffix.lower() in IMAGE_SUFFIXES
    ][:_MOST_FRAMES]
    views = [View(frame_name(key, n), said("frame", label=Path(frame.file).stem)) for n, frame in shown]
    places = [f"capture/{frame.file}" for _, frame in shown]
    if _PAGES in capture.axes():
        for view, place in zip(views, places, strict=True):
            yield Leaf(view.name, view.label, (view,), key, place, place)
    elif views:
        first = len(views) // 2
        order = [views[first], *views[:first], *views[first + 1 :]]
        yield Leaf(order[0].name, said("frames"), tuple(order), key, places[first], places[first])


def files_beside(entries: Sequence[ResultEntry]) -> Iterator[tuple[str, ProductRecord, Path]]:
    """Files that a person takes home beside the pictures, each with its name in addresses."""
    for entry in entries:
        for index, record in enumerate(entry.report.products if entry.report else []):
            try:
                files = entry.files(index)
            except VestigeError:
                continue
            for item, path in enumerate(files):
                if path.suffix.lower() in MEDIA and record.kind in TAKEN:
                    yield product_name(entry.key, index, item), record, path


#: Kinds whose files are handed out as they are kept, and the media types of such files.
TAKEN = frozenset({Kind.MESH, Kind.TEXT, Kind.TABLE, Kind.FEATURES})
MEDIA: Mapping[str, tuple[str, str]] = {
    ".glb": ("model/gltf-binary", "Model"),
    ".pdf": ("application/pdf", "Text"),
    ".csv": ("text/csv", "Dataset"),
    ".gpkg": ("application/geopackage+sqlite3", "Dataset"),
    ".xml": ("application/xml", "Text"),
}
