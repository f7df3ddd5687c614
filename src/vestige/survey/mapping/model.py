"""A trained model as a file: ONNX with the names of its classes, its pixel size and its card."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract import Context, Inputs
from vestige.contract.provenance import path_digest
from vestige.errors import InputError

__all__ = ["CLASSES", "FeatureModel", "load_model", "model_of", "shipped_model"]

#: The classes of the Mag-Net paper, by their value in a class map. A model may know more kinds of feature:
#: the first of its classes is always none of them, the last what was not surveyed.
CLASSES = ("no-feature", "feature", "out-of-bounds")
#: What the classes are in the FISH Thesaurus of Monument Types, where the card does not say.
TERMS = {"feature": "ring ditch"}
#: Key of the model's own description among the ONNX metadata.
KEY = "vestige"


@dataclass(frozen=True)
class FeatureModel:
    """A network ready to predict; made by `load_model`.

    `stride` is the multiple that the sides of an input must be of, `halo` the pixels beyond a pixel that can
    change its prediction, `pixel_m` the cell size it was trained on, `classes` the names of its classes by
    their value in a class map, `identity` its name and the beginning of its digest.
    """

    session: Any
    pixel_m: float
    stride: int
    halo: int
    width: int
    card: dict[str, Any]
    classes: tuple[str, ...] = CLASSES
    identity: str = ""

    def probabilities(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probability of each class, float32 (class, height, width), of values in nT (height, width).

        NaN stands for what was not read; sides must be multiples of `stride`.
        """
        answer = self.session.run(None, {"nt": values[np.newaxis, np.newaxis]})
        probabilities: NDArray[np.float32] = answer[0][0]
        return probabilities

    @property
    def out_of_bounds(self) -> int:
        """The class of what was not surveyed."""
        return len(self.classes) - 1

    @property
    def features(self) -> dict[int, str]:
        """The kinds of feature: number of the class, and its name."""
        return dict(enumerate(self.classes[1:-1], start=1))

    def term(self, name: str) -> str:
        """The monument type of a class, as its card or the FISH thesaurus has it."""
        terms: dict[str, str] = self.card.get("terms", {})
        return str(terms.get(name, TERMS.get(name, name)))

    @property
    def bytes_per_pixel(self) -> int:
        """Memory that predicting takes for one pixel of a tile (measured: about nine arrays as wide as the
        first).
        """
        return 4 * self.width * 16


def shipped_model() -> Path:
    """The model that comes with the package.

    >>> shipped_model().suffix
    '.onnx'
    """
    return Path(str(files("vestige.survey") / "models" / "ring-ditches.onnx"))


def model_of(inputs: Inputs, context: Context) -> FeatureModel:
    """The model that was given, else the one that comes with the package; on the cores that were granted."""
    given = inputs.product("model")
    return load_model(given.path if given else shipped_model(), cores=context.budget.cores)


def load_model(path: str | Path, *, cores: int = 1) -> FeatureModel:
    """Load a model that `train` made.

    Raises
    ------
    InputError : the file is missing, no ONNX model, or does not say what it was trained for.

    >>> load_model(shipped_model()).stride
    16
    """
    path = Path(path)
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "a model.onnx made by train") from None
    if size == 0:
        raise InputError(path, "is empty", "a model.onnx made by train", "train it again")
    session = _session(path, cores)
    card = _card(path, session)
    filters = card["filters"]
    stride = int(card.get("stride", 2 ** (len(filters) - 1)))
    return FeatureModel(
        session=session,
        pixel_m=float(card["pixel_m"]),
        stride=stride,
        halo=-(-int(card.get("halo", 6 * stride)) // stride) * stride,
        width=int(card.get("width", filters[0])),
        card=card,
        classes=tuple(card["classes"]),
        identity=f"{card.get('name', path.stem)}-{path_digest(path)[0][:8]}",
    )


def _session(path: Path, cores: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = cores
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    # Threads that wait busily take a quarter more of the processor and are no faster where it is shared.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        reason = str(error).splitlines()[0][:120]
        raise InputError(path, f"is no ONNX model ({reason})", "a model.onnx made by train") from None


def _card(path: Path, session: Any) -> dict[str, Any]:
    """What the model says of itself, checked."""
    text = session.get_modelmeta().custom_metadata_map.get(KEY, "")
    try:
        card = json.loads(text)
        filters = [int(number) for number in card["filters"]]
        classes = [str(name) for name in card["classes"]]
        fits = (
            (classes[0], classes[-1]) == (CLASSES[0], CLASSES[-1])
            and 3 <= len(set(classes)) == len(classes) < 255
            and 0.01 < float(card["pixel_m"]) < 10
            and 2 <= len(filters) <= 6
        )
    except (ValueError, KeyError, TypeError, IndexError):
        fits = False
    shape = session.get_inputs()[0].shape
    if not fits or session.get_inputs()[0].name != "nt" or len(shape) != 4:
        raise InputError(path, "does not say what it was trained for", "a model.onnx made by train")
    given = session.get_outputs()[0].shape[1]
    if isinstance(given, int) and given != len(classes):
        raise InputError(
            path, f"names {len(classes)} classes and gives {given}", "a model.onnx made by train"
        )
    return dict(card)
