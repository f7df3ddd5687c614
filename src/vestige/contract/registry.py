"""Which techniques there are. Loading one imports its recipes only; its arithmetic waits until it runs."""

from __future__ import annotations

import difflib
from importlib import import_module
from importlib.metadata import entry_points

from vestige.contract.names import ADDED, BUILT_IN, summaries
from vestige.contract.operation import Technique
from vestige.errors import MissingError, UsageError

_added: dict[str, Technique] = {}


def register(technique: Technique) -> Technique:
    """Add a technique to this process; other packages use the entry point ``vestige.techniques``.

    Raises
    ------
    ValueError
        where the name is taken.

    >>> register(technique("focus"))
    Traceback (most recent call last):
    ...
    ValueError: there is a technique called 'focus' already
    """
    if technique.name in BUILT_IN or technique.name in _added:
        raise ValueError(f"there is a technique called '{technique.name}' already")
    _added[technique.name] = technique
    ADDED[technique.name] = technique.summary
    return technique


def unregister(name: str) -> None:
    """Take back what `register` added.

    >>> unregister("a name that nobody added")
    """
    _added.pop(name, None)
    ADDED.pop(name, None)


def technique(name: str) -> Technique:
    """The technique of that name.

    Raises
    ------
    UsageError
        where there is none; names the nearest.

    >>> technique("focsu")
    Traceback (most recent call last):
    ...
    vestige.errors.UsageError: there is no technique 'focsu'; did you mean 'focus'?
    """
    if name in _added:
        return _added[name]
    if name in BUILT_IN:
        loaded: Technique = import_module(f"vestige.{name}.technique").technique
        return loaded
    for point in entry_points(group="vestige.techniques"):
        if point.name == name:
            try:
                return point.load()  # type: ignore[no-any-return]
            except Exception as error:  # another package's code may fail in any way
                raise MissingError(
                    f"technique '{name}' cannot be loaded from {point.value}: {error}"
                ) from error
    known = list(summaries())
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean '{close[0]}'?" if close else f"techniques: {', '.join(known)}"
    raise UsageError(f"there is no technique '{name}'; {hint}")
