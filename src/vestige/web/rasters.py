"""What the deep-zoom viewers are told: pictures, measured values, bands, pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vestige.contract.kinds import Kind
from vestige.display.bands import band_labels, wavelengths
from vestige.display.pictures import band_range
from vestige.display.scale import scale_of
from vestige.web.exhibit import Exhibit


def pictures(exhibit: Exhibit) -> dict[str, Any]:
    """Pictures; sizes of all but the first are asked for when they are opened."""
    found = exhibit.pictures()
    items = [exhibit.raster(found[0][0])] + [
        {"label": path.stem, "ask": exhibit.address("raster", number)} for number, path in found[1:]
    ]
    for item, (number, _) in zip(items, found, strict=True):
        item["picture"] = exhibit.address("overview", number) + "?side=200"
    told = {"items": items, "pixel_mm": scale_of(exhibit.about.get("pixel_mm"), found[0][1])}
    return {"stage": told | {"first": f"{exhibit.address('thumbnail')}?v={exhibit.version(found[0][0])}"}}


def page(exhibit: Exhibit) -> dict[str, Any]:
    """Pictures with the words of the pages of the same name over them."""
    told = pictures(exhibit)
    text = exhibit.sibling(Kind.TEXT)
    words = {path.stem: text.address("words", n) for n, path in text.sheets()} if text else {}
    for item in told["stage"]["items"]:
        item["words"] = words.get(item["label"])
    return told


def depth(exhibit: Exhibit) -> dict[str, Any]:
    """Measured values with their range and unit."""
    told = pictures(exhibit)
    pyramid = exhibit.pyramid(exhibit.pictures()[0][0])
    low, high = band_range(pyramid, 0)
    scalar = {"low": low, "high": high, "unit": str(exhibit.about.get("unit", ""))}
    looks = ["viridis", "relief", "cividis", "grey"]
    if exhibit.towards_viewer > 0:
        looks = ["relief", "viridis", "cividis", "grey"]
    first = f"{exhibit.address('overview', exhibit.pictures()[0][0])}?side=720&look={looks[0]}"
    told["stage"] |= {"looks": looks, "range": scalar, "first": first}
    return told


def bands(exhibit: Exhibit) -> dict[str, Any]:
    """Bands with their names and ranges."""
    told = pictures(exhibit)
    pyramid = exhibit.pyramid(exhibit.pictures()[0][0])
    labels = band_labels(exhibit.about, pyramid.bands)
    told["stage"] |= {
        "bands": [{"label": label} for label in labels],
        "mixture": _mixture(exhibit.about, pyramid.bands),
    }
    return told


def _mixture(about: Mapping[str, Any], count: int) -> list[int]:
    """Bands that first stand for red, green and blue: nearest to 620, 540, 460 nm, else the first three."""
    if waves := wavelengths(about, count):
        return [min(range(count), key=lambda band: abs(waves[band] - wanted)) for wanted in (620, 540, 460)]
    return [min(place, count - 1) for place in range(3)]
