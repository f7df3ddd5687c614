"""What the viewers of maps are told: where a raster lies, its range, what lies over and under it."""

from __future__ import annotations

from typing import Any

from vestige.contract.kinds import Kind
from vestige.display.ground import extent
from vestige.display.pictures import band_range
from vestige.display.tone import CLASS_COLOURS
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
