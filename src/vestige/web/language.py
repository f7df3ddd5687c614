"""The words of the page in the languages it speaks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

from fastapi import Request

LANGUAGES = {"en": "English", "de": "Deutsch"}
COOKIE = "language"


@lru_cache(maxsize=8)
def catalogue(language: str) -> Mapping[str, str]:
    """All words in a language, by their key: the first page's, then each area's.

    >>> catalogue("de")["captures"]
    'Aufnahmen'
    """
    folder = files("vestige.web") / "languages"
    words: dict[str, str] = json.loads((folder / f"{language}.json").read_text(encoding="utf-8"))
    for area in sorted(folder.iterdir(), key=lambda item: item.name):
        if area.name.endswith(f".{language}.json"):
            words |= json.loads(area.read_text(encoding="utf-8"))
    return words


def language_of(request: Request) -> str:
    """The language a person chose, else the first one the browser asks for that we speak, else English."""
    chosen = request.cookies.get(COOKIE, "")
    return chosen if chosen in LANGUAGES else accepted(request.headers.get("accept-language", ""))


def accepted(header: str) -> str:
    """The best of our languages for an Accept-Language header.

    >>> accepted("fr, de-AT;q=0.8, en;q=0.5")
    'de'
    """
    asked = []
    for place, part in enumerate(header.split(",")[:20]):
        name, _, quality = part.strip().partition(";q=")
        try:
            asked.append((-float(quality or 1), place, name.split("-")[0].lower()))
        except ValueError:
            continue
    return next((name for weight, _, name in sorted(asked) if weight < 0 and name in LANGUAGES), "en")
