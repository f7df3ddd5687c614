"""Scale: how large a pixel is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vestige.errors import InputError
from vestige.imaging import probe

#: What cameras and programs write where they know no resolution.
_UNTOLD = (0.0, 1.0, 72.0, 96.0)


def scale_of(told: Any, path: Path) -> float | None:
    """Millimetres a pixel: as the technique or the capture told, else by the resolution in the file.

    >>> scale_of(0.025, Path("any.tif"))
    0.025
    """
    if isinstance(told, int | float) and 0 < told < 1e6:
        return float(told)
    try:
        ppi = probe(path).ppi
    except InputError:
        return None
    return 25.4 / ppi if ppi and round(ppi, 1) not in _UNTOLD else None
