"""The recipes of the survey operations: every setting, its unit and its help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import field_validator, model_validator

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
        ["despike", "destagger", "destripe", "clip"], "Steps from readings to a clean grid, in their order"
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


class PredictRecipe(ReadingRecipe):
    """From a grid that is clean already to classes, confidence and polygons."""

    minimum_area: float = setting(6.0, "Smaller polygons are left out", unit="m²", ge=0)
    minimum_confidence: float = setting(0.5, "Polygons of a lower mean confidence are left out", ge=0, le=1)


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


#: Fields of the Archaeology Data Service's guide to geophysical data, sections 5.2 to 5.5, by file.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "project_metadata": (
        "Survey name",
        "Survey index",
        "Survey purpose",
        "Report summary",
        "Bibliographic references",
        "Survey keywords",
        "Spatial coverage",
        "Administrative area",
        "State",
        "Country",
        "Solid geology",
        "Drift geology",
        "Duration",
        "Weather",
        "Soil condition",
        "Land use",
        "Monument type",
        "Monument period",
        "Scheduled Ancient Monument (SAM) number",
        "Surveyor",
        "Client",
        "Depositor",
        "Primary archive",
        "Related archives",
        "Copyright",
        "Term list",
    ),
    "geophysics_metadata": (
        "Survey type",
        "Instrumentation",
        "Reasons for choice of survey technique",
        "Area surveyed",
        "Method of coverage",
        "Traverse separation",
        "Line separation",
        "Reading interval",
        "Sampling position",
        "Data grid size",
        "Accuracies",
        "Additional remarks",
        "Magnetic north",
        "Instrument drift",
    ),
    "survey_methodology": (
        "Data grid layout",
        "Resolution",
        "Survey direction",
        "Line sequence",
        "Drift value",
        "Bias value",
    ),
    "report": ("Report title", "Report reference number", "Report author", "Report holder"),
}


class ArchiveRecipe(ReadingRecipe):
    """A deposit for an archive of archaeological data: what its levels are called, and what nobody but a
    person knows.
    """

    project: str = setting("Project", "Name of the project", min_length=1, max_length=80)
    site: str = setting("Site", "Name of the site", min_length=1, max_length=80)
    block: str = setting("Block_1", "Name of the survey block", min_length=1, max_length=80)
    metadata: dict[str, str] = setting(
        {}, "Values of the guide's fields by their names, such as Surveyor, Duration, Magnetic north"
    )

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        names = [name for names in FIELDS.values() for name in names]
        for name in self.metadata:
            if name not in names:
                raise ValueError(f"metadata has no field '{name}'; fields: {', '.join(names)}")
        return self


class ExportRecipe(Recipe):
    """Where in a PostGIS database features go. A password has no place here: recipes are kept."""

    database: str = setting(
        "",
        "postgresql://USER@HOST/NAME without a password (that comes from PGPASSWORD or ~/.pgpass); "
        "empty: what PGSERVICE or PGHOST and PGDATABASE say",
    )
    db_schema: str = setting("public", "Schema of the table", min_length=1, max_length=63)
    table: str = setting("features", "Table to be made", min_length=1, max_length=63)
    existing: Literal["refuse", "replace"] = setting("refuse", "What is done where the table exists")

    @model_validator(mode="after")
    def _keeps_no_secret(self) -> Self:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict

        try:
            said = conninfo_to_dict(self.database)
        except ProgrammingError:
            raise ValueError("database is no address of the form postgresql://USER@HOST/NAME") from None
        if said.get("password") or said.get("sslpassword"):
            raise ValueError(
                "database holds a password, and recipes are kept: give it by PGPASSWORD or ~/.pgpass"
            )
        return self


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
    minimum_confidence: float = setting(0.5, "Polygons of a lower mean confidence are left out", ge=0, le=1)


class DatasetRecipe(CleaningRecipe, ReadingRecipe):
    """Training tiles: simulated, each site with its own ground, instrument and noise; or cut from surveys and
    the labels that people drew.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "magnet-2020": {"tiles": 150, "sites": 50, "pixels": 244, "cell": 0.125, "centred": True},
        "magnet-benchmark": {
            "tiles": 150,
            "sites": 50,
            "pixels": 244,
            "cell": 0.125,
            "centred": True,
            "validation": 0.3,
            "test": 0.1,
            "kinds": ["chalk", "gravel", "clay", "limestone", "igneous", "urban-fringe", "upland"],
        },
        "quick": {"tiles": 900, "sites": 900, "pixels": 128, "validation": 0.06, "test": 0.06},
        "shipped": {"tiles": 8000, "sites": 4000, "pixels": 256, "validation": 0.05, "test": 0.05},
    }

    tiles: int = setting(96, "Tiles in all", ge=1, le=1_000_000)
    sites: int = setting(24, "Sites, each with its own ground and instrument", ge=1, le=1_000_000)
    pixels: int = setting(128, "Side of a tile", unit="px", ge=32, le=1024)
    cell: float = setting(0.25, "Pixel size", unit="m", ge=0.05, le=1)
    centred: bool = setting(False, "One ring ditch on the centre of every tile, as in the Mag-Net paper")
    ring_share: float = setting(0.8, "Share of tiles that hold ring ditches", ge=0, le=1)
    kinds: list[GroundKindName] = setting([], "Kinds of ground that sites are drawn from; empty: all")
    labels: list[str] = setting(
        ["ring"],
        "What is labelled, as classes 1, 2 and so on; rings alone give the paper's three classes",
        min_length=1,
        max_length=12,
    )
    noise: float = setting(1.0, "Factor on instrument noise, stripes and topsoil", ge=0, le=10)
    label_error: float = setting(
        0.0, "Labels are drawn this much too wide, and as much to one side", unit="m", ge=0, le=5
    )
    rejected: Literal["left-out", "hard-negatives"] = setting(
        "left-out", "Real labels that a reviewer refused: left out, or tiles that show what is no feature"
    )
    split_by: Literal["site", "tile"] = setting(
        "site", "Whole sites go to one split, or tiles at random as in the Mag-Net paper"
    )
    leaks: Literal["move", "refuse"] = setting(
        "move", "Real tiles that share ground but not the split: moved together, or refused"
    )
    licence: str = setting("", "Licence that the card names; empty: CC0-1.0 for simulated tiles")
    validation: float = setting(0.3, "Share of the sites kept for validation and choosing", ge=0, le=0.9)
    test: float = setting(0.1, "Share of the sites kept for the final score", ge=0, le=0.9)
    seed: int = setting(0, "Added to the run's seed: another seed, other sites", ge=0)


class TrainRecipe(Recipe):
    """A network for classes of features, between no feature and out of bounds."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "magnet-2020": {
            "network": "resunet",
            "filters": [16, 32, 64, 128, 254],
            "batch": 2,
            "learning_rate": 1e-4,
            "epochs": 100,
            "copies": 300,
        },
        "magnet": {
            "network": "magnet",
            "filters": [16, 32, 64, 96, 128],
            "batch": 16,
            "learning_rate": 3e-3,
            "weight_decay": 1e-3,
            "epochs": 30,
            "schedule": "cosine",
            "warm_up": 1.0,
            "region_loss": "dice",
            "ema": 0.998,
            "flips": True,
            "strength": 1.3,
            "calibrate": True,
        },
        "quick": {
            "network": "resunet",
            "filters": [8, 16, 32, 48, 64],
            "batch": 8,
            "learning_rate": 4e-3,
            "epochs": 6,
            "region_loss": "dice",
            "schedule": "cosine",
        },
    }

    network: Literal["unet", "resunet", "magnet"] = setting(
        "resunet", "Plain or residual double convolutions, or residual ones at half resolution"
    )
    filters: list[int] = setting([16, 32, 64, 128, 254], "Filters at each depth", min_length=2, max_length=6)
    batch: int = setting(2, "Tiles a step", ge=1, le=1024)
    accumulate: int = setting(1, "Parts in which the tiles of a step are worked, to save memory", ge=1, le=64)
    learning_rate: float = setting(1e-4, "Step size of Adam", gt=0, le=1)
    weight_decay: float = setting(0.0, "Decay of the weights, apart from the step (AdamW)", ge=0, le=1)
    epochs: int = setting(100, "Times that every tile is seen", ge=1, le=10000)
    schedule: Literal["constant", "cosine"] = setting(
        "constant", "How the learning rate goes over the epochs"
    )
    warm_up: float = setting(0.0, "Epochs over which the learning rate rises at first", ge=0, le=100)
    class_weights: Literal["equal", "inverse-root"] = setting(
        "equal", "Weights of the classes in the cross-entropy: equal, or by the root of their rarity"
    )
    region_loss: Literal["none", "dice", "jaccard", "lovasz"] = setting(
        "none", "Loss of the overlap of the features beside the cross-entropy"
    )
    region_weight: float = setting(1.0, "Weight of that loss", ge=0, le=10)
    ema: float = setting(
        0.0, "Memory of the averaged weights, which become the model; 0: the last", ge=0, lt=1
    )
    copies: int = setting(0, "Zoomed and panned copies added once for all, as in the Mag-Net paper", ge=0)
    augment: bool = setting(False, "Random zoom and pan of each tile each time that it is seen")
    flips: bool = setting(False, "Mirror half of the tiles from east to west")
    strength: float = setting(1.0, "Readings are multiplied by up to this factor, or divided", ge=1, le=4)
    precision: Literal["float32", "bfloat16", "float16"] = setting(
        "float32", "Arithmetic of the convolutions; the half ones are for GPUs"
    )
    processes: int = setting(1, "Processes that share each step, one a GPU", ge=1, le=64)
    folds: int = setting(
        0, "Deal the sites to this many folds and watch one of them; 0: by split", ge=0, le=50
    )
    fold: int = setting(0, "The fold that is watched and not trained on", ge=0, le=49)
    calibrate: bool = setting(False, "Set the confidence right on the tiles that are watched (temperature)")
    low: float = setting(-1.0, "Values below are cut before the network sees them", unit="nT")
    high: float = setting(2.0, "Values above are cut before the network sees them", unit="nT")


class TuneRecipe(Recipe):
    """Which settings of `train` to look for, and how long."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"quick": {"trials": 3, "epochs": 1}}

    trials: int = setting(30, "Trainings", ge=1, le=10000)
    epochs: int = setting(10, "Epochs of each", ge=1, le=10000)
    metric: Literal["validation_ring_iou", "validation_miou"] = setting(
        "validation_ring_iou", "What is to be as large as it can"
    )
    networks: list[Literal["unet", "resunet", "magnet"]] = setting(
        ["unet", "resunet"], "Networks to choose from", min_length=1
    )
    depths: list[int] = setting([3, 4, 5], "Numbers of depths to choose from", min_length=1)
    first_filters: list[int] = setting(
        [8, 16, 32], "Filters of the first depth; each deeper one has twice as many", min_length=1
    )
    batches: list[int] = setting([2, 4, 8], "Tiles a step", min_length=1)
    learning_rates: list[float] = setting(
        [1e-5, 1e-2], "Least and largest learning rate", min_length=2, max_length=2
    )
    region_losses: list[Literal["none", "dice", "jaccard", "lovasz"]] = setting(
        ["none", "dice"], "Losses of the overlap to choose from", min_length=1
    )


class AssembleRecipe(Recipe):
    """How trained models become one file."""

    flips: bool = setting(False, "Each model also sees its input mirrored from east to west; the mean counts")
    takes: Literal["nanotesla", "greyscale"] = setting(
        "nanotesla", "What the model takes: nT, or a greyscale of 0..1 as the QGIS plugin Deepness gives it"
    )


class EvaluateRecipe(Recipe):
    """Which tiles of a dataset to score a model on."""

    split: Literal["train", "validation", "test", "all"] = setting("test", "Tiles to score on")
    tolerance: float = setting(
        0.5, "A boundary found within this of a true one is right", unit="m", gt=0, le=5
    )
    near: float = setting(4.0, "Calibration near rings: within this of a true or found one", unit="m", gt=0)
    overlap: float = setting(0.5, "An object is found where the hulls overlap by this IoU", gt=0, le=1)
    least_object: float = setting(6.0, "Smaller objects are neither found nor missed", unit="m²", ge=0)
