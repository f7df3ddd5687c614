"""Techniques and their operations: what each registers, and nothing else needs to know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from vestige.capture import Capture
from vestige.contract.context import Context
from vestige.contract.kinds import Kind
from vestige.contract.product import Outcome, Product
from vestige.contract.recipe import Recipe
from vestige.contract.stream import Stream
from vestige.errors import InputError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Input:
    """One thing an operation takes: a capture, or a product of a kind.

    `axes` are the coordinates that each frame of a capture must carry. ``many`` takes one or more;
    ``optional`` may be left out. A capture whose frames are still arriving is refused unless the
    operation says that it can work on one (``accepts_open``). On the command line the first input is
    positional, the others are options named after them.

    >>> Input("capture", axes=("focus",)).takes_capture
    True
    """

    name: str = "capture"
    kind: Kind | None = None
    many: bool = False
    optional: bool = False
    axes: tuple[str, ...] = ()
    accepts_open: bool = False
    help: str = "A folder of frames, or single frames"

    @property
    def takes_capture(self) -> bool:
        """Whether this input is a capture (else a product)."""
        return self.kind is None


@dataclass(frozen=True)
class Output:
    """One product an operation makes: its name, kind, and path in the output folder.

    >>> Output("image", Kind.IMAGE, "image.tif").path
    'image.tif'
    """

    name: str
    kind: Kind
    path: str
    help: str = ""
    optional: bool = False


class Inputs(Mapping[str, Sequence[Capture | Product]]):
    """What a run was given, by name of input.

    >>> Inputs({"capture": [Capture()]}).capture().state
    'open'
    """

    def __init__(self, given: Mapping[str, Sequence[Capture | Product]]) -> None:
        self._given = {name: list(items) for name, items in given.items()}

    def __getitem__(self, name: str) -> Sequence[Capture | Product]:
        return self._given.get(name, [])

    def __contains__(self, name: object) -> bool:
        return name in self._given

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def captures(self, name: str = "capture") -> list[Capture]:
        """All captures given under a name."""
        return [item for item in self[name] if isinstance(item, Capture)]

    def capture(self, name: str = "capture") -> Capture:
        """The one capture given under a name.

        Raises
        ------
        UsageError
            where none or several were given.
        """
        found = self.captures(name)
        if len(found) != 1:
            raise UsageError(f"{name}: one capture is needed, {len(found)} were given")
        return found[0]

    def products(self, name: str) -> list[Product]:
        """All products given under a name."""
        return [item for item in self[name] if isinstance(item, Product)]

    def product(self, name: str) -> Product | None:
        """The product given under a name, or None."""
        found = self.products(name)
        return found[0] if found else None


class Session(Protocol):
    """Interactive work on opened inputs: never writes, answers within a second.

    `region` is (left, top, width, height) in pixels of the full result, None for all of it;
    `size` is the longest side of the picture wanted; `frame`, the number of the frame to show, where
    each frame gives a picture of its own (those who make one of all take no notice of it). The answer
    is display-ready sRGB uint8 (height, width, 3).
    """

    def render(
        self,
        recipe: Recipe,
        region: tuple[int, int, int, int] | None = None,
        size: int = 800,
        frame: int | None = None,
    ) -> NDArray[np.uint8]:
        """The picture that `recipe` gives of a region, at most `size` pixels long."""

    def close(self) -> None:
        """Let go of files and memory."""


@runtime_checkable
class Refining(Session, Protocol):
    """A `Session` that may answer first from a part of what there is, and reads the rest meanwhile.

    As long as it is `provisional`, its pictures are of that part: who shows one says so and asks again.
    """

    provisional: bool


Run = Callable[[Inputs, Recipe, Context], Outcome]
Open = Callable[[Inputs, Context], Session]
Make = Callable[[Recipe, Path, int], Capture]


@dataclass(frozen=True)
class Operation:
    """One thing a technique does: typed inputs and a recipe in, typed products out.

    `run(inputs, recipe, context)` writes its products into ``context.output`` under the paths that
    `outputs` names and returns an `Outcome`. `version` is part of every job key: raise it when the
    result changes. `open` serves interactive work. `extra` names the extra of Vestige that it needs.
    Where it ``answers`` a question, its outcome's answer is what is asked for: on the command line the
    folder for products may be left out.

    >>> Operation("run", "Do nothing", Recipe, (), (), lambda i, r, c: Outcome([])).version
    '1'
    """

    name: str
    summary: str
    recipe: type[Recipe]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    run: Run
    version: str = "1"
    open: Open | None = None
    extra: str = ""
    answers: bool = False


@dataclass(frozen=True)
class ForwardModel:
    """The physics from truth to frames: makes captures with exact truth.

    `make(recipe, folder, seed)` writes frames and ``capture.json`` into `folder` (which exists and
    is empty) and the truth beneath ``folder/truth``, and returns the capture. Same recipe and seed,
    same bytes.

    >>> ForwardModel(Recipe, lambda recipe, folder, seed: Capture()).summary
    'Frames with known truth'
    """

    recipe: type[Recipe]
    make: Make
    summary: str = "Frames with known truth"


@dataclass(frozen=True)
class Technique:
    """One folder of the house: a name, what it is for, its forward model and its operations; a `stream`
    where its frames may arrive while one works.

    >>> nothing = Operation("run", "Do nothing", Recipe, (), (), lambda i, r, c: Outcome([]))
    >>> model = ForwardModel(Recipe, lambda recipe, folder, seed: Capture())
    >>> toy = Technique("toy", "Toy", "Shows the contract", model, (nothing,))
    >>> toy.operation("run").summary
    'Do nothing'
    """

    name: str
    title: str
    summary: str
    forward: ForwardModel
    operations: tuple[Operation, ...]
    varies: tuple[str, ...] = field(default=())
    stream: Stream | None = None

    def operation(self, name: str) -> Operation:
        """The operation of that name.

        Raises
        ------
        UsageError
            where there is none; names those there are.
        """
        for operation in self.operations:
            if operation.name == name:
                return operation
        known = ", ".join(operation.name for operation in self.operations)
        raise UsageError(f"{self.name} has no operation '{name}'; it has: {known}")

    def __post_init__(self) -> None:
        names = [operation.name for operation in self.operations]
        if "run" not in names or len(set(names)) < len(names):
            raise ValueError(f"{self.name}: operations need distinct names and one called 'run'")


def required_axes(operation: Operation, capture: Capture, given: Input) -> None:
    """Check that each frame carries the coordinates that an input needs.

    Raises
    ------
    InputError
        naming the first frame that lacks one.

    >>> todo = Operation("run", "Do nothing", Recipe, (), (), lambda i, r, c: Outcome([]))
    >>> required_axes(todo, Capture(), Input(axes=("focus",)))
    """
    for frame in capture.select():
        for axis in given.axes:
            if axis not in frame.coordinates:
                raise InputError(
                    capture.path(frame),
                    f"has no {axis}",
                    f"a coordinate '{axis}' for {operation.name}",
                    "name it in capture.json (vestige capture new writes one to correct)",
                )
