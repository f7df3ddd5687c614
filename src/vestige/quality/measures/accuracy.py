"""Colour, tone, noise and clipping of a target's patches against what is printed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vestige.quality.measures.colour import delta_e_2000, delta_e_ab
from vestige.quality.measures.patches import Reading
from vestige.quality.measures.report import NAMES, Measured
from vestige.quality.targets.layout import Layout

__all__ = ["accuracy"]

STANDARD = "ISO 19264-1:2021"


def accuracy(readings: Mapping[str, Reading], target: Layout) -> list[Measured]:
    """Figures of the patches: CIEDE2000 (ISO/CIE 11664-6), tone and gain over the neutrals and their balance
    (ISO 19264-1), noise as the standard deviation of L* (ISO 15739), mean over the neutrals, share of clipped pixels.

    Gain is the worst ratio, furthest from 1, of a measured to a printed step of L* between neighbouring
    neutrals (gain modulation).

    >>> from vestige.quality.targets.layout import layout
    >>> accuracy({}, layout("grey-scale"))
    []
    """
    if not readings:
        return []
    names = list(readings)
    seen = np.stack([readings[name].lab for name in names])
    wanted = np.stack([target.lab[name] for name in names])
    found = {"clipping": 100 * max(reading.clipped for reading in readings.values())}
    if len(names) > len(target.neutrals):
        errors = delta_e_2000(seen, wanted)
        found["delta_e_2000_mean"] = float(errors.mean())
        found["delta_e_2000_p90"] = float(np.percentile(errors, 90))
        found["delta_e_2000_max"] = float(errors.max())
    grey = np.array([name in target.neutrals for name in names])
    if grey.any():
        tone, printed = seen[grey], wanted[grey]
        found["delta_e_neutral_max"] = float(delta_e_ab(tone, printed).max())
        found["tone_delta_l_max"] = float(np.abs(tone - printed)[:, 0].max())
        found["white_balance"] = float(np.hypot(tone[:, 1], tone[:, 2])[printed[:, 0] > 40].mean())
        found["noise_l"] = float(np.mean([readings[name].noise for name in np.array(names)[grey]]))
        order = np.argsort(printed[:, 0])
        steps = np.diff(printed[order, 0])
        wide = steps > 2
        if wide.any():
            gains = np.diff(tone[order, 0])[wide] / steps[wide]
            found["gain"] = float(gains[np.abs(gains - 1).argmax()])
    return [Measured(name, value, NAMES[name], target.kind, _standard(name)) for name, value in found.items()]


def _standard(name: str) -> str:
    if name.startswith("delta_e_2000"):
        return "ISO/CIE 11664-6:2022"
    return "ISO 15739:2023" if name == "noise_l" else STANDARD
