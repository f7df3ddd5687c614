"""How far a reading is from the truth: the character error rate libraries are asked for."""

from __future__ import annotations

import unicodedata

import numpy as np

__all__ = ["character_error_rate", "folded"]

_LETTERS = str.maketrans(
    {"ſ": "s", "ꝛ": "r", "⸗": "-", "¬": "-", "—": "-", "–": "-", "’": "'", "„": '"', "“": '"'}
)
_LETTERS |= str.maketrans({"”": '"', "»": '"', "«": '"'})
_ABOVE = {"a\u0364": "ä", "o\u0364": "ö", "u\u0364": "ü"}


def folded(text: str) -> str:
    """A text without what transcribers write in their own way: long s, small e above a, o, u, dashes, spaces.

    >>> folded("Wahlſpruch  der Aufklaͤrung")
    'Wahlspruch der Aufklärung'
    """
    text = unicodedata.normalize("NFC", text)
    for old, new in _ABOVE.items():
        text = text.replace(old, new)
    return " ".join(text.translate(_LETTERS).split())


def character_error_rate(found: str, truth: str) -> float:
    """Insertions, deletions and substitutions (Levenshtein 1966) a character of the truth, after `folded`.

    0 is perfect; 1 and more is possible. An empty truth gives 0 for an empty reading, else 1.

    >>> character_error_rate("Habe Muth", "Habe Mut")
    0.125
    """
    reading, wanted = folded(found), folded(truth)
    if not wanted:
        return float(bool(reading))
    codes = np.array([ord(letter) for letter in wanted])
    steps = np.arange(len(wanted) + 1)
    row = steps.copy()
    for number, letter in enumerate(reading, start=1):
        changed = np.minimum(row[:-1] + (codes != ord(letter)), row[1:] + 1)
        row = np.concatenate([[number], changed])
        # An insertion costs one more than the cell before: a running minimum along the row.
        row = np.minimum.accumulate(row - steps) + steps
    return float(row[-1]) / len(wanted)
