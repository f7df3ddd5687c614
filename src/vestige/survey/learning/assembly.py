"""Several trained models as one file: ensembles, mirrored views, and the form that other programs take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vestige.capture.durable import write_atomically
from vestige.contract import Context, Inputs, Kind, Outcome, Product, Recipe
from vestige.errors import InputError
from vestige.survey.learning.export import OPSET, onnx_package, with_metadata
from vestige.survey.mapping.model import KEY, load_model
from vestige.survey.recipe import ExportRecipe

__all__ = ["assemble"]

#: What members of an ensemble must have in common.
SHARED = ("classes", "pixel_m")


def assemble(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """One ONNX file of one or more models (the mean of their probabilities), ready to predict or to share.

    Members are, for instance, the models of all folds of the sites (Lakshminarayanan et al. 2017). With
    ``flips`` each also sees its input mirrored from east to west, the only mirroring that is lawful on a
    magnetogram. ``greyscale`` puts the scaling to nT in front and writes the metadata that the QGIS plugin
    Deepness reads.

    Raises
    ------
    InputError : a file is no model, or the models do not go together.
    MissingError : the package onnx is not installed.
    """
    chosen = ExportRecipe.model_validate(recipe.model_dump())
    paths = [product.path for product in inputs.products("model")]
    cards = [load_model(path).card for path in paths]
    for path, card in zip(paths, cards, strict=True):
        for name in SHARED:
            if card[name] != cards[0][name]:
                raise InputError(path, f"has {name} {card[name]}", f"{cards[0][name]} as the first model")
    model = _merged(paths, chosen, cards[0])
    card = _card(cards, chosen)
    metadata = {KEY: card, **(_deepness(card) if chosen.takes == "greyscale" else {})}
    target = context.output / "model.onnx"
    write_atomically(target, with_metadata(model, metadata))
    measured = {
        "members": len(paths),
        "views": len(paths) * (2 if chosen.flips else 1),
        "megabytes": round(target.stat().st_size / 1e6, 3),
        "opset": OPSET,
    }
    return Outcome([Product("model", Kind.MODEL, target, card)], measured)


def _merged(paths: Sequence[Path], recipe: ExportRecipe, card: dict[str, Any]) -> Any:
    """A graph that gives its input to every member, and the mean of what they answer."""
    onnx = onnx_package()
    helper, graphs = onnx.helper, [onnx.load(path) for path in paths]
    nodes, constants, answers = [], [], []
    source = "nt"
    if recipe.takes == "greyscale":
        constants += [
            helper.make_tensor("grey_step", 1, [], [card["high_nt"] - card["low_nt"]]),
            helper.make_tensor("grey_low", 1, [], [card["low_nt"]]),
        ]
        nodes += [
            helper.make_node("Mul", ["nt", "grey_step"], ["grey_scaled"]),
            helper.make_node("Add", ["grey_scaled", "grey_low"], ["nanotesla"]),
        ]
        source = "nanotesla"
    if recipe.flips:
        constants += [
            helper.make_tensor(f"flip_{name}", 7, [1], [value])
            for name, value in (("start", -1), ("stop", -(2**62)), ("axis", 3), ("step", -1))
        ]
    for number, model in enumerate(graphs):
        if recipe.temperature != 1:
            _cool(paths[number], model.graph, recipe.temperature)
        for mirrored in (False, True) if recipe.flips else (False,):
            prefix = f"member{number}{'_mirrored' if mirrored else ''}/"
            entry = f"{prefix}seen"
            nodes.append(
                _flip(source, entry) if mirrored else helper.make_node("Identity", [source], [entry])
            )
            # Both views of a member share its weights: those are named without the view.
            weights = {item.name for item in model.graph.initializer}
            rename = {name: f"member{number}/{name}" for name in weights} | {"nt": entry}
            nodes += [_renamed(node, rename, prefix) for node in model.graph.node]
            answers.append(f"{prefix}probabilities")
            if mirrored:
                nodes.append(_flip(answers[-1], f"{prefix}turned"))
                answers[-1] = f"{prefix}turned"
        for item in model.graph.initializer:
            item.name = f"member{number}/{item.name}"
            constants.append(item)
    nodes.append(helper.make_node("Mean", answers, ["probabilities"]))
    given, answered = (
        helper.make_tensor_value_info(name, 1, ["tiles", channels, "height", "width"])
        for name, channels in (("nt", 1), ("probabilities", len(card["classes"])))
    )
    graph = helper.make_graph(nodes, "vestige", [given], [answered], constants)
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=graphs[0].ir_version
    )


def _cool(path: Path, graph: Any, temperature: float) -> None:
    """Divide the logits of a model by a temperature (Guo et al. 2017) before its softmax; the likeliest class
    stays.
    """
    helper, last = onnx_package().helper, graph.node[-1]
    if last.op_type != "Softmax" or list(last.output) != ["probabilities"]:
        raise InputError(
            path,
            "does not end in a softmax",
            "a model.onnx made by train",
            "set the temperature of its members",
        )
    graph.initializer.append(helper.make_tensor("coldness", 1, [], [1 / temperature]))
    logits = last.input[0]
    last.input[0] = "cooled"
    graph.node.insert(len(graph.node) - 1, helper.make_node("Mul", [logits, "coldness"], ["cooled"]))


def _flip(source: str, target: str) -> Any:
    names = [source, "flip_start", "flip_stop", "flip_axis", "flip_step"]
    return onnx_package().helper.make_node("Slice", names, [target])


def _renamed(node: Any, rename: dict[str, str], prefix: str) -> Any:
    """A node whose names are the member's own."""
    copy = type(node)()
    copy.CopyFrom(node)
    copy.name = prefix + node.name
    copy.input[:] = [rename.get(name, prefix + name) if name else "" for name in node.input]
    copy.output[:] = [prefix + name for name in node.output]
    return copy


def _card(cards: Sequence[dict[str, Any]], recipe: ExportRecipe) -> dict[str, Any]:
    """The first member's card, with what holds for all of them."""
    stride = max(_stride(card) for card in cards)
    return {
        **cards[0],
        "members": [
            {key: card.get(key) for key in ("network", "filters", "seed", "validation")} for card in cards
        ],
        "flips": recipe.flips,
        "temperature": round(recipe.temperature * float(cards[0].get("temperature", 1.0)), 4),
        "takes": recipe.takes,
        "stride": stride,
        "halo": max(int(card.get("halo", 6 * _stride(card))) for card in cards),
        "width": max(int(card.get("width", card["filters"][0])) for card in cards),
    }


def _stride(card: dict[str, Any]) -> int:
    return int(card.get("stride", 2 ** (len(card["filters"]) - 1)))


def _deepness(card: dict[str, Any]) -> dict[str, Any]:
    """The properties that Deepness reads: kind, classes, centimetres a pixel, and how tiles overlap."""
    return {
        "model_type": "Segmentor",
        "class_names": {str(number): name for number, name in enumerate(card["classes"])},
        "resolution": 100 * card["pixel_m"],
        "tile_size": 512,
        "tiles_overlap": 20,
        "seg_thresh": 0.5,
    }
