"""From a trained network to an ONNX file that any runtime reads."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vestige.capture.durable import write_atomically
from vestige.errors import MissingError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["export"]


def export(network: nn.Module, path: Path, metadata: Mapping[str, Any]) -> None:
    """Write `network` as ONNX: input ``nt`` (n, 1, height, width) float32, output ``probabilities``.

    `metadata` values are kept as JSON among the model's properties.

    Raises
    ------
    MissingError : the package onnx is not installed.

    >>> import onnxruntime, tempfile, torch
    >>> path = Path(tempfile.mkdtemp(), "model.onnx")
    >>> export(torch.nn.Conv2d(1, 3, 1), path, {"vestige": {"pixel_m": 0.25}})
    >>> onnxruntime.InferenceSession(path).get_inputs()[0].name
    'nt'
    """
    try:
        import onnx
    except ImportError:
        raise MissingError(
            "training needs onnx, which is not installed: pip install 'vestige[learn]'"
        ) from None
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
            opset_version=17,
            input_names=["nt"],
            output_names=["probabilities"],
            dynamic_axes={"nt": axes, "probabilities": axes},
        )
    model = onnx.load_from_string(buffer.getvalue())
    model.producer_name, model.producer_version = "vestige", ""
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=json.dumps(value, sort_keys=True))
    onnx.checker.check_model(model)
    write_atomically(path, model.SerializeToString(deterministic=True))
