"""Datasets, training, tuning, export, scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from vestige.contract import Recipe, setting
from vestige.survey.recipe.mapping import CleaningRecipe, ReadingRecipe
from vestige.survey.recipe.scene import GroundKindName


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


class ExportRecipe(Recipe):
    """How trained models become one file."""

    flips: bool = setting(False, "Each model also sees its input mirrored from east to west; the mean counts")
    temperature: float = setting(
        1.0, "Logits are divided by this: more than 1 makes a model that boasts less sure", ge=0.1, le=20
    )
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
