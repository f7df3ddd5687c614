"""Which techniques there are. Loading one imports its recipes only; its arithmetic waits until it runs."""

from __future__ import annotations

import difflib
from importlib import import_module
from importlib.metadata import entry_points

from vestige.contract.operation import Technique
from vestige.errors import UsageError

#: The techniques of this package, in the order people meet them, with the line that help shows.
BUILT_IN = {
    "focus": "Focus stacking: one sharp picture and its depth from many focus distances",
    "spectral": "Multispectral imaging: bands from UV to IR, true and false colour, hidden layers",
    "relight": "Raking light and domes: a picture whose light moves, normals, height",
    "pages": "Books and newspapers: double pages to single pages, text, searchable PDF",
    "turntable": "Turntable: a coloured, watertight, measured model from all sides",
    "survey": "Magnetometry: from traverses to processed grids and mapped features",
}

_added: dict[str, Technique] = {}


def register(technique: Technique) -> Technique:
    """Add a technique to this process; other packages use the entry point ``vestige.techniques``.

    Raises
    ------
    ValueError
        where the name is taken.
    """
    if technique.name in BUILT_IN or technique.name in _added:
        raise ValueError(f"there is a technique called '{technique.name}' already")
    _added[technique.name] = technique
    return technique


def unregister(name: str) -> None:
    """Take back what `register` added."""
    _added.pop(name, None)


def summaries() -> dict[str, str]:
    """Name and one line of every technique, without importing any of the built-in ones.

    >>> list(summaries())[:2]
    ['focus', 'spectral']
    """
    found = dict(BUILT_IN)
    for point in entry_points(group="vestige.techniques"):
        found.setdefault(point.name, point.load().summary)
    return found | {name: technique.summary for name, technique in _added.items()}


def technique(name: str) -> Technique:
    """The technique of that name.

    Raises
    ------
    UsageError
        where there is none; names the nearest.
    """
    if name in _added:
        return _added[name]
    if name in BUILT_IN:
        loaded: Technique = import_module(f"vestige.{name}.technique").technique
        return loaded
    for point in entry_points(group="vestige.techniques"):
        if point.name == name:
            return point.load()  # type: ignore[no-any-return]
    known = list(summaries())
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"techniques: {', '.join(known)}"
    raise UsageError(f"there is no technique '{name}'; {hint}")
