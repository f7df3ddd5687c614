"""The recipes of the survey operations: every setting, its unit and its help."""

from vestige.survey.recipe.delivery import FIELDS, ArchiveRecipe, PostgisRecipe
from vestige.survey.recipe.learning import (
    DatasetRecipe,
    EvaluateRecipe,
    ExportRecipe,
    TrainRecipe,
    TuneRecipe,
)
from vestige.survey.recipe.mapping import (
    CleaningRecipe,
    DepthRecipe,
    ImplantRecipe,
    PredictRecipe,
    ReadingRecipe,
    RunRecipe,
    StepName,
    StreamRecipe,
)
from vestige.survey.recipe.scene import GroundKindName, SceneRecipe

__all__ = [
    "FIELDS",
    "ArchiveRecipe",
    "CleaningRecipe",
    "DatasetRecipe",
    "DepthRecipe",
    "EvaluateRecipe",
    "ExportRecipe",
    "GroundKindName",
    "ImplantRecipe",
    "PostgisRecipe",
    "PredictRecipe",
    "ReadingRecipe",
    "RunRecipe",
    "SceneRecipe",
    "StepName",
    "StreamRecipe",
    "TrainRecipe",
    "TuneRecipe",
]
