"""ICC colour profiles: is one sRGB, so that the slow way through it can be spared?"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vestige.imaging.transfer import linear_from_srgb

__all__ = ["is_srgb", "is_usable", "srgb_profile"]

# Colorants of sRGB, adapted to D50 (Bradford), rows X, Y, Z; ICC.1 profile of IEC 61966-2-1.
SRGB_COLORANTS: Final = np.array(
    [[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]]
)


@lru_cache(maxsize=32)
def is_srgb(profile: bytes) -> bool:
    """True where a profile has the primaries and the transfer curve of sRGB, whatever it calls itself.

    >>> is_srgb(srgb_profile()), is_srgb(b"")
    (True, False)
    """
    try:
        tags = _tags(profile)
        if profile[16:20] == b"GRAY":
            return _is_srgb_curve(tags[b"kTRC"])
        if profile[16:20] != b"RGB " or b"A2B0" in tags:
            return False
        colorants = np.array([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]).T
        curves = [tags[name] for name in (b"rTRC", b"gTRC", b"bTRC")]
        near = bool(np.abs(colorants - SRGB_COLORANTS).max() < 0.002)
        return near and all(map(_is_srgb_curve, curves))
    except (KeyError, struct.error, ValueError):
        return False


def is_usable(profile: bytes, channels: int) -> bool:
    """True where a profile is one (ICC.1:2022, 7.2) and describes images of so many channels.

    >>> is_usable(srgb_profile(), 3), is_usable(srgb_profile(), 1), is_usable(b"", 3)
    (True, False, False)
    """
    space = b"GRAY" if channels == 1 else b"RGB "
    return len(profile) > 132 and profile[36:40] == b"acsp" and profile[16:20] == space


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """The sRGB profile that Vestige embeds in what it writes (libvips's own, free of rights).

    >>> srgb_profile()[36:40]
    b'acsp'
    """
    from vestige.imaging._vips import pyvips

    return bytes(pyvips.Operation.call("profile_load", "srgb"))


def _tags(profile: bytes) -> dict[bytes, bytes]:
    count = struct.unpack_from(">I", profile, 128)[0]
    tags = {}
    for index in range(min(count, 100)):
        name, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * index)
        tags[name] = profile[start : start + size]
    return tags


def _xyz(tag: bytes) -> NDArray[np.float64]:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _is_srgb_curve(tag: bytes) -> bool:
    where = np.linspace(0, 1, 256)
    return bool(np.abs(_curve(tag, where) - linear_from_srgb(where)).max() < 0.003)


def _curve(tag: bytes, where: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values of a 'curv' or 'para' tag (ICC.1:2022, 10.6 and 10.18)."""
    if tag[:4] == b"curv":
        count = struct.unpack_from(">I", tag, 8)[0]
        if count == 0:
            return where
        table = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
        if count == 1:
            return np.asarray(where ** (table[0] / 256), np.float64)
        return np.asarray(np.interp(where, np.linspace(0, 1, count), table / 65535), np.float64)
    kind = struct.unpack_from(">H", tag, 8)[0]
    if tag[:4] != b"para" or kind not in (0, 3):
        raise ValueError("a curve of another kind than sRGB's")
    values = np.frombuffer(tag, ">i4", 1 if kind == 0 else 5, 12) / 65536
    # Of a damaged profile the powers may be beyond all numbers: that is no curve like sRGB's.
    with np.errstate(all="ignore"):
        if kind == 0:
            return np.asarray(where ** values[0], np.float64)
        g, a, b, c, d = values
        return np.asarray(np.where(where >= d, np.maximum(a * where + b, 0) ** g, c * where), np.float64)
