"""Pictures of products and frames: overviews and thumbnails, kept in a cache beside the folder."""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame
from vestige.contract.kinds import Kind
from vestige.display.opening import open_pyramid
from vestige.display.pyramid import Pyramid
from vestige.display.tone import Tone, encoded, natural_range, shown
from vestige.errors import InputError
from vestige.imaging import open_image, srgb_from_linear

CACHE = ".cache"
#: Pixels of the longer side of a small picture: in a list, and by itself.
LISTED, ALONE = 400, 720
#: Kinds that lie in pixels and can be looked at, compared and downloaded as a picture.
RASTERS = frozenset({Kind.IMAGE, Kind.DEPTH, Kind.BANDS, Kind.NORMALS, Kind.PAGE, Kind.GRID, Kind.CLASSES})
#: Kinds that are no rasters and of which a picture is made from all their files.
PORTRAYED = frozenset({Kind.RELIGHTABLE, Kind.MESH, Kind.FEATURES})


def cache_of(root: Path) -> Path:
    """Where pictures made for the page may lie: beside the folder's content, else in a temporary folder.

    >>> cache_of(Path("/nowhere")).is_absolute()
    True
    """
    if root.is_dir() and os.access(root, os.W_OK):
        return root / CACHE / "page"
    name = hashlib.sha256(os.fsencode(root)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"vestige-page-{os.getuid()}-{name}"


def kept(cache: Path, source: Path, what: str, make: Callable[[], bytes]) -> bytes:
    """The bytes that `make` gives, made once for each state of `source`."""
    try:
        status = source.stat()
    except OSError as error:
        raise InputError(source.name, f"cannot be read ({error.strerror})") from None
    text = f"{source} {status.st_mtime_ns} {status.st_size} {what}"
    target = cache / f"{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:24]}.picture"
    try:
        return target.read_bytes()
    except OSError:
        data = make()
    cache.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=cache)
    with open(handle, "wb") as stream:
        stream.write(data)
    Path(temporary).replace(target)
    return data


def frame_picture(capture: Capture, frame: Frame, side: int, cache: Path) -> bytes:
    """A frame as JPEG, at most `side` pixels long; decoded in the limited child process."""
    path = capture.path(frame)

    def make() -> bytes:

        encoding, white = capture.settings.get("encoding", "auto"), capture.settings.get("white_level")
        with open_image(path, encoding=encoding, white_level=white) as image:
            light = np.atleast_3d(image.proxy(side))
        if encoding == "linear":
            light = light / max(float(np.percentile(light, 99.5)), 1e-6)
        pixels = (srgb_from_linear(np.clip(light, 0, 1)) * 255 + 0.5).astype(np.uint8)
        return encoded(np.repeat(pixels, 3, 2) if pixels.shape[2] == 1 else pixels, quality=84)[0]

    return kept(cache, path, f"frame {side} {capture.settings.get('encoding')}", make)


@lru_cache(maxsize=512)
def band_range(pyramid: Pyramid, band: int, share: float = 1.0) -> tuple[float, float]:
    """The values between which a band is shown unless a person says otherwise; see `natural_range`."""
    return natural_range(pyramid.overview(512, (band,)), share)


def light_range(pyramid: Pyramid, band: int) -> tuple[float, float]:
    """The range of a band that is looked at as light: nearly all of it, so that paper is not burnt out."""
    low, high = band_range(pyramid, band, 0.1)
    return low, high + 0.04 * (high - low)


def natural_tone(kind: Kind, pyramid: Pyramid) -> tuple[Tone, tuple[int, ...]]:
    """How a raster of a kind is first shown: its tone and which bands."""
    if kind is Kind.DEPTH:
        return Tone("viridis", *band_range(pyramid, 0)), (0,)
    if kind is Kind.GRID:
        return Tone("inverse", *band_range(pyramid, 0)), (0,)
    if kind is Kind.CLASSES:
        return Tone("classes"), (0,)
    if kind is Kind.NORMALS:
        return Tone("normals"), tuple(range(min(3, pyramid.bands)))
    if kind is Kind.BANDS:
        middle = pyramid.bands // 2
        return Tone("picture", *light_range(pyramid, middle)), (middle,)
    return Tone("picture"), tuple(range(3 if pyramid.bands >= 3 else 1))


def mixed(values: NDArray[Any], pyramid: Pyramid, bands: tuple[int, ...]) -> NDArray[np.uint8]:
    """Three bands as red, green and blue, each within its own range."""
    layers = []
    for place, band in enumerate(bands):
        tone = Tone("picture", *light_range(pyramid, band))
        layers.append(shown(values[..., place : place + 1], tone)[..., 0])
    return np.dstack(layers)


def overview(
    pyramid: Pyramid, side: int, tone: Tone, bands: tuple[int, ...], towards_viewer: int = 1
) -> NDArray[np.uint8]:
    """The whole raster, toned; `towards_viewer` is -1 where larger values lie farther away."""
    values = pyramid.overview(side, bands, exact=tone.look == "classes")
    if tone.look != "relief":
        return shown(values, tone)
    around = np.pad(values, ((1, 1), (1, 1), (0, 0)), mode="edge")
    return shown(around, tone, pitch=towards_viewer * pyramid.width / values.shape[1])


def thumbnail(kind: Kind, path: Path, files: list[Path], cache: Path, side: int) -> tuple[bytes, str]:
    """A small picture of a product and its media type.

    Raises
    ------
    InputError
        where the product is broken or a picture cannot be made of its kind.
    """
    if not files:
        raise InputError(path.name, "is an empty folder")
    source = files[0]

    def make() -> bytes:
        if kind is Kind.MESH:
            from vestige.display.surface import portrait

            return encoded(portrait(source))[0]
        if kind is Kind.RELIGHTABLE:
            return encoded(_lit(path))[0]
        if kind is Kind.FEATURES:
            return encoded(_outlines(path))[0]
        pyramid = open_pyramid(source, cache)
        return encoded(overview(pyramid, side, *natural_tone(kind, pyramid)))[0]

    data = kept(cache, source, f"thumbnail {kind} {side}", make)
    return data, "image/png" if data.startswith(b"\x89PNG") else "image/jpeg"


def _lit(folder: Path) -> NDArray[np.uint8]:
    """A relightable picture under a lamp at upper left, by the first terms of its basis."""
    try:
        info = json.loads((folder / "info.json").read_bytes())
        material = info["materials"][0]
        scale, bias = (np.array(material[name], np.float32).reshape(-1, 3) for name in ("scale", "bias"))
        weights = _first_weights(info["type"], -0.45, 0.45)[: len(scale)]
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            "info.json", f"does not describe a relightable picture ({str(error)[:80]})"
        ) from None
    total: NDArray[np.float32] | None = None
    for number, weight in enumerate(weights):
        with open_image(folder / f"plane_{number}.jpg") as image:
            codes = np.atleast_3d(srgb_from_linear(image.proxy(720)))
        part = (codes - bias[number]) * scale[number] * np.float32(weight)
        total = part if total is None else total + part
    if total is None:
        raise InputError("info.json", "names no planes")
    bright = max(float(np.percentile(total, 99.7)), 1e-6)
    return np.asarray(np.clip(total / bright, 0, 1) * 255 + 0.5, np.uint8)


def _first_weights(basis: str, x: float, y: float) -> list[float]:
    """Weights of the polynomial, or of hemispherical harmonics of degree 0 and 1 (Gautron et al. 2004)."""
    if basis == "ptm":
        return [1.0, x, y, x * x, x * y, y * y]
    c = math.sqrt(1 - x * x - y * y)
    around = math.sqrt(6 / math.pi) * math.sqrt(c - c * c) / math.hypot(x, y)
    return [math.sqrt(0.5 / math.pi), around * x, math.sqrt(1.5 / math.pi) * (2 * c - 1), around * y]


def _outlines(path: Path) -> NDArray[np.uint8]:
    """The outlines of features, drawn on a light ground."""
    import cv2

    from vestige.display.ground import features

    rings: list[NDArray[Any]] = []
    for feature in features(path)["features"]:
        rings += _rings(feature.get("geometry") or {})
    picture = np.full((480, 640, 3), (246, 243, 236), np.uint8)
    if not rings:
        return picture
    every = np.concatenate(rings)
    low, high = every.min(0), every.max(0)
    scale = 0.88 * min(640 / max(high[0] - low[0], 1e-9), 480 / max(high[1] - low[1], 1e-9))
    middle = (low + high) / 2
    lines = [((ring - middle) * (scale, -scale) + (320, 240)).round().astype(np.int32) for ring in rings]
    cv2.fillPoly(picture, lines, (233, 199, 170), cv2.LINE_AA)
    cv2.polylines(picture, lines, isClosed=True, color=(160, 66, 40), thickness=2, lineType=cv2.LINE_AA)
    return picture


def _rings(geometry: dict[str, Any]) -> list[NDArray[Any]]:

    parts = geometry.get("coordinates") or []
    polygons = {"Polygon": [parts], "MultiPolygon": parts}.get(geometry.get("type", ""), [])
    return [np.array(ring, np.float64)[:, :2] for polygon in polygons for ring in polygon]


def depictable(kind: Kind) -> bool:
    """Whether `thumbnail` can make a picture of products of a kind."""
    return kind not in (Kind.TEXT, Kind.MODEL, Kind.TABLE, Kind.REPORT)
