"""Encoders behind `writing`: raw rows in a file become TIFF, PNG, JPEG or JPEG 2000."""

from __future__ import annotations

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
BIG_TIFF_BYTES: Final = 2_000_000_000
VIPS_FORMATS: Final = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}
INTERPRETATIONS: Final = {
    ("uint8", 1): "b-w", ("uint8", 3): "srgb", ("uint16", 1): "grey16", ("uint16", 3): "rgb16",
    ("float32", 1): "b-w", ("float32", 3): "srgb",
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Rows of an image, one after the other in an open file."""

    descriptor: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def channels(self) -> int:
        """1 or 3."""
        return 1 if len(self.shape) == 2 else self.shape[2]

    def open(self) -> pyvips.Image:
        """The rows as a libvips image, read as they are needed."""
        from vestige.imaging._vips import pyvips

        image = pyvips.Image.rawload(
            f"/dev/fd/{self.descriptor}",
            self.shape[1],
            self.shape[0],
            self.channels,
            format=VIPS_FORMATS[self.dtype.name],
            access="sequential",
            revalidate=True,  # libvips caches by name, and /dev/fd names come back for other files
        )
        return image.copy(interpretation=INTERPRETATIONS[self.dtype.name, self.channels])

    def read(self) -> NDArray[Any]:
        """All rows."""
        pixels = np.empty(self.shape, self.dtype)
        read_rows(self.descriptor, pixels, 0)
        return pixels


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
