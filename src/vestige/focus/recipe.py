"""The settings of focus stacking and of its forward model."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from vestige.contract import Recipe, setting

#: A place in a picture.
Coordinate = Annotated[float, Field(allow_inf_nan=False, ge=-1e6, le=1e6)]


class Patch(BaseModel):
    """'Take this frame here': a region of the fused picture in which one registered frame is shown.

    One point with a radius is a disk, several are a brush stroke that wide; with radius 0, three points or
    more are the outline of an area.

    >>> Patch(frame="focus_003.tif", points=[(120, 80)], radius=30).feather
    4.0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    frame: str = Field(description="File name of the frame to take")
    points: tuple[tuple[Coordinate, Coordinate], ...] = Field(
        min_length=1, max_length=10_000, description="Points (x, y) of the fused picture, px"
    )
    radius: float = Field(0.0, ge=0, le=10_000, allow_inf_nan=False, description="Half the brush's width, px")
    feather: float = Field(
        4.0, ge=0, le=500, allow_inf_nan=False, description="Width of the soft rim outside the region, px"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.radius == 0 and len(self.points) < 3:
            raise ValueError("a point or a line needs a radius, and an outline three points")
        return self


class AlignRecipe(Recipe):
    """How the frames of a stack are laid on one another.

    >>> AlignRecipe().proxy
    1600
    """

    align: bool = setting(True, "Register the frames: breathing, shift and small turns")
    exposure: bool = setting(True, "Bring all frames to the brightness of the reference frame")
    model: Literal["similarity", "projective"] = setting(
        "similarity", "What may have moved: shift, scale and turn, or the tilt of the view besides"
    )
    reference: str = setting(
        "", "File name of the frame whose view is kept; the middle frame where empty", names="frame"
    )
    proxy: int = setting(
        1600, "Longest side of the pictures that registration compares", unit="px", ge=64, le=8192
    )


class StackRecipe(AlignRecipe):
    """How a focus stack becomes one sharp picture and its depth.

    >>> StackRecipe.make("steady").align
    False
    """

    presets = {
        "steady": {"align": False},
        "fine": {"depth_window": 0.9},
        "noisy": {"sharpness": 8.0, "depth_window": 5.0},
        "herbarium": {"depth_window": 1.0},
        "insect": {"sharpness": 24.0},
        "coin": {"depth_window": 0.9},
        "pottery": {"sharpness": 24.0, "depth_window": 0.9},
        "textile": {"depth_window": 3.5},
    }

    levels: int = setting(6, "Levels of the pyramid; each doubles the size of what is fused", ge=1, le=10)
    sharpness: float = setting(
        16.0, "How hard the sharpest frame wins: 1 blends, 16 all but picks one", gt=0, le=64
    )
    depth_window: float = setting(
        1.5,
        "Neighbourhood in which sharpness is judged for depth (standard deviation)",
        unit="px",
        ge=0.5,
        le=50,
    )
    depth_fill: bool = setting(True, "Where nothing shows texture, take the depth from around")
    retouch: list[Patch] = setting(
        [],
        "Regions in which one frame is taken: frame, points (x, y), radius and feather in px",
        names="patches",
    )
    slabs: int = setting(
        0, "Frames of a slab: each run of as many is fused for itself too; 0 for none", ge=0, le=1000
    )
    slab_overlap: int = setting(1, "Frames that a slab shares with the next", ge=0, le=999)
    surface: int = setting(
        400, "Points along the longer side of surface.glb; 0 for no surface", unit="points", ge=0, le=2000
    )

    @model_validator(mode="after")
    def _check_slabs(self) -> Self:
        if self.slabs == 1 or 0 < self.slabs <= self.slab_overlap:
            raise ValueError("slabs: a slab needs two frames or more, and more than it shares with the next")
        return self


class PlanRecipe(Recipe):
    """What is to be taken, and with what: the planner tells step, number of frames and resolution.

    >>> PlanRecipe.make("coin").magnification
    0.8
    """

    presets = {
        "herbarium": {
            "field_width": 420.0, "sensor_width": 53.4, "sensor_pixels": 14204, "aperture": 8.0, "depth": 30.0
        },
        "insect": {"magnification": 2.0, "aperture": 4.0, "depth": 4.0},
        "coin": {"magnification": 0.8, "aperture": 5.6, "depth": 4.0},
        "pottery": {"field_width": 120.0, "aperture": 8.0, "depth": 60.0},
        "textile": {"field_width": 60.0, "aperture": 5.6, "depth": 5.0},
    }  # fmt: skip

    magnification: float = setting(
        0.0, "Size on the sensor over size of the object; 0 takes it from field_width", ge=0, le=100
    )
    field_width: float = setting(
        0.0, "Width of what is shown; 0 takes it from magnification", unit="mm", ge=0, le=5000
    )
    sensor_width: float = setting(36.0, "Width of the sensor", unit="mm", gt=0, le=200)
    sensor_pixels: int = setting(6000, "Pixels across the width of the sensor", unit="px", ge=100, le=100_000)
    aperture: float = setting(5.6, "F-number as set on the lens", gt=0, le=128)
    pupil_ratio: float = setting(
        1.0, "Exit over entrance pupil of the lens; 1 where nothing is known", gt=0, le=20
    )
    depth: float = setting(
        10.0, "From the nearest to the farthest point of the object", unit="mm", ge=0, le=5000
    )
    circle_pixels: float = setting(
        2.0, "Blur on the sensor that still counts as sharp, in its pixels", unit="px", gt=0, le=50
    )
    circle: float = setting(
        0.0, "The same in millimetres; 0 takes it from circle_pixels", unit="mm", ge=0, le=1
    )
    wavelength: float = setting(550.0, "Wavelength of the light", unit="nm", ge=200, le=2500)
    criterion: Literal["automatic", "classic", "wave"] = setting(
        "automatic",
        "Depth of field that sets the step: classic (the circle), wave (diffraction), or what fits the lens",
    )
    share: float = setting(0.7, "Step, as a share of the depth of field", gt=0, le=1)
    spare: int = setting(1, "Frames more at each end, for what stands out or lies deeper", ge=0, le=20)


#: What the forward model can photograph.
SceneName = Literal["beetle", "nettle", "seeds", "leaf", "wings", "spangles", "coin", "sherd", "textile"]


class SceneRecipe(Recipe):
    """A heritage object under a macro lens, focused from its nearest point down to the table.

    >>> SceneRecipe.make("large").height
    1200
    """

    presets = {
        "still": {"breathing": 0.0, "shift": 0.0, "turn": 0.0, "exposure": 0.0},
        "slider": {"motion": "slider"},
        "large": {"height": 1200, "frames": 24},
    }

    scene: SceneName = setting("beetle", "The object before the camera")
    height: int = setting(480, "Height of the frames; the width is 4/3 of it", unit="px", ge=32, le=6000)
    frames: int = setting(12, "Frames between the nearest and the farthest plane of focus", ge=2, le=200)
    blur: float = setting(1.0, "Radius of the disk of confusion one step out of focus", unit="px", gt=0, le=6)
    motion: Literal["breathing", "slider"] = setting(
        "breathing", "How the focal plane is shifted: by the lens, whose picture breathes, or by a slider"
    )
    breathing: float = setting(
        0.4, "Growth of the picture from frame to frame, where the lens is focused", unit="%", ge=-2, le=2
    )
    distance: float = setting(
        80.0, "From the lens's pupil to the plane in focus, where a slider moves it", unit="mm", ge=20
    )
    shift: float = setting(2.0, "Largest shift of a frame, each way", unit="px", ge=0, le=50)
    turn: float = setting(0.02, "Standard deviation of a frame's turn", unit="deg", ge=0, le=2)
    exposure: float = setting(2.0, "Largest change of exposure", unit="%", ge=0, le=50)
    tint: float = setting(0.0, "Largest change of red and of blue against green", unit="%", ge=0, le=50)
    full_well: float = setting(15000.0, "Electrons of a full pixel: fewer means more photon noise", gt=10)
    read_noise: float = setting(5.0, "Read noise", unit="electrons", ge=0)
    bits: Literal[8, 16] = setting(16, "Depth of the frames")
    lights: int = setting(
        0,
        "Lamps around the object, each with a stack of its own; 0 for one fixed light (coin, sherd, leaf)",
        ge=0,
        le=64,
    )
    shuffled: bool = setting(False, "Number the files in an order that is not that of focus")
    steps_known: bool = setting(True, "Write the plane of focus of each frame into the manifest, mm")

    @model_validator(mode="after")
    def _check_lights(self) -> Self:
        if self.lights and self.scene not in ("coin", "sherd", "leaf"):
            raise ValueError("lights: only the relief of coin, sherd and leaf is lit by lamps that move")
        if self.lights and self.motion == "slider":
            raise ValueError("lights: they go with motion breathing")
        return self
