"""The toy technique, and another of the same shape whose run fails; workers import this too."""

import sys
from dataclasses import replace
from pathlib import Path

from vestige.contract.registry import register
from vestige.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
from toy import toy


def fail(inputs, recipe, context):
    raise InputError("0.tif", "is cut off")


broken = replace(
    toy,
    name="broken",
    operations=(replace(toy.operations[0], run=fail),),
    forward=replace(
        toy.forward, make=lambda recipe, folder, seed: toy.forward.make(recipe, folder, seed + 1)
    ),
)


def known():
    register(broken)
    register(toy)
