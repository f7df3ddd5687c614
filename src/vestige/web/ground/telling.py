"""What the map of an interpretation is told: features in columns, outlines in a box, standings, agreement."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import shapely

from vestige.display.interpretation.found import NAMELESS, coordinates
from vestige.display.interpretation.reviewed import Reviewed, measured
from vestige.display.interpretation.standing import Standing

#: So many outlines are drawn at once; the smaller ones of a wide view are points.
MOST_OUTLINES = 1200
Box = tuple[float, float, float, float]


def columns(reviewed: Reviewed) -> dict[str, list[Any]]:
    """What a list of the found features shows, a column each: short, for there may be 50,000 of them."""
    found = reviewed.found
    bounds = shapely.bounds(found.outlines) if len(found.names) else np.empty((0, 4))
    size = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    diameters = found.column("diameter_m")
    return {
        "name": found.names,
        "class": [str(name) for name in found.column("class", NAMELESS)],
        "confidence": found.column("confidence"),
        "diameter": [
            round(float(side), 2) if given is None else given
            for given, side in zip(diameters, size, strict=True)
        ],
        "complete": found.column("complete"),
        "peak": found.column("peak_nt"),
        "east": np.round((bounds[:, 0] + bounds[:, 2]) / 2, 2).tolist(),
        "north": np.round((bounds[:, 1] + bounds[:, 3]) / 2, 2).tolist(),
    }


def standings(reviewed: Reviewed, who: str, after: int) -> dict[str, Any]:
    """What changed since the record `after`, and how the interpreters agree by now."""
    said = reviewed.said
    last = said.undoable(who)
    told: dict[str, Any] = {"last": said.last, "undo": last.number if last else 0}
    told["undoes"] = {"entry": last.entry, "feature": last.about} if last else None
    if said.last <= after:
        return told
    changed = [name for name, at in said.changed.items() if at > after and reviewed.known(name)]
    told["changed"] = {name: _changed(reviewed, name, who) for name in changed}
    present = said.additions()
    told["added"] = {name: _added(reviewed, name) for name in changed if name in present}
    told["gone"] = [name for name in changed if name in said.drawn and name not in present]
    told["interpreters"] = said.interpreters()
    told["agreements"] = [asdict(item) for item in reviewed.agreements()]
    return told


def _changed(reviewed: Reviewed, name: str, who: str) -> dict[str, Any]:
    """What everybody says of one feature, and where they differ."""
    differs = reviewed.difference(name)
    views = reviewed.views(name)
    return {
        "version": reviewed.said.version(who, name),
        "said": {
            person: _said(standing, views[person].class_name)
            for person, standing in reviewed.said.of(name).items()
        },
        "differs": list(differs.kinds),
        "overlap": None if differs.overlap is None else round(differs.overlap, 3),
    }


def _said(standing: Standing, class_name: str) -> dict[str, Any]:
    return {
        "review": standing.review,
        "class": class_name,
        "remark": standing.remark,
        "moved": standing.outline is not None,
        "time": standing.time,
    }


def _added(reviewed: Reviewed, name: str) -> dict[str, Any]:
    class_name, outline = reviewed.base(name)
    figures = measured(outline)
    return {
        "class": class_name,
        "diameter": figures["diameter_m"],
        "east": round(figures["centre_e"], 2),
        "north": round(figures["centre_n"], 2),
        "who": reviewed.said.drawn[name].who,
    }


def outlines(reviewed: Reviewed, who: str, box: Box, cell: float, least: float = 0.0) -> dict[str, Any]:
    """Outlines in a box (west, south, east, north), simplified to `cell` metres; the largest where many are.

    Those shorter than `least` metres are left out. Each is that of `who`, with those of others beside it
    where theirs is another.
    """
    found, said = reviewed.found, reviewed.said
    places = found.within(box)
    bounds = shapely.bounds(found.outlines[places])
    sizes = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    places, sizes = places[sizes >= least], sizes[sizes >= least]
    total = len(places)
    if total > MOST_OUTLINES:
        places = np.sort(places[np.argsort(-sizes, kind="stable")[:MOST_OUTLINES]])
    names = [found.names[place] for place in places]
    window = shapely.box(*box)
    drawn = [
        name
        for name in said.additions()
        if any(view.outline.intersects(window) for view in reviewed.views(name).values())
    ]
    shown = [shape for name in [*names, *drawn] for shape in _shapes(reviewed, name, who, cell)]
    return {"shapes": shown, "total": total + len(drawn)}


def _shapes(reviewed: Reviewed, name: str, who: str, cell: float) -> list[dict[str, Any]]:
    """The outline of one feature as `who` has it, and others' that differ from it."""
    standings = reviewed.said.of(name)
    moved = {person: standing for person, standing in standings.items() if standing.outline}
    own = reviewed.view(name, moved[who]).outline if who in moved else reviewed.base(name)[1]
    shapes = [{"name": name, "who": "", "outline": _simple(own, cell)}]
    for person, standing in sorted(moved.items()):
        outline = reviewed.view(name, standing).outline
        if person != who and not outline.equals(own):
            shapes.append({"name": name, "who": person, "outline": _simple(outline, cell)})
    return shapes


def _simple(outline: Any, cell: float) -> list[list[list[list[float]]]]:
    simple = outline.simplify(cell) if cell > 0 else outline
    return coordinates(outline if simple.is_empty else simple, 2)


def one(reviewed: Reviewed, who: str, name: str) -> dict[str, Any]:
    """A feature as `who` has it, in full, to be edited; and what it was found with."""
    view = reviewed.views(name).get(who) or reviewed.view(name, Standing())
    place = reviewed.found.place.get(name)
    attributes = (
        {key: values[place] for key, values in reviewed.found.columns.items()} if place is not None else {}
    )
    return {
        "name": name,
        "outline": coordinates(view.outline),
        "class": view.class_name,
        "attributes": attributes,
    }
