"""Sharpness over the field: every slanted edge of a target, colour registration, and the tilt of the focus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestige.quality.frame import Frame
from vestige.quality.measures.geometry import Geometry
from vestige.quality.measures.report import NAMES, Measured
from vestige.quality.measures.sharpness import EdgeResponse, edge_place, edge_response
from vestige.quality.targets.layout import Layout

__all__ = ["EdgeReading", "field_figures", "read_edges"]

Points = NDArray[np.float64]
#: Flat ground on each side of a printed edge, mm; and the most pixels that are needed of it.
FLAT_MM = 2.6
FLAT_PX = 24.0
LONGEST = 240.0


@dataclass(frozen=True, eq=False)
class EdgeReading:
    """One edge: its name, its middle in the frame, its response, and the place of its channels."""

    name: str
    middle: Points
    response: EdgeResponse
    misregistration: float


def read_edges(frame: Frame, target: Layout, geometry: Geometry) -> list[EdgeReading]:
    """Responses of the slanted edges of a target that lie in the frame.

    >>> from vestige.quality.targets.layout import layout
    >>> dark = Frame(np.zeros((90, 90, 3), np.float32))
    >>> read_edges(dark, layout("edge-sheet"), Geometry(np.eye(3), 0, 0, 0, (90, 90)))
    []
    """
    readings = []
    for edge in target.edges:
        start, end = geometry.pixels(np.stack([edge.start, edge.end]))
        length = float(np.linalg.norm(end - start))
        reach = min(FLAT_PX, FLAT_MM * length / edge.length)
        middle = (start + end) / 2
        if length > LONGEST:
            start, end = (middle + LONGEST / length * (point - middle) for point in (start, end))
        low = np.floor(np.minimum(start, end) - reach - 3).astype(int)
        high = np.ceil(np.maximum(start, end) + reach + 3).astype(int)
        if (low < 0).any() or (high >= frame.size).any():
            continue
        light = frame.crop(int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        luminance = light @ np.array([0.2225, 0.7169, 0.0606], np.float32)
        response = edge_response(luminance, start - low, end - low, reach)
        channels = [edge_place(light[..., c], start - low, end - low, reach) for c in range(3)]
        places = [place for place in channels if place is not None]
        if response:
            readings.append(EdgeReading(edge.name, middle, response, max(places) - min(places) if places else 0.0))
    return readings


def field_figures(readings: list[EdgeReading], where: str, ppi: float, claimed: float | None) -> list[Measured]:
    """MTF50 and MTF10 of every edge and their medians, sampling efficiency (against the claimed ppi where one is
    given), colour registration, and the tilt of the focus.

    The tilt is that of a plane through MTF50 over the field: its range, in per cent of the median (is the sensor
    parallel to the object?). Source: ISO 12233:2023, ISO 19264-1:2021.

    >>> field_figures([], "edge-sheet", 300.0, None)
    []
    """
    if not readings:
        return []
    edges = "ISO 12233:2023 e-SFR"
    figures = [
        Measured(name, getattr(one.response, name), NAMES[name], f"{where} {one.name}", edges)
        for one in readings
        for name in ("mtf50", "mtf10")
    ]
    means = {name: float(np.median([getattr(one.response, name) for one in readings])) for name in ("mtf50", "mtf10")}
    figures += [Measured(name, value, NAMES[name], where, edges) for name, value in means.items()]
    efficiency = 100 * means["mtf10"] / 0.5 * (ppi / claimed if claimed else 1.0)
    figures.append(Measured("sampling_efficiency", efficiency, "%", where, "ISO 19264-1:2021"))
    worst = max(one.misregistration for one in readings)
    figures.append(Measured("colour_misregistration_px", worst, "pixels", where, "ISO 19264-1:2021"))
    at = np.stack([one.middle for one in readings])
    if len(readings) >= 12 and np.ptp(at, axis=0).min() > 200:
        plane = np.column_stack([np.ones(len(at)), at])
        values = np.array([one.response.mtf50 for one in readings])
        fitted = plane @ np.linalg.lstsq(plane, values, rcond=None)[0]
        tilt = 100 * float(np.ptp(fitted)) / means["mtf50"]
        figures.append(Measured("focus_tilt", tilt, "%", where, "Vestige: plane through MTF50"))
    return figures
