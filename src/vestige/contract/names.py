"""Names and one line of every technique, without importing any of them."""

from __future__ import annotations

from importlib.metadata import entry_points

#: The techniques of this package, in the order people meet them.
BUILT_IN = {
    "focus": "Focus stacking: one sharp picture and its depth from many focus distances",
    "spectral": "Multispectral imaging: bands from UV to IR, true and false colour, hidden layers",
    "relight": "Raking light and domes: a picture whose light moves, normals, height",
    "pages": "Books and newspapers: double pages to single pages, text, searchable PDF",
    "turntable": "Turntable: a coloured, watertight, measured model from all sides",
    "survey": "Magnetometry: from traverses to processed grids and mapped features",
}

#: What `vestige.contract.registry.register` added to this process.
ADDED: dict[str, str] = {}


def summaries() -> dict[str, str]:
    """Name and one line of every technique.

    >>> list(summaries())[:2]
    ['focus', 'spectral']
    """
    others = {point.name: point.value for point in entry_points(group="vestige.techniques")}
    return BUILT_IN | {n: v for n, v in others.items() if n not in BUILT_IN} | ADDED
