"""The recipes of the survey operations: every setting, its unit and its help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from vestige.contract import Recipe, setting


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
    missing: float = setting(0.08, "Share of survey grids that were not surveyed", ge=0, le=0.8)
    cell: float = setting(0.125, "Cell on which the physics is computed", unit="m", ge=0.05, le=0.5)


class CleaningRecipe(Recipe):
    """How readings become a grid: shared by `run` and by the making of a dataset."""

    destripe: Literal["auto", "always", "never"] = setting(
        "auto", "Zero-median traverse; 'auto' does it where the file holds traverses as they were walked"
    )
    destripe_threshold: float = setting(
        5.0, "Readings further than this from their traverse's median are left out of it", unit="nT", gt=0
    )
    despike_threshold: float = setting(
        15.0, "A reading further than this from its neighbours' median is a spike", unit="nT", gt=0
    )
    clip: float = setting(100.0, "Values are cut to plus and minus this", unit="nT", gt=0)


class RunRecipe(CleaningRecipe):
    """From survey data files to grid, classes, confidence and polygons."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "as-recorded": {"destripe": "never", "despike_threshold": 1e6, "clip": 1e6},
        "processed-elsewhere": {"destripe": "never"},
    }

    column: str = setting("", "Column of a delimited file that holds the gradient; empty: found by its name")
    minimum_area: float = setting(6.0, "Smaller polygons are left out", unit="m²", ge=0)
    minimum_confidence: float = setting(0.5, "Polygons of a lower mean confidence are left out", ge=0, le=1)


class StreamRecipe(RunRecipe):
    """`run`, and how the map is made that grows while lines arrive."""

    finished_share: float = setting(
        0.98, "A hectare is finished once this share of its cells was surveyed", gt=0, le=1
    )
    settled_after: float = setting(
        20.0, "A hectare that is not full is taken for finished after this time without a new line", unit="s"
    )
    reach: int = setting(
        8, "Traverses to each side that a new one may change in the cleaned map", ge=2, le=100
    )


class PredictRecipe(Recipe):
    """From a grid that is clean already to classes, confidence and polygons."""

    column: str = setting("", "Column of a delimited file that holds the gradient; empty: found by its name")
    minimum_area: float = setting(6.0, "Smaller polygons are left out", unit="m²", ge=0)
    minimum_confidence: float = setting(0.5, "Polygons of a lower mean confidence are left out", ge=0, le=1)


class DatasetRecipe(CleaningRecipe):
    """Simulated training tiles: each site draws its own ground, instrument and noise, and belongs to one
    split.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "magnet-2020": {"tiles": 150, "sites": 50, "pixels": 244, "cell": 0.125, "centred": True},
        "quick": {"tiles": 900, "sites": 900, "pixels": 128, "validation": 0.06, "test": 0.06},
        "shipped": {"tiles": 8000, "sites": 4000, "pixels": 256, "validation": 0.05, "test": 0.05},
    }

    tiles: int = setting(96, "Tiles in all", ge=1, le=1_000_000)
    sites: int = setting(24, "Sites, each with its own ground and instrument", ge=1, le=1_000_000)
    pixels: int = setting(128, "Side of a tile", unit="px", ge=32, le=1024)
    cell: float = setting(0.25, "Pixel size", unit="m", ge=0.05, le=1)
    centred: bool = setting(False, "One ring ditch on the centre of every tile, as in the Mag-Net paper")
    ring_share: float = setting(0.8, "Share of tiles that hold ring ditches", ge=0, le=1)
    validation: float = setting(0.3, "Share of the sites kept for validation and choosing", ge=0, le=0.9)
    test: float = setting(0.1, "Share of the sites kept for the final score", ge=0, le=0.9)
    seed: int = setting(0, "Added to the run's seed: another seed, other sites", ge=0)


class TrainRecipe(Recipe):
    """A U-Net or ResUNet for three classes: no feature, feature, out of bounds."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "magnet-2020": {
            "network": "resunet",
            "filters": [16, 32, 64, 128, 254],
            "batch": 2,
            "learning_rate": 1e-4,
            "epochs": 100,
            "augment": True,
        },
        "quick": {
            "network": "resunet",
            "filters": [8, 16, 32, 48, 64],
            "batch": 8,
            "learning_rate": 4e-3,
            "epochs": 6,
            "dice": 1.0,
            "schedule": "cosine",
        },
        "shipped": {
            "network": "resunet",
            "filters": [12, 24, 48, 80, 128],
            "batch": 32,
            "learning_rate": 3e-3,
            "epochs": 40,
            "dice": 1.0,
            "schedule": "cosine",
        },
    }

    network: Literal["unet", "resunet"] = setting("resunet", "Plain or residual double convolutions")
    filters: list[int] = setting([16, 32, 64, 128, 254], "Filters at each depth", min_length=2, max_length=6)
    batch: int = setting(2, "Tiles a step", ge=1, le=1024)
    learning_rate: float = setting(1e-4, "Step size of Adam", gt=0, le=1)
    epochs: int = setting(100, "Times that every tile is seen", ge=1, le=10000)
    schedule: Literal["constant", "cosine"] = setting(
        "constant", "How the learning rate goes over the epochs"
    )
    dice: float = setting(
        0.0, "Weight of a Dice loss of the feature class beside the cross-entropy", ge=0, le=10
    )
    augment: bool = setting(False, "Random zoom and pan of each tile, as in the Mag-Net paper")
    low: float = setting(-1.0, "Values below are cut before the network sees them", unit="nT")
    high: float = setting(2.0, "Values above are cut before the network sees them", unit="nT")


class EvaluateRecipe(Recipe):
    """Which tiles of a dataset to score a model on."""

    split: Literal["train", "validation", "test", "all"] = setting("test", "Tiles to score on")
