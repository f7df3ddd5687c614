"""Bands by the names that people know them by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def band_labels(about: Mapping[str, Any], count: int) -> list[str]:
    """Names of the bands: what the technique calls them, else wavelengths, else numbers."""
    for key in ("labels", "names", "bands", "band_names"):
        names = about.get(key)
        if isinstance(names, list) and len(names) == count:
            return [str(name) for name in names]
    waves = wavelengths(about, count)
    return [f"{wave:g} nm" for wave in waves] if waves else [str(band + 1) for band in range(count)]


def wavelengths(about: Mapping[str, Any], count: int) -> list[float]:
    """Wavelengths of the bands in nanometres; none where the technique told none."""
    for key in ("wavelengths", "wavelength", "wavelengths_nm"):
        waves = about.get(key)
        if isinstance(waves, list) and len(waves) == count and all(isinstance(w, int | float) for w in waves):
            return [float(wave) for wave in waves]
    return []
