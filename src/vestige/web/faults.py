"""What goes wrong, in words for a page: never a path of this machine, never more than a line."""

from __future__ import annotations

from pathlib import Path

from vestige.errors import VestigeError


class Absent(LookupError):  # noqa: N818 - a word for what is so, as in the rest of the family
    """What an address names is not there (any more)."""


def fault(error: VestigeError) -> str:
    """The sentence of an error, with names of files instead of paths.

    >>> from vestige.errors import InputError
    >>> fault(InputError("/home/eva/coin.tif", "is empty"))
    'coin.tif is empty'
    """
    path = getattr(error, "path", None)
    return (
        str(error).replace(str(path), path.name)
        if isinstance(path, Path) and path.is_absolute()
        else str(error)
    )


def reason(error: BaseException, path: Path) -> str:
    r"""The first line of what a library says of a file, short and without its path.

    >>> reason(ValueError("/data/a.tif: not a TIFF\nat 0x0"), Path("/data/a.tif"))
    'a.tif: not a TIFF'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text.replace(str(path), path.name).replace(str(path.parent), "")[:140]
