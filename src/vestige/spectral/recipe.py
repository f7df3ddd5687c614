"""The recipes of spectral imaging."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from vestige.contract import Recipe, setting

Wavelength = Annotated[float, Field(ge=200, le=2500)]


class SpectralRecipe(Recipe):
    """How frames of one object under different wavelengths become bands and pictures."""

    presets: ClassVar[dict[str, dict[str, object]]] = {
        "manuscript": {"model": "similarity", "components": 6},
        "painting": {"model": "affine", "red": 950.0},
        "ultraviolet": {"red": 620.0, "green": 540.0, "blue": 365.0},
    }

    frames: str = setting(
        "*", "Which frames to use: a pattern of file names, or several with commas between", names="frames"
    )
    wavelengths: dict[str, Wavelength] = setting(
        {}, 'Wavelengths of frames that do not say theirs, by file name or pattern: {"*_ir*": 940}', unit="nm"
    )
    encoding: Literal["capture", "auto", "srgb", "linear"] = setting(
        "capture", "How stored values become light; the capture's own settings unless said otherwise"
    )
    reference: float | None = setting(
        None, "Band that the others are brought on to; the nearest to 550 nm by itself", unit="nm", gt=0
    )
    model: Literal["translation", "similarity", "affine", "homography"] = setting(
        "affine", "What may differ between bands: chromatic focus scales, a filter wheel shifts and tilts"
    )
    largest_residual: float = setting(
        1.5, "A band whose closed loop ends farther off is not trusted", unit="px", gt=0
    )
    saturation: float = setting(0.995, "Frames are blown out from this share of full scale on", gt=0, le=1)
    flat_reflectance: float = setting(
        0.99, "Reflectance of the flat target, used where no white standard was taken", gt=0, le=1.5
    )
    white_reflectance: float = setting(0.99, "Reflectance of the white standard", gt=0, le=1.5)
    illuminant: Literal["D65", "D50"] = setting("D65", "Light under which the colour is shown")
    band_width: float = setting(
        20.0, "Width at half height of a band's light or filter", unit="nm", gt=0, le=400
    )
    red: float = setting(900.0, "Wavelength shown red in the false colour", unit="nm", ge=200, le=2500)
    green: float = setting(620.0, "Wavelength shown green in the false colour", unit="nm", ge=200, le=2500)
    blue: float = setting(540.0, "Wavelength shown blue in the false colour", unit="nm", ge=200, le=2500)
    components: int = setting(6, "Principal components to keep", ge=1, le=64)
    standardise: bool = setting(
        False, "Give each band the same weight in the components, however little it varies"
    )


#: The lamps of a common multispectral set, from ultraviolet to infrared.
LAMPS: tuple[float, ...] = (365, 420, 450, 500, 530, 570, 600, 630, 700, 780, 850, 940)


class SceneRecipe(Recipe):
    """The simulated leaf and the bench it is photographed on."""

    presets: ClassVar[dict[str, dict[str, object]]] = {
        "small": {"height": 240},
        "hard": {"noise": 2.5, "undertext": 0.05, "shift": 6.0},
    }

    height: int = setting(
        560, "Height of a frame; the width is three quarters of it", unit="px", ge=96, le=12000
    )
    lamps: list[Wavelength] = Field(
        default=list(LAMPS), description="Wavelengths of the lamps", min_length=3, max_length=64,
        json_schema_extra={"unit": "nm"},
    )  # fmt: skip
    lamp_width: float = setting(20.0, "Width of a lamp's spectrum at half height", unit="nm", ge=2, le=80)
    undertext: float = setting(0.16, "Absorbance that the erased writing still has at 365 nm", ge=0, le=2)
    scale: float = setting(1.0025, "Size of the picture at 700 nm against 400 nm", ge=0.97, le=1.03)
    shift: float = setting(2.0, "Typical shift between bands", unit="px", ge=0, le=40)
    vignette: float = setting(0.3, "Light lost towards the corners", ge=0, le=0.8)
    noise: float = setting(1.0, "Noise of the camera, 1 as a good one's", ge=0, le=20)

    @model_validator(mode="after")
    def _distinct_lamps(self) -> SceneRecipe:
        if len(set(self.lamps)) < len(self.lamps):
            raise ValueError("lamps need distinct wavelengths")
        return self
