"""The sRGB transfer curve (IEC 61966-2-1), both ways, quick enough for every frame."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["linear_from_code", "linear_from_srgb", "srgb_from_linear"]

FloatArray = NDArray[np.floating[Any]]


def linear_from_srgb(encoded: ArrayLike) -> FloatArray:
    """Linear light of sRGB values (0..1, any shape); negative values are mirrored, so nothing is cut off.

    float32 in gives float32 out, anything else float64.

    >>> [float(value) for value in linear_from_srgb([0.0, 0.04045, 0.5, 1.0]).round(5)]
    [0.0, 0.00313, 0.21404, 1.0]
    """
    values = _as_float(encoded)
    size = np.abs(values)
    curve = _power((size + 0.055) / 1.055, 2.4)
    return np.copysign(np.where(size <= 0.04045, size / 12.92, curve), values).astype(
        values.dtype, copy=False
    )


def srgb_from_linear(linear: ArrayLike) -> FloatArray:
    """sRGB values of linear light (0..1, any shape); negative values are mirrored, so nothing is cut off.

    >>> [float(value) for value in srgb_from_linear([0.0, 0.0031308, 0.214041, 1.0]).round(4)]
    [0.0, 0.0404, 0.5, 1.0]
    """
    values = _as_float(linear)
    size = np.abs(values)
    curve = 1.055 * _power(size, 1 / 2.4) - 0.055
    return np.copysign(np.where(size <= 0.0031308, size * 12.92, curve), values).astype(
        values.dtype, copy=False
    )


def linear_from_code(
    codes: NDArray[np.uint8] | NDArray[np.uint16], *, curve: bool, white_level: float
) -> NDArray[np.float32]:
    """Linear light of stored integers, by a table: code / `white_level`, then the sRGB curve where `curve`
    says.

    >>> linear_from_code(np.array([0, 255], np.uint8), curve=True, white_level=255.0)
    array([0., 1.], dtype=float32)
    """
    table = _table(codes.dtype.itemsize * 8, curve, float(white_level))
    if codes.dtype == np.uint8 and codes.size:
        flat: Any = np.ascontiguousarray(codes).reshape(1, -1)
        return np.asarray(cv2.LUT(flat, table), np.float32).reshape(codes.shape)
    return table[codes]


@lru_cache(maxsize=16)
def _table(bits: int, curve: bool, white_level: float) -> NDArray[np.float32]:
    values = np.arange(2**bits, dtype=np.float64) / white_level
    table = (linear_from_srgb(values) if curve else values).astype(np.float32)
    table.flags.writeable = False
    return table


def _as_float(values: ArrayLike) -> FloatArray:
    array = np.asarray(values)
    return array if array.dtype == np.float32 else array.astype(np.float64)


def _power(values: FloatArray, exponent: float) -> FloatArray:
    if values.dtype == np.float32 and values.size > 1024:
        # Three times quicker than NumPy's, to 1e-6.
        return np.asarray(cv2.pow(np.ascontiguousarray(values).reshape(-1), exponent), np.float32).reshape(
            values.shape
        )
    result: FloatArray = values**exponent
    return result
