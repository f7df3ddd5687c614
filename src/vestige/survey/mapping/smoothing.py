"""Outlines without the stairs of their cells: smoothed, simplified, of the same area."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["smooth_outline"]

Points = NDArray[np.float64]

#: Taubin's weights: one step shrinks, the next grows, so that what is smooth stays where it is.
SHRINK, GROW, STEPS = 0.5, -0.53, 12
#: How far smoothing may move a point, and simplifying a line, in cells; together less than half a cell.
SHIFT, TOLERANCE = 0.3, 0.15


def smooth_outline(polygon: Any) -> Any:
    """A polygon along cell edges (in cells) as a smooth one: a valid Polygon or MultiPolygon.

    The outline runs through the middles of the cells' edges, is smoothed (Taubin 1995 [1]_), simplified
    (Douglas and Peucker) and moved in or out evenly until its area is that of the cells. No corner of it
    lies farther than half a cell from the edges of the cells.

    References
    ----------
    .. [1] Taubin, G. (1995). Curve and surface smoothing without shrinkage. ICCV.

    >>> import shapely
    >>> stairs = shapely.union_all([shapely.box(i, i, i + 6, i + 6) for i in range(20)])
    >>> smooth = smooth_outline(stairs)
    >>> len(smooth.exterior.coords) < len(stairs.exterior.coords) / 3, smooth.is_valid
    (True, True)
    """
    import shapely

    rings = [_smoothed(_middles(np.asarray(ring.coords))) for ring in (polygon.exterior, *polygon.interiors)]
    smooth = shapely.Polygon(rings[0], rings[1:]).simplify(TOLERANCE)
    smooth = _valid(smooth)
    short = polygon.area - smooth.area
    if smooth.length and abs(short) > 0.002 * polygon.area:
        moved = _valid(smooth.buffer(short / smooth.length, join_style="mitre", mitre_limit=2))
        if abs(polygon.area - moved.area) < abs(short):
            smooth = moved
    return smooth if abs(polygon.area - smooth.area) <= 0.02 * polygon.area else polygon


def _middles(ring: Points) -> Points:
    """The middle of each cell's edge along a closed ring of whole numbers."""
    steps = np.diff(ring, axis=0)
    counts = np.abs(steps).sum(axis=1).round().astype(np.intp)
    starts = np.repeat(ring[:-1], counts, axis=0)
    along = np.repeat(steps / counts[:, np.newaxis], counts, axis=0)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    middles: Points = starts + along * (place[:, np.newaxis] + 0.5)
    return middles


def _smoothed(points: Points) -> Points:
    """Taubin's smoothing of a closed line; no point moves farther than `SHIFT`."""
    if len(points) < 8:
        return points
    smooth = points
    for _ in range(STEPS):
        for weight in (SHRINK, GROW):
            smooth = smooth + weight * (
                0.5 * (np.roll(smooth, 1, axis=0) + np.roll(smooth, -1, axis=0)) - smooth
            )
    shift = smooth - points
    far = np.hypot(shift[:, 0], shift[:, 1])[:, np.newaxis]
    limited: Points = points + shift * np.minimum(1.0, SHIFT / np.maximum(far, 1e-9))
    return limited


def _valid(geometry: Any) -> Any:
    """The geometry as one or several valid polygons."""
    import shapely

    if not geometry.is_valid:
        geometry = shapely.make_valid(geometry)
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon" and part.area > 0]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
