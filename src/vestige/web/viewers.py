"""Viewers: for each kind of product, the template that shows it and what that template needs to know.

A kind is added by one line in `VIEWERS`; nothing here knows which technique made a product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vestige.contract.kinds import Kind
from vestige.web import documents, maps, rasters, solids
from vestige.web.exhibit import Exhibit


@dataclass(frozen=True)
class Viewer:
    """How a kind is shown: its template, its script (empty: none), and what they are told.

    `tell` returns ``stage`` (for the script, as JSON) and whatever else the template wants.
    """

    template: str
    script: str
    tell: Callable[[Exhibit], dict[str, Any]]


VIEWERS: dict[Kind, Viewer] = {
    Kind.IMAGE: Viewer("zoom.html", "zoom.js", rasters.pictures),
    Kind.DEPTH: Viewer("zoom.html", "zoom.js", rasters.depth),
    Kind.BANDS: Viewer("zoom.html", "zoom.js", rasters.bands),
    Kind.RELIGHTABLE: Viewer("light.html", "light.js", solids.relightable),
    Kind.NORMALS: Viewer("light.html", "light.js", solids.normals),
    Kind.MESH: Viewer("mesh.html", "mesh.js", solids.mesh),
    Kind.PAGE: Viewer("zoom.html", "zoom.js", rasters.page),
    Kind.TEXT: Viewer("text.html", "zoom.js", documents.text),
    Kind.GRID: Viewer("map.html", "map.js", maps.grid),
    Kind.CLASSES: Viewer("map.html", "map.js", maps.classes),
    Kind.FEATURES: Viewer("map.html", "map.js", maps.features),
    Kind.MODEL: Viewer("table.html", "", documents.model),
    Kind.TABLE: Viewer("table.html", "", documents.table),
    Kind.REPORT: Viewer("files.html", "", documents.report),
}
