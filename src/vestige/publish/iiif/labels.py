"""Words in both languages, as IIIF wants them: a language, and what is said in it."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "de")
Labels = dict[str, list[str]]


@lru_cache(maxsize=4)
def _words(language: str) -> dict[str, str]:
    path = files("vestige.publish") / "languages" / f"{language}.json"
    found: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return found


def said(word: str, **parts: Any) -> Labels:
    """A word of ours in every language.

    >>> said("depth")
    {'en': ['depth'], 'de': ['Tiefe']}
    """
    return {language: [_words(language)[word].format(**parts)] for language in LANGUAGES}


def own(text: str) -> Labels:
    """A text as it was written, in whatever language that is.

    >>> own("Psalter")
    {'none': ['Psalter']}
    """
    return {"none": [text]}


def with_kind(name: str, kind: str) -> Labels:
    """The name of a product, with the word for its kind where the name does not say it.

    >>> with_kind("sharp", "image")["de"]
    ['sharp (Bild)']
    """
    plain = name.replace("_", " ")
    told = {language: _words(language).get(kind, kind) for language in LANGUAGES}
    return {
        language: [plain if word.lower() == plain.lower() else f"{plain} ({word})"]
        for language, word in told.items()
    }
