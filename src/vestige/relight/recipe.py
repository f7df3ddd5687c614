"""Recipes of relighting: how lights are found, what is fitted, and how a scene is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from vestige.contract import Recipe, setting

Encoding = Literal["capture", "auto", "srgb", "linear"]
LightSource = Literal["auto", "coordinates", "lp", "spheres", "azimuth"]
Basis = Literal["auto", "ptm", "hsh9", "hsh16"]


class RelightRecipe(Recipe):
    """Settings of ``relight run``."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "dome": {"light_source": "lp"},
        "spheres": {"light_source": "spheres"},
        "raking": {"light_source": "azimuth", "elevation": 20.0, "basis": "ptm"},
        "inscription": {"basis": "ptm", "colours": "lrgb"},
    }

    frames: str = setting(
        "*",
        "Which frames to use: a pattern of file names (*_TL.jpg), or several with commas between",
        names="frames",
    )
    light_source: LightSource = setting(
        "auto",
        "Where the directions of the lights come from: coordinates of the frames, an .lp file, reflective "
        "spheres in the frames, azimuths (names or numbers); auto tries them in this order",
    )
    spheres: list[list[float]] = setting(
        [], "Spheres as [x, y, radius] each; found in the frames if empty", unit="px"
    )
    elevation: float | None = setting(
        None, "Elevation of raking lights where only azimuths are known", unit="deg", gt=0, lt=90
    )
    first_azimuth: float = setting(
        90.0,
        "Azimuth of the lowest frame number (0 right, 90 top), where frames are numbered around",
        unit="deg",
    )
    clockwise: bool = setting(True, "Whether numbered lights go around clockwise")
    encoding: Encoding = setting(
        "capture", "How stored values become light; 'capture' asks the capture's settings"
    )
    white_level: float | None = setting(None, "Stored value that means white (4095 for 12 bits)", gt=0)
    basis: Basis = setting("auto", "Functions fitted to each pixel; auto takes what the lights support")
    colours: Literal["rgb", "lrgb"] = setting("rgb", "Fit each channel, or luminance and one colour a pixel")
    quality: int = setting(97, "JPEG quality of the planes", ge=60, le=100)
    boundary: Literal["free", "periodic"] = setting(
        "free", "Edges in the integration of height: free (cosine), or periodic (Frankot-Chellappa)"
    )
    pixel_mm: float | None = setting(
        None, "Side of a pixel on the object; height is in mm then", unit="mm", gt=0
    )
    light_x: float = setting(-0.55, "Light of the view: right", ge=-1, le=1)
    light_y: float = setting(0.55, "Light of the view: up", ge=-1, le=1)

    @model_validator(mode="after")
    def _light_above(self) -> Self:
        if self.light_x**2 + self.light_y**2 >= 1:
            raise ValueError(
                "light_x and light_y must lie inside the unit circle: nearer 0 is a higher light"
            )
        return self


class SceneRecipe(Recipe):
    """Settings of ``simulate relight``."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tablet": {"thing": "tablet", "gloss": 0.05},
        "spheres": {"spheres": True},
        "raking": {"rings": 1, "lights": 8},
        "hard": {"gloss": 0.6, "noise": 0.01, "relief": 1.6},
    }

    thing: Literal["coin", "tablet"] = setting("coin", "What is lit: a silver coin or a clay tablet")
    size: int = setting(320, "Side of the frames", unit="px", ge=48, le=8192)
    lights: int = setting(24, "Lamps of the dome", ge=1, le=400)
    rings: int = setting(3, "Rings of lamps, from 60 degrees down to the lowest", ge=1, le=8)
    lowest: float = setting(22.0, "Elevation of the lowest ring", unit="deg", ge=5, le=60)
    relief: float = setting(1.0, "Factor on the height of the relief", ge=0, le=4)
    gloss: float = setting(0.35, "Strength of highlights", ge=0, le=2)
    shininess: float = setting(30.0, "Sharpness of highlights (Blinn-Phong exponent)", ge=1, le=500)
    ambient: float = setting(0.004, "Stray light of the room, as a share of a lamp", ge=0, le=1)
    noise: float = setting(0.002, "Noise of the sensor at mid grey, as a share of white", ge=0, le=0.2)
    shadows: bool = setting(True, "Whether the relief casts shadows")
    spheres: bool = setting(
        False, "Put two black reflective spheres beside the object and withhold lights.lp"
    )
