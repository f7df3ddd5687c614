"""ICC profiles of cameras, written byte by byte: ICC.1:2022 (version 4) and ICC.1:2001-04 (version 2).

Device to connection space only ('input' profiles), which is all that a camera needs.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.imaging.transfer import linear_from_srgb
from vestige.quality.measures.colour import D50, lab_from_xyz

__all__ = ["GRID", "lut_profile", "matrix_profile", "profile_name", "read_meta"]

Curve = Literal["linear", "srgb"]
Version = Literal[2, 4]
Values = NDArray[np.float64]
#: Points a side of the table.
GRID: Final = 33
#: The table is sampled over the cube root of light, as the eye sees it; its end stands for XYZ of 1.999.
ROOT: Final = 3.0
XYZ_TOP: Final = 1 + 32767 / 32768
SRGB_CURVE: Final = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def matrix_profile(
    matrix: NDArray[Any],
    curve: Curve,
    title: str,
    meta: Mapping[str, str],
    when: datetime,
    *,
    version: Version = 4,
) -> bytes:
    """A profile of three curves and a matrix (ICC.1:2022, 8.3.3).

    Parameters
    ----------
    matrix : (3, 3), linear camera values as a row times it are XYZ under D50.
    curve : what makes stored values linear: nothing, or the curve of sRGB.
    title : what people read in a menu.
    meta : words kept in the dictionary 'meta'.
    when : the date in the header.

    Raises
    ------
    UsageError : a version or a curve that is not written here.

    >>> profile = matrix_profile(np.eye(3), "linear", "Camera", {}, datetime(2026, 1, 1))
    >>> profile[36:40], int.from_bytes(profile[:4], "big") == len(profile)
    (b'acsp', True)
    """
    _check(version, curve)
    tags = _common(title, meta, version)
    for name, row in zip(("rXYZ", "gXYZ", "bXYZ"), np.asarray(matrix, float), strict=True):
        tags[name] = _xyz(row)
    shape = _shape(curve, version)
    tags |= {"rTRC": shape, "gTRC": shape, "bTRC": shape}
    return _assembled(tags, b"XYZ ", when, version)


def lut_profile(
    xyz: Callable[[Values], Values],
    curve: Curve,
    title: str,
    meta: Mapping[str, str],
    when: datetime,
    *,
    version: Version = 4,
) -> bytes:
    """A profile of a table of 33 points a side: 'mAB ' to XYZ in version 4, 'mft2' to L*a*b* in version 2.

    The table of version 2 ends at L* = 100; that of version 4 holds light up to twice the perfect diffuser.

    Parameters
    ----------
    xyz : linear camera values (n, 3) in, XYZ under D50 (n, 3) out.

    >>> profile = lut_profile(lambda light: light, "linear", "Camera", {}, datetime(2026, 1, 1))
    >>> profile[12:24]
    b'scnrRGB XYZ '
    """
    _check(version, curve)
    axis = np.linspace(0, 1, GRID) ** ROOT
    light = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    values = np.asarray(xyz(light), np.float64)
    tags = _common(title, meta, version)
    if version == 4:
        table, space = _mab(np.clip(values / XYZ_TOP, 0, 1) ** (1 / ROOT), curve), b"XYZ "
    else:
        table, space = _mft2(lab_from_xyz(values), curve), b"Lab "
    # One table for every intent: a reader that asks for relative colorimetry does not always take A2B0.
    tags |= {"A2B0": table, "A2B1": table, "A2B2": table}
    return _assembled(tags, space, when, version)


def read_meta(profile: bytes) -> dict[str, str]:
    """The words of the dictionary 'meta' of a profile; empty where there is none.

    >>> profile = matrix_profile(np.eye(3), "linear", "C", {"light": "D50"}, datetime(2026, 1, 1))
    >>> read_meta(profile), read_meta(b"")
    ({'light': 'D50'}, {})
    """
    try:
        tag = _tag(profile, b"meta")
        records, width = struct.unpack_from(">II", tag, 8)
        found = {}
        for index in range(min(records, 100)):
            at = struct.unpack_from(">4I", tag, 16 + width * index)
            key, value = (tag[at[i] : at[i] + at[i + 1]].decode("utf-16-be") for i in (0, 2))
            found[key] = value
        return found
    except (StopIteration, struct.error, UnicodeDecodeError):
        return {}


def profile_name(profile: bytes) -> str:
    """What a profile calls itself; '' where it does not say.

    >>> profile_name(matrix_profile(np.eye(3), "linear", "Camera", {}, datetime(2026, 1, 1)))
    'Camera'
    """
    try:
        tag = _tag(profile, b"desc")
        if tag[:4] == b"mluc":
            size, start = struct.unpack_from(">II", tag, 20)
            text = tag[start : start + size].decode("utf-16-be")
        else:
            text = tag[12 : 12 + struct.unpack_from(">I", tag, 8)[0]].decode("latin-1")
    except (StopIteration, struct.error, UnicodeDecodeError):
        return ""
    return "".join(sign for sign in text if sign.isprintable()).strip()


def _tag(profile: bytes, wanted: bytes) -> bytes:
    """The bytes of a tag; StopIteration where there is none."""
    count = min(struct.unpack_from(">I", profile, 128)[0], 100)
    entries = [struct.unpack_from(">4sII", profile, 132 + 12 * index) for index in range(count)]
    return next(profile[start : start + size] for name, start, size in entries if name == wanted)


def _check(version: int, curve: str) -> None:
    if version not in (2, 4):
        raise UsageError(f"ICC profiles are written in version 2 or 4, not {version}")
    if curve not in ("linear", "srgb"):
        raise UsageError(f"the curve of a camera profile is 'linear' or 'srgb', not {curve!r}")


def _common(title: str, meta: Mapping[str, str], version: int) -> dict[str, bytes]:
    rights = "No copyright, use freely"
    tags = {"wtpt": _xyz(D50), "meta": _dictionary(meta)}
    if version == 4:
        return {"desc": _words(title), "cprt": _words(rights), **tags}
    plain = title.encode("ascii", "replace") + b"\0"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(plain)) + plain + bytes(4 + 4 + 2 + 1 + 67)
    return {"desc": description, "cprt": b"text\0\0\0\0" + rights.encode() + b"\0", **tags}


def _words(text: str) -> bytes:
    """multiLocalizedUnicodeType (10.15), one language."""
    stored = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"GB", len(stored), 28) + stored


def _dictionary(meta: Mapping[str, str]) -> bytes:
    """dictType (10.9): pairs of names and values, without names to display."""
    words = [(name.encode("utf-16-be"), value.encode("utf-16-be")) for name, value in sorted(meta.items())]
    head = b"dict\0\0\0\0" + struct.pack(">II", len(words), 16)
    place = 16 + 16 * len(words)
    records, texts = b"", b""
    for name, value in words:
        at = place + len(texts)
        records += struct.pack(">4I", at, len(name), at + len(name), len(value))
        texts += name + value
    return head + records + texts


def _xyz(values: NDArray[Any]) -> bytes:
    return b"XYZ \0\0\0\0" + _fixed(values)


def _fixed(values: Any) -> bytes:
    """s15Fixed16 numbers."""
    return np.asarray(np.round(np.asarray(values, float) * 65536), ">i4").tobytes()


def _parametric(kind: int, values: tuple[float, ...]) -> bytes:
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + _fixed(values)


def _shape(curve: Curve, version: int) -> bytes:
    if version == 4:
        return _parametric(3, SRGB_CURVE) if curve == "srgb" else _parametric(0, (1.0,))
    if curve == "linear":
        return b"curv" + bytes(8)
    table = np.round(linear_from_srgb(np.linspace(0, 1, 4096)) * 65535).astype(">u2")
    return b"curv\0\0\0\0" + struct.pack(">I", 4096) + table.tobytes()


def _into_table(curve: Curve) -> NDArray[np.uint16]:
    """From stored values to the axis of the table, 4096 entries."""
    stored = np.linspace(0, 1, 4096)
    light = linear_from_srgb(stored) if curve == "srgb" else stored
    return np.asarray(np.round(light ** (1 / ROOT) * 65535), np.uint16)


def _mab(table: Values, curve: Curve) -> bytes:
    """lutAToBType (10.12): curves, table, curves that undo its cube root; the matrix changes nothing."""
    entry = b"curv\0\0\0\0" + struct.pack(">I", 4096) + _into_table(curve).astype(">u2").tobytes()
    if curve == "linear":
        entry = _parametric(0, (1 / ROOT,))
    identity, undo = _parametric(0, (1.0,)), _parametric(0, (ROOT,))
    grid = bytes([GRID] * 3 + [0] * 13) + b"\2\0\0\0" + np.round(table * 65535).astype(">u2").tobytes()
    parts = [3 * identity, _fixed(np.r_[np.eye(3).ravel(), np.zeros(3)]), 3 * undo, grid, 3 * entry]
    places, body = [], b""
    for part in parts:
        places.append(32 + len(body))
        body += part + bytes(-len(part) % 4)
    b_curves, matrix, m_curves, clut, a_curves = places
    head = struct.pack(">BBHIIIII", 3, 3, 0, b_curves, matrix, m_curves, clut, a_curves)
    return b"mAB \0\0\0\0" + head + body


def _mft2(lab: Values, curve: Curve) -> bytes:
    """lut16Type (10.10) with the L*a*b* of version 2: 0xFF00 is L* = 100, 0x8000 is a* = b* = 0."""
    codes = np.stack([lab[:, 0] * 652.8, (lab[:, 1] + 128) * 256, (lab[:, 2] + 128) * 256], axis=1)
    codes[:, 0] = np.clip(codes[:, 0], 0, 0xFF00)
    head = bytes([3, 3, GRID, 0]) + _fixed(np.eye(3)) + struct.pack(">HH", 4096, 2)
    entry = np.tile(_into_table(curve), 3).astype(">u2").tobytes()
    leave = np.tile(np.array([0, 65535], ">u2"), 3).tobytes()
    table = np.clip(np.round(codes), 0, 65535).astype(">u2").tobytes()
    return b"mft2\0\0\0\0" + head + entry + table + leave


def _assembled(tags: Mapping[str, bytes], space: bytes, when: datetime, version: int) -> bytes:
    """Header (7.2), table of tags (7.3), tags on fours; equal tags are stored once."""
    places: dict[bytes, int] = {}
    start = 132 + 12 * len(tags)
    entries, body = b"", b""
    for name, tag in tags.items():
        if tag not in places:
            places[tag] = start + len(body)
            body += tag + bytes(-len(tag) % 4)
        entries += struct.pack(">4sII", name.encode(), places[tag], len(tag))
    number = b"\x04\x40\0\0" if version == 4 else b"\x02\x40\0\0"
    date = struct.pack(">6H", when.year, when.month, when.day, when.hour, when.minute, when.second)
    size = start + len(body)
    header = struct.pack(">I4s", size, b"\0\0\0\0") + number + b"scnrRGB " + space + date + b"acsp"
    header += bytes(4 + 4 + 4 + 4 + 8)  # platform, flags, manufacturer, model, attributes
    header += struct.pack(">I", 1) + _fixed(D50) + bytes(4)  # intent: relative colorimetric
    rest = struct.pack(">I", len(tags)) + entries + body
    zeroed = header[:64] + bytes(4) + header[68:]
    if version == 4:
        digest = hashlib.md5(zeroed.ljust(128, b"\0") + rest, usedforsecurity=False).digest()
        return header + digest + bytes(28) + rest
    return header + bytes(44) + rest
