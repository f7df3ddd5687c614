"""The scene of the forward model: what lies in the ground, and how it is walked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from vestige.contract import Recipe, setting

GroundKindName = Literal[
    "arable", "chalk", "gravel", "clay", "limestone", "sand", "loess", "alluvium", "igneous", "till",
    "urban-fringe", "upland", "settlement",
]  # fmt: skip


class SceneRecipe(Recipe):
    """What the forward model lays into the ground, and how the cart records it."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "fluxgate-coarse": {"traverse_interval": 1.0, "reading_interval": 0.25},
        "fluxgate-fine": {"traverse_interval": 0.5, "reading_interval": 0.125},
        "caesium": {"sensor": "total-field", "separation": 0.65, "file_format": "xyz"},
    }

    width: float = setting(100.0, "East-west extent of the site", unit="m", ge=20, le=2000)
    height: float = setting(100.0, "North-south extent of the site", unit="m", ge=20, le=2000)
    traverse_interval: float = setting(1.0, "Distance between traverses", unit="m", ge=0.25, le=2)
    reading_interval: float = setting(0.25, "Distance between readings", unit="m", ge=0.05, le=1)
    grid: float = setting(20.0, "Side of the survey grids that make up the site", unit="m", ge=10, le=100)
    ground: GroundKindName = setting("arable", "Kind of ground: what lies in it and how much of it")
    rings: int = setting(4, "Ring ditches in the ground", ge=0, le=500)
    file_format: Literal["geoplot", "xyz"] = setting(
        "geoplot", "File written: Geoplot CMP + CMD, or delimited XYZ"
    )
    sensor: Literal["fluxgate", "total-field"] = setting("fluxgate", "Vertical component, or total field")
    field: float = setting(49000.0, "Strength of the earth's field", unit="nT", ge=20000, le=70000)
    inclination: float = setting(68.0, "Inclination, positive downwards", unit="deg", ge=-90, le=90)
    declination: float = setting(-1.0, "Declination, positive to the east", unit="deg", ge=-180, le=180)
    sensor_height: float = setting(0.25, "Height of the lower sensor", unit="m", gt=0, le=2)
    separation: float = setting(1.0, "Distance from lower to upper sensor", unit="m", gt=0, le=3)
    contrast: float = setting(1.0, "Factor on the susceptibility of ditches and pits", ge=0, le=10)
    noise: float = setting(0.25, "Instrument noise of one reading (standard deviation)", unit="nT", ge=0)
    stripes: float = setting(0.35, "Offset of a traverse within a grid (standard deviation)", unit="nT", ge=0)
    stagger: float = setting(
        0.12, "Shift of every second traverse along its direction", unit="m", ge=-2, le=2
    )
    ferrous: int = setting(14, "Iron objects in the topsoil", ge=0, le=10000)
    furrows: bool = setting(True, "Ridge and furrow across the site")
    drift: float = setting(0.0, "Drift of a sensor within a grid (standard deviation)", unit="nT", ge=0)
    sway: float = setting(0.0, "Error in step with the walker (standard deviation)", unit="nT", ge=0)
    missing: float = setting(0.08, "Share of survey grids that were not surveyed", ge=0, le=0.8)
    cell: float = setting(0.125, "Cell on which the physics is computed", unit="m", ge=0.05, le=0.5)
