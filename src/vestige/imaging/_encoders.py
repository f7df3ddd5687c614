"""Encoders behind `writing`: raw rows in a file become TIFF, PNG, JPEG or JPEG 2000."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from vestige.errors import OutputError, UsageError
from vestige.imaging import _jpeg2000, _tiff_exif, exif
from vestige.imaging._header import LINEAR_SRGB_FROM_XYZ
from vestige.imaging.store import read_rows

if TYPE_CHECKING:
    from vestige.imaging._vips import pyvips

__all__ = ["Metadata", "Source", "save_jpeg", "save_jpeg2000", "save_png", "save_tiff", "through_profile"]

XYZ_FROM_LINEAR_SRGB: Final = np.linalg.inv(np.array(LINEAR_SRGB_FROM_XYZ)) * 100
STRIP_BYTES: Final = 1 << 18
BIG_TIFF_BYTES: Final = 2_000_000_000
VIPS_FORMATS: Final = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
INTERPRETATIONS: Final = {
    ("uint8", 1): "b-w", ("uint8", 3): "srgb", ("uint16", 1): "grey16", ("uint16", 3): "rgb16",
    ("float32", 1): "b-w", ("float32", 3): "srgb",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Rows of an image, one after the other in an open file.

    As a TIFF, libvips reads them in strips; raw rows it would map into memory, the whole frame of them.
    """

    descriptor: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def channels(self) -> int:
        """1 or 3."""
        return 1 if len(self.shape) == 2 else self.shape[2]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.shape[1] * self.channels * self.dtype.itemsize

    @property
    def first_byte(self) -> int:
        """Where the rows begin: behind the header, at a whole page of the disk."""
        return -(-len(self._header(0)) // 4096) * 4096

    def offset(self, row: int) -> int:
        """Where a row begins."""
        return self.first_byte + row * self.row_bytes

    def open(self) -> pyvips.Image:
        """The rows as a libvips image, read as they are needed."""
        from vestige.imaging._vips import pyvips

        os.pwrite(self.descriptor, self._header(self.first_byte), 0)
        os.ftruncate(self.descriptor, self.offset(self.shape[0]))
        image = pyvips.Image.tiffload(f"/dev/fd/{self.descriptor}", access="sequential")
        plain = image.copy(interpretation=INTERPRETATIONS[self.dtype.name, self.channels], xres=1, yres=1)
        for field in ("bits-per-sample", "orientation"):
            plain.remove(field)
        return plain

    def read(self) -> NDArray[Any]:
        """All rows."""
        pixels = np.empty(self.shape, self.dtype)
        read_rows(self.descriptor, pixels, self.first_byte)
        return pixels

    def _header(self, first_byte: int) -> bytes:
        """A little-endian BigTIFF header for uncompressed strips of a few rows."""
        height, width = self.shape[:2]
        rows = max(1, min(height, STRIP_BYTES // self.row_bytes))
        firsts = np.arange(0, height, rows, dtype=np.uint64)
        offsets = first_byte + firsts * np.uint64(self.row_bytes)
        sizes = np.minimum(rows, height - firsts.astype(np.int64)) * self.row_bytes
        bits = struct.pack("<4H", *[self.dtype.itemsize * 8] * self.channels, *[0] * (4 - self.channels))
        kinds = struct.pack(
            "<4H", *[3 if self.dtype.kind == "f" else 1] * self.channels, *[0] * (4 - self.channels)
        )
        strips = len(firsts)
        place = 16 + 8 + 20 * 10 + 8
        inline = strips == 1
        entries = [
            (256, 4, 1, struct.pack("<Q", width)),
            (257, 4, 1, struct.pack("<Q", height)),
            (258, 3, self.channels, bits),
            (259, 3, 1, struct.pack("<Q", 1)),
            (262, 3, 1, struct.pack("<Q", 2 if self.channels == 3 else 1)),
            (273, 16, strips, offsets.tobytes() if inline else struct.pack("<Q", place)),
            (277, 3, 1, struct.pack("<Q", self.channels)),
            (278, 4, 1, struct.pack("<Q", rows)),
            (
                279,
                16,
                strips,
                sizes.astype("<u8").tobytes() if inline else struct.pack("<Q", place + 8 * strips),
            ),
            (339, 3, self.channels, kinds),
        ]
        table = b"".join(struct.pack("<HHQ", *entry[:3]) + entry[3] for entry in entries)
        tail = b"" if inline else offsets.astype("<u8").tobytes() + sizes.astype("<u8").tobytes()
        return struct.pack("<2sHHHQQ", b"II", 43, 8, 0, 16, len(entries)) + table + bytes(8) + tail


@dataclass(frozen=True)
class Metadata:
    """What stands beside the pixels."""

    profile: bytes | None
    exif: bytes | None
    ppi: float | None
    description: str | None


def through_profile(linear: NDArray[np.float32], profile: bytes, depth: int) -> NDArray[Any]:
    """Values that stand for linear sRGB light under an ICC profile (relative colorimetric)."""
    from vestige.imaging._vips import pyvips

    if linear.ndim == 2:
        xyz = linear[..., None] * XYZ_FROM_LINEAR_SRGB.sum(axis=1).astype(np.float32)
    else:
        xyz = linear @ XYZ_FROM_LINEAR_SRGB.T.astype(np.float32)
    image = pyvips.Image.new_from_array(np.nan_to_num(xyz)).copy(interpretation="xyz")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    try:
        values = image.icc_export(pcs="xyz", intent="relative", depth=depth).numpy()
    except pyvips.Error:
        raise UsageError(
            "profile cannot be written to: pass an RGB or grey output profile, or 'srgb'"
        ) from None
    values = values.reshape(linear.shape[0], linear.shape[1], -1)
    if values.shape[2] != (1 if linear.ndim == 2 else 3):
        raise UsageError(f"profile has {values.shape[2]} channels, the image {linear.shape[2:] or 1}")
    return np.ascontiguousarray(values.reshape(linear.shape))


def save_tiff(source: Source, path: Path, metadata: Metadata, *, compression: str, pyramid: bool) -> None:
    """Tiled TIFF, BigTIFF past 2 GB."""
    image = _with_metadata(source.open(), metadata)
    size = int(np.prod(source.shape)) * source.dtype.itemsize
    _save(
        image,
        "tiffsave",
        path,
        compression=compression,
        predictor="float" if source.dtype == np.float32 else "horizontal",
        tile=True,
        tile_width=256,
        tile_height=256,
        pyramid=pyramid,
        subifd=pyramid,
        bigtiff=size * (1.4 if pyramid else 1) > BIG_TIFF_BYTES,
        level=4,
    )
    if metadata.exif:
        _tiff_exif.append(path, exif.parse(metadata.exif))


def save_png(source: Source, path: Path, metadata: Metadata) -> None:
    """PNG, 8 or 16 bit."""
    _save(_with_exif(_with_metadata(source.open(), metadata), metadata), "pngsave", path, compression=5)


def save_jpeg(source: Source, path: Path, metadata: Metadata, *, quality: int) -> None:
    """Baseline JPEG; full colour resolution from quality 90 on."""
    image = _with_exif(_with_metadata(source.open(), metadata), metadata)
    _save(image, "jpegsave", path, Q=quality, optimize_coding=True)


def save_jpeg2000(source: Source, path: Path, metadata: Metadata) -> None:
    """Lossless JPEG 2000; the whole image is in memory."""
    import imagecodecs

    encoded = imagecodecs.jpeg2k_encode(
        source.read(), level=0, codecformat="JP2", reversible=True, numthreads=2
    )
    path.write_bytes(
        _jpeg2000.with_metadata(
            bytes(encoded), profile=metadata.profile, exif=metadata.exif, ppi=metadata.ppi
        )
    )


def _with_metadata(image: pyvips.Image, metadata: Metadata) -> pyvips.Image:
    from vestige.imaging._vips import pyvips

    image = image.copy(**({"xres": metadata.ppi / 25.4, "yres": metadata.ppi / 25.4} if metadata.ppi else {}))
    if metadata.ppi:
        image.set_type(pyvips.GValue.gstr_type, "resolution-unit", "in")
    if metadata.profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", metadata.profile)
    if metadata.description:
        image.set_type(pyvips.GValue.gstr_type, "image-description", metadata.description)
    return image


def _with_exif(image: pyvips.Image, metadata: Metadata) -> pyvips.Image:
    """libvips writes only the EXIF tags that its own reader named: let it read them from a tiny JPEG."""
    from vestige.imaging._vips import pyvips

    if metadata.exif and len(metadata.exif) < 65_000:
        seed = pyvips.Image.black(8, 8).jpegsave_buffer(keep="none")
        size = (len(metadata.exif) + 2).to_bytes(2, "big")
        named = pyvips.Image.jpegload_buffer(seed[:2] + b"\xff\xe1" + size + metadata.exif + seed[2:])
        for field in named.get_fields():
            if field.startswith("exif-"):
                image.set_type(named.get_typeof(field), field, named.get(field))
    if metadata.description:
        text = (
            f"{metadata.description} ({metadata.description}, ASCII, {len(metadata.description)} components)"
        )
        image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-ImageDescription", text)
    return image


def _save(image: pyvips.Image, operation: str, path: Path, **options: Any) -> None:
    from vestige.imaging._vips import pyvips

    try:
        getattr(image, operation)(str(path), **options)
    except pyvips.Error as error:
        reason = str(error).strip().splitlines()[-1]
        raise OutputError(f"{path.parent} did not take an image ({reason}): make room on the disk") from None
