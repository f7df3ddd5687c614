"""Side by side: what is no picture (light to move, surfaces, texts) compared in viewers of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vestige.contract.kinds import Kind
from vestige.display import pictures
from vestige.web.exhibit import Exhibit
from vestige.web.faults import Absent
from vestige.web.looking.sight import named
from vestige.web.shelf import Scanner
from vestige.web.viewers import VIEWERS

#: Kinds that are compared in viewers of their own, which follow each other.
VIEWED = frozenset({Kind.RELIGHTABLE, Kind.MESH, Kind.TEXT})
_NAME = re.compile(r"v\.([\w-]{1,100})\.(\d{1,4})", re.ASCII)


@dataclass(frozen=True)
class Pane:
    """One thing beside others: what it is called, where its own page is, and what is shown here.

    `viewer` is the address of a viewer without the page around it; where there is none, `picture` is shown.
    """

    name: str
    title: str
    label: str
    home: str
    viewer: str = ""
    picture: str = ""
    script: str = ""


def viewed(name: str) -> bool:
    """Whether a name is that of a product in a viewer of its own.

    >>> viewed("v.abc-1.0"), viewed("r.abc.0.0")
    (True, False)
    """
    return _NAME.fullmatch(name) is not None


def panes(names: Sequence[str], folder: Scanner) -> list[Pane]:
    """What stands beside each other; an Absent where one is not there."""
    return [_pane(name, folder) for name in names]


def over_each_other(beside: Sequence[Pane]) -> bool:
    """Whether a curtain between them makes sense: two of the same kind of view, which move together."""
    return len(beside) == 2 and beside[0].script == beside[1].script and beside[0].script in _MOVE


#: Viewers that tell each other how they are looked at.
_MOVE = ("light.js", "mesh.js")


def _pane(name: str, folder: Scanner) -> Pane:
    match = _NAME.fullmatch(name)
    if match is None:
        sight = named(name, folder)
        key, _, rest = sight.name.partition(".")[2].partition(".")
        viewer = f"/alone/{key}/{rest.partition('.')[0]}" if sight.name.startswith("r.") else ""
        return Pane(name, sight.title, sight.label, sight.home, viewer, sight.picture)
    result = folder.result(match[1])
    record = result.record(int(match[2]))
    exhibit = Exhibit(result, int(match[2]), pictures.cache_of(Path(folder.root)))
    if record.kind not in VIEWED:
        raise Absent(name)
    return Pane(
        name,
        result.title,
        record.name.replace("_", " "),
        exhibit.address("result"),
        exhibit.address("alone"),
        script=VIEWERS[record.kind].script,
    )
