"""From a class map on disk to mapped features: outline, ring, confidence, strength."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.survey.gridding import Raster
from vestige.survey.mapping.model import FeatureModel
from vestige.survey.mapping.outlines import ROWS, cell_outlines
from vestige.survey.mapping.rings import Circle, fit_circle, join_arcs
from vestige.survey.mapping.smoothing import smooth_outline

__all__ = ["Feature", "features_of"]

#: The monument type whose features are circles, by the FISH thesaurus.
RING = "ring ditch"
#: Cells of one piece whose place and strength are kept: circles and percentiles need no more.
MOST_CELLS = 20_000
#: Arcs of a broken ring may be so much smaller than the smallest feature that is wanted.
ARC_SHARE = 0.25


@dataclass(frozen=True)
class Feature:
    """A mapped feature: its polygons in the raster's coordinates and what is told of it.

    Lengths in m, `area` in m², `peak` (95th percentile) in nT. `diameter` is that of the circle along the
    ditch of a ring, of the least circle around anything else; `complete` is the share of the ring that is
    there, NaN where it is no ring.
    """

    polygon: Any
    class_name: str
    term: str
    confidence: float
    confidence_least: float
    area: float
    diameter: float
    complete: float
    centre: tuple[float, float]
    peak: float
    model: str = ""
    number: int = 0
    review: str = "unreviewed"
    reviewer: str = ""


@dataclass(frozen=True)
class _Piece:
    """Cells of one class that touch: outline in cells, place (m) and strength (nT) of some of them."""

    outline: Any
    points: NDArray[np.float64]
    strength: NDArray[np.float32]
    cells: int
    sure: float
    sure_least: float


def features_of(
    classes: Path,
    confidence: Path,
    values: Path,
    raster: Raster,
    model: FeatureModel,
    *,
    minimum_area: float = 0.0,
    minimum_confidence: float = 0.0,
) -> list[Feature]:
    """The features of a class map on disk, largest first and numbered so; `values` (nT) give their strength.

    Cells that touch by a side belong together, and arcs of one ring ditch (`join_arcs`). Only a strip of
    each raster is in memory at a time.

    >>> import tempfile
    >>> from vestige.survey import load_model, shipped_model
    >>> from vestige.survey.geotiff import raster_writer
    >>> folder, raster = Path(tempfile.mkdtemp()), Raster(0.0, 8.0, 1.0, 8, 8)
    >>> square = np.zeros((8, 8), np.float32)
    >>> square[2:5, 2:5] = 1
    >>> for name, dtype in (("classes", np.uint8), ("confidence", np.float32), ("values", np.float32)):
    ...     with raster_writer(folder / name, raster, dtype, nodata=None) as writer:
    ...         writer.write(0, square.astype(dtype))
    >>> names = folder / "classes", folder / "confidence", folder / "values"
    >>> [(round(one.area, 1), one.term) for one in features_of(*names, raster, load_model(shipped_model()))]
    [(9.0, 'ring ditch')]
    """
    import rasterio

    found: list[Feature] = []
    cell_area = raster.cell**2
    with rasterio.open(confidence) as sure, rasterio.open(values) as strength:
        for number, name in model.features.items():
            term = model.term(name)
            least = minimum_area * (ARC_SHARE if term == RING else 1.0) / cell_area
            pieces = [
                _piece(outline, sure, strength, raster)
                for outline in cell_outlines(classes, number, least=least)
            ]
            for group, circle in _groups(pieces, ring=term == RING):
                feature = _feature(group, circle, raster, name, term)
                cells = sum(piece.cells for piece in group)
                if cells * cell_area >= minimum_area and feature.confidence >= minimum_confidence:
                    found.append(replace(feature, model=model.identity))
    found.sort(key=lambda feature: (-feature.area, feature.polygon.wkb))
    return [replace(feature, number=number) for number, feature in enumerate(found, start=1)]


def _piece(outline: Any, sure: Any, strength: Any, raster: Raster) -> _Piece:
    """What the rasters say of the cells within an outline, read in strips of rows."""
    every = max(1, int(outline.area) // MOST_CELLS)
    places, kept, total, least, cells = [], [], 0.0, 1.0, 0
    for rows, columns, inside in _inside(outline):
        window = (rows.start, rows.stop), (columns.start, columns.stop)
        certain = sure.read(1, window=window)[inside]
        down, across = np.nonzero(inside)
        taken = slice(-cells % every, None, every)
        places.append(
            np.column_stack(
                [
                    raster.west + (across[taken] + columns.start + 0.5) * raster.cell,
                    raster.north - (down[taken] + rows.start + 0.5) * raster.cell,
                ]
            )
        )
        kept.append(strength.read(1, window=window)[inside][taken])
        total += float(certain.sum(dtype=np.float64))
        least = min(least, float(certain.min(initial=1.0)))
        cells += len(certain)
    return _Piece(outline, np.vstack(places), np.concatenate(kept), cells, total / max(cells, 1), least)


def _inside(outline: Any) -> Iterator[tuple[slice, slice, NDArray[np.bool_]]]:
    """The cells within an outline: rows, columns and a mask, strip by strip."""
    import rasterio.features
    from affine import Affine

    left, top, right, bottom = (int(bound) for bound in outline.bounds)
    for first in range(top, bottom, ROWS):
        last = min(first + ROWS, bottom)
        mask = rasterio.features.rasterize(
            [outline],
            out_shape=(last - first, right - left),
            transform=Affine.translation(left, first),
            dtype="uint8",
        )
        yield slice(first, last), slice(left, right), mask.view(np.bool_)


def _groups(pieces: Sequence[_Piece], *, ring: bool) -> Iterator[tuple[list[_Piece], Circle | None]]:
    """Pieces that are one feature, and the circle that they run along."""
    if not ring:
        yield from (([piece], None) for piece in pieces)
        return
    circles = [fit_circle(piece.points, piece.strength) for piece in pieces]
    joined = join_arcs([piece.points for piece in pieces], circles)
    taken = {number for numbers in joined for number in numbers}
    for numbers in joined:
        group = [pieces[number] for number in numbers]
        yield group, fit_circle(*_together(group))
    for number, (piece, circle) in enumerate(zip(pieces, circles, strict=True)):
        if number not in taken:
            yield [piece], circle if circle is not None and circle.is_ring else None


def _together(group: Sequence[_Piece]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """The points and strengths of several pieces."""
    return np.vstack([piece.points for piece in group]), np.concatenate([piece.strength for piece in group])


def _feature(group: list[_Piece], circle: Circle | None, raster: Raster, name: str, term: str) -> Feature:
    import shapely

    smooth = [smooth_outline(piece.outline) for piece in group]
    drawn = shapely.multipolygons([part for one in smooth for part in shapely.get_parts(one)])
    placed = shapely.transform(
        drawn, lambda xy: xy * (raster.cell, -raster.cell) + (raster.west, raster.north)
    )
    placed = shapely.orient_polygons(placed if placed.is_valid else shapely.union_all(placed.geoms))
    weights = [piece.cells for piece in group]
    strength = _together(group)[1]
    if circle is None:
        middle, across, complete = placed.centroid, 2 * shapely.minimum_bounding_radius(placed), np.nan
        centre = (middle.x, middle.y)
    else:
        centre, across, complete = (circle.east, circle.north), 2 * circle.radius, circle.complete
    return Feature(
        polygon=placed,
        class_name=name,
        term=term,
        confidence=round(float(np.average([piece.sure for piece in group], weights=weights)), 4),
        confidence_least=round(min(piece.sure_least for piece in group), 4),
        area=round(float(placed.area), 3),
        diameter=round(float(across), 2),
        complete=round(float(complete), 3),
        centre=(round(float(centre[0]), 2), round(float(centre[1]), 2)),
        peak=round(float(np.nanpercentile(strength, 95)), 2) if np.isfinite(strength).any() else 0.0,
    )
