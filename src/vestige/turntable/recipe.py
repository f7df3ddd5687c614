"""Recipes of the turntable technique."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from vestige.contract.recipe import Recipe, setting


class TurntableRecipe(Recipe):
    """How views become a model.

    >>> TurntableRecipe.make("draft").resolution
    96
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "draft": {"resolution": 96, "image_side": 800},
        "fine": {"resolution": 448, "image_side": 2400},
        "doubtful silhouettes": {"misses": 5, "rounds": 3, "smoothing": 20},
    }

    resolution: int = setting(224, "Voxels along the longest side of the object", ge=16, le=1024)
    background: Literal["auto", "plate", "uniform", "grabcut"] = setting(
        "auto",
        "How the object is told from its background: by a clean plate, a uniform background, or GrabCut",
    )
    sensitivity: float = setting(
        6.0,
        "Difference from the clean plate that counts as object, in standard deviations of noise",
        gt=0,
        le=100,
    )
    rounds: int = setting(
        2,
        "Without a clean plate: rounds in which silhouettes that disagree are corrected by the other views",
        ge=0,
        le=8,
    )
    misses: int | None = setting(
        None,
        "Views that may miss a point of the object before it is carved away; "
        "if left open, one in twenty views where silhouettes had to be corrected, else none",
        ge=0,
        le=16,
    )
    seen: float = setting(0.3, "Share of the views that must have a point in their frame", ge=0, le=1)
    smoothing: int = setting(12, "Rounds of Taubin smoothing of the surface", ge=0, le=200)
    image_side: int = setting(
        1600, "Longest side at which frames are used; larger frames are reduced", unit="px", ge=64, le=20000
    )
    blend: int = setting(3, "Best-facing views averaged for the colour of a vertex", ge=1, le=16)
    even_exposure: bool = setting(
        True, "Make views that differ in exposure agree, by one factor a view, before colours are blended"
    )
    unit_mm: float | None = setting(
        None, "Length of one unit of the cameras, where cameras.json does not state it", unit="mm", gt=0
    )


class SceneRecipe(Recipe):
    """A small object on a glass turntable, photographed all round.

    >>> SceneRecipe().thing
    'jug'
    """

    thing: Literal["jug", "figurine"] = setting("jug", "What stands on the turntable")
    views: int = setting(28, "Views all round, shared between two elevations", ge=4, le=720)
    below: int = setting(1, "Views from below, through the glass", ge=0, le=72)
    width: int = setting(400, "Width of a frame", unit="px", ge=64, le=8000)
    height: int = setting(440, "Height of a frame", unit="px", ge=64, le=8000)
    low: float = setting(6.0, "Elevation of the lower ring of views", unit="deg", ge=-20, le=80)
    high: float = setting(42.0, "Elevation of the upper ring of views", unit="deg", ge=0, le=85)
    distance: float = setting(620.0, "From the camera to the object", unit="mm", ge=300, le=5000)
    distortion: float = setting(-0.06, "Radial distortion of the lens (k of SIMPLE_RADIAL)", ge=-0.3, le=0.3)
    noise: float = setting(0.004, "Noise of a grey of 0.18, in linear light", ge=0, le=0.1)
    plate: bool = setting(True, "Record a clean plate (the empty turntable) for each elevation")
    backdrop: float = setting(0.07, "Reflectance of the backdrop", ge=0, le=1)
    truth_mm: float = setting(
        0.6, "Cell of the grid from which the true surface is drawn", unit="mm", ge=0.1, le=5
    )
