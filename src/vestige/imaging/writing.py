"""Writing images: encoded, tiled, with profile and EXIF; atomic, and read back before the old file is
replaced.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError, OutputError, UsageError
from vestige.imaging import _encoders, profiles
from vestige.imaging.formats import SUFFIXES
from vestige.imaging.info import Limits
from vestige.imaging.reading import open_image
from vestige.imaging.store import read_rows, write_rows
from vestige.imaging.transfer import srgb_from_linear

__all__ = ["ImageWriter", "write_image"]

Compression = Literal["deflate", "lzw", "none"]
DEPTHS: Final = {"tiff": (8, 16, 32), "png": (8, 16), "jpeg": (8,), "jp2": (8, 16)}
DTYPES: Final[dict[int, Any]] = {8: np.uint8, 16: np.uint16, 32: np.float32}
READ_BACK_BYTES: Final = 16 << 20
#: Values that are encoded at once.
CACHED_VALUES: Final = 1 << 16


@dataclass(frozen=True)
class Options:
    """How an image is stored; the keyword arguments of `write_image`."""

    depth: int | None = None
    profile: str | bytes | None = "srgb"
    ppi: float | None = None
    exif: bytes | None = None
    description: str | None = None
    pyramid: bool = False
    compression: Compression = "deflate"
    encoded: bool = False
    quality: int = 92


def write_image(
    path: str | os.PathLike[str],
    pixels: NDArray[Any],
    *,
    depth: int | None = None,
    profile: str | bytes | None = "srgb",
    ppi: float | None = None,
    exif: bytes | None = None,
    description: str | None = None,
    pyramid: bool = False,
    compression: Compression = "deflate",
    encoded: bool = False,
    quality: int = 92,
) -> None:
    """Write a whole image; the suffix of `path` picks TIFF, PNG, JPEG or JPEG 2000.

    The file appears under its name only when it is complete, on the disk, and has been read back.

    Parameters
    ----------
    pixels : (height, width) or (height, width, 3), linear light 0..1; what is outside is cut off in 8 and
        16 bit.
    depth : bits a value: 16 unless said otherwise, 8 in JPEG; 32 stores the float32 numbers as they are.
    profile : 'srgb', the bytes of an ICC profile, or None: sRGB values without a profile.
    ppi : pixels an inch.
    exif : EXIF block, as `ImageInfo.exif_bytes` gives it.
    description : free text; for a scientific raster, what it holds and its unit.
    pyramid : add smaller versions inside a TIFF, for viewers.
    compression : of a TIFF: 'deflate', 'lzw' or 'none'.
    encoded : `pixels` are uint8 or uint16 and are stored as they are: without a profile (normals, masks), or
        with `profile` where its bytes are given (values of a camera and the profile that explains them).
    quality : of a JPEG, 1..100.

    Raises
    ------
    UsageError : options that do not go together.
    OutputError : the folder is missing or read-only, the disk is full, or the file does not read back.

    >>> from vestige.imaging import read_image
    >>> path = Path(tempfile.mkdtemp(), "depth.tif")
    >>> write_image(path, np.full((2, 3), 12.5, np.float32), depth=32, description="depth in mm")
    >>> float(read_image(path).max())
    12.5
    """
    if pixels.ndim not in (2, 3):
        raise UsageError(f"an image is (height, width) or (height, width, 3), not {pixels.shape}")
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    with ImageWriter(
        path, pixels.shape[0], pixels.shape[1], channels, depth=depth, profile=profile, ppi=ppi, exif=exif,
        description=description, pyramid=pyramid, compression=compression, encoded=encoded, quality=quality,
    ) as writer:  # fmt: skip
        step = max(1, READ_BACK_BYTES // (4 * channels * pixels.shape[1]))
        for first in range(0, pixels.shape[0], step):
            writer.write(first, pixels[first : first + step])


class ImageWriter:
    """Write an image by rows, in any order, with little memory; leaving the ``with`` block finishes the file.

    The options are those of `write_image`. When the block ends by an exception, nothing is written.

    Raises
    ------
    UsageError : options that do not go together, or rows that do not fit.
    OutputError : as `write_image`; also when rows are missing at the end.

    >>> path = Path(tempfile.mkdtemp(), "rows.png")
    >>> with ImageWriter(path, 4, 3, 1, depth=8) as writer:
    ...     writer.write(0, np.zeros((2, 3), np.float32))
    ...     writer.write(2, np.ones((2, 3), np.float32))
    >>> path.stat().st_size > 0
    True
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        height: int,
        width: int,
        channels: int,
        *,
        depth: int | None = None,
        profile: str | bytes | None = "srgb",
        ppi: float | None = None,
        exif: bytes | None = None,
        description: str | None = None,
        pyramid: bool = False,
        compression: Compression = "deflate",
        encoded: bool = False,
        quality: int = 92,
    ) -> None:
        self.path = Path(path)
        self.options = Options(depth, profile, ppi, exif, description, pyramid, compression, encoded, quality)
        self._format = _format(self.path)
        self._depth = depth or DEPTHS[self._format][min(1, len(DEPTHS[self._format]) - 1)]
        self._check(height, width, channels)
        self.shape: tuple[int, ...] = (height, width) if channels == 1 else (height, width, channels)
        self.dtype: np.dtype[Any] = np.dtype(DTYPES[self._depth])
        self._written = np.zeros(height, bool)
        try:
            self._spool = tempfile.TemporaryFile(dir=self.path.parent)  # noqa: SIM115 - closed by `discard`
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be written ({error.strerror}): choose a folder that exists"
            ) from None
        self._source = _encoders.Source(self._spool.fileno(), self.shape, self.dtype)

    def _check(self, height: int, width: int, channels: int) -> None:
        if min(height, width) < 1 or channels not in (1, 3):
            raise UsageError(
                f"an image has 1 or 3 channels and at least 1 x 1 pixels, not {height, width, channels}"
            )
        if self._depth not in DEPTHS[self._format]:
            raise UsageError(
                f"{self.path.suffix} holds {DEPTHS[self._format]} bits a value, not {self._depth}"
            )
        if self.options.pyramid and self._format != "tiff":
            raise UsageError(f"only TIFF holds a pyramid, not {self.path.suffix}")
        if isinstance(self.options.profile, str) and self.options.profile != "srgb":
            raise UsageError(
                f"profile is 'srgb', the bytes of an ICC profile or None, not {self.options.profile!r}"
            )
        if self.options.compression not in ("deflate", "lzw", "none"):
            raise UsageError(f"compression is deflate, lzw or none, not {self.options.compression!r}")

    @property
    def _profile(self) -> bytes | None:
        if self._depth == 32 or self.options.profile is None:
            return None
        if isinstance(self.options.profile, bytes):
            return self.options.profile
        if self.options.encoded:
            return None
        return profiles.srgb_profile() if len(self.shape) == 3 else None

    def write(self, first_row: int, rows: NDArray[Any]) -> None:
        """Write `rows`, (count, width) or (count, width, 3), from row `first_row` on."""
        last = first_row + len(rows)
        if rows.shape[1:] != self.shape[1:] or first_row < 0 or last > self.shape[0]:
            raise UsageError(
                f"rows {first_row} to {last} of shape {rows.shape} do not fit an image of shape {self.shape}"
            )
        try:
            write_rows(self._spool.fileno(), self._stored(rows), self._source.offset(first_row))
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be written ({error.strerror}): make room on the disk"
            ) from None
        self._written[first_row:last] = True

    def _stored(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The rows as the file holds them."""
        if self.options.encoded:
            if rows.dtype != self.dtype:
                raise UsageError(f"encoded rows of {self.path.name} must be {self.dtype}, not {rows.dtype}")
            return np.ascontiguousarray(rows)
        linear = np.ascontiguousarray(rows, np.float32)
        if self._depth == 32:
            return linear
        if isinstance(self.options.profile, bytes) and not profiles.is_srgb(self.options.profile):
            return _encoders.through_profile(linear, self.options.profile, self._depth)
        return self._codes(linear)

    def _codes(self, linear: NDArray[np.float32]) -> NDArray[Any]:
        """sRGB codes of linear light, a few rows at a time: what is in between stays in the cache."""
        most = 2**self._depth - 1
        codes = np.empty(linear.shape, self.dtype)
        step = max(1, CACHED_VALUES // (linear.size // len(linear) or 1))
        for first in range(0, len(linear), step):
            # Of a NaN and 0, fmax takes 0.
            values = srgb_from_linear(np.fmin(np.fmax(linear[first : first + step], 0), 1))
            values *= most
            values += 0.5
            codes[first : first + step] = values
        return codes

    def finish(self) -> None:
        """Encode, force on to the disk, read back, and put the file under its name."""
        if missing := int((~self._written).sum()):
            raise OutputError(f"{self.path} was not written: {missing} of {self.shape[0]} rows are missing")
        handle, name = tempfile.mkstemp(
            dir=self.path.parent, prefix=f".{self.path.stem}-", suffix=self.path.suffix
        )
        os.close(handle)
        temporary = Path(name)
        try:
            self._encode(temporary)
            self._read_back(temporary)
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(self.path)
            _sync(self.path.parent)
        except OSError as error:
            raise OutputError(
                f"{self.path} cannot be written ({error.strerror}): make room on the disk"
            ) from None
        finally:
            temporary.unlink(missing_ok=True)
            self.discard()

    def _encode(self, temporary: Path) -> None:
        source = self._source
        metadata = _encoders.Metadata(
            self._profile, self.options.exif, self.options.ppi, self.options.description
        )
        if self._format == "jp2":
            _encoders.save_jpeg2000(source, temporary, metadata)
        elif self._format == "tiff":
            _encoders.save_tiff(
                source,
                temporary,
                metadata,
                compression=self.options.compression,
                pyramid=self.options.pyramid,
            )
        elif self._format == "png":
            _encoders.save_png(source, temporary, metadata)
        else:
            _encoders.save_jpeg(source, temporary, metadata, quality=self.options.quality)
        _sync(temporary)

    def _read_back(self, temporary: Path) -> None:
        """Encoders have written zeros without a word (libvips 8.17, deflate): trust only what reads back."""
        limits = Limits(pixels=self.shape[0] * self.shape[1])
        step = max(1, READ_BACK_BYTES // self._source.row_bytes)
        try:
            with open_image(temporary, limits=limits) as image:
                if image.shape != self.shape:
                    raise OutputError(f"{self.path} did not read back: {image.shape} instead of {self.shape}")
                for first in range(0, self.shape[0], step):
                    found = image.pixels(slice(first, first + step))
                    wanted = np.empty(found.shape, self.dtype)
                    read_rows(self._spool.fileno(), wanted, self._source.offset(first))
                    self._compare(found, wanted)
        except InputError as error:
            raise OutputError(f"{self.path} did not read back: it {error.found}") from None

    def _compare(self, found: NDArray[Any], wanted: NDArray[Any]) -> None:
        if self._format == "jpeg":
            same = abs(float(found.mean()) - float(wanted.mean())) < 8
        else:
            same = found.dtype == wanted.dtype and bool(
                np.array_equal(found.view(np.uint8), wanted.view(np.uint8))
            )
        if not same:
            raise OutputError(
                f"{self.path} did not read back as it was written: check the disk, then run again"
            )

    def discard(self) -> None:
        """Give up; nothing is written. Discarding twice is fine."""
        self._spool.close()

    def __enter__(self) -> ImageWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.finish()
        finally:
            self.discard()


def _format(path: Path) -> str:
    for name in DEPTHS:
        if path.suffix.lower() in SUFFIXES[name]:
            return name
    raise UsageError(
        f"{path.name} has the suffix {path.suffix or '(none)'}; expected .tif, .png, .jpg or .jp2"
    )


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
