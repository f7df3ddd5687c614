"""Grades of measured figures by a standard: one a criterion, and one over all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from vestige.errors import UsageError
from vestige.quality.measures.report import Measured

__all__ = ["CriterionGrade", "Graded", "graded", "standards"]


class Criterion(BaseModel):
    """One line of a standard: the limits of each grade, and where they were read.

    ``limits`` are [least, most] by grade, null where there is none; a grade left out asks for nothing.
    ``strict``: the limit itself does not do ('< 2', not '<= 2'). ``verified``: read in the standard itself
    or on a page of its authors; false for a secondary source.
    """

    model_config = ConfigDict(extra="forbid")
    measure: str
    title: str
    limits: dict[str, tuple[float | None, float | None]]
    source: str
    verified: bool
    strict: bool = False

    def keeps(self, grade: str, value: float) -> bool:
        """Whether a value is good enough for a grade."""
        least, most = self.limits.get(grade, (None, None))
        if self.strict and value in (least, most):
            return False
        return (least is None or value >= least) and (most is None or value <= most)


class Standard(BaseModel):
    """A standard as its data file tells it; grades from the best on."""

    model_config = ConfigDict(extra="forbid")
    name: str
    title: str
    grades: list[str]
    criteria: list[Criterion]


@dataclass(frozen=True)
class CriterionGrade:
    """The grade of one figure; '' where it is worse than the lowest grade."""

    measure: str
    title: str
    value: float
    grade: str
    source: str
    verified: bool


@dataclass(frozen=True)
class Graded:
    """The grades by one standard.

    Attributes
    ----------
    standard, title : its name here, and its own.
    overall : the lowest of all grades; '' where a figure reaches none, or nothing was measured.
    criteria : the grade of every figure that was measured.
    missing : titles of what the standard asks for and nobody measured: `overall` holds without them.
    unverified : titles of criteria whose limits were read in a secondary source only.
    """

    standard: str
    title: str
    overall: str
    criteria: tuple[CriterionGrade, ...]
    missing: tuple[str, ...]
    unverified: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """What a JSON report tells of it."""
        return asdict(self)


def standards() -> tuple[str, ...]:
    """Names of the standards that are known.

    >>> standards()
    ('fadgi', 'iso-19264-1', 'metamorfoze')
    """
    names = (file.name for file in files("vestige.quality.grading").iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


@lru_cache(maxsize=8)
def standard(name: str) -> Standard:
    """A standard by its name; a UsageError where there is none."""
    if name not in standards():
        raise UsageError(f"there is no standard {name!r}: name one of {', '.join(standards())}")
    text = files("vestige.quality.grading").joinpath(f"{name}.json").read_text(encoding="utf-8")
    return Standard.model_validate(json.loads(text))


def graded(measures: Iterable[Measured] | Mapping[str, float], name: str) -> Graded:
    """Grade figures by a standard.

    Of a figure that was measured at several places, the worst counts.

    Parameters
    ----------
    measures : what was measured, or figures by the names of `vestige.quality.measures.report.NAMES`.
    name : 'iso-19264-1', 'fadgi' or 'metamorfoze'.

    Raises
    ------
    UsageError : there is no such standard.

    >>> found = graded({"delta_e_2000_mean": 1.4, "noise_l": 1.5}, "fadgi")
    >>> found.overall, [one.grade for one in found.criteria]
    ('3-star', ['4-star', '3-star'])
    """
    asked = standard(name)
    values: dict[str, list[float]] = {}
    if isinstance(measures, Mapping):
        values = {key: [value] for key, value in measures.items()}
    else:
        for one in measures:
            values.setdefault(one.name, []).append(one.value)
    found = tuple(
        _worst(item, asked, values[item.measure]) for item in asked.criteria if item.measure in values
    )
    ranks = [_rank(asked, one.grade) for one in found]
    overall = "" if not found or max(ranks) == len(asked.grades) else asked.grades[max(ranks)]
    return Graded(
        asked.name,
        asked.title,
        overall,
        found,
        tuple(item.title for item in asked.criteria if item.measure not in values),
        tuple(item.title for item in asked.criteria if not item.verified),
    )


def _worst(item: Criterion, asked: Standard, values: list[float]) -> CriterionGrade:
    """The lowest grade of several values."""
    grades = [next((grade for grade in asked.grades if item.keeps(grade, value)), "") for value in values]
    rank, value = max(zip((_rank(asked, grade) for grade in grades), values, strict=True))
    grade = asked.grades[rank] if rank < len(asked.grades) else ""
    return CriterionGrade(item.measure, item.title, value, grade, item.source, item.verified)


def _rank(asked: Standard, grade: str) -> int:
    return asked.grades.index(grade) if grade else len(asked.grades)
