"""Tone: stored values of any kind of raster to the 8-bit sRGB of a screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Colour maps as colours at even steps; viridis and cividis after Smith, van der Walt and Nuñez (CC0).
COLOUR_MAPS: dict[str, tuple[str, ...]] = {
    "viridis": ("440154", "472d7b", "3b528b", "2c728e", "21918c", "28ae80", "5ec962", "addc30", "fde725"),
    "cividis": (
        "00224e",
        "123570",
        "3b496c",
        "575d6d",
        "707173",
        "8a8678",
        "a59c74",
        "c3b369",
        "e1cc55",
        "fee838",
    ),
    "grey": ("000000", "ffffff"),
    "inverse": ("ffffff", "000000"),
    "polar": ("16365c", "3f7fb5", "a6cbe3", "f5f4f0", "f0b593", "c8553d", "5f1020"),
}
#: Colours of classes: told apart by people with any colour vision (after Okabe and Ito), muted for maps.
CLASS_COLOURS = (
    "b8b2a7",
    "d1495b",
    "2e86ab",
    "edae49",
    "66a182",
    "8d6a9f",
    "e07a5f",
    "3d405b",
    "81b29a",
    "f2cc8f",
)
LOOKS = ("picture", "relief", "normals", "classes", *COLOUR_MAPS)


@dataclass(frozen=True)
class Tone:
    """How values become colours: a look, and the values shown as darkest and brightest."""

    look: str = "picture"
    low: float | None = None
    high: float | None = None


def shown(values: NDArray[Any], tone: Tone, *, pitch: float = 1.0) -> NDArray[np.uint8]:
    """`values` (height, width, bands) as sRGB (height, width, 3), or with alpha where values are missing.

    For the look ``relief`` the values carry one more pixel on each side, which is cut off; `pitch` is how
    many pixels of the full raster one of these spans, negative where larger values lie farther away.

    >>> import numpy as np
    >>> shown(np.array([[[0.0], [1.0]]], "f4"), Tone("grey", 0, 1)).tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    """
    if tone.look == "picture":
        return _picture(values, tone)
    if tone.look == "relief":
        return _relief(values[..., 0], tone, pitch)
    if tone.look == "normals":
        return _normals(values)
    if tone.look == "classes":
        return _classes(values[..., 0])
    return _mapped(values[..., 0], tone)


def natural_range(values: NDArray[Any], share: float = 1.0) -> tuple[float, float]:
    """The values between which `share` per cent at each end is left out; never empty.

    >>> import numpy as np
    >>> natural_range(np.arange(101.0))
    (1.0, 99.0)
    """
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(finite.astype(np.float64), (share, 100 - share)))
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def _unit(values: NDArray[Any], tone: Tone) -> NDArray[np.float32]:
    """Values between `low` and `high` as 0..1."""
    low = 0.0 if tone.low is None else tone.low
    high = _full(values) if tone.high is None else tone.high
    span = high - low or 1.0
    share = (values.astype(np.float32) - np.float32(low)) / np.float32(span)
    return np.asarray(np.clip(share, 0, 1), np.float32)


def _full(values: NDArray[Any]) -> float:
    return {"uint8": 255.0, "uint16": 65535.0}.get(values.dtype.name, 1.0)


def _picture(values: NDArray[Any], tone: Tone) -> NDArray[np.uint8]:
    """A picture: stored integers are sRGB already, floats are linear light; a fourth sample is left out."""
    from vestige.imaging import srgb_from_linear

    values = values[..., :3] if values.shape[2] >= 3 else values[..., :1]
    if values.dtype == np.uint8 and tone.low is None and tone.high is None:
        colours: NDArray[np.uint8] = values
    else:
        unit = np.nan_to_num(_unit(values, tone))
        if values.dtype.kind == "f":
            unit = np.asarray(srgb_from_linear(unit), np.float32)
        colours = (unit * 255 + 0.5).astype(np.uint8)
    return np.repeat(colours, 3, axis=2) if colours.shape[2] == 1 else colours


def _mapped(values: NDArray[Any], tone: Tone) -> NDArray[np.uint8]:
    """One band through a colour map; missing values are transparent."""
    stops = np.array([[int(stop[i : i + 2], 16) for i in (0, 2, 4)] for stop in COLOUR_MAPS[tone.look]], "f4")
    ramp = np.linspace(0, 255, len(stops))
    table = np.stack([np.interp(np.arange(256), ramp, stops[:, i]) for i in range(3)], 1)
    missing = ~np.isfinite(values)
    codes = (np.nan_to_num(_unit(values, tone)) * 255 + 0.5).astype(np.uint8)
    return _with_alpha((table + 0.5).astype(np.uint8)[codes], missing)


def _relief(values: NDArray[Any], tone: Tone, pitch: float) -> NDArray[np.uint8]:
    """Shaded relief: Lambert's law under a lamp at upper left, heights scaled to the range shown."""
    span = (tone.high if tone.high is not None else 1.0) - (tone.low if tone.low is not None else 0.0)
    height = values.astype(np.float32) / np.float32(abs(span) or 1.0) * 90 / np.float32(pitch)
    down, across = np.gradient(height)
    light = np.array([-0.5, 0.6, 0.62], np.float32)
    shade = (-across * light[0] + down * light[1] + light[2]) / np.sqrt(across**2 + down**2 + 1)
    shade = shade[1:-1, 1:-1]
    grey = (np.clip(np.nan_to_num(shade) * 0.92 + 0.06, 0, 1) ** 0.8 * 255).astype(np.uint8)
    return _with_alpha(np.repeat(grey[..., None], 3, axis=2), ~np.isfinite(shade))


def _normals(values: NDArray[Any]) -> NDArray[np.uint8]:
    """The usual code of normals: red to the right, green up, blue to the viewer."""
    values = values[..., :3]
    if values.dtype.kind == "f":
        share = np.clip(np.nan_to_num(values) * 0.5 + 0.5, 0, 1)
        return np.asarray(share * 255 + 0.5, np.uint8)
    scaled = values.astype(np.float32) * np.float32(255 / _full(values)) + np.float32(0.5)
    return np.asarray(scaled, np.uint8)


def _classes(values: NDArray[Any]) -> NDArray[np.uint8]:
    """A colour for each class; values below zero and missing ones are transparent."""
    table = np.array([[int(c[i : i + 2], 16) for i in (0, 2, 4)] for c in CLASS_COLOURS], np.uint8)
    numbers = np.nan_to_num(values, nan=-1).astype(np.int64)
    return _with_alpha(table[numbers % len(table)], numbers < 0)


def _with_alpha(colours: NDArray[np.uint8], missing: NDArray[np.bool_]) -> NDArray[np.uint8]:

    if not missing.any():
        return colours
    alpha = np.where(missing, np.uint8(0), np.uint8(255))
    return np.dstack([colours, alpha])


def encoded(pixels: NDArray[np.uint8], *, quality: int = 88) -> tuple[bytes, str]:
    """The bytes of a picture and their media type: JPEG, or PNG where something is transparent."""
    from vestige.imaging._vips import pyvips

    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels)).copy(interpretation="srgb")
    if pixels.shape[2] == 4:
        return bytes(image.pngsave_buffer(compression=4)), "image/png"
    return bytes(image.jpegsave_buffer(Q=quality, optimize_coding=True)), "image/jpeg"
