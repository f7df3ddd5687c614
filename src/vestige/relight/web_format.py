"""The Relight web format: ``info.json`` and JPEG files of three planes each.

A stored byte b means (b / 255 - bias) x scale. Colour is the sum of the planes times the basis at the
light; viewers show it as it comes, so planes are fitted on sRGB-encoded values.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vestige.capture.durable import write_atomically
from vestige.errors import InputError, OutputError
from vestige.imaging import ImageWriter, open_image
from vestige.relight.planes import ColourSpace, Planes

__all__ = ["RowReader", "info_bytes", "quantisation", "read_relight", "write_plane_file", "write_relight"]

RowReader = Callable[[slice], NDArray[np.float32]]

LARGEST_INFO_BYTES = 64 << 20
ROWS_AT_ONCE_BYTES = 16 << 20
TERMS = {"ptm": (6,), "hsh": (4, 9, 16)}

Numbers = Annotated[list[float], Field(max_length=4096)]


class _Material(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)

    scale: Numbers
    bias: Numbers
    range: Numbers = Field(default_factory=list)


class _Info(BaseModel):
    """What ``info.json`` must say; other fields are other programs' own."""

    model_config = ConfigDict(allow_inf_nan=False)

    width: int = Field(ge=1, le=65535)
    height: int = Field(ge=1, le=65535)
    type: Literal["ptm", "hsh", "bilinear"]
    colorspace: Literal["rgb", "lrgb", "mrgb"]
    nplanes: int = Field(ge=1, le=512)
    lights: list[float] = Field(default_factory=list)
    materials: list[_Material] = Field(min_length=1)
    resolution: int = Field(default=0, ge=0, le=256)


def read_relight(folder: str | os.PathLike[str]) -> Planes:
    """Read a relightable picture: bases 'ptm' and 'hsh' in 'rgb' or 'lrgb', 'bilinear' in 'mrgb'.

    Raises
    ------
    InputError
        naming the file that is missing, damaged or not as the others say.

    References
    ----------
    Ponchio, Corsini, Scopigno: RELIGHT: a compact and accurate RTI representation for the web.
    Graphical Models 105, 2019.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_relight(folder, Planes(np.full((18, 8, 8), 0.25, np.float32), "ptm"))
    >>> float(read_relight(folder).values.mean().round(4))
    0.25
    """
    folder = Path(folder)
    info = _info(folder / "info.json")
    material = info.materials[0]
    values = np.empty((info.nplanes, info.height, info.width), np.float32)
    for number in range((info.nplanes + 2) // 3):
        pixels = _plane_file(folder / f"plane_{number}.jpg", info)
        for plane in range(3 * number, min(3 * number + 3, info.nplanes)):
            bias, scale = material.bias[plane], material.scale[plane]
            values[plane] = (pixels[..., plane % 3] * np.float32(1 / 255) - np.float32(bias)) * np.float32(
                scale
            )
    lights = np.array(info.lights, np.float64).reshape(-1, 3)
    table = _table(folder, info) if info.type == "bilinear" else None
    return Planes(values, info.type, info.colorspace, lights, table)


def write_relight(folder: str | os.PathLike[str], planes: Planes, *, quality: int = 97) -> None:
    """Write a relightable picture ('ptm' or 'hsh') into `folder`, which is made where needed.

    Raises
    ------
    OutputError
        where the disk refuses, or the picture has another basis.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_relight(folder, Planes(np.zeros((27, 4, 6), np.float32), "hsh"))
    >>> len(list(folder.glob("plane_*.jpg"))), json.loads((folder / "info.json").read_text())["nplanes"]
    (9, 27)
    """
    folder = Path(folder)
    if planes.basis == "bilinear":
        raise OutputError(f"{folder}: a bilinear picture can be read, not written: fit 'ptm' or 'hsh'")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder} cannot be made ({error.strerror}): choose another folder") from None
    scale, bias = quantisation(planes.values.min(axis=(1, 2)), planes.values.max(axis=(1, 2)))
    for first in range(0, len(planes.values), 3):

        def rows_of(rows: slice, first: int = first) -> NDArray[np.float32]:
            return np.moveaxis(planes.values[first : first + 3, rows], 0, 2)

        part = slice(first, first + 3)
        path = folder / f"plane_{first // 3}.jpg"
        write_plane_file(path, planes.shape, rows_of, scale[part], bias[part], quality=quality)
    info = info_bytes(planes.shape, planes.basis, planes.colours, planes.lights, scale, bias)
    write_atomically(folder / "info.json", info)


def quantisation(
    low: NDArray[np.floating], high: NDArray[np.floating]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scale and bias of planes whose values lie between `low` and `high`; each (planes,).

    >>> [number.tolist() for number in quantisation(np.array([-1.0]), np.array([3.0]))]
    [[4.0], [0.25]]
    """
    scale = np.maximum(np.asarray(high, np.float64) - low, 1e-3)
    return scale, -np.asarray(low, np.float64) / scale


def info_bytes(
    shape: tuple[int, int],
    basis: str,
    colours: ColourSpace,
    lights: NDArray[np.float64],
    scale: NDArray[np.float64],
    bias: NDArray[np.float64],
) -> bytes:
    """The ``info.json`` of a picture (height, width) with these planes.

    >>> json.loads(info_bytes((2, 3), "ptm", "rgb", np.eye(3), np.ones(18), np.zeros(18)))["width"]
    3
    """
    info = {
        "width": shape[1],
        "height": shape[0],
        "format": "jpg",
        "type": basis,
        "colorspace": colours,
        "nplanes": len(scale),
        "lights": [round(float(value), 6) for value in lights.ravel()],
        "materials": [
            {
                "scale": [float(f"{value:.8g}") for value in scale],
                "bias": [float(f"{value:.8g}") for value in bias],
            }
        ],
    }
    return (json.dumps(info, indent=1) + "\n").encode()


def write_plane_file(
    path: Path,
    shape: tuple[int, int],
    rows_of: RowReader,
    scale: NDArray[np.float64],
    bias: NDArray[np.float64],
    *,
    quality: int = 97,
) -> None:
    """Write up to three planes as one JPEG, strip by strip; planes that are missing are filled with 0.

    `rows_of` gives rows as (rows, width, 1 to 3) float32.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "plane_0.jpg")
    >>> half = lambda rows: np.full((8, 8, 3), 0.5, np.float32)[rows]
    >>> write_plane_file(path, (8, 8), half, np.ones(3), np.zeros(3))
    >>> path.read_bytes()[:2].hex()
    'ffd8'
    """
    height, width = shape
    step = max(1, ROWS_AT_ONCE_BYTES // (24 * width))
    with ImageWriter(path, height, width, 3, depth=8, encoded=True, quality=quality) as writer:
        for first in range(0, height, step):
            values = rows_of(slice(first, min(height, first + step)))
            codes = np.zeros((*values.shape[:2], 3), np.uint8)
            share = values / scale.astype(np.float32) + bias.astype(np.float32)
            codes[..., : values.shape[2]] = np.clip(share * 255 + 0.5, 0, 255)
            writer.write(first, codes)


def _info(path: Path) -> _Info:
    try:
        if path.stat().st_size > LARGEST_INFO_BYTES:
            raise InputError(path, "is too large", "the description of a relightable picture")
        info = _Info.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "a Relight folder") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise InputError(path, f"describes no relightable picture: {where}: {first['msg']}") from None
    _consistent(path, info)
    return info


def _consistent(path: Path, info: _Info) -> None:
    material = info.materials[0]
    if len(info.materials) > 1:
        raise InputError(path, f"has {len(info.materials)} materials", "one")
    if not len(material.scale) == len(material.bias) == info.nplanes:
        found = f"has {len(material.scale)} scales and {len(material.bias)} biases"
        raise InputError(path, found, f"{info.nplanes} of each, one a plane")
    if len(info.lights) % 3:
        raise InputError(path, f"has {len(info.lights)} numbers of lights", "three a light")
    if info.type == "bilinear":
        if info.colorspace != "mrgb" or info.resolution < 2 or len(material.range) != info.nplanes:
            raise InputError(path, "is bilinear without its table", "mrgb, a resolution and a range a plane")
        return
    if info.colorspace == "mrgb":
        raise InputError(path, f"is {info.type} in mrgb", "rgb or lrgb")
    counts = [3 * terms if info.colorspace == "rgb" else 3 + terms for terms in TERMS[info.type]]
    if info.nplanes not in counts:
        wanted = " or ".join(map(str, counts))
        raise InputError(path, f"has {info.nplanes} planes", f"{wanted} for {info.type} in {info.colorspace}")


def _plane_file(path: Path, info: _Info) -> NDArray[np.uint8]:
    with open_image(path) as image:
        if image.shape != (info.height, info.width, 3) or image.info.dtype != "uint8":
            found = "x".join(map(str, image.shape))
            raise InputError(path, f"is {found}", f"{info.height}x{info.width}x3, as info.json says")
        pixels: NDArray[np.uint8] = image.pixels()
        return pixels


def _table(folder: Path, info: _Info) -> NDArray[np.float32]:
    """The colours of a bilinear picture over the lights, from ``materials.bin``."""
    path, side = folder / "materials.bin", info.resolution
    expected = 3 * side * side * (info.nplanes + 1)
    try:
        data = path.read_bytes() if path.stat().st_size <= LARGEST_INFO_BYTES else b""
    except OSError as error:
        raise InputError(
            path, f"cannot be read ({error.strerror})", "the table of a bilinear picture"
        ) from None
    if len(data) != expected:
        raise InputError(path, f"has {len(data)} bytes", f"{expected}, as info.json says")
    table = np.frombuffer(data, np.uint8).reshape(info.nplanes + 1, side, side, 3).astype(np.float32)
    spread = np.array(info.materials[0].range, np.float32)
    if not (spread != 0).all():
        raise InputError(folder / "info.json", "has a range of 0", "a range a plane")
    table[0] /= 255
    table[1:] = (table[1:] - 127) / spread[:, None, None, None]
    return table
