"""Kinds of ground: how much of what a survey meets on chalk, on gravel, on igneous rock, beside a town.

The ranges are ours, set after the surveys of Schmidt et al. (2020) and Aspinall, Gaffney & Schmidt (2008);
they are wide on purpose: a model that has seen very different ground errs less on ground that it has not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log

from numpy.random import Generator

__all__ = ["GROUND_KINDS", "GroundKind", "draw_kind", "log_uniform"]

Range = tuple[float, float]


@dataclass(frozen=True)
class GroundKind:
    """Ranges and rates of one kind of ground; counts are means a hectare, shares are probabilities a site.

    `contrast` multiplies what was dug; `texture` and `furrow` are deviations of the topsoil (SI),
    `rock` that of magnetic rock below, between two depths drawn from `rock_top` (m).
    """

    name: str
    contrast: Range = (0.6, 2.2)
    texture: Range = (1.5e-5, 2.5e-4)
    exponent: Range = (-2.5, -1.0)
    diameters: Range = (8.0, 30.0)
    iron: Range = (3.0, 150.0)
    rubble: float = 0.02
    furrows: float = 0.4
    furrow: Range = (2e-5, 1.5e-4)
    spacing: Range = (5.0, 11.0)
    ditches: float = 3.0
    enclosures: float = 0.6
    pits: float = 25.0
    hollows: float = 4.0
    boundaries: float = 0.5
    walls: float = 0.2
    channels: float = 0.1
    dykes: float = 0.0
    kilns: float = 0.15
    drains: float = 0.15
    pipes: float = 0.04
    fences: float = 0.08
    cracks: float = 0.05
    crack: Range = (5e-5, 4e-4)
    rock: Range = (0.0, 0.0)
    rock_top: Range = (0.6, 3.0)


_ARABLE = GroundKind("arable")
#: The kinds that a simulated site can be of.
GROUND_KINDS: dict[str, GroundKind] = {
    kind.name: kind
    for kind in (
        _ARABLE,
        replace(
            _ARABLE, name="chalk", contrast=(0.7, 2.5), texture=(8e-6, 6e-5), pits=40, hollows=12,
            cracks=0.2, crack=(3e-5, 2e-4), drains=0.0, furrows=0.2, diameters=(8, 36),
        ),
        replace(
            _ARABLE, name="gravel", contrast=(0.5, 1.6), channels=1.0, cracks=0.5, pits=40, enclosures=1.0,
            ditches=5, texture=(2e-5, 1.5e-4), exponent=(-2.0, -1.0),
        ),
        replace(
            _ARABLE, name="clay", contrast=(0.3, 1.0), drains=0.8, furrows=0.85, furrow=(5e-5, 3e-4),
            texture=(2e-5, 2e-4), boundaries=1.2,
        ),
        replace(
            _ARABLE, name="limestone", contrast=(0.8, 3.0), texture=(2e-5, 2e-4), cracks=0.6,
            crack=(1e-4, 8e-4), walls=1.0, hollows=15, furrows=0.3,
        ),
        replace(
            _ARABLE, name="sand", contrast=(0.2, 0.8), texture=(4e-6, 4e-5), iron=(1, 40), channels=0.3,
            hollows=10, furrows=0.2, cracks=0.15, crack=(2e-5, 1e-4),
        ),
        replace(
            _ARABLE, name="loess", contrast=(0.8, 2.2), texture=(1e-5, 1e-4), pits=60, ditches=4,
            channels=0.4, furrows=0.15, diameters=(8, 40),
        ),
        replace(
            _ARABLE, name="alluvium", contrast=(0.2, 0.9), channels=2.5, texture=(2e-5, 3e-4),
            exponent=(-2.5, -1.6), drains=0.4, cracks=0.0,
        ),
        replace(
            _ARABLE, name="igneous", contrast=(0.8, 4.0), texture=(1e-4, 8e-4), rock=(2e-4, 4e-3), dykes=0.6,
            walls=0.8, cracks=0.3, crack=(1e-4, 1e-3), exponent=(-2.2, -1.0),
        ),
        replace(
            _ARABLE, name="till", contrast=(0.5, 1.8), texture=(5e-5, 5e-4), exponent=(-1.6, -0.8),
            hollows=20, rock=(0.0, 3e-4), rock_top=(0.4, 2.0), drains=0.5,
        ),
        replace(
            _ARABLE, name="urban-fringe", iron=(80, 700), rubble=0.7, pipes=0.5, fences=0.6, walls=1.0,
            drains=0.3, kilns=0.4, furrows=0.25,
        ),
        replace(
            _ARABLE, name="upland", contrast=(0.4, 1.8), furrows=0.95, furrow=(6e-5, 5e-4),
            spacing=(2.5, 9.0), walls=1.2, boundaries=1.5, iron=(1, 40), rock=(0.0, 5e-4),
            diameters=(6, 24), pits=10,
        ),
        replace(
            _ARABLE, name="settlement", ditches=12, enclosures=3.0, pits=140, walls=0.6, kilns=1.0,
            diameters=(6, 20), boundaries=1.0,
        ),
    )
}  # fmt: skip


def draw_kind(random: Generator, kinds: tuple[str, ...] = ()) -> GroundKind:
    """Draw a kind of ground, from some of them or from all.

    >>> import numpy as np
    >>> draw_kind(np.random.default_rng(0), ("chalk",)).name
    'chalk'
    """
    names = kinds or tuple(GROUND_KINDS)
    return GROUND_KINDS[names[int(random.integers(len(names)))]]


def log_uniform(random: Generator, bounds: Range) -> float:
    """A number between two bounds, its logarithm evenly spread; from a lower bound of 0 it is even.

    >>> import numpy as np
    >>> 1 <= log_uniform(np.random.default_rng(0), (1, 10)) <= 10
    True
    """
    low, high = bounds
    return float(exp(random.uniform(log(low), log(high))) if low > 0 else random.uniform(low, high))
