"""Reads JPEG, PNG and TIFF by libvips, streamed: memory holds a few rows. Runs inside the decoding child."""

from __future__ import annotations

import os
from typing import Any, NoReturn

from vestige.imaging import exif
from vestige.imaging._header import (
    GREY_OR_RGB,
    Header,
    RefusedError,
    UnsupportedError,
    refusal,
    write_linear,
    write_vips,
)
from vestige.imaging._vips import pyvips

__all__ = ["VipsReader"]

DTYPES = {"uchar": "uint8", "ushort": "uint16"}
OTHER_COLOURS = {"cmyk": "CMYK", "xyz": "XYZ", "lab": "CIE Lab", "labs": "CIE Lab", "labq": "CIE Lab"}


# What libvips says of a sound TIFF that is beyond it: rare compressions, 12-bit and 64-bit samples.
BEYOND_LIBVIPS = (
    "unsupported", "not configured", "not implemented", "out of range", "whole number of bytes",
    "not a known file format", "bad labq format",
)  # fmt: skip


class VipsReader:
    """One page of a JPEG, PNG or TIFF; satisfies `Reader`."""

    def __init__(self, path: str, page: int) -> None:
        self._path, self._page = path, page
        try:
            image = self._upright()
            self._image = _grey_or_rgb(image)
        except pyvips.Error as error:
            self._refuse(str(error))
        self.header = self._header(image)

    def write_rows(self, descriptor: int, *, linear: bool, shrink: int = 1) -> tuple[int, int]:
        """As `Reader.write_rows`."""
        try:
            image = self._image if shrink == 1 else self._shrunk(shrink)
            if linear:
                return write_linear(image, descriptor)
            is_float = self.header.dtype == "float32"
            return write_vips(image.cast("float") if is_float else image, descriptor)
        except pyvips.Error as error:
            self._refuse(str(error))

    def _shrunk(self, shrink: int) -> Any:
        """Means of blocks of pixels; of a JPEG, blocks that its own transform gives without decoding them."""
        within = 1
        if self._path.lower().endswith((".jpg", ".jpeg")):
            within = next(size for size in (8, 4, 2, 1) if size <= shrink)
        image = _grey_or_rgb(self._upright(**({"shrink": within} if within > 1 else {})))
        rest = shrink // within
        return image if rest == 1 else image.shrink(rest, rest).cast(image.format)

    def _upright(self, **options: Any) -> Any:
        image = self._load("sequential", **options)
        if image.get_typeof("orientation") and image.get("orientation") not in (0, 1):
            # Turning needs columns before rows, so this one is decoded whole (libvips spools it to disk).
            image = self._load("random", **options).autorot()
        return image

    def _load(self, access: str, **more: Any) -> Any:
        # Of a cut-off TIFF with compressed tiles libvips only warns, and of many sound JPEG and PNG as well.
        is_tiff = self._path.lower().endswith((".tif", ".tiff"))
        options: dict[str, Any] = {"access": access, "fail_on": "warning" if is_tiff else "error", **more}
        if self._page:
            options["page"] = self._page
        return pyvips.Image.new_from_file(self._path, **options)

    def _refuse(self, text: str) -> NoReturn:
        if "page" in text and (
            "bad page number" in text or "no property named" in text or "contain page" in text
        ):
            raise RefusedError(f"has no page {self._page}: choose an earlier page") from None
        if any(word in text.lower() for word in BEYOND_LIBVIPS):
            raise UnsupportedError(str(refusal(text))) from None
        raise refusal(text) from None

    def _header(self, image: Any) -> Header:
        fields = set(image.get_fields())
        dtype = DTYPES.get(image.format, "float32")
        entries, block = self._exif(image, fields)
        named = exif.named_values(entries)
        description = image.get("image-description") if "image-description" in fields else None
        return Header(
            width=image.width,
            height=image.height,
            channels=self._image.bands,
            dtype=dtype,
            pages=image.get("n-pages") if "n-pages" in fields else 1,
            white_level={"uint8": 255.0, "uint16": 65535.0}.get(dtype, 1.0),
            icc=bytes(image.get("icc-profile-data")) if "icc-profile-data" in fields else None,
            exif=named,
            exif_bytes=exif.upright(block) if block else None,
            # Where the file says nothing, libvips says 1 pixel/mm.
            ppi=round(image.xres * 25.4, 3) if "resolution-unit" in fields and image.xres != 1.0 else None,
            description=description or str(named.get("ImageDescription", "")) or None,
        )

    def _exif(self, image: Any, fields: set[str]) -> tuple[dict[int, exif.Entry], bytes | None]:
        """Tags and the whole block; a TIFF holds the tags in its own directories."""
        if not image.get("vips-loader").startswith("tiff"):
            block = bytes(image.get("exif-data")) if "exif-data" in fields else None
            return exif.parse(block) if block else {}, block
        with open(self._path, "rb") as file:
            entries = exif.read_directory(lambda offset, size: os.pread(file.fileno(), size, offset))
        worth_keeping = exif.EXIF_NAMES.keys() | {271, 272, 306, 315}
        return entries, exif.build(entries) if worth_keeping & entries.keys() else None


def _grey_or_rgb(image: Any) -> Any:
    """The image without alpha; refuses what is neither grey nor RGB."""
    if image.format in ("complex", "dpcomplex"):
        raise RefusedError("holds complex numbers; expected real ones: save its magnitude")
    if image.interpretation in OTHER_COLOURS:
        raise RefusedError(f"holds {OTHER_COLOURS[image.interpretation]} colours; {GREY_OR_RGB}")
    if image.bands > 4:
        sentence = f"holds {image.bands} channels; expected 1 (grey) or 3 (RGB): save one file a channel"
        raise RefusedError(sentence)
    if image.bands == 2:
        return image[0]
    return image[0:3] if image.bands == 4 else image
