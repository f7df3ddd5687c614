"""Viewers: for each kind of product, the template that shows it and what that template needs to know.

A kind is added by one line in `VIEWERS`; nothing here or in the templates knows which technique made a product.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from vestige.contract.kinds import Kind
from vestige.contract.report import ProductRecord
from vestige.errors import InputError
from vestige.web.alto import Sheet, read_sheet
from vestige.web.ground import extent
from vestige.web.pictures import band_range
from vestige.web.pyramid import TILE, Pyramid, open_pyramid
from vestige.web.security import Absent
from vestige.web.shelf import ResultEntry
from vestige.web.tone import CLASS_COLOURS

_IMAGES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2"})
_ROWS = 500


@dataclass(frozen=True)
class Exhibit:
    """One product as a viewer is given it."""

    result: ResultEntry
    index: int
    cache: Path

    @property
    def record(self) -> ProductRecord:
        """What the report says of it."""
        return self.result.record(self.index)

    @property
    def about(self) -> Mapping[str, Any]:
        """What the technique told for viewers."""
        return self.record.about

    def address(self, what: str, *more: object) -> str:
        """The address of something of this product."""
        tail = "".join(f"/{part}" for part in more)
        return f"/{what}/{self.result.key}/{self.index}{tail}"

    def sibling(self, *kinds: Kind) -> Exhibit | None:
        """The first other product of a kind in the same folder."""
        records = self.result.report.products if self.result.report else []
        for kind in kinds:
            for place, record in enumerate(records):
                if record.kind == kind and place != self.index:
                    return Exhibit(self.result, place, self.cache)
        return None

    def pictures(self) -> list[tuple[int, Path]]:
        """The picture files of the product with their place among its files."""
        found = [(n, p) for n, p in enumerate(self.files()) if p.suffix.lower() in _IMAGES]
        if not found:
            raise InputError(self.record.path, "holds no picture")
        return found

    def files(self) -> list[Path]:
        """All files of the product."""
        return self.result.files(self.index)

    def pyramid(self, item: int) -> Pyramid:
        """The raster of one of its files."""
        files = self.files()
        if not 0 <= item < len(files):
            raise Absent(item)
        return open_pyramid(files[item], self.cache)


@dataclass(frozen=True)
class Viewer:
    """How a kind is shown: its template, its script (empty: none), and what they are told.

    `tell` returns ``stage`` (for the script, as JSON) and whatever else the template wants.
    """

    template: str
    script: str
    tell: Callable[[Exhibit], dict[str, Any]]


def _zoomable(exhibit: Exhibit, number: int, path: Path) -> dict[str, Any]:
    """What a deep-zoom viewer must know of one picture."""
    pyramid = exhibit.pyramid(number)
    return {
        "label": path.stem,
        "width": pyramid.width,
        "height": pyramid.height,
        "deepest": pyramid.deepest,
        "tile": TILE,
        "tiles": exhibit.address("tiles", number),
        "version": f"{exhibit.record.sha256[:8]}{path.stat().st_mtime_ns:x}"[-20:],
    }


def _pictures(exhibit: Exhibit) -> dict[str, Any]:
    """Pictures; sizes of all but the first are asked for when they are opened."""
    found = exhibit.pictures()
    first, *others = found
    items = [_zoomable(exhibit, *first)] + [
        {"label": path.stem, "ask": exhibit.address("raster", number)} for number, path in others
    ]
    for item, (number, _) in zip(items, found, strict=True):
        item["picture"] = exhibit.address("overview", number) + "?side=200"
    return {"stage": {"items": items, "pixel_mm": exhibit.about.get("pixel_mm")}}


def raster(exhibit: Exhibit, number: int) -> dict[str, Any]:
    """What a deep-zoom viewer must know of one file of a product."""
    files = exhibit.files()
    if not 0 <= number < len(files):
        raise Absent(number)
    return _zoomable(exhibit, number, files[number])


def _depth(exhibit: Exhibit) -> dict[str, Any]:
    told = _pictures(exhibit)
    pyramid = exhibit.pyramid(exhibit.pictures()[0][0])
    low, high = band_range(pyramid, 0)
    scalar = {"low": low, "high": high, "unit": str(exhibit.about.get("unit", ""))}
    told["stage"] |= {"looks": ["relief", "viridis", "cividis", "grey"], "range": scalar}
    return told


def _bands(exhibit: Exhibit) -> dict[str, Any]:
    told = _pictures(exhibit)
    pyramid = exhibit.pyramid(exhibit.pictures()[0][0])
    labels = _labels(exhibit.about, pyramid.bands)
    rows = []
    for band in range(pyramid.bands):
        low, high = band_range(pyramid, band)
        rows.append({"label": labels[band], "low": low, "high": high})
    told["stage"] |= {"bands": rows, "mixture": _mixture(exhibit.about, pyramid.bands)}
    return told


def _labels(about: Mapping[str, Any], count: int) -> list[str]:
    """Names of the bands: what the technique calls them, else wavelengths, else numbers."""
    for key in ("labels", "names", "bands", "band_names"):
        names = about.get(key)
        if isinstance(names, list) and len(names) == count:
            return [str(name) for name in names]
    waves = _wavelengths(about, count)
    return [f"{wave:g} nm" for wave in waves] if waves else [str(band + 1) for band in range(count)]


def _wavelengths(about: Mapping[str, Any], count: int) -> list[float]:
    for key in ("wavelengths", "wavelength", "wavelengths_nm"):
        waves = about.get(key)
        if isinstance(waves, list) and len(waves) == count and all(isinstance(w, int | float) for w in waves):
            return [float(wave) for wave in waves]
    return []


def _mixture(about: Mapping[str, Any], count: int) -> list[int]:
    """Which bands first stand for red, green and blue: those nearest to 620, 540 and 460 nm, else the first three."""
    if waves := _wavelengths(about, count):
        return [min(range(count), key=lambda band: abs(waves[band] - wanted)) for wanted in (620, 540, 460)]
    return [min(place, count - 1) for place in range(3)]


def _normals(exhibit: Exhibit) -> dict[str, Any]:
    number, _ = exhibit.pictures()[0]
    pyramid = exhibit.pyramid(number)
    told = {"width": pyramid.width, "height": pyramid.height, "normals": exhibit.address("overview", number) + "?side=2048"}
    return {"stage": told}


def _relightable(exhibit: Exhibit) -> dict[str, Any]:
    names = {path.name: number for number, path in enumerate(exhibit.files())}
    if "info.json" not in names:
        raise InputError(exhibit.record.path, "has no info.json", "a relightable picture in Relight's web format")
    try:
        info = json.loads(exhibit.files()[names["info.json"]].read_bytes())
        count = (int(info["nplanes"]) + 2) // 3
        told = {key: info[key] for key in ("width", "height", "type", "colorspace", "nplanes")}
        told["materials"] = [{key: info["materials"][0][key] for key in ("scale", "bias")}]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError("info.json", f"does not describe a relightable picture ({str(error)[:80]})") from None
    if told["type"] not in ("ptm", "hsh") or told["colorspace"] != "rgb":
        raise InputError("info.json", f"is of the type {told['type']} {told['colorspace']}", "ptm or hsh in rgb")
    missing = [f"plane_{n}.jpg" for n in range(count) if f"plane_{n}.jpg" not in names]
    if missing or not 1 <= count <= 64:
        raise InputError(missing[0] if missing else "info.json", "is missing" if missing else "names no planes")
    told["planes"] = [exhibit.address("file", names[f"plane_{n}.jpg"]) for n in range(count)]
    return {"stage": told}


def _mesh(exhibit: Exhibit) -> dict[str, Any]:
    found = [n for n, path in enumerate(exhibit.files()) if path.suffix.lower() == ".glb"]
    if not found:
        raise InputError(exhibit.record.path, "holds no binary glTF", "a file ending in .glb")
    with exhibit.files()[found[0]].open("rb") as stream:
        if stream.read(4) != b"glTF":
            raise InputError(exhibit.record.path, "is no binary glTF")
    return {"stage": {"model": exhibit.address("file", found[0])}}


def _sheets(exhibit: Exhibit) -> list[tuple[int, Path]]:
    return [(n, path) for n, path in enumerate(exhibit.files()) if path.suffix.lower() == ".xml"]


def _page(exhibit: Exhibit) -> dict[str, Any]:
    """Pictures with the words of the pages of the same name over them."""
    told = _pictures(exhibit)
    text = exhibit.sibling(Kind.TEXT)
    words = {path.stem: text.address("words", n) for n, path in _sheets(text)} if text else {}
    for item in told["stage"]["items"]:
        item["words"] = words.get(item["label"])
    return told


def _text(exhibit: Exhibit) -> dict[str, Any]:
    """Text to read beside the pages it stands on; documents to open."""
    files = exhibit.files()
    documents = [
        {"name": path.name, "address": exhibit.address("file", n), "bytes": path.stat().st_size}
        for n, path in enumerate(files)
        if path.suffix.lower() in (".pdf", ".txt")
    ]
    sheets = _sheets(exhibit)
    if not documents and not sheets:
        raise InputError(exhibit.record.path, "holds no text", "ALTO, PDF or plain text")
    told: dict[str, Any] = {"documents": documents, "sheets": [path.stem for _, path in sheets], "stage": {"items": []}}
    pages = exhibit.sibling(Kind.PAGE)
    if pages is None or not sheets:
        told["texts"] = [(path.stem, read_sheet(path).paragraphs) for _, path in sheets[:50]]
        return told
    pictures = {path.stem: number for number, path in pages.pictures()}
    told["stage"] = {
        "reading": True,
        "items": [
            {
                "label": path.stem,
                "words": exhibit.address("words", n),
                "ask": pages.address("raster", pictures[path.stem]),
                "picture": pages.address("overview", pictures[path.stem]) + "?side=200",
            }
            for n, path in sheets
            if path.stem in pictures
        ],
    }
    return told


def sheet(exhibit: Exhibit, number: int) -> Sheet:
    """The words of one page."""
    found = dict(_sheets(exhibit))
    if number not in found:
        raise Absent(number)
    return read_sheet(found[number])


def _ground(exhibit: Exhibit) -> dict[str, Any]:
    """A raster on the ground."""
    number, path = exhibit.pictures()[0]
    place = extent(path)
    return {
        "extent": list(place.bounds),
        "width": place.width,
        "height": place.height,
        "reference": place.reference,
        "picture": exhibit.address("overview", number),
    }


def _grid(exhibit: Exhibit) -> dict[str, Any]:
    stage = _ground(exhibit)
    low, high = band_range(exhibit.pyramid(exhibit.pictures()[0][0]), 0)
    unit = str(exhibit.about.get("unit", ""))
    stage |= {"range": {"low": low, "high": high, "unit": unit}, "looks": ["inverse", "grey", "polar", "viridis", "relief"]}
    if outlines := exhibit.sibling(Kind.FEATURES):
        stage["features"] = outlines.address("features")
    return {"stage": stage}


def _classes(exhibit: Exhibit) -> dict[str, Any]:
    stage = _ground(exhibit)
    named = exhibit.about.get("classes", exhibit.about.get("names", exhibit.about.get("class_names", [])))
    rows = list(named.items()) if isinstance(named, dict) else list(enumerate(named if isinstance(named, list) else []))
    legend = []
    for key, name in rows:
        number = int(key) if str(key).lstrip("-").isdecimal() else len(legend)
        legend.append({"name": str(name), "colour": f"#{CLASS_COLOURS[number % len(CLASS_COLOURS)]}"})
    if under := exhibit.sibling(Kind.GRID):
        stage["under"] = _ground(under)
    return {"stage": stage, "legend": legend}


def _features(exhibit: Exhibit) -> dict[str, Any]:
    stage: dict[str, Any] = {"features": exhibit.address("features")}
    if under := exhibit.sibling(Kind.GRID):
        stage = _grid(under)["stage"] | stage
    return {"stage": stage}


def _table(exhibit: Exhibit) -> dict[str, Any]:
    """The first rows of a table; of a data set, those of its index."""
    files = [path for path in exhibit.files() if path.suffix.lower() in (".csv", ".json")]
    files.sort(key=lambda path: path.stem != "index")
    if not files:
        raise InputError(exhibit.record.path, "holds no table", "a CSV or JSON file")
    source = files[0]
    try:
        columns, rows = _csv(source) if source.suffix.lower() == ".csv" else _json(source)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise InputError(source.name, f"cannot be read as a table ({str(error)[:100]})") from None
    return {"columns": columns, "rows": rows, "source": source.name, "limit": _ROWS}


def _csv(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        columns = next(reader, [])
        return columns, list(islice(reader, _ROWS))


def _json(path: Path) -> tuple[list[str], list[list[str]]]:
    from vestige.contract.report_page import readable, rows

    found = json.loads(path.read_bytes())
    if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
        columns = list(dict.fromkeys(key for row in found[:_ROWS] for key in row))
        return columns, [[readable(row.get(key)) for key in columns] for row in found[:_ROWS]]
    table = found if isinstance(found, dict) else {"value": found}
    return [], [list(row) for row in islice(rows(table), _ROWS)]


def _model(exhibit: Exhibit) -> dict[str, Any]:
    """What a trained model takes and gives, and what it says of itself."""
    path = exhibit.files()[0]
    return {"rows": list(_described(path)), "columns": [], "source": path.name, "limit": _ROWS}


def _described(path: Path) -> Iterator[list[str]]:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime's own errors share no base class but this one.
        raise InputError(path.name, f"is no model that can be opened ({str(error)[:100]})") from None
    for what, ports in (("input", session.get_inputs()), ("output", session.get_outputs())):
        for port in ports:
            yield [what, f"{port.name}: {port.type} {' × '.join(str(side) for side in port.shape)}"]
    for key, value in session.get_modelmeta().custom_metadata_map.items():
        yield [key, value[:500]]


def _report(exhibit: Exhibit) -> dict[str, Any]:
    documents = [
        {"name": path.name, "address": exhibit.address("file", n), "bytes": path.stat().st_size}
        for n, path in enumerate(exhibit.files())
    ]
    return {"documents": documents}


VIEWERS: dict[Kind, Viewer] = {
    Kind.IMAGE: Viewer("zoom.html", "zoom.js", _pictures),
    Kind.DEPTH: Viewer("zoom.html", "zoom.js", _depth),
    Kind.BANDS: Viewer("zoom.html", "zoom.js", _bands),
    Kind.RELIGHTABLE: Viewer("light.html", "light.js", _relightable),
    Kind.NORMALS: Viewer("light.html", "light.js", _normals),
    Kind.MESH: Viewer("mesh.html", "mesh.js", _mesh),
    Kind.PAGE: Viewer("zoom.html", "zoom.js", _page),
    Kind.TEXT: Viewer("text.html", "zoom.js", _text),
    Kind.GRID: Viewer("map.html", "map.js", _grid),
    Kind.CLASSES: Viewer("map.html", "map.js", _classes),
    Kind.FEATURES: Viewer("map.html", "map.js", _features),
    Kind.MODEL: Viewer("table.html", "", _model),
    Kind.TABLE: Viewer("table.html", "", _table),
    Kind.REPORT: Viewer("files.html", "", _report),
}
