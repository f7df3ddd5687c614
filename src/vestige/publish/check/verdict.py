"""One verdict for a volume by the rules of a profile, as sentences, JSON and a page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from vestige.errors import UsageError
from vestige.publish.check.rules import RULES, Rule, State
from vestige.publish.check.volume import Volume
from vestige.quality.measures.report import Measured

__all__ = ["RuleVerdict", "Verdict", "check", "profiles"]


class _Profile(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    rules: list[Rule]


@dataclass(frozen=True)
class RuleVerdict:
    """How a volume stands by one rule: 'passed', 'failed', or 'unknown' where nothing proves either."""

    rule: str
    state: State
    sentence: str
    source: str
    verified: bool
    required: bool = True


@dataclass(frozen=True)
class Verdict:
    """How a volume stands by a profile.

    It passes where every required rule does: what is not proven does not pass.
    """

    volume: str
    profile: str
    title: str
    pages: int
    passed: bool
    rules: tuple[RuleVerdict, ...]

    @property
    def summary(self) -> str:
        """The verdict in one sentence."""
        counts = [
            f"{count} {word}"
            for state, word in (("failed", "not met"), ("unknown", "not proven"))
            if (count := sum(one.state == state and one.required for one in self.rules))
        ]
        said = "passes" if self.passed else f"does not pass ({', '.join(counts)} of {len(self.rules)} rules)"
        return f"{self.volume}: {self.pages} pages, {said}: {self.title}"

    def plain(self) -> dict[str, Any]:
        """What a JSON report tells of it."""
        return {**asdict(self), "summary": self.summary}

    def page(self) -> str:
        """The verdict as one HTML page, readable anywhere."""
        text: str = _template().render(verdict=self)
        return text


def profiles() -> tuple[str, ...]:
    """Names of the profiles.

    >>> profiles()
    ('dfg', 'fadgi-4', 'iso-19264-a', 'metamorfoze')
    """
    names = (file.name for file in files("vestige.publish.check").joinpath("requirements").iterdir())
    return tuple(sorted(name.removesuffix(".json") for name in names if name.endswith(".json")))


def check(volume: Volume, profile: str, measures: Iterable[Measured] = ()) -> Verdict:
    """Hold a volume to the rules of a profile.

    Parameters
    ----------
    volume : as `read_volume` or `kept_volume` gives it.
    profile : 'dfg', 'fadgi-4', 'metamorfoze' or 'iso-19264-a'.
    measures : what was measured on the targets of the volume; without them the rules that need them are
        'unknown'.

    Raises
    ------
    UsageError : there is no such profile.
    """
    if profile not in profiles():
        raise UsageError(f"there is no profile {profile!r}: name one of {', '.join(profiles())}")
    text = files("vestige.publish.check").joinpath(f"requirements/{profile}.json").read_text(encoding="utf-8")
    asked, known = _Profile.model_validate(json.loads(text)), list(measures)
    faults = [page.fault for page in volume.pages if page.fault]
    found = []
    if faults:
        found.append(
            RuleVerdict("readable", "failed", "; ".join(faults[:3]), "Vestige's own rule", verified=True)
        )
    for rule in asked.rules:
        state, sentence = RULES[rule.rule](volume, rule, known)
        found.append(RuleVerdict(rule.rule, state, sentence, rule.source, rule.verified, rule.required))
    passed = all(one.state == "passed" for one in found if one.required)
    return Verdict(volume.name, profile, asked.title, len(volume.pages), passed, tuple(found))


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("vestige.publish.check", "templates"), autoescape=True)
    return environment.get_template("verdict.html")
