"""Labels that people drew: points and polygons of a vector file, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vestige.errors import InputError

__all__ = ["Labels", "read_labels"]

#: What other programs, and our own maps, call what we call a ring.
SYNONYMS = {
    "ring ditch": "ring", "ring-ditch": "ring", "ring_ditch": "ring", "feature": "ring",
    "barrow": "ring", "round barrow": "ring",
}  # fmt: skip


@dataclass
class Labels:
    """What the label files say, in one reference system.

    `polygons` are (geometry, class number 1..); `centres` are east, north of what is to be in the middle of a
    tile; `rejected` are geometries that a reviewer refused. Counts tell what was repaired or left out.
    """

    polygons: list[tuple[Any, int]] = field(default_factory=list)
    centres: list[tuple[float, float]] = field(default_factory=list)
    rejected: list[Any] = field(default_factory=list)
    repaired: int = 0
    other: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def read_labels(paths: Sequence[Path], names: Sequence[str], crs: str) -> Labels:
    """Read label files (GeoPackage, GeoJSON, Shapefile) into the reference system `crs` of the rasters.

    The class of a polygon is its attribute ``class``; without one it is the first of `names`. A polygon of
    another class is counted and left out, as one whose ``review`` is ``rejected``. Points are the centres of
    tiles; without any, the middles of the polygons are. A polygon that crosses itself is repaired.

    Raises
    ------
    InputError : the file cannot be read, holds nothing, holds lines, or only classes that are not asked for.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "a.geojson")
    >>> _ = path.write_text('{"type": "FeatureCollection", "features": []}')
    >>> read_labels([path], ["ring"], "")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: ...a.geojson holds no label; expected points or polygons: draw some
    """
    labels = Labels()
    points: list[tuple[float, float]] = []
    for path in paths:
        _add(path, names, crs, labels, points)
    if points:
        labels.centres = points
    else:
        labels.centres = [(shape.centroid.x, shape.centroid.y) for shape, _ in labels.polygons]
    if not labels.polygons and labels.other:
        raise InputError(
            paths[0],
            f"holds the classes {', '.join(sorted(labels.other))}",
            f"{' or '.join(names)}",
            "name its classes as labels",
        )
    if not labels.polygons:
        raise InputError(paths[0], "holds no polygon that counts", "polygons of what is to be learnt")
    return labels


def _add(
    path: Path, names: Sequence[str], crs: str, labels: Labels, points: list[tuple[float, float]]
) -> None:
    import shapely

    shapes, attributes = _read(path, crs)
    for number, shape in enumerate(shapes):
        name = str(attributes.get("class", {}).get(number, "") or names[0]).strip().lower()
        name = name if name in names else SYNONYMS.get(name, name)
        if shape.geom_type in ("Point", "MultiPoint"):
            points += [(point.x, point.y) for point in shapely.get_parts(shape)]
            continue
        if shape.geom_type not in ("Polygon", "MultiPolygon"):
            raise InputError(path, f"holds a {shape.geom_type}", "points or polygons", "close its lines")
        if not shape.is_valid:
            shape = shapely.make_valid(shape)
            labels.repaired += 1
        if str(attributes.get("review", {}).get(number, "")).lower() == "rejected":
            labels.rejected.append(shape)
        elif name in names:
            labels.polygons.append((shape, list(names).index(name) + 1))
            labels.counts[name] = labels.counts.get(name, 0) + 1
        else:
            labels.other[name] = labels.other.get(name, 0) + 1


def _read(path: Path, crs: str) -> tuple[list[Any], dict[str, dict[int, Any]]]:
    """Geometries in the reference system asked for, and the attributes that count."""
    import pyogrio
    import shapely

    try:
        layers = [str(name) for name in pyogrio.list_layers(path)[:, 0]]
        layer = "features" if "features" in layers else layers[0]
        about, _, geometry, columns = pyogrio.raw.read(path, layer=layer)
    except Exception as error:
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise InputError(
            path, f"cannot be read ({reason})", "labels as GeoPackage, GeoJSON or Shapefile"
        ) from None
    known = [
        (number, shape)
        for number, shape in enumerate(shapely.from_wkb(geometry) if geometry is not None else [])
        if shape is not None and not shape.is_empty
    ]
    if not known:
        raise InputError(path, "holds no label", "points or polygons", "draw some")
    own = str(about["crs"] or "")
    shapes = [_moved(shape, own, crs, path) for _, shape in known]
    names = [str(name).lower() for name in about["fields"]]
    attributes = {
        name: {place: column[number] for place, (number, _) in enumerate(known)}
        for name, column in zip(names, columns, strict=True)
        if name in ("class", "review")
    }
    return shapes, attributes


def _moved(shape: Any, own: str, crs: str, path: Path) -> Any:
    """The shape in the reference system of the rasters."""
    import numpy as np
    import rasterio.crs
    import rasterio.warp
    import shapely

    if not own or not crs:
        return shapely.force_2d(shape)
    theirs, ours = rasterio.crs.CRS.from_user_input(own), rasterio.crs.CRS.from_user_input(crs)
    if theirs == ours:
        return shapely.force_2d(shape)

    def moved(points: Any) -> Any:
        east, north = rasterio.warp.transform(theirs, ours, points[:, 0], points[:, 1])
        return np.column_stack([east, north])

    placed = shapely.transform(shapely.force_2d(shape), moved)
    if not np.isfinite(shapely.get_coordinates(placed)).all():
        raise InputError(path, f"holds a place that {own} cannot have", f"places in {crs} as the rasters")
    return placed
