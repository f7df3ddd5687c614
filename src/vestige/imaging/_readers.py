"""Readers that run inside the decoding child: a header as plain values, pixels as rows into a file.

Nothing here trusts its input. A reader raises `Refused` with the end of a sentence, 'NAME …'.
"""

from __future__ import annotations

import io
import os
import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Protocol

from vestige.imaging import exif

__all__ = ["Header", "Reader", "Refused", "open_reader"]

# XYZ (D65, as libvips gives it, 0..100) to linear sRGB: IEC 61966-2-1.
LINEAR_SRGB_FROM_XYZ: Final = [
    [3.2404542, -1.5371385, -0.4985314],
    [-0.9692660, 1.8760108, 0.0415560],
    [0.0556434, -0.2040259, 1.0572252],
]
UPRIGHT_GREY_RGB: Final = "expected grey or RGB: convert it to RGB first"


class Refused(Exception):
    """The file cannot be read; the text ends the sentence 'NAME …'."""


@dataclass
class Header:
    """Header of an image as plain values, ready for JSON."""

    width: int
    height: int
    channels: int
    dtype: str
    pages: int = 1
    white_level: float = 1.0
    icc: bytes | None = None
    exif: dict[str, str | float | int] = field(default_factory=dict)
    exif_bytes: bytes | None = None
    ppi: float | None = None
    description: str | None = None


class Reader(Protocol):
    """An opened file: its header is known, its pixels are not decoded yet."""

    header: Header

    def write_rows(self, descriptor: int, *, linear: bool) -> None:
        """Decode into a file, row after row: stored numbers, or (`linear`) float32 through the profile."""


def open_reader(path: str, kind: str, page: int) -> Reader:
    """The reader for a file of this format, its header read."""
    if kind == "raw":
        return RawReader(path)
    if kind == "jp2":
        return ArrayReader.of_jpeg2000(path)
    if kind != "tiff":
        return VipsReader(path, page)
    try:
        return VipsReader(path, page)
    except NeedsTifffile:
        return ArrayReader.of_tiff(path, page)


class NeedsTifffile(Exception):
    """libvips does not read this TIFF (compression, odd bit depth), tifffile may."""


class VipsReader:
    """JPEG, PNG and TIFF by libvips, streamed: memory holds a few rows."""

    def __init__(self, path: str, page: int) -> None:
        import pyvips

        self._path, self._page = path, page
        try:
            image = self._load("sequential")
        except pyvips.Error as error:
            self._refuse(str(error))
        self._turned = image.get_typeof("orientation") != 0 and image.get("orientation") not in (0, 1)
        if self._turned:
            image = self._load("random").autorot()
        self._image = _grey_or_rgb(image)
        self.header = self._header(image)

    def _load(self, access: str) -> Any:
        import pyvips

        options: dict[str, Any] = {"access": access, "fail_on": "error"}
        if self._page:
            options["page"] = self._page
        return pyvips.Image.new_from_file(self._path, **options)

    def _refuse(self, text: str) -> None:
        if "tiff" in text and any(word in text for word in ("unsupported", "not configured", "Unsupported")):
            raise NeedsTifffile
        if "bad page number" in text or "no property named `page'" in text:
            raise Refused(f"has no page {self._page}; expected a page from 0: choose another page")
        raise Refused(_sentence(text))

    def _header(self, image: Any) -> Header:
        fields = set(image.get_fields())
        dtype = {"uchar": "uint8", "ushort": "uint16"}.get(image.format, "float32")
        block = bytes(image.get("exif-data")) if "exif-data" in fields else None
        entries = exif.parse(block) if block else {}
        if image.get("vips-loader").startswith("tiff"):
            with open(self._path, "rb") as file:
                entries = exif.read_directory(lambda offset, size: os.pread(file.fileno(), size, offset))
            block = exif.build(entries) if any(tag in entries for tag in exif.EXIF_NAMES | {271: "Make"}) else None
        return Header(
            width=image.width,
            height=image.height,
            channels=self._image.bands,
            dtype=dtype,
            pages=image.get("n-pages") if "n-pages" in fields else 1,
            white_level={"uint8": 255.0, "uint16": 65535.0}.get(dtype, 1.0),
            icc=bytes(image.get("icc-profile-data")) if "icc-profile-data" in fields else None,
            exif=exif.named_values(entries),
            exif_bytes=exif.upright(block) if block else None,
            # libvips says 1 pixel/mm where the file says nothing.
            ppi=round(image.xres * 25.4, 3) if "resolution-unit" in fields and image.xres != 1.0 else None,
            description=image.get("image-description") if "image-description" in fields else None,
        )

    def write_rows(self, descriptor: int, *, linear: bool) -> None:
        import pyvips

        image = self._image
        try:
            if linear:
                image = _linear_light(image)
            elif self.header.dtype == "float32":
                image = image.cast("float")
            image.rawsave_target(pyvips.Target.new_to_descriptor(descriptor))
        except pyvips.Error as error:
            text = str(error)
            if "tiff" in text and ("not configured" in text or "compression" in text.lower()):
                tiff = ArrayReader.of_tiff(self._path, self._page)
                tiff.write_rows(descriptor, linear=linear)
                return
            raise Refused(_sentence(text)) from None


class ArrayReader:
    """JPEG 2000 and the rarer TIFF: decoded whole by imagecodecs, so memory holds the frame."""

    def __init__(self, header: Header, decode: Any) -> None:
        self.header, self._decode = header, decode

    @classmethod
    def of_jpeg2000(cls, path: str) -> ArrayReader:
        with open(path, "rb") as file:
            header = _jpeg2000_header(file)

        def decode() -> Any:
            import imagecodecs

            with open(path, "rb") as file:
                return imagecodecs.jpeg2k_decode(file.read())

        return cls(header, decode)

    @classmethod
    def of_tiff(cls, path: str, page: int) -> ArrayReader:
        import tifffile

        try:
            with tifffile.TiffFile(path) as tiff:
                header, keyframe = _tiff_header(tiff, page), tiff.pages[page]
                if keyframe.photometric == tifffile.PHOTOMETRIC.SEPARATED:
                    raise Refused(f"holds CMYK; {UPRIGHT_GREY_RGB}")
        except Refused:
            raise
        except Exception as error:
            raise Refused(_sentence(str(error))) from None

        def decode() -> Any:
            with tifffile.TiffFile(path) as tiff:
                return tiff.pages[page].asarray()

        return cls(header, decode)

    def write_rows(self, descriptor: int, *, linear: bool) -> None:
        import numpy as np

        from vestige.imaging.store import write_rows

        try:
            pixels = self._decode()
        except MemoryError:
            raise
        except Exception as error:
            raise Refused(_sentence(str(error))) from None
        shape = (self.header.height, self.header.width, *([3] if self.header.channels == 3 else []))
        if pixels.ndim == 3 and len(shape) == 3:
            pixels = pixels[..., :3]
        elif pixels.ndim == 3:
            pixels = pixels[..., 0]
        if pixels.shape != shape:
            raise Refused("is damaged: its pixels do not fit its header; copy it again")
        pixels = np.ascontiguousarray(pixels, self.header.dtype)
        if not linear:
            write_rows(descriptor, pixels, 0)
            return
        import pyvips

        image = pyvips.Image.new_from_array(pixels)
        colour = self.header.channels == 3
        wide = self.header.dtype == "uint16"
        image = image.copy(interpretation={(1, 0): "srgb", (1, 1): "rgb16", (0, 0): "b-w", (0, 1): "grey16"}[colour, wide])
        image = image.copy()
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", self.header.icc)
        _linear_light(image).rawsave_target(pyvips.Target.new_to_descriptor(descriptor))


class RawReader:
    """Camera RAW by LibRaw: camera white balance, linear, 16 bit, sRGB primaries."""

    def __init__(self, path: str) -> None:
        import rawpy

        self._path = path
        try:
            with rawpy.imread(path) as raw:
                sizes = raw.sizes
                turned = sizes.flip in (5, 6)
                width, height = sizes.iwidth, sizes.iheight
                grey = raw.num_colors == 1
        except rawpy.LibRawError as error:
            raise Refused(_sentence(f"LibRaw: {error}")) from None
        with open(path, "rb") as file:
            entries = exif.read_directory(lambda offset, size: os.pread(file.fileno(), size, offset))
        self.header = Header(
            width=height if turned else width,
            height=width if turned else height,
            channels=1 if grey else 3,
            dtype="uint16",
            white_level=65535.0,
            exif=exif.named_values(entries),
            exif_bytes=exif.upright(exif.build(entries)) if entries else None,
        )

    def write_rows(self, descriptor: int, *, linear: bool) -> None:
        import numpy as np
        import rawpy

        from vestige.imaging.store import write_rows

        try:
            with rawpy.imread(self._path) as raw:
                pixels = raw.postprocess(
                    gamma=(1, 1),
                    no_auto_bright=True,
                    use_camera_wb=True,
                    output_bps=16,
                    output_color=rawpy.ColorSpace.sRGB,
                )
        except rawpy.LibRawError as error:
            raise Refused(_sentence(f"LibRaw: {error}")) from None
        if pixels.ndim == 3 and self.header.channels == 1:
            pixels = pixels[..., 0]
        if pixels.shape[:2] != (self.header.height, self.header.width):
            raise Refused("is damaged: its pixels do not fit its header; copy it again")
        write_rows(descriptor, np.ascontiguousarray(pixels), 0)


def _grey_or_rgb(image: Any) -> Any:
    """The image without alpha; refuses what is neither grey nor RGB."""
    if image.format in ("complex", "dpcomplex"):
        raise Refused("holds complex numbers; expected real ones: save its magnitude")
    if image.interpretation in ("cmyk", "lab", "labs", "lch", "xyz"):
        name = {"cmyk": "CMYK", "xyz": "XYZ"}.get(image.interpretation, "CIE Lab")
        raise Refused(f"holds {name} colours; {UPRIGHT_GREY_RGB}")
    if image.bands > 4:
        raise Refused(f"holds {image.bands} channels; expected 1 (grey) or 3 (RGB): save one file a channel")
    if image.bands == 2:
        return image[0]
    return image[0:3] if image.bands == 4 else image


def _linear_light(image: Any) -> Any:
    """Linear sRGB primaries of an image, through its embedded profile; colours outside sRGB are kept."""
    import pyvips

    try:
        xyz = image.icc_import(embedded=True, intent="relative", pcs="xyz")
    except pyvips.Error:
        raise Refused("has a colour profile that cannot be used: pass encoding='srgb' to read it without") from None
    if image.bands == 1:
        return (xyz[1] / 100).cast("float")
    return (xyz.recomb([[value / 100 for value in row] for row in LINEAR_SRGB_FROM_XYZ])).cast("float")


def _tiff_header(tiff: Any, page: int) -> Header:
    if page >= len(tiff.pages):
        raise Refused(f"has no page {page}; expected one from 0 to {len(tiff.pages) - 1}: choose another page")
    keyframe = tiff.pages[page]
    shape = keyframe.shape
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (2, 3, 4)):
        raise Refused(f"holds an image of shape {shape}; {UPRIGHT_GREY_RGB}")
    if keyframe.dtype is None or keyframe.dtype.kind not in "uif" or keyframe.photometric == 3:
        raise Refused("holds a kind of TIFF that cannot be read: save it uncompressed, 8 or 16 bit, grey or RGB")
    dtype = keyframe.dtype.name if keyframe.dtype.name in ("uint8", "uint16") else "float32"
    entries = exif.read_directory(_file_read(tiff.filehandle))
    return Header(
        width=shape[1],
        height=shape[0],
        channels=3 if len(shape) == 3 and shape[2] >= 3 else 1,
        dtype=dtype,
        pages=len(tiff.pages),
        white_level=1.0 if dtype == "float32" else float(2 ** min(keyframe.bitspersample, 16) - 1),
        icc=keyframe.iccprofile,
        exif=exif.named_values(entries),
        exif_bytes=exif.build(entries) if entries else None,
        description=keyframe.description or None,
    )


def _file_read(file: Any) -> exif.Read:
    def read(offset: int, size: int) -> bytes:
        file.seek(offset)
        return bytes(file.read(size))

    return read


def _jpeg2000_header(file: BinaryIO) -> Header:
    """Size and depth from the SIZ marker (ISO/IEC 15444-1 A.5.1), the profile from the 'colr' box (I.5.3.3)."""
    head = file.read(1 << 20)
    place = head.find(b"\xff\x4f\xff\x51")
    if place < 0 or len(head) < place + 45:
        raise Refused("is cut off or damaged; expected a whole JPEG 2000 image: copy it again")
    right, lower, left, upper = struct.unpack_from(">4I", head, place + 8)
    parts, depth = struct.unpack_from(">HB", head, place + 40)
    if depth & 0x80 or not 1 <= (depth & 0x7F) + 1 <= 16:
        raise Refused("holds signed or more than 16-bit samples; expected 8 or 16 bit: save it again")
    if parts not in (1, 2, 3, 4):
        raise Refused(f"holds {parts} channels; expected 1 (grey) or 3 (RGB)")
    bits = (depth & 0x7F) + 1
    return Header(
        width=max(0, right - left),
        height=max(0, lower - upper),
        channels=1 if parts < 3 else 3,
        dtype="uint8" if bits <= 8 else "uint16",
        white_level=float(2**bits - 1),
        icc=_jpeg2000_profile(io.BytesIO(head[:place])),
    )


def _jpeg2000_profile(boxes: BinaryIO) -> bytes | None:
    data = boxes.read()
    place = data.find(b"colr")
    if place < 4 or data[place + 4 : place + 5] not in (b"\x02", b"\x03"):
        return None
    size = struct.unpack_from(">I", data, place - 4)[0]
    profile = data[place + 7 : place - 4 + size]
    return profile if profile[36:40] == b"acsp" else None


def _sentence(text: str) -> str:
    """The end of 'NAME …' for what a library said."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = lines[-1] if lines else "no reason given"
    for word in ("premature end", "end of file", "truncated", "end of stream", "out of order", "early"):
        if word in text.lower():
            return f"is cut off ({reason}); expected a whole image: copy it from the camera or the archive again"
    return f"is damaged ({reason}); expected an intact image: copy it from the camera or the archive again"
