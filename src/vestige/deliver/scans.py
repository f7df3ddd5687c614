"""A scan as the visitor gets it: a file that every phone shows, and a small picture of it."""

from __future__ import annotations

import shutil
import zlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from vestige.imaging import Limits, image_format, jpeg_bytes, open_image, picture

#: The longer side of the small picture, pixels.
PREVIEW_SIDE: Final = 900
#: The longer side of what had to be made into a JPEG first, pixels.
LARGEST_SIDE: Final = 12_000
_LIMITS: Final = Limits(pixels=300_000_000, seconds=60)
_KEPT: Final = {"jpeg": (".jpg", "image/jpeg"), "png": (".png", "image/png")}
_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class Scan:
    """One scan: `file` is handed out, `sheet` is the JPEG that stands in a PDF (often the same file)."""

    number: int
    file: Path
    sheet: Path
    preview: Path
    media_type: str
    size: int
    crc: int
    width: int
    height: int
    made: datetime

    @property
    def name(self) -> str:
        """What the file is called on the phone: it tells nothing of the content.

        >>> Scan(3, Path("x.jpg"), Path("x.jpg"), Path("p"), "image/jpeg", 1, 0, 1, 1, datetime.min).name
        'scan-03.jpg'
        """
        return f"scan-{self.number:02d}{self.file.suffix}"

    @property
    def bytes_held(self) -> int:
        """Memory that the scan takes."""
        return sum(path.stat().st_size for path in {self.file, self.sheet, self.preview})


def prepared(picture_file: Path, folder: Path, number: int, made: datetime) -> Scan:
    """Copy a picture into a session's folder, as it is where phones show it (JPEG, PNG), else as a JPEG.

    Raises
    ------
    InputError : the picture cannot be read.

    >>> import tempfile, numpy as np
    >>> from vestige.imaging import write_image
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_image(folder / "a.png", np.ones((30, 40, 3), np.float32), depth=8)
    >>> scan = prepared(folder / "a.png", folder, 1, datetime(2026, 11, 23))
    >>> scan.name, scan.width, scan.height, scan.sheet.name
    ('scan-01.png', 40, 30, '0001-sheet.jpg')
    """
    kind = image_format(picture_file)
    stem = f"{number:04d}"
    suffix, media_type = _KEPT.get(kind, _KEPT["jpeg"])
    file, preview = folder / f"{stem}{suffix}", folder / f"{stem}-small.jpg"
    with open_image(picture_file, limits=_LIMITS) as image:
        width, height = image.info.width, image.info.height
        preview.write_bytes(
            jpeg_bytes(picture(image.glance(PREVIEW_SIDE), max_side=PREVIEW_SIDE), quality=80)
        )
        sheet = file if kind == "jpeg" else folder / (f"{stem}-sheet.jpg" if kind == "png" else file.name)
        if sheet != file or kind not in _KEPT:
            pixels = picture(image.proxy(LARGEST_SIDE), max_side=LARGEST_SIDE)
            sheet.write_bytes(jpeg_bytes(pixels, quality=92))
            if kind not in _KEPT:
                height, width = pixels.shape[:2]
    if kind in _KEPT:
        shutil.copyfile(picture_file, file)
    size, crc = _sums(file)
    return Scan(number, file, sheet, preview, media_type, size, crc, width, height, made)


def _sums(path: Path) -> tuple[int, int]:
    size = crc = 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            size, crc = size + len(chunk), zlib.crc32(chunk, crc)
    return size, crc
