"""What goes wrong, in words for a page: never a path of this machine, never more than a line."""

from __future__ import annotations

from pathlib import Path

from vestige.display.absence import Absent, reason
from vestige.errors import VestigeError

__all__ = ["Absent", "fault", "reason"]


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
