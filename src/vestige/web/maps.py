"""What the viewers of maps are told: where a raster lies, its range, what lies over and under it."""

from __future__ import annotations

from typing import Any

from vestige.contract.kinds import Kind
from vestige.display.ground import extent
from vestige.display.pictures import band_range
from vestige.display.tone import CLASS_COLOURS, COLOUR_MAPS
from vestige.web.exhibit import Exhibit


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


def grid(exhibit: Exhibit) -> dict[str, Any]:
    """Measured values, with the outlines found in them."""
    stage = _ground(exhibit)
    low, high = band_range(exhibit.pyramid(exhibit.pictures()[0][0]), 0)
    unit = str(exhibit.about.get("unit", ""))
    stage |= {
        "range": {"low": low, "high": high, "unit": unit},
        "looks": ["inverse", "grey", "polar", "viridis", "relief"],
    }
    if outlines := exhibit.sibling(Kind.FEATURES):
        stage["features"] = outlines.address("features")
    return {"stage": stage}


def classes(exhibit: Exhibit) -> dict[str, Any]:
    """Classes with their names, over the values they were told from."""
    stage = _ground(exhibit)
    named = exhibit.about.get("classes", exhibit.about.get("names", exhibit.about.get("class_names", [])))
    rows: list[tuple[Any, Any]] = []
    if isinstance(named, dict | list):
        rows = list(named.items()) if isinstance(named, dict) else list(enumerate(named))
    legend: list[dict[str, str]] = []
    for key, name in rows:
        number = int(key) if str(key).lstrip("-").isdecimal() else len(legend)
        legend.append({"name": str(name), "colour": f"#{CLASS_COLOURS[number % len(CLASS_COLOURS)]}"})
    if under := exhibit.sibling(Kind.GRID):
        stage["under"] = _ground(under)
    return {"stage": stage, "legend": legend}


def features(exhibit: Exhibit) -> dict[str, Any]:
    """Outlines, over the values they were found in."""
    stage: dict[str, Any] = {"features": exhibit.address("features")}
    if under := exhibit.sibling(Kind.GRID):
        stage = grid(under)["stage"] | stage
    return {"stage": stage}


def closer(exhibit: Exhibit) -> dict[str, Any]:
    """What the map of the workbench is told beyond that: tiles, what lies over them, its interpretation.

    A published site has no server that could cut tiles or take in what people say.
    """
    ground = exhibit if exhibit.record.kind in (Kind.GRID, Kind.CLASSES) else exhibit.sibling(Kind.GRID)
    told: dict[str, Any] = {"stops": {look: list(stops) for look, stops in COLOUR_MAPS.items()}}
    if ground:
        number = ground.pictures()[0][0]
        told |= {"raster": ground.raster(number), "reading": ground.address("spectrum", number)}
        told["over"] = [
            {"name": over.record.name.replace("_", " "), "kind": over.record.kind, **_laid(over)}
            for over in _beside(exhibit, ground)
        ]
    if exhibit.record.kind is Kind.FEATURES and exhibit.result.home:
        told["interpretation"] = exhibit.address("interpretation")
    return told


def _laid(over: Exhibit) -> dict[str, Any]:
    number, path = over.pictures()[0]
    told: dict[str, Any] = {"raster": over.raster(number), "extent": list(extent(path).bounds)}
    if over.record.kind is Kind.GRID:
        low, high = band_range(over.pyramid(number), 0)
        told |= {"low": low, "high": high, "look": "viridis"}
    return told


def _beside(exhibit: Exhibit, ground: Exhibit) -> list[Exhibit]:
    """The other rasters on the ground in the same folder."""
    records = exhibit.result.report.products if exhibit.result.report else []
    return [
        Exhibit(exhibit.result, place, exhibit.cache)
        for place, record in enumerate(records)
        if record.kind in (Kind.GRID, Kind.CLASSES) and place not in (exhibit.index, ground.index)
    ]


#: The viewers of maps.
VIEWS = (grid, classes, features)
