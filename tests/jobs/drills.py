"""A technique for drills: it counts, sleeps, fails, dies or takes memory, as its recipe says."""

import os
import signal
import sys
import time
from pathlib import Path

from vestige.capture import Capture, Frame, save
from vestige.contract import (
    ForwardModel,
    Input,
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


class Drill(Recipe):
    parts: int = setting(2, "How many parts the work has", ge=0)
    seconds: float = setting(0.0, "How long each part takes", unit="s", ge=0)
    deed: str = setting("", "What goes wrong: raise, refuse, kill, abort, exit, memory, deaf, grow")
    diary: str = setting("", "A file that each part is noted in as it is done")
    number: int = setting(0, "Tells one drill from another")


def _part(recipe, number):
    end = time.monotonic() + recipe.seconds
    while time.monotonic() < end:
        time.sleep(min(0.02, recipe.seconds))
    if recipe.diary:
        with open(recipe.diary, "a") as stream:
            stream.write(f"{recipe.number} {number} {os.getpid()}\n")
    return number


def _misdeed(deed):
    print("about to", deed, file=sys.stderr)
    if deed == "raise":
        raise ValueError("a mistake in the program")
    if deed == "refuse":
        raise InputError("a.tif", "is empty", "a TIFF image")
    if deed == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if deed == "abort":
        os.abort()
    if deed == "exit":
        os._exit(3)
    if deed == "memory":
        return bytes(64 * 2**30)
    if deed == "grow":
        held = [bytearray(os.urandom(2**20)) * 8 for _ in range(40) if not time.sleep(0.02)]
        time.sleep(2)
        return held
    if deed == "deaf":
        time.sleep(60)
    return None


def run(inputs, recipe, context):
    numbers = []
    for number in range(recipe.parts):
        numbers.append(context.part(f"part/{number}", _part, recipe, number))
        context.progress(number + 1, recipe.parts, "parts")
    if recipe.deed:
        _misdeed(recipe.deed)
    (context.output / "table.csv").write_text("number\n" + "".join(f"{number}\n" for number in numbers))
    return Outcome([Product("table", Kind.TABLE, Path("table.csv"))], {"parts": len(numbers)})


def make(recipe, folder, seed):
    (folder / "a.txt").write_text(str(seed))
    save(Capture(frames=[Frame(file="a.txt")]).at(folder), folder)
    return Capture(frames=[Frame(file="a.txt")]).at(folder)


technique = Technique(
    "drill",
    "Drill",
    "Goes wrong on request",
    ForwardModel(Recipe, make),
    (
        Operation(
            "run",
            "Count parts",
            Drill,
            (Input(optional=True),),
            (Output("table", Kind.TABLE, "table.csv"),),
            run,
        ),
        Operation(
            "again",
            "Count parts, after another",
            Drill,
            (Input("table", Kind.TABLE, many=True),),
            (Output("table", Kind.TABLE, "table.csv"),),
            run,
        ),
    ),
)
if "drill" not in ADDED:
    register(technique)
