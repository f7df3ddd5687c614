"""A measured figure, as every measure gives it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["NAMES", "Measured"]

#: Every measure by its fixed name, with its unit.
NAMES = {
    "delta_e_2000_mean": "dE2000",
    "delta_e_2000_p90": "dE2000",
    "delta_e_2000_max": "dE2000",
    "delta_e_neutral_max": "dE(a*b*)",
    "tone_delta_l_max": "L*",
    "white_balance": "dE(a*b*)",
    "noise_l": "L*",
    "evenness": "%",
    "mtf50": "cycles/pixel",
    "mtf10": "cycles/pixel",
    "sampling_efficiency": "%",
    "ppi": "pixels/inch",
    "distortion_percent": "%",
    "colour_misregistration_px": "pixels",
    "gain": "ratio",
    "clipping": "%",
    "focus_tilt": "%",
    "light_level": "ratio",
}


@dataclass(frozen=True)
class Measured:
    """One figure: what it is called, how much in which unit, where it was measured, by which standard.

    >>> Measured("ppi", 400.2, "pixels/inch", "colorchecker-classic", "ISO 19264-1").plain()["value"]
    400.2
    """

    name: str
    value: float
    unit: str
    where: str
    standard: str

    def plain(self) -> dict[str, Any]:
        """What a JSON report tells of it."""
        return asdict(self)
