"""The table of scenes: what each is, how large its field is, how high it stands, who paints it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vestige.focus.scenes import antiquities, beetle, insects, plants
from vestige.focus.scenes.canvas import Canvas, Painting

__all__ = ["SCENES", "Scene"]


@dataclass(frozen=True)
class Scene:
    """One object before the camera.

    `field_mm` is the width and height of the view; the planes of focus run from `nearest_mm` to
    `farthest_mm` above the table. Where the ground lies deeper than that, no frame reaches it.
    """

    identifier: str
    title: str
    field_mm: tuple[float, float]
    nearest_mm: float
    farthest_mm: float
    paint: Callable[[Canvas, np.random.Generator], Painting]


SCENES = {
    "beetle": Scene("chafer-0042", "Rose chafer on its card (simulated)", (16, 12), 4.5, -0.3, beetle.paint),
    "nettle": Scene(
        "urtica-0311", "Stinging hairs of a nettle leaf (simulated)", (8, 6), 2.7, 0.0, plants.paint_nettle
    ),
    "seeds": Scene(
        "seeds-0127", "Seeds from a herbarium packet (simulated)", (16, 12), 2.9, 0.0, plants.paint_seeds
    ),
    "leaf": Scene(
        "quercus-1811", "Oak leaf on its sheet (simulated)", (40, 30), 6.4, -0.2, plants.paint_leaf
    ),
    "wings": Scene(
        "libellula-1907", "Dragonfly over its label (simulated)", (24, 18), 4.0, 0.0, insects.paint_wings
    ),
    "spangles": Scene(
        "chasuble-0008", "Gilt wire over velvet (simulated)", (12, 9), 2.9, 0.2, insects.paint_spangles
    ),
    "coin": Scene(
        "denarius-0077", "Denarius of Augustus (simulated)", (24, 18), 2.3, 0.0, antiquities.paint_coin
    ),
    "sherd": Scene("sherd-0540", "Sherd of a cup (simulated)", (60, 45), 7.4, 0.0, antiquities.paint_sherd),
    "textile": Scene(
        "weave-0219", "Late antique weave (simulated)", (10, 7.5), 1.9, 0.1, antiquities.paint_textile
    ),
}
