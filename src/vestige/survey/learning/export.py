"""From a trained network to an ONNX file that any runtime reads, and back to weights to train on."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vestige.capture.durable import write_atomically
from vestige.errors import InputError, MissingError, UsageError
from vestige.survey.mapping.model import load_model
from vestige.survey.recipe import TrainRecipe

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["export", "onnx_package", "weights_of", "with_metadata"]

OPSET = 17


def onnx_package() -> Any:
    """The package onnx.

    Raises
    ------
    MissingError : it is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise MissingError(
            "models are written with onnx, which is not installed: pip install 'vestige[learn]'"
        ) from None
    return onnx


def export(network: nn.Module, path: Path, metadata: Mapping[str, Any]) -> None:
    """Write `network` as ONNX: input ``nt`` (n, 1, height, width) float32, output ``probabilities``.

    `metadata` values are kept as JSON among the model's properties. Batch normalisation stays a step of its
    own under its own names, so that `weights_of` finds all weights again; runtimes merge it when they load.

    Raises
    ------
    MissingError : the package onnx is not installed.

    >>> import onnxruntime, tempfile, torch
    >>> path = Path(tempfile.mkdtemp(), "model.onnx")
    >>> export(torch.nn.Conv2d(1, 3, 1), path, {"vestige": {"pixel_m": 0.25}})
    >>> onnxruntime.InferenceSession(path).get_inputs()[0].name
    'nt'
    """
    onnx = onnx_package()
    import torch

    buffer = io.BytesIO()
    axes = {0: "tiles", 2: "height", 3: "width"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter by tracing is called old; the new one needs onnxscript
        torch.onnx.export(
            network.cpu().eval(),
            (torch.zeros(1, 1, 64, 64),),
            buffer,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=OPSET,
            training=torch.onnx.TrainingMode.PRESERVE,
            do_constant_folding=False,
            input_names=["nt"],
            output_names=["probabilities"],
            dynamic_axes={"nt": axes, "probabilities": axes},
        )
    write_atomically(path, with_metadata(onnx.load_from_string(buffer.getvalue()), metadata))


def with_metadata(model: Any, metadata: Mapping[str, Any]) -> bytes:
    """The bytes of an ONNX model with these properties (JSON) and no others; the same again each time."""
    model.producer_name, model.producer_version = "vestige", ""
    del model.metadata_props[:]
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=json.dumps(value, sort_keys=True))
    onnx_package().checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def weights_of(path: Path, recipe: TrainRecipe, names: tuple[str, ...]) -> dict[str, Tensor]:
    """The weights of a model that `train` made, to be trained on by a recipe of the same network.

    Raises
    ------
    InputError : the file is no such model, or one of an ensemble or of before weights were kept.
    UsageError : it is of another network, other filters or other classes.
    """
    card = load_model(path).card
    for name, wanted in (("network", recipe.network), ("filters", recipe.filters), ("classes", list(names))):
        if card.get(name) != wanted:
            raise UsageError(
                f"the model to start from has {name} {card.get(name)} and the recipe {wanted}; "
                f"expected the same: set {name} as the model has it"
            )
    import torch

    from vestige.survey.learning.course import untrained

    onnx = onnx_package()
    found = {
        item.name: torch.from_numpy(onnx.numpy_helper.to_array(item).copy())
        for item in onnx.load(path).graph.initializer
    }
    state = untrained(recipe, len(names)).state_dict()
    learnt = {name for name in state if name != "temperature" and not name.endswith(".num_batches_tracked")}
    if not learnt <= set(found):
        raise InputError(
            path,
            "does not hold the weights that training goes on from",
            "a model.onnx made by train",
            "ensembles, and models of earlier versions, can only predict",
        )
    return {name: found[name] if name in learnt else value for name, value in state.items()}
