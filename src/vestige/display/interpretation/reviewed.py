"""Features together with what interpreters say of them: one row a feature, in the order of reading."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from vestige.display.interpretation.agreement import (
    Agreement,
    Difference,
    View,
    agreed,
    agreements,
    difference,
)
from vestige.display.interpretation.found import NAMELESS, Found, geometry
from vestige.display.interpretation.standing import Interpretation, Standing

#: Whose interpretation is meant where what all agree on is asked for: nobody has this name.
AGREED = ""


@dataclass(frozen=True)
class Reviewed:
    """The features that were found and those that were drawn, with everybody's standings."""

    found: Found
    said: Interpretation

    def names(self) -> list[str]:
        """All features: those found in the order of the file, then those drawn in the order of drawing."""
        return [*self.found.names, *self.said.additions()]

    def base(self, name: str) -> tuple[str, BaseGeometry]:
        """Class and outline of a feature before anybody changed them."""
        if name in self.said.drawn:
            drawn = self.said.drawn[name]
            return drawn.class_name or self.usual_class(), geometry(drawn.outline)
        return self.found.class_of(name), self.found.outlines[self.found.place[name]]

    def usual_class(self) -> str:
        """The class that most features were found to be."""
        counts = Counter(self.found.column("class", NAMELESS))
        return str(max(sorted(counts), key=counts.__getitem__, default=NAMELESS))

    def view(self, name: str, standing: Standing) -> View:
        """What a standing comes to on the ground."""
        class_name, outline = self.base(name)
        changed = geometry(standing.outline) if standing.outline else outline
        return View(standing.review, standing.class_name or class_name, changed)

    def views(self, name: str) -> dict[str, View]:
        """What everybody who said something holds of a feature."""
        return {who: self.view(name, standing) for who, standing in self.said.of(name).items()}

    def difference(self, name: str) -> Difference:
        """Where the interpreters of a feature differ."""
        standings = self.said.of(name)
        return difference(self.views(name)) if len(standings) > 1 else Difference()

    def agreements(self) -> list[Agreement]:
        """How each two interpreters agree."""
        return agreements([self.views(name) for name in self.said.judged() if self.known(name)])

    def known(self, name: str) -> bool:
        """Whether a feature of that name was found or drawn."""
        return name in self.found.place or name in self.said.drawn

    def rows(self, who: str) -> Iterator[dict[str, Any]]:
        """The rows of one interpreter's map, or of what all agree on (`AGREED`), as they are written.

        Of one interpreter: every feature found, with their review of it, and what they drew. What all agree
        on: only features on which somebody decided and nobody differs.
        """
        free = max((int(name) for name in self.found.names), default=0) + 1 - len(self.found.names)
        for number, name in enumerate(self.names()):
            view, reviewers = self._held(name, who)
            if view is not None:
                yield self._row(free + number, name, view, reviewers)

    def _held(self, name: str, who: str) -> tuple[View | None, str]:
        if who == AGREED:
            return agreed(self.views(name)) or (None, "")
        standing = self.said.of(name).get(who)
        if standing is None:
            drawn = name in self.said.drawn
            return (None, "") if drawn else (self.view(name, Standing()), "")
        return self.view(name, standing), who if standing.review != "unreviewed" else ""

    def _row(self, number: int, name: str, view: View, reviewers: str) -> dict[str, Any]:
        """A feature as it is written: the columns it was found with; what follows from its outline anew."""
        place = self.found.place.get(name)
        row = {
            key: values[place] if place is not None else None for key, values in self.found.columns.items()
        }
        row["id"] = int(name) if place is not None else number
        row |= {"class": view.class_name, "review": view.review, "reviewer": reviewers}
        if place is None or view.outline is not self.found.outlines[place]:
            row |= measured(view.outline)
        return row | {"geometry": view.outline}


def measured(outline: BaseGeometry) -> dict[str, float]:
    """What follows from an outline alone: area in m², diameter of its least circle and its centre in m.

    >>> measured(shapely.box(0, 0, 3, 4))["diameter_m"]
    5.0
    """
    circle = shapely.minimum_bounding_circle(outline)
    return {
        "area_m2": round(float(outline.area), 3),
        "diameter_m": round(2 * float(shapely.minimum_bounding_radius(outline)), 2),
        "centre_e": round(float(circle.centroid.x), 3),
        "centre_n": round(float(circle.centroid.y), 3),
    }
