"""Streams: frames that arrive piece by piece, and what is made of them while they still arrive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vestige.capture import Capture, Coordinate, Frame
from vestige.contract.context import Context
from vestige.contract.kinds import Kind
from vestige.contract.recipe import Recipe

if TYPE_CHECKING:
    from vestige.contract.operation import Inputs


@dataclass(frozen=True)
class Piece:
    """One piece of a stream that is whole: it becomes a frame of the capture.

    `label` is how sender and receiver call it ('line 12'), `name` its file beneath the capture, `data` its
    bytes; the same bytes under the same name are the same piece sent again.

    >>> Piece("line 12", "lines/12.csv", b"0,0,1.5").label
    'line 12'
    """

    label: str
    name: str
    data: bytes
    coordinates: Mapping[str, Coordinate] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Refused:
    """A piece that makes no sense, and why, in one sentence; the stream goes on.

    >>> Refused("line 12", "holds one reading; expected two or more").label
    'line 12'
    """

    label: str
    sentence: str


class Splitter(Protocol):
    """Cuts what one sender sends into pieces; keeps what is not whole yet."""

    def feed(self, data: bytes) -> list[Piece | Refused]:
        """Take bytes as they come; the pieces that they make whole."""

    def close(self, *, whole: bool) -> list[Piece | Refused]:
        """Nothing more comes. `whole` says that the sender meant to end here; else the rest is dropped."""


@dataclass(frozen=True)
class Patch:
    """A part of the map that was made anew: a raster or GeoJSON outlines, over the ground it covers.

    `path` lies beneath the folder of provisional work; `bounds` are west, south, east and north in m;
    `finished` says that no more frames are expected there.

    >>> Patch("E4312_N2872", Kind.GRID, "grid/E4312_N2872.tif", (431200.0, 287200.0, 431300.0, 287300.0)).unit
    ''
    """

    name: str
    kind: Kind
    path: str
    bounds: tuple[float, float, float, float]
    unit: str = ""
    count: int = 0
    finished: bool = False


class Live(Protocol):
    """Work on a capture that grows. What it makes is provisional until the capture is sealed and run.

    The work that a frame makes must not depend on how many came before it.
    """

    def advance(self, capture: Capture, frames: Sequence[Frame]) -> list[Patch]:
        """Take new frames into the map, quickly: within seconds they are seen."""

    def settle(self, *, last: bool = False) -> list[Patch]:
        """Do one portion of the slow work that waits (outlines of what is finished); none where none waits.

        `last` says that no more frames will come.
        """

    def notes(self) -> list[str]:
        """What a person should know of the work so far."""


@dataclass(frozen=True)
class Stream:
    """How a technique takes frames as they arrive.

    `operation` is what runs on the sealed capture; `recipe` extends its recipe by what only the live work
    needs. `live(inputs, recipe, context)` writes into ``context.output``. `replay(capture)` plays a capture
    as its instrument would have sent it: the seconds that each portion took, and its bytes.

    >>> Stream("run", Recipe, lambda: None, lambda i, r, c: None, lambda capture: iter(())).operation
    'run'
    """

    operation: str
    recipe: type[Recipe]
    splitter: Callable[[], Splitter]
    live: Callable[[Inputs, Recipe, Context], Live]
    replay: Callable[[Capture], Iterator[tuple[float, bytes]]]


#: Beneath an open capture: where provisional work lies, and what is told of it.
LIVE, TOLD = "live", "growing.json"


def live_folder(capture: Path) -> Path:
    """Where the provisional work on a capture lies.

    >>> live_folder(Path("field")).as_posix()
    'field/live'
    """
    return capture / LIVE
