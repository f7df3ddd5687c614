"""Comparing: what is told of the pictures that lie over each other, and what there is to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vestige.capture import Rights
from vestige.display import pictures
from vestige.display.entries import CaptureEntry, ResultEntry
from vestige.display.pictures import RASTERS
from vestige.errors import InputError
from vestige.web.exhibit import Exhibit
from vestige.web.looking.alignment import aligned
from vestige.web.looking.beside import VIEWED
from vestige.web.looking.downloads import credit
from vestige.web.looking.neighbours import Folder, beside, source_of
from vestige.web.looking.sight import Sight

#: So many pictures of one run or capture are offered; the rest are reached from their own page.
MOST_OFFERED = 60


def told(sights: Sequence[Sight]) -> dict[str, Any]:
    """What the script of the page is told: each picture with its place over the first."""
    places = aligned(sights) if sights else []
    return {"items": [s.plain() | {"place": asdict(p)} for s, p in zip(sights, places, strict=True)]}


def offered(folder: Folder, chosen: Sequence[str], words: str = "") -> list[dict[str, Any]]:
    """Groups of pictures to choose from: those of the runs and captures already chosen come first."""
    groups = []
    for entry in beside(folder, chosen, words):
        made = _of_result(entry, folder) if isinstance(entry, ResultEntry) else _of_capture(entry)
        if made:
            groups.append({"title": entry.title, "capture": isinstance(entry, CaptureEntry), "items": made})
    return groups


def _of_result(entry: ResultEntry, folder: Folder) -> list[dict[str, str]]:
    rows = []
    for index, record in enumerate(entry.report.products if entry.report else []):
        if record.kind in VIEWED:
            address = f"/thumbnail/{entry.key}/{index}"
            name = f"v.{entry.key}.{index}"
            rows.append({"name": name, "label": record.name.replace("_", " "), "picture": address})
        if record.kind not in RASTERS:
            continue
        exhibit = Exhibit(entry, index, pictures.cache_of(folder.root))
        try:
            found = exhibit.pictures()
        except InputError:
            continue
        label = record.name.replace("_", " ")
        for item, path in found[:MOST_OFFERED]:
            rows.append(
                {
                    "name": f"r.{entry.key}.{index}.{item}",
                    "label": label if len(found) == 1 else f"{label} · {path.stem}",
                    "picture": exhibit.address("thumbnail")
                    if len(found) == 1
                    else exhibit.address("overview", item) + "?side=200",
                }
            )
    return rows[:MOST_OFFERED]


def _of_capture(entry: CaptureEntry) -> list[dict[str, str]]:
    from vestige.imaging import IMAGE_SUFFIXES

    frames = entry.capture.frames if entry.capture else []
    return [
        {
            "name": f"f.{entry.key}.{number}",
            "label": Path(frame.file).stem,
            "picture": f"/frame/{entry.key}/{number}?side=320",
        }
        for number, frame in enumerate(frames[:MOST_OFFERED])
        if Path(frame.file).suffix.lower() in IMAGE_SUFFIXES
    ]


def handed_out(exhibit: Exhibit, folder: Folder) -> dict[str, Any]:
    """What the page of a product needs for its downloads: names of its pictures, and the credit."""
    if exhibit.record.kind not in RASTERS:
        return {"sights": []}
    numbers = [number for number, _ in exhibit.pictures()]
    label = exhibit.record.name.replace("_", " ")
    return {
        "sights": [f"r.{exhibit.result.key}.{exhibit.index}.{number}" for number in numbers],
        "items": numbers,
        "credit": credit(exhibit.result.title, label, rights_of(exhibit.result.key, folder)),
    }


def rights_of(group: str, folder: Folder) -> Rights:
    """Who made it and what one may do with it: as its capture says; empty where none is known for certain."""
    entry = source_of(folder, group)
    return entry.capture.rights if entry and entry.capture else Rights()
