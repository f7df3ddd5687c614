"""Opening images: header first, pixels by rows, always in linear light when asked for it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError, OutputError, UsageError
from vestige.imaging import decoding, profiles
from vestige.imaging.formats import image_format
from vestige.imaging.info import ImageInfo, Limits
from vestige.imaging.store import read_rows, row_range
from vestige.imaging.transfer import linear_from_code, linear_from_srgb

__all__ = ["Image", "open_image", "probe", "read_image"]

AskedEncoding = Literal["auto", "srgb", "linear"]
PROXY_STRIP_BYTES = 32 << 20


def probe(path: str | os.PathLike[str], *, page: int = 0, limits: Limits | None = None) -> ImageInfo:
    """Header of an image file, without its pixels.

    Raises
    ------
    InputError : no image, a damaged header, a wrong suffix, or more pixels than `limits` allow.

    >>> import tempfile
    >>> from vestige.imaging import write_image
    >>> path = Path(tempfile.mkdtemp(), "grey.png")
    >>> write_image(path, np.zeros((3, 4), np.float32), depth=8)
    >>> info = probe(path)
    >>> info.format, info.width, info.height, info.channels, info.dtype
    ('png', 4, 3, 1, 'uint8')
    """
    path = Path(path)
    if page < 0:
        raise UsageError(f"page must be 0 or more, not {page}")
    kind = image_format(path)
    header = decoding.decode(path, kind, page=page, limits=limits or Limits())
    header["exif"] = MappingProxyType(header["exif"])
    fields: dict[str, Any] = {"format": kind, "encoding": _encoding(kind, header), **header}
    return ImageInfo(path=path, **fields)


def open_image(
    path: str | os.PathLike[str],
    *,
    encoding: AskedEncoding = "auto",
    white_level: float | None = None,
    page: int = 0,
    limits: Limits | None = None,
) -> Image:
    """Open an image; its pixels are decoded, by a limited process, when they are first asked for.

    Parameters
    ----------
    encoding : how stored values become linear light. 'auto': float and camera RAW are linear, an embedded
        profile is obeyed, other integers follow the sRGB curve. 'srgb' and 'linear' overrule what the file
        says.
    white_level : stored value that means 1.0, for example 4095 for 12-bit data in a 16-bit file.
    page : which image of a file with several, from 0.
    limits : what the file may cost.

    Raises
    ------
    InputError : as `probe`.

    >>> import tempfile
    >>> from vestige.imaging import write_image
    >>> path = Path(tempfile.mkdtemp(), "half.tif")
    >>> write_image(path, np.full((4, 4, 3), 0.5, np.float32))
    >>> with open_image(path) as image:
    ...     image.shape, image.read(slice(0, 1)).round(3)[0, 0].tolist(), image.pixels().dtype.name
    ((4, 4, 3), [0.5, 0.5, 0.5], 'uint16')
    """
    if encoding not in ("auto", "srgb", "linear"):
        raise UsageError(f"encoding must be 'auto', 'srgb' or 'linear', not {encoding!r}")
    if white_level is not None and not white_level > 0:
        raise UsageError(f"white_level must be above 0, not {white_level}")
    limits = limits or Limits()
    info = probe(path, page=page, limits=limits)
    if (
        encoding == "auto"
        and info.encoding == "icc"
        and not profiles.is_usable(info.icc or b"", info.channels)
    ):
        raise InputError(
            path, "has a colour profile that cannot be used", action="pass encoding='srgb' to read it without"
        )
    return Image(info, encoding=encoding, white_level=white_level, page=page, limits=limits)


def read_image(
    path: str | os.PathLike[str],
    *,
    encoding: AskedEncoding = "auto",
    white_level: float | None = None,
    page: int = 0,
    limits: Limits | None = None,
) -> NDArray[np.float32]:
    """The whole image in linear light, (height, width) or (height, width, 3) float32; see `open_image`.

    >>> import tempfile
    >>> from vestige.imaging import write_image
    >>> path = Path(tempfile.mkdtemp(), "grey.tif")
    >>> write_image(path, np.full((4, 4), 0.25, np.float32), depth=32)
    >>> float(read_image(path).mean())
    0.25
    """
    with open_image(path, encoding=encoding, white_level=white_level, page=page, limits=limits) as image:
        return image.read()


class Image:
    """An opened image: `read` gives linear light, `pixels` what is stored, both by rows. Made by
    `open_image`.
    """

    def __init__(
        self,
        info: ImageInfo,
        *,
        encoding: AskedEncoding,
        white_level: float | None,
        page: int,
        limits: Limits,
    ) -> None:
        self.info = info
        self._encoding = info.encoding if encoding == "auto" else encoding
        self._white_level = white_level or info.white_level
        self._page, self._limits = page, limits
        self._spools: dict[bool, Any] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width) of a grey image, (height, width, 3) of a colour image."""
        return self.info.shape

    def read(self, rows: slice | None = None) -> NDArray[np.float32]:
        """Linear light of the whole image or of some rows, float32 (height, width) or (height, width, 3).

        Colours outside sRGB, from a wider profile, are kept: they are below 0 or above 1.
        """
        if self._encoding == "icc":
            light: NDArray[np.float32] = self._rows(rows, "float32", linear=True)
            return light
        return self._light(self.pixels(rows))

    def _light(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Linear light of stored values."""
        if pixels.dtype != np.float32:
            return linear_from_code(pixels, curve=self._encoding == "srgb", white_level=self._white_level)
        if self._white_level != 1.0:
            pixels /= np.float32(self._white_level)
        return linear_from_srgb(pixels).astype(np.float32) if self._encoding == "srgb" else pixels

    def pixels(self, rows: slice | None = None) -> NDArray[Any]:
        """Stored values of the whole image or of some rows, in their own type, without alpha."""
        return self._rows(rows, self.info.dtype, linear=False)

    def proxy(self, max_side: int) -> NDArray[np.float32]:
        """A small version in linear light, each pixel the average of the area it covers; never enlarged.

        Memory holds a strip and the result, never the frame.
        """
        if max_side < 1:
            raise UsageError(f"max_side must be 1 or more, not {max_side}")
        scale = max(1.0, max(self.info.height, self.info.width) / max_side)
        height, width = (max(1, round(side / scale)) for side in (self.info.height, self.info.width))
        if scale == 1.0:
            return self.read()
        result = np.zeros((height, width, self.info.channels), np.float32)
        step = max(1, PROXY_STRIP_BYTES // (12 * self.info.width))
        for first in range(0, self.info.height, step):
            last = min(self.info.height, first + step)
            _add_area(result, self.read(slice(first, last)), first, self.info.height)
        return result[..., 0] if self.info.channels == 1 else result

    def glance(self, max_side: int) -> NDArray[np.float32]:
        """A small version for the eye, in a fraction of the time of `proxy`; linear light, never enlarged.

        What is averaged is stored values, not light, and some formats only skip pixels.
        """
        if max_side < 1:
            raise UsageError(f"max_side must be 1 or more, not {max_side}")
        longest = max(self.info.height, self.info.width)
        shrink = longest // max_side
        if shrink < 2 or self._spools:
            return self.proxy(max_side)
        linear = self._encoding == "icc"
        with _nameless() as spool:
            rows, columns = decoding.decode_small(
                self.info.path, self.info.format, page=self._page, limits=self._limits,
                spool=spool.fileno(), linear=linear, shrink=shrink,
            )  # fmt: skip
            values = np.empty((rows, columns, *self.shape[2:]), "float32" if linear else self.info.dtype)
            self._fill(values, spool.fileno(), 0)
        light = values if linear else self._light(values)
        scale = max_side / max(rows, columns)
        if scale >= 1:
            return light
        import cv2

        size = max(1, round(columns * scale)), max(1, round(rows * scale))
        return np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_AREA), np.float32)

    def close(self) -> None:
        """Give the decoded pixels back to the disk. Closing twice is fine."""
        for spool in self._spools.values():
            spool.close()
        self._spools = {}

    def __enter__(self) -> Image:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self, rows: slice | None, dtype: str, *, linear: bool) -> NDArray[Any]:
        first, last = row_range(rows, self.info.height)
        values = np.empty((last - first, *self.shape[1:]), dtype)
        row_bytes = self.info.width * self.info.channels * values.itemsize
        self._fill(values, self._spool(linear), first * row_bytes)
        return values

    def _fill(self, values: NDArray[Any], descriptor: int, offset: int) -> None:
        try:
            read_rows(descriptor, values, offset)
        except EOFError:
            raise InputError(
                self.info.path, "is damaged", "as many pixels as its header says", "copy it again"
            ) from None

    def _spool(self, linear: bool) -> int:
        """The file of decoded rows, made at the first use; it has no name, so nothing can stay behind."""
        if linear not in self._spools:
            spool = _nameless()
            try:
                decoding.decode(
                    self.info.path, self.info.format, page=self._page, limits=self._limits,
                    spool=spool.fileno(), linear=linear,
                )  # fmt: skip
            except BaseException:
                spool.close()
                raise
            self._spools[linear] = spool
        descriptor: int = self._spools[linear].fileno()
        return descriptor


def _nameless() -> Any:
    """A temporary file without a name, so that nothing can stay behind."""
    try:
        return tempfile.TemporaryFile(prefix="vestige-")
    except OSError as error:
        raise OutputError(f"no temporary file can be made ({error.strerror}): set TMPDIR") from None


def _encoding(kind: str, header: dict[str, Any]) -> str:
    if kind == "raw" or header["dtype"] == "float32":
        return "linear"
    icc = header["icc"]
    return "icc" if icc and not profiles.is_srgb(icc) else "srgb"


def _add_area(result: NDArray[np.float32], strip: NDArray[np.float32], first: int, total: int) -> None:
    """Add the rows of a strip, which begins at row `first` of `total`, to the area averages of `result`."""
    import cv2

    height, width, channels = result.shape
    narrow = cv2.resize(strip, (width, len(strip)), interpolation=cv2.INTER_AREA).reshape(len(strip), -1)
    scale = total / height
    top, bottom = int(first / scale), min(height, int(np.ceil((first + len(strip)) / scale)))
    for row in range(top, bottom):
        edge = row * scale
        begin, end = max(int(edge) - first, 0), min(int(np.ceil(edge + scale)) - first, len(strip))
        rows = first + np.arange(begin, end)
        share = np.maximum(np.minimum(edge + scale, rows + 1) - np.maximum(edge, rows), 0) / scale
        result[row] += (share.astype(np.float32) @ narrow[begin:end]).reshape(width, channels)
