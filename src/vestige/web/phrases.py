"""What errors say, in the language of the page.

Errors are raised in English, as one sentence. Each language has a table of such sentences as templates:
``{}`` stands for what was put in while the program ran, and ``{2}`` in the translation for the second of
these, where they do not stand in the same order. ``tools/phrases.py`` reads the templates from the source,
so that a test finds each one that is not translated. A sentence that no template fits stays English.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

#: What InputError puts between its parts.
_EXPECTED, _ACTION = "; expected ", ": "
_WANTED = {"de": "; erwartet wird "}
#: A sentence this long is not looked up, and parts within parts are looked up so deep.
_LONGEST, _DEEPEST = 2000, 4


@dataclass(frozen=True)
class _Phrase:
    """A template: what it looks like, the longest words in it, and its translation."""

    pattern: re.Pattern[str]
    words: str
    translation: str

    def parts(self, sentence: str) -> tuple[str, ...] | None:
        """What stands where the template leaves room; None where it does not fit."""
        found = self.pattern.fullmatch(sentence) if self.words in sentence else None
        return found.groups() if found else None


def said(sentence: str, language: str) -> str:
    """The sentence of an error in a language.

    >>> said("coin.tif is empty; expected a TIFF image", "en")
    'coin.tif is empty; expected a TIFF image'
    >>> said("job 7 has no result to keep", "de")
    'Auftrag 7 hat kein Ergebnis, das aufbewahrt werden könnte'
    """
    if not _table(language) or not sentence or len(sentence) > _LONGEST:
        return sentence
    return _said(sentence, language, _DEEPEST) or sentence


def _said(sentence: str, language: str, deep: int) -> str:
    """The sentence in a language; empty where no template fits."""
    if not deep:
        return ""
    for phrase in _table(language):
        if (parts := phrase.parts(sentence)) is not None:
            told = [_said(part, language, deep - 1) or part for part in parts]
            return _filled(phrase.translation, told)
    return _in_parts(sentence, language, deep - 1)


def _in_parts(sentence: str, language: str, deep: int) -> str:
    """A sentence whose parts come from different places: each part that is known is said."""
    head, expected, tail = sentence.partition(_EXPECTED)
    if expected and (told := _said(head, language, deep)):
        return f"{told}{_WANTED[language]}{_said(tail, language, deep) or tail}"
    head, action, tail = sentence.partition(_ACTION)
    if action:
        first, rest = _said(head, language, deep), _said(tail, language, deep)
        if first or rest:
            return f"{first or head}{_ACTION}{rest or tail}"
    for place in [found.start() for found in re.finditer(" ", sentence)][:6]:
        if told := _exactly(sentence[place + 1 :], language):
            return f"{sentence[:place]} {told}"
    return ""


def _exactly(text: str, language: str) -> str:
    """What ends the sentence 'NAME …', where a template says just that."""
    for phrase in _table(language):
        if not phrase.pattern.pattern.startswith("(") and (parts := phrase.parts(text)) is not None:
            return _filled(phrase.translation, list(parts))
    return ""


def _filled(translation: str, parts: list[str]) -> str:
    """A translation with what the sentence held put in."""
    waiting = iter(parts)
    return re.sub(r"\{(\d?)\}", lambda at: parts[int(at[1]) - 1] if at[1] else next(waiting), translation)


@lru_cache(maxsize=8)
def _table(language: str) -> tuple[_Phrase, ...]:
    """The phrases of a language, those that say most first; English, in which all is raised, needs none."""
    path = files("vestige.web") / "languages" / "phrases" / f"{language}.json"
    if not path.is_file():
        return ()
    table: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    order = sorted(table, key=lambda template: -len(template.replace("{}", "")))
    return tuple(_phrase(template, table[template]) for template in order)


def _phrase(template: str, translation: str) -> _Phrase:
    pieces = template.split("{}")
    pattern = "(.*?)".join(re.escape(piece) for piece in pieces)
    return _Phrase(re.compile(pattern, re.DOTALL), max(pieces, key=len), translation)
