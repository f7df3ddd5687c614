"""Which operations fit a capture: guessed from the axes along which its frames differ, always correctable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vestige.capture import Capture
from vestige.contract.names import summaries
from vestige.contract.operation import Operation, Technique
from vestige.contract.registry import technique
from vestige.errors import VestigeError

#: An axis that the order of file names alone can give says less than one that somebody measured.
_WEAK = "page"


@dataclass(frozen=True)
class Choice:
    """One operation that could be run on a capture; `fits` is how much speaks for it."""

    technique: Technique
    operation: Operation
    axes: tuple[str, ...]
    fits: float

    @property
    def lively(self) -> bool:
        """Whether a person can look at what a recipe gives before it is run."""
        return self.operation.open is not None


def varying(capture: Capture) -> list[str]:
    """The axes on which frames of the object differ.

    >>> from vestige.capture import Frame, coordinates
    >>> frames = [Frame(file=f"{n}.tif", coordinates=coordinates(wavelength=n, focus=5)) for n in (450, 550)]
    >>> varying(Capture(frames=frames))
    ['wavelength']
    """
    values: dict[str, set[object]] = {}
    for frame in capture.select():
        for axis, coordinate in frame.coordinates.items():
            values.setdefault(axis, set()).add(coordinate.value)
    return [axis for axis, found in values.items() if len(found) > 1]


def techniques() -> list[Technique]:
    """All techniques that can be loaded here, in the order people meet them."""
    found = []
    for name in summaries():
        try:
            found.append(technique(name))
        except VestigeError:
            continue
    return found


def choices(capture: Capture) -> list[Choice]:
    """The operations that take a capture, those that fit this one best first."""
    axes = set(varying(capture))
    found = [
        Choice(one, operation, tuple(axis for axis in one.varies if axis in axes), _fits(one, axes))
        for one in techniques()
        for operation in one.operations
        if operation.inputs and operation.inputs[0].takes_capture
    ]
    return sorted(found, key=lambda choice: -choice.fits)


def guess(capture: Capture) -> str:
    """The name of the technique that a capture looks made for; empty where nothing speaks for one.

    >>> guess(Capture())
    ''
    """
    best = next(iter(choices(capture)), None)
    return best.technique.name if best and best.fits > 0 else ""


def _fits(one: Technique, axes: Iterable[str]) -> float:
    return sum(0.25 if axis == _WEAK else 1.0 for axis in axes if axis in one.varies)


def alone() -> list[tuple[Technique, Operation]]:
    """The operations that can be run without a capture: they plan, train, or make something of their own."""
    return [
        (found, operation)
        for found in techniques()
        for operation in found.operations
        if not needs_capture(operation)
    ]


def needs_capture(operation: Operation) -> bool:
    """Whether an operation can do nothing without a capture."""
    return any(item.takes_capture and not item.optional for item in operation.inputs)
