"""What is asked of the collection, and what is shown of what was found."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query
from sqlalchemy import Engine

from vestige.archive import facet_counts, search
from vestige.archive.catalogue import size
from vestige.archive.embargo import hidden_counts
from vestige.archive.gallery import Holding, holdings_of

#: Objects on a page, and how many matches the counts beside a search look at.
PAGE, COUNTED = 24, 600
#: The fields to choose by, in the order they are offered.
FIELDS = ("kind", "project", "collection", "person", "place", "institution", "taxon", "collector")
#: Values offered for each field.
OFFERED = 7
_Short = Annotated[str, Query(max_length=300)]


@dataclass(frozen=True)
class Question:
    """What a person asked: words, chosen fields, and where the page begins."""

    words: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    after: int | None = None

    @property
    def asked(self) -> bool:
        """Whether anything was asked at all."""
        return bool(self.words.strip() or self.fields)

    @property
    def begins(self) -> bool:
        """Whether the last word may be the beginning of a longer one, as it is while a person types."""
        return self.words[-3:].isalnum() and len(self.words) >= 3

    def address(self, **changed: str) -> str:
        """The address of this question with fields changed; an empty value takes a field away.

        >>> Question("jug", {"place": "Rome"}).address(place="", kind="mesh")
        '/?q=jug&kind=mesh'
        """
        fields = {name: value for name, value in ({**self.fields, **changed}).items() if value}
        told = ({"q": self.words} if self.words.strip() else {}) | fields
        return f"/?{urlencode(told)}" if told else "/"

    def next(self, after: int) -> str:
        """The address of the page that begins after an object."""
        here = replace(self, after=None).address()
        return f"{here}{'&' if '?' in here else '?'}after={after}"


def question(
    q: _Short = "",
    kind: _Short = "",
    project: _Short = "",
    collection: _Short = "",
    person: _Short = "",
    place: _Short = "",
    institution: _Short = "",
    taxon: _Short = "",
    collector: _Short = "",
    date: _Short = "",
    after: Annotated[int | None, Query(ge=0, le=2**62)] = None,
) -> Question:
    """The question that an address holds."""
    told = {"kind": kind, "project": project, "collection": collection, "person": person, "place": place}
    told |= {"institution": institution, "taxon": taxon, "collector": collector, "date": date}
    fields = {name: value.strip() for name, value in told.items() if value.strip() and _wordy(value)}
    return Question(q.strip() if _wordy(q) else "", fields, after)


def _wordy(value: str) -> bool:
    """Whether there is anything to look for: a comma alone is no question."""
    return any(letter.isalnum() for letter in value) and "\0" not in value


@dataclass(frozen=True)
class Choice:
    """A value of a field that narrows the search: how many objects have it, and its address."""

    value: str
    count: str
    address: str
    mark: str
    chosen: bool = False


@dataclass(frozen=True)
class Found:
    """A page of objects with what each holds, and what narrows the search."""

    objects: list[dict[str, Any]]
    holdings: Mapping[int, Holding]
    more: str
    choices: Mapping[str, list[Choice]]
    whole: bool
    total: str


def found(engine: Engine, asked: Question, day: date | None = None) -> Found:
    """The page that answers a question; where no object has the last word, those with longer ones.

    With a `day` only what is public on it is found and counted.
    """
    look = partial(search.search, engine, fields=asked.fields, after=asked.after, limit=PAGE, public_on=day)
    listed = look(asked.words)
    if not listed.objects and asked.begins:
        asked = replace(asked, words=f"{asked.words}*")
        listed = look(asked.words)
    numbers = [item["id"] for item in listed.objects]
    counted = facet_counts(
        engine, asked.words, fields=asked.fields, most=OFFERED, first=COUNTED, public_on=day
    )
    return Found(
        listed.objects,
        holdings_of(engine, numbers),
        asked.next(listed.after) if listed.after is not None else "",
        {name: _choices(asked, name, counted.values.get(name, {})) for name in FIELDS},
        counted.whole,
        grouped(size(engine) - (hidden_counts(engine, day)[""][""] if day else 0)),
    )


def _choices(asked: Question, name: str, values: Mapping[str, int]) -> list[Choice]:
    chosen = asked.fields.get(name)
    if chosen is not None:
        return [Choice(chosen, "", asked.address(**{name: ""}), _mark(name, chosen), chosen=True)]
    return [
        Choice(value, grouped(count), asked.address(**{name: value}), _mark(name, value))
        for value, count in values.items()
    ]


def grouped(number: int) -> str:
    """A number in groups of three, as both languages read it; empty for none.

    >>> grouped(1000000) == "1\u202f000\u202f000"
    True
    """
    return f"{number:,}".replace(",", "\u202f") if number else ""


def _mark(name: str, value: str) -> str:
    """A name for the place of a choice on the page, the same after each answer, so that focus stays on it."""
    return f"by-{name}-{hashlib.sha256(value.encode()).hexdigest()[:10]}"
