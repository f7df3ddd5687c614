"""From survey data files to maps: reading, processing, predicting, depths, implants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import field_validator

from vestige.contract import Recipe, setting

StepName = Literal[
    "despike",
    "interpolate",
    "drift",
    "zero-mean-traverse",
    "zero-median-traverse",
    "destagger",
    "edge-match",
    "destripe",
    "clip",
    "low-pass",
    "high-pass",
    "reduction-to-pole",
    "upward-continuation",
    "analytic-signal",
]


class CleaningRecipe(Recipe):
    """How readings become a grid: shared by `run` and by the making of a dataset."""

    steps: list[StepName] = setting(
        ["despike", "destagger", "destripe", "clip"],
        "Steps from readings to a clean grid, in their order, with commas between: despike, interpolate, "
        "drift, zero-mean-traverse, zero-median-traverse, destagger, edge-match, destripe, clip, low-pass, "
        "high-pass, reduction-to-pole, upward-continuation, analytic-signal",
    )
    as_walked: bool = setting(
        False, "Take the rows of a grid made elsewhere for traverses as they were walked"
    )
    traverse_threshold: float = setting(
        5.0, "Readings further than this from their traverse's median are left out of it", unit="nT", gt=0
    )
    despike_threshold: float = setting(
        15.0, "A reading further than this from its neighbours' median is a spike", unit="nT", gt=0
    )
    stagger: float | None = setting(
        None, "How far the traverses back lag behind those out; empty: estimated", unit="m", ge=-5, le=5
    )
    gap: float = setting(1.0, "Longest gap along a traverse that is closed", unit="m", ge=0, le=20)
    clip: float = setting(100.0, "Values are cut to plus and minus this", unit="nT", gt=0)
    low_pass: float = setting(0.5, "Radius of the Gaussian that smooths", unit="m", gt=0, le=50)
    high_pass: float = setting(10.0, "Radius of the Gaussian that is taken away", unit="m", gt=0, le=50)
    continuation: float = setting(0.5, "How far upwards the field is continued", unit="m", gt=0, le=10)
    sensor: Literal["fluxgate", "total-field"] = setting("fluxgate", "Vertical component, or total field")
    inclination: float = setting(68.0, "Inclination, positive downwards", unit="deg", ge=-90, le=90)
    declination: float = setting(-1.0, "Declination, positive to the east", unit="deg", ge=-180, le=180)

    @field_validator("steps", mode="before")
    @classmethod
    def _names(cls, given: object) -> object:
        """Names with commas between them, as they are typed."""
        if isinstance(given, str):
            return [name.strip() for name in given.split(",") if name.strip()]
        return given


class ReadingRecipe(Recipe):
    """How data files are read: shared by all that read them."""

    column: str = setting("", "Column of a delimited file that holds the gradient; empty: found by its name")
    crs: str = setting("", "Reference system of files that name none, such as EPSG:27700; in metres")
    dummy: str = setting(
        "", "Value that stands for no reading, beside the format's own; empty: none", unit="nT"
    )

    @field_validator("dummy")
    @classmethod
    def _is_a_number(cls, text: str) -> str:
        if text:
            try:
                float(text)
            except ValueError:
                raise ValueError("a number such as 2047.5, or empty") from None
        return text

    @property
    def dummy_value(self) -> float | None:
        """The dummy as a number."""
        return float(self.dummy) if self.dummy else None


class RunRecipe(CleaningRecipe, ReadingRecipe):
    """From survey data files to grid, classes, confidence and polygons."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "as-recorded": {"steps": []},
        "processed-elsewhere": {"steps": ["despike", "clip"]},
        "handheld-fluxgate": {"steps": ["despike", "destagger", "destripe", "clip"]},
        "fluxgate-cart": {"steps": ["despike", "drift", "destripe", "clip"]},
        "caesium": {
            "steps": ["despike", "destagger", "destripe", "high-pass", "clip"],
            "sensor": "total-field",
        },
    }

    removed: bool = setting(False, "Also write what each step removed, a band a step (removed.tif)")
    minimum_area: float = setting(6.0, "Smaller polygons are left out", unit="m²", ge=0)
    minimum_confidence: float = setting(0.75, "Polygons of a lower mean confidence are left out", ge=0, le=1)


class StreamRecipe(RunRecipe):
    """`run`, and how the map is made that grows while lines arrive."""

    finished_share: float = setting(
        0.98, "A hectare is finished once this share of its cells was surveyed", gt=0, le=1
    )
    settled_after: float = setting(
        20.0, "A hectare that is not full is taken for finished after this time without a new line", unit="s"
    )
    reach: int = setting(
        40, "Traverses to each side that a new one may change in the cleaned map", ge=2, le=200
    )


class PredictRecipe(ReadingRecipe):
    """From a grid that is clean already to classes, confidence and polygons."""

    minimum_area: float = setting(6.0, "Smaller polygons are left out", unit="m²", ge=0)
    minimum_confidence: float = setting(0.75, "Polygons of a lower mean confidence are left out", ge=0, le=1)


class DepthRecipe(Recipe):
    """How deep the sources of a grid lie: each by Euler's equation, all together by their spectrum."""

    index: float = setting(
        3.0, "Structural index of the gradient: 3 for ditches and walls, 4 for pits and iron", gt=0, le=6
    )
    window: float = setting(3.0, "Side of the window around each peak", unit="m", gt=0, le=50)
    tolerance: float = setting(0.2, "Solutions less sure than this share of their depth are left out", gt=0)
    separation: float = setting(
        1.0, "Distance from lower to upper sensor; 0 for a single one", unit="m", ge=0, le=3
    )
    sensor_height: float = setting(0.25, "Height of the lower sensor", unit="m", ge=0, le=10)


class ImplantRecipe(CleaningRecipe, ReadingRecipe):
    """Simulated rings of known strength and size, laid into a survey to see how many are found."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "caesium": {"sensor": "total-field", "separation": 0.65},
        "strong": {"strengths": [], "least_snr": 2.0},
    }

    rings: int = setting(200, "Rings laid in all, over as many rounds as the room needs", ge=1, le=10000)
    diameters: list[float] = setting(
        [10.0, 15.0, 20.0, 28.0], "Diameters of the rings", unit="m", min_length=1, max_length=12
    )
    strengths: list[float] = setting(
        [],
        "Strengths, as the peak of a ring's mean ridge; empty: steps of the survey's noise",
        unit="nT",
        max_length=12,
    )
    least_snr: float = setting(1.0, "Where strengths are not named: the least, over the noise", gt=0, le=50)
    field: float = setting(49000.0, "Strength of the earth's field", unit="nT", ge=20000, le=70000)
    sensor_height: float = setting(0.25, "Height of the lower sensor", unit="m", gt=0, le=2)
    separation: float = setting(1.0, "Distance from lower to upper sensor", unit="m", gt=0, le=3)
    minimum_area: float = setting(6.0, "Smaller polygons are left out", unit="m²", ge=0)
    minimum_confidence: float = setting(0.75, "Polygons of a lower mean confidence are left out", ge=0, le=1)
