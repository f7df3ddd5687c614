"""What goes wrong while something is shown: what is not there, and what a library says of a broken file."""

from __future__ import annotations

from pathlib import Path


class Absent(LookupError):  # noqa: N818 - a word for what is so, as in the rest of the family
    """What an address names is not there (any more)."""


def reason(error: BaseException, path: Path) -> str:
    r"""The first line of what a library says of a file, short and without its path.

    >>> reason(ValueError("/data/a.tif: not a TIFF\nat 0x0"), Path("/data/a.tif"))
    'a.tif: not a TIFF'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text.replace(str(path), path.name).replace(str(path.parent), "")[:140]
