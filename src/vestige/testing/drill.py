"""A technique for drills: it counts, sleeps, fails, dies or takes memory, as its recipe says.

It is not registered by being imported: `make_known` does that.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from vestige.capture import Capture, Frame, save
from vestige.contract import (
    Context,
    ForwardModel,
    Input,
    Inputs,
    Kind,
    Operation,
    Outcome,
    Output,
    Product,
    Recipe,
    Technique,
    setting,
)
from vestige.contract.names import ADDED
from vestige.contract.registry import register
from vestige.errors import InputError

Deed = Literal["", "raise", "refuse", "kill", "abort", "exit", "memory", "grow", "deaf", "chatter"]


class Drill(Recipe):
    """What a drill does."""

    parts: int = setting(2, "How many parts the work has", ge=0)
    seconds: float = setting(0.0, "How long each part takes", unit="s", ge=0)
    deed: Deed = setting("", "What goes wrong once the parts are done")
    diary: str = setting("", "A file in which each part is noted as it is done")
    number: int = setting(0, "Tells one drill from another")


def _part(recipe: Drill, number: int) -> int:
    end = time.monotonic() + recipe.seconds
    _note(recipe, "begin", number)
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(0.02, left))
    _note(recipe, "end", number)
    return number


def _note(recipe: Drill, what: str, number: int) -> None:
    if recipe.diary:
        line = {"drill": recipe.number, "part": number, "what": what, "pid": os.getpid(), "at": time.time()}
        with open(recipe.diary, "a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _refuse() -> None:
    raise InputError("a.tif", "is empty", "a TIFF image")


def _raise() -> None:
    raise ValueError("a mistake in the program")


def _grow() -> None:
    held = []
    for _ in range(60):
        held.append(b"\x01" * 2**25)
        time.sleep(0.02)
    time.sleep(3)
    held.clear()


DEEDS: dict[str, Callable[[], Any]] = {
    "raise": _raise,
    "refuse": _refuse,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "abort": os.abort,
    "exit": lambda: os._exit(3),
    "memory": lambda: bytearray(2**40),
    "grow": _grow,
    "deaf": lambda: time.sleep(120),
    "chatter": lambda: sys.stderr.write("chatter " * 2**20),
}


def run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Count parts; then do what the recipe says."""
    assert isinstance(recipe, Drill)
    numbers = []
    for number in range(recipe.parts):
        numbers.append(context.part(f"part/{number}", _part, recipe, number))
        context.progress(number + 1, recipe.parts, "parts")
    if recipe.deed:
        sys.stderr.write(f"about to {recipe.deed}\n")
        DEEDS[recipe.deed]()
    rows = [f"{number}\n" for number in numbers]
    (context.output / "table.csv").write_text("".join(["number\n", *rows]))
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return Outcome(
        [Product("table", Kind.TABLE, Path("table.csv"))],
        {"parts": len(numbers), "cores": len(cores), "taken": sum(map(len, inputs.values()))},
    )


def make(_recipe: Recipe, folder: Path, seed: int) -> Capture:
    """A capture of one small file."""
    (folder / "a.txt").write_text(str(seed))
    capture = Capture(frames=[Frame(file="a.txt")]).at(folder)
    save(capture, folder)
    return capture


_TABLE = (Output("table", Kind.TABLE, "table.csv"),)

technique = Technique(
    "drill",
    "Drill",
    "Goes wrong on request",
    ForwardModel(Recipe, make),
    (
        Operation("run", "Count parts", Drill, (Input(optional=True),), _TABLE, run),
        Operation("again", "Count once more", Drill, (Input("table", Kind.TABLE, many=True),), _TABLE, run),
    ),
)


def make_known() -> None:
    """Register the drill in this process; workers are told to (``vestige.testing.drill:make_known``)."""
    if technique.name not in ADDED:
        register(technique)
