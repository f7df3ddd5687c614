"""What the viewers of text, tables and models are told."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from vestige.contract.kinds import Kind
from vestige.display.alto import Sheet, read_sheet
from vestige.errors import InputError
from vestige.web.exhibit import Exhibit
from vestige.web.faults import Absent, reason

_ROWS = 500


def text(exhibit: Exhibit) -> dict[str, Any]:
    """Text to read beside the pages it stands on; documents to open."""
    files = exhibit.files()
    documents = [
        {"name": path.name, "address": exhibit.address("file", n), "bytes": path.stat().st_size}
        for n, path in enumerate(files)
        if path.suffix.lower() in (".pdf", ".txt")
    ]
    sheets = exhibit.sheets()
    if not documents and not sheets:
        raise InputError(exhibit.record.path, "holds no text", "ALTO, PDF or plain text")
    told: dict[str, Any] = {
        "documents": documents,
        "sheets": [path.stem for _, path in sheets],
        "stage": {"items": []},
    }
    pages = exhibit.sibling(Kind.PAGE)
    if pages and documents:
        shown = pages.pictures()[:60]
        told["leaves"] = [pages.address("overview", number) + "?side=320" for number, _ in shown]
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
    found = dict(exhibit.sheets())
    if number not in found:
        raise Absent(number)
    return read_sheet(found[number])


def table(exhibit: Exhibit) -> dict[str, Any]:
    """The first rows of a table; of a data set, those of its index."""
    files = [path for path in exhibit.files() if path.suffix.lower() in (".csv", ".json")]
    files.sort(key=lambda path: path.stem != "index")
    if not files:
        raise InputError(exhibit.record.path, "holds no table", "a CSV or JSON file")
    source = files[0]
    try:
        columns, rows = _csv(source) if source.suffix.lower() == ".csv" else _json(source)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise InputError(source.name, f"cannot be read as a table ({reason(error, source)})") from None
    return {"columns": columns, "rows": rows, "source": source.name, "limit": _ROWS}


def _csv(path: Path) -> tuple[list[str], list[list[str]]]:
    with path.open(newline="", encoding="utf-8-sig") as stream:
        reader = csv.reader(stream)
        columns = next(reader, [])
        return columns, list(islice(reader, _ROWS))


def _json(path: Path) -> tuple[list[str], list[list[str]]]:
    from vestige.contract.report_page import readable, rows

    found = json.loads(path.read_bytes())
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list) and value]
        found = next((items for items in lists if all(isinstance(item, dict) for item in items)), found)
    if isinstance(found, list) and found and all(isinstance(row, dict) for row in found):
        columns = list(dict.fromkeys(key for row in found[:_ROWS] for key in row))
        return columns, [[readable(row.get(key)) for key in columns] for row in found[:_ROWS]]
    table = found if isinstance(found, dict) else {"value": found}
    return [], [list(row) for row in islice(rows(table), _ROWS)]


def model(exhibit: Exhibit) -> dict[str, Any]:
    """What a trained model takes and gives, and what it says of itself."""
    path = exhibit.files()[0]
    return {"rows": list(_described(path)), "columns": [], "source": path.name, "limit": _ROWS}


def _described(path: Path) -> Iterator[list[str]]:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:
        # onnxruntime's own errors share no base class but this one.
        raise InputError(path.name, f"is no model that can be opened ({reason(error, path)})") from None
    for what, ports in (("input", session.get_inputs()), ("output", session.get_outputs())):
        for port in ports:
            yield [what, f"{port.name}: {port.type} {' × '.join(str(side) for side in port.shape)}"]
    for key, value in session.get_modelmeta().custom_metadata_map.items():
        yield [key, value[:500]]


def report(exhibit: Exhibit) -> dict[str, Any]:
    """Documents to open."""
    documents = [
        {"name": path.name, "address": exhibit.address("file", n), "bytes": path.stat().st_size}
        for n, path in enumerate(exhibit.files())
    ]
    return {"documents": documents}
