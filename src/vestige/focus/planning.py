"""Before the first exposure: how deep one frame is sharp, how far to step, how many frames, how fine.

The lens is an ideal one of pupil ratio p at magnification m; N is the f-number set, c the blur on the sensor
that still counts as sharp, λ the wavelength.

- Effective f-number: N_eff = N (1 + m / p).
- Classic depth of field, of geometry: 2 c N_eff / m².
- Wave-optics depth of field, of diffraction (a quarter wave at the rim): λ / NA² = 4 λ N_eff² / m², where
  NA = m / (2 N_eff).

References: Littlefield, Zerene Systems' depth-of-field tables; Born & Wolf, *Principles of Optics*, § 8.8.
"""

from __future__ import annotations

import csv
import math
from dataclasses import asdict, dataclass
from typing import Literal

from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.errors import UsageError
from vestige.focus.recipe import PlanRecipe

__all__ = ["Plan", "plan", "run_plan"]

Criterion = Literal["automatic", "classic", "wave"]


@dataclass(frozen=True)
class Plan:
    """A stack as it is to be taken; lengths in mm.

    Attributes
    ----------
    magnification : size on the sensor over size of the object.
    field_width_mm : width of what is shown.
    pixel_mm, ppi : size of a pixel at the object, and pixels an inch there.
    effective_aperture, numerical_aperture : f-number that light and diffraction see; half the cone's sine.
    circle_mm : blur on the sensor that counts as sharp.
    diffraction_mm : width of a point's picture at half its height, on the sensor: λ N_eff.
    classic_mm, wave_mm : depth of field by geometry and by diffraction.
    governs : 'classic' or 'wave', whichever sets the step.
    step_mm, frames, spare, travel_mm : between frames; frames in all; of these, beyond the object at each
        end; from the first to the last.
    depth_mm : of the object.
    """

    magnification: float
    field_width_mm: float
    pixel_mm: float
    ppi: float
    effective_aperture: float
    numerical_aperture: float
    circle_mm: float
    diffraction_mm: float
    classic_mm: float
    wave_mm: float
    governs: Literal["classic", "wave"]
    step_mm: float
    frames: int
    spare: int
    travel_mm: float
    depth_mm: float

    @property
    def depth_of_field_mm(self) -> float:
        """The depth of field that sets the step."""
        return self.wave_mm if self.governs == "wave" else self.classic_mm

    @property
    def sentences(self) -> list[str]:
        """The plan in plain words."""
        within = self.frames - 2 * self.spare
        blurs = f"diffraction blurs a point to {1e3 * self.diffraction_mm:.3g} µm on the sensor"
        sharp = f"{1e3 * self.circle_mm:.3g} µm count as sharp"
        by = "geometry" if self.governs == "classic" else "diffraction"
        asked = (self.diffraction_mm > self.circle_mm) != (self.governs == "wave")
        mover = (
            "Move the camera on a slider: at life size and above a focusing ring changes the scale strongly."
            if self.magnification >= 1
            else "Focusing the lens is enough: the viewpoint stays, and the change of scale is taken out."
        )
        return [
            f"Take {self.frames} frames, {_length(self.step_mm)} apart: {within} for an object "
            f"{_length(self.depth_mm)} deep, and {self.spare} more at each end.",
            f"One frame is sharp over {_length(self.depth_of_field_mm)}, by {by}{' as asked' * asked}: "
            f"{blurs}, {sharp}. (Classic {_length(self.classic_mm)}, wave-optics {_length(self.wave_mm)}.)",
            f"The picture is {_length(self.field_width_mm)} wide at {self.ppi:.0f} ppi: a pixel covers "
            f"{1e3 * self.pixel_mm:.3g} µm of the object (magnification {self.magnification:.3g}).",
            f"The lens works at an effective f/{self.effective_aperture:.3g} "
            f"(numerical aperture {self.numerical_aperture:.3g}).",
            mover,
            "Approach always from the same side, wait until nothing shakes, then shoot.",
        ]

    @property
    def rows(self) -> list[tuple[str, float | int, str, str, str]]:
        """Quantity, value, unit, formula, meaning: the table as written."""
        return [
            ("magnification", self.magnification, "", "m = sensor width / field width", "size on the sensor"),
            ("field_width", self.field_width_mm, "mm", "sensor width / m", "width of what is shown"),
            ("pixel", self.pixel_mm, "mm", "field width / pixels", "what a pixel covers of the object"),
            ("ppi", self.ppi, "px/inch", "25.4 / pixel", "resolution at the object"),
            ("effective_aperture", self.effective_aperture, "", "N_eff = N (1 + m / p)", "f-number at work"),
            (
                "numerical_aperture",
                self.numerical_aperture,
                "",
                "NA = m / (2 N_eff)",
                "sine of half the cone",
            ),
            ("circle", self.circle_mm, "mm", "c", "blur on the sensor that counts as sharp"),
            ("diffraction", self.diffraction_mm, "mm", "λ N_eff", "blur of a point by diffraction, sensor"),
            ("classic", self.classic_mm, "mm", "2 c N_eff / m²", "depth of field by geometry"),
            ("wave", self.wave_mm, "mm", "4 λ N_eff² / m²", "depth of field by diffraction"),
            ("step", self.step_mm, "mm", "share × depth of field", "from frame to frame"),
            ("frames", self.frames, "", "ceil(depth / step) + 1 + 2 spare", "frames to take"),
            ("travel", self.travel_mm, "mm", "(frames - 1) step", "from the first frame to the last"),
        ]


def plan(
    *,
    magnification: float | None = None,
    field_width_mm: float | None = None,
    sensor_width_mm: float = 36.0,
    sensor_pixels: int = 6000,
    aperture: float = 5.6,
    pupil_ratio: float = 1.0,
    depth_mm: float = 10.0,
    circle_pixels: float = 2.0,
    circle_mm: float | None = None,
    wavelength_nm: float = 550.0,
    criterion: Criterion = "automatic",
    share: float = 0.7,
    spare: int = 1,
) -> Plan:
    """Plan a stack from what is to be shown and what the camera is.

    Parameters
    ----------
    magnification, field_width_mm : one of the two.
    aperture : f-number as set on the lens.
    pupil_ratio : exit over entrance pupil.
    circle_pixels, circle_mm : blur that counts as sharp, on the sensor; `circle_mm` wins where given.
    criterion : which depth of field sets the step. 'automatic' takes the classic one unless diffraction alone
        (λ N_eff) blurs by more than the circle: steps finer than that show nothing more.
    share : the step as a share of the depth of field.
    spare : frames beyond the object at each end.

    Raises
    ------
    UsageError : neither or both of `magnification` and `field_width_mm`, or a value that is not positive.

    >>> found = plan(magnification=1.0, aperture=16, circle_mm=0.03)
    >>> found.effective_aperture, round(found.wave_mm, 3), round(found.classic_mm, 3)
    (32.0, 2.253, 1.92)
    """
    if (magnification is None) == (field_width_mm is None):
        raise UsageError("a plan needs either the magnification or the width of the field")
    circle = circle_mm if circle_mm is not None else circle_pixels * sensor_width_mm / sensor_pixels
    given = {
        "magnification": magnification,
        "field_width_mm": field_width_mm,
        "sensor_width_mm": sensor_width_mm,
        "sensor_pixels": sensor_pixels,
        "aperture": aperture,
        "pupil_ratio": pupil_ratio,
        "circle_mm": circle,
        "wavelength_nm": wavelength_nm,
        "share": share,
    }
    for name, value in given.items():
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise UsageError(f"{name} must be greater than 0, found {value}")
    if not (depth_mm >= 0 and spare >= 0 and math.isfinite(depth_mm)):
        raise UsageError(f"depth_mm and spare must not be less than 0, found {depth_mm} and {spare}")
    m = magnification if magnification is not None else sensor_width_mm / (field_width_mm or 1)
    wave_length = wavelength_nm / 1e6
    working = aperture * (1 + m / pupil_ratio)
    classic, wave = 2 * circle * working / m**2, 4 * wave_length * working**2 / m**2
    diffraction = wave_length * working
    governs: Literal["classic", "wave"] = "wave" if diffraction > circle else "classic"
    if criterion != "automatic":
        governs = criterion
    step = share * (wave if governs == "wave" else classic)
    frames = math.ceil(round(depth_mm / step, 9)) + 1 + 2 * spare
    pixel = sensor_width_mm / m / sensor_pixels
    return Plan(
        magnification=m,
        field_width_mm=sensor_width_mm / m,
        pixel_mm=pixel,
        ppi=25.4 / pixel,
        effective_aperture=working,
        numerical_aperture=m / (2 * working),
        circle_mm=circle,
        diffraction_mm=diffraction,
        classic_mm=classic,
        wave_mm=wave,
        governs=governs,
        step_mm=step,
        frames=frames,
        spare=spare,
        travel_mm=(frames - 1) * step,
        depth_mm=depth_mm,
    )


def run_plan(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """The operation: a plan from a recipe, as sentences and as a table."""
    assert isinstance(recipe, PlanRecipe)
    if (recipe.magnification > 0) == (recipe.field_width > 0):
        raise UsageError(
            "a plan needs either magnification or field_width: --set magnification=1 or --set field_width=30"
        )
    found = plan(
        magnification=recipe.magnification or None,
        field_width_mm=recipe.field_width or None,
        sensor_width_mm=recipe.sensor_width,
        sensor_pixels=recipe.sensor_pixels,
        aperture=recipe.aperture,
        pupil_ratio=recipe.pupil_ratio,
        depth_mm=recipe.depth,
        circle_pixels=recipe.circle_pixels,
        circle_mm=recipe.circle or None,
        wavelength_nm=recipe.wavelength,
        criterion=recipe.criterion,
        share=recipe.share,
        spare=recipe.spare,
    )
    path = context.output / "plan.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(("quantity", "value", "unit", "formula", "meaning"))
        writer.writerows(found.rows)
    return Outcome([Product("plan", Kind.TABLE, path)], measurements=asdict(found), answer=found.sentences)


def _length(millimetres: float) -> str:
    """A length as people say it: whole micrometres below a tenth of a millimetre.

    >>> _length(0.0421), _length(0.168), _length(420.0)
    ('42 µm', '0.168 mm', '420 mm')
    """
    if 0 < millimetres < 0.1:
        return f"{1e3 * millimetres:.0f} µm"
    return f"{millimetres:.3g} mm"
