"""Content Search: words in the text of an object, and in what people said of it, with their places.

Source: IIIF Content Search API 2.0, https://iiif.io/api/search/2.0/.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from vestige.display.alto import Word
from vestige.errors import UsageError, VestigeError
from vestige.publish.iiif.annotations import said_of, sheet_of, supplement
from vestige.publish.iiif.leaves import Leaf
from vestige.publish.iiif.manifests import Work

CONTEXT = "http://iiif.io/api/search/2/context.json"
PAGE = 100
#: No more places are looked for than this: an answer says how many there are, or at least so many.
MOST = 2000
_MOTIVATIONS = ("supplementing", "commenting")
#: Words before and after a match, to tell it from others.
_AROUND = 5
_LETTERS = str.maketrans({"ſ": "s", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o"})


@dataclass(frozen=True)
class _Match:
    leaf: Leaf
    number: int
    words: tuple[Word, ...]
    before: str
    after: str


def folded(text: str) -> str:
    """A word as it is compared: small letters, without marks, long s as s.

    >>> folded("Waſſerſtraße,")
    'wasserstrasse'
    """
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS).casefold())
    return re.sub(r"[\W_]+", "", plain)


def found(work: Work, words: str, motivation: str = "", start: int = 0) -> dict[str, Any]:
    """A page of the places where `words` stand: one after another where they do, else each of them.

    A word that ends with ``*`` stands for all that begin so.

    Raises
    ------
    UsageError
        where there is no such page of the answer.
    """
    asked = [(folded(word), word.endswith("*")) for word in words.split()[:20]]
    asked = [(word, open_) for word, open_ in asked if word]
    if not 0 <= start <= MOST:
        raise UsageError(f"an answer has no place {start}; places: 0 to {MOST}")
    address = work.addresses.search(work.number)
    query = f"q={quote(words)}" + (f"&motivation={quote(motivation)}" if motivation else "")
    wanted = motivation.split() or _MOTIVATIONS
    items: list[dict[str, Any]] = []
    around: list[dict[str, Any]] = []
    if asked and "supplementing" in wanted:
        for match in _matches(work, asked):
            _tell(work, match, items, around)
            if len(items) >= MOST:
                break
    if asked and "commenting" in wanted:
        items += list(_remarks(work, [word for word, _ in asked]))
    whole = f"{address}?{query}"
    here = items[start : start + PAGE]
    told: dict[str, Any] = {
        "@context": CONTEXT,
        "id": whole + (f"&start={start}" if start else ""),
        "type": "AnnotationPage",
        "startIndex": start,
        "items": here,
    }
    if start + PAGE < len(items):
        told["next"] = {"id": f"{whole}&start={start + PAGE}", "type": "AnnotationPage"}
    if start or "next" in told:
        told["partOf"] = {"id": f"{whole}#all", "type": "AnnotationCollection", "total": len(items)}
    names = {item["id"] for item in here}
    shown = [item for item in around if item["target"]["source"] in names]
    if shown:
        told["annotations"] = [{"type": "AnnotationPage", "items": shown}]
    return told


def _matches(work: Work, asked: Sequence[tuple[str, bool]]) -> Iterator[_Match]:
    for leaf in work.leaves:
        if leaf.sheet is None:
            continue
        try:
            words = sheet_of(leaf.sheet).words
        except VestigeError:
            continue
        plain = [folded(word.text) for word in words]
        for number, (first, last) in enumerate(_places(plain, asked)):
            yield _Match(
                leaf,
                number,
                tuple(words[first:last]),
                " ".join(word.text for word in words[max(0, first - _AROUND) : first]),
                " ".join(word.text for word in words[last : last + _AROUND]),
            )


def _places(plain: Sequence[str], asked: Sequence[tuple[str, bool]]) -> list[tuple[int, int]]:
    """Where the words stand one after another; where they never do, where each stands, if all do.

    >>> _places(["a", "b", "c", "a"], [("a", False), ("b", False)])
    [(0, 2)]
    """

    def fits(text: str, word: tuple[str, bool]) -> bool:
        return text.startswith(word[0]) if word[1] else text == word[0]

    count = len(asked)
    runs = [
        (at, at + count)
        for at in range(len(plain) - count + 1)
        if all(fits(plain[at + n], word) for n, word in enumerate(asked))
    ]
    if runs or count == 1:
        return runs
    single = [[at for at, text in enumerate(plain) if fits(text, word)] for word in asked]
    return sorted((at, at + 1) for at in {at for places in single for at in places}) if all(single) else []


def _tell(work: Work, match: _Match, items: list[dict[str, Any]], around: list[dict[str, Any]]) -> None:
    address = work.addresses.canvas(work.number, match.leaf.name)
    text = " ".join(word.text for word in match.words)
    name = f"{address}/match-{match.number}-{len(items)}"
    items.append(supplement(name, text, address, match.words, work.images.size(match.leaf.name)))
    quoted = {"type": "TextQuoteSelector", "prefix": match.before, "exact": text, "suffix": match.after}
    around.append(
        {
            "id": f"{name}-around",
            "type": "Annotation",
            "motivation": "contextualizing",
            "target": {"type": "SpecificResource", "source": name, "selector": [quoted]},
        }
    )


def _remarks(work: Work, asked: Sequence[str]) -> Iterator[dict[str, Any]]:
    for leaf in work.leaves:
        address = work.addresses.canvas(work.number, leaf.name)
        for remark in work.about(leaf):
            plain = {folded(word) for word in remark.text.split()}
            if all(any(word in text for text in plain) for word in asked):
                yield said_of(remark, address)
