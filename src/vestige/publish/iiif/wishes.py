"""What a request for an image asks for: region, size, rotation, quality, format.

Sources: IIIF Image API 3.0, https://iiif.io/api/image/3.0/, and 2.1.1, https://iiif.io/api/image/2.1/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from vestige.errors import UsageError

#: No answer has more pixels than this, nor a longer side: what an address asks for costs memory here.
MOST_PIXELS, MOST_SIDE = 20_000_000, 16_384
QUALITIES = ("default", "color", "gray", "bitonal")
FORMATS = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
#: Formats that the standard names and nobody here makes.
_FORMATS_ELSEWHERE = ("tif", "gif", "jp2", "pdf")
_WHOLE = r"\d{1,9}"
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?|\.\d{1,9}"
_PIXELS = re.compile(rf"({_WHOLE}),({_WHOLE}),({_WHOLE}),({_WHOLE})", re.ASCII)
_SHARES = re.compile(rf"pct:({_NUMBER}),({_NUMBER}),({_NUMBER}),({_NUMBER})", re.ASCII)
_SIZE = re.compile(
    rf"(\^?)(?:(max|full)|pct:({_NUMBER})|(!?)({_WHOLE}),({_WHOLE})|({_WHOLE}),|,({_WHOLE}))", re.ASCII
)
_ROTATION = re.compile(rf"(!?)({_NUMBER})", re.ASCII)
Box = tuple[int, int, int, int]


class Unsupported(UsageError):  # noqa: N818 - a word for what is so, as in the rest of the family
    """A request that the standard knows and this service does not answer."""


@dataclass(frozen=True)
class Wish:
    """An image that was asked for, in pixels of one picture.

    `box` is left, top, width and height at full size; `size` width and height of the answer before it is
    turned by `rotation` degrees clockwise, after it was mirrored.
    """

    box: Box
    size: tuple[int, int]
    rotation: int
    mirrored: bool
    quality: str
    format: str

    @property
    def plain(self) -> bool:
        """Whether it is the picture as it lies: neither turned nor recoloured."""
        return not self.rotation and not self.mirrored and self.quality in ("default", "color")


def wish(version: int, whole: tuple[int, int], region: str, size: str, rotation: str, last: str) -> Wish:
    """What an address asks of a picture of `whole` pixels, in version 2 or 3 of the standard.

    Raises
    ------
    Unsupported
        where the standard knows it and this service does not.
    UsageError
        where the standard does not know it.

    >>> wish(3, (6000, 4000), "square", "^!500,500", "!90", "gray.jpg")
    Wish(box=(1000, 0, 4000, 4000), size=(500, 500), rotation=90, mirrored=True, quality='gray', format='jpg')
    >>> wish(3, (6000, 4000), "full", "full", "0", "default.jpg")
    Traceback (most recent call last):
    ...
    vestige.errors.UsageError: the size 'full' is none of version 3
    """
    box = _box(region, *whole)
    turned, mirrored = _rotation(rotation)
    quality, _, kind = last.rpartition(".")
    if quality not in QUALITIES:
        raise UsageError(f"there is no quality '{quality[:40]}'; qualities: {', '.join(QUALITIES)}")
    if kind in _FORMATS_ELSEWHERE:
        raise Unsupported(f"images are not made as {kind} here; formats: {', '.join(FORMATS)}")
    if kind not in FORMATS:
        raise UsageError(f"there is no format '{kind[:40]}'; formats: {', '.join(FORMATS)}")
    return Wish(box, _size(version, size, box), turned, mirrored, quality, kind)


def _box(region: str, width: int, height: int) -> Box:
    """The region in pixels, cut at the edges of the picture."""
    if region == "full":
        return 0, 0, width, height
    if region == "square":
        side = min(width, height)
        return (width - side) // 2, (height - side) // 2, side, side
    if found := _PIXELS.fullmatch(region):
        left, top, across, down = (int(part) for part in found.groups())
    elif found := _SHARES.fullmatch(region):
        shares = [Fraction(part) / 100 for part in found.groups()]
        left, top = round(shares[0] * width), round(shares[1] * height)
        across, down = round(shares[2] * width), round(shares[3] * height)
        if not (shares[2] and shares[3]):
            across = down = 0
        else:
            across, down = max(1, across), max(1, down)
    else:
        raise UsageError(f"the region '{region[:60]}' is none: full, square, x,y,w,h or pct:x,y,w,h")
    across, down = min(across, width - left), min(down, height - top)
    if across < 1 or down < 1:
        raise UsageError(f"the region '{region[:60]}' holds nothing of a picture of {width} by {height}")
    return left, top, across, down


def largest(across: int, down: int) -> tuple[int, int]:
    """The largest size in which a region of this many pixels is handed out.

    >>> largest(20_000, 10_000)
    (6324, 3162)
    """
    shrink = min(1.0, (MOST_PIXELS / (across * down)) ** 0.5, MOST_SIDE / max(across, down))
    return max(1, int(across * shrink)), max(1, int(down * shrink))


def _size(version: int, text: str, box: Box) -> tuple[int, int]:
    """The size of the answer."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise UsageError(f"the size '{text[:60]}' is none: max, w,h, w, ,h, pct:n or !w,h")
    up, named, share, within, both_w, both_h, only_w, only_h = found.groups()
    if (up and version < 3) or (named == "full" and version > 2):
        raise UsageError(f"the size '{text[:60]}' is none of version {version}")
    across, down = box[2], box[3]
    limit = largest(across, down)
    if named:
        return limit
    if share:
        scale = Fraction(share) / 100
        width, height = _rounded(across * scale), _rounded(down * scale)
    elif both_w and within:
        scale = min(Fraction(int(both_w), across), Fraction(int(both_h), down))
        width, height = _rounded(across * scale), _rounded(down * scale)
    elif both_w:
        width, height = int(both_w), int(both_h)
    elif only_w:
        width, height = int(only_w), _rounded(Fraction(down * int(only_w), across))
    else:
        width, height = _rounded(Fraction(across * int(only_h), down)), int(only_h)
    asked = [int(part) for part in (both_w, both_h, only_w, only_h) if part] + ([scale] if share else [])
    if not all(asked):
        raise UsageError(f"the size '{text[:60]}' holds no pixel")
    if version > 2 and not up and (width > across or height > down):
        raise UsageError(f"the size '{text[:60]}' is larger than the region; ^ before it asks for that")
    if width * height > MOST_PIXELS or max(width, height) > MOST_SIDE:
        raise UsageError(f"the size '{text[:60]}' is more than {MOST_PIXELS} pixels or {MOST_SIDE} a side")
    return width, height


def _rounded(value: Fraction) -> int:
    return max(1, round(value))


def _rotation(text: str) -> tuple[int, bool]:
    if text == "0":
        return 0, False
    found = _ROTATION.fullmatch(text)
    if found is None or Fraction(found[2]) > 360:
        raise UsageError(f"the rotation '{text[:40]}' is none: degrees from 0 to 360, ! before them mirrors")
    degrees = Fraction(found[2]) % 360
    if degrees % 90:
        raise Unsupported("pictures are turned by 0, 90, 180 or 270 degrees only")
    return int(degrees), bool(found[1])
