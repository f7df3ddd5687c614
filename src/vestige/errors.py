"""Every error Vestige raises on purpose.

One family, so that a door (command line, web) needs one ``except``::

    VestigeError
    ├── UsageError            the call is wrong: unknown field, value out of bounds, missing option   (exit 2)
    ├── InputError            what was handed in cannot be used: file, folder, manifest
    │   └── FrameError        one frame of a capture cannot be used; names the frame
    ├── MissingError          a program, an extra or a data file that is needed is not installed
    ├── BudgetError           the work cannot be done within the memory or time granted
    ├── OutputError           the result cannot be written: exists, no space, read-only
    │   └── BusyError         another run is making this very result right now
    ├── SupersededError       a job's lease ran out and another worker has it: nothing may be published
    └── Cancelled             the person or the job ledger asked to stop

A message is one sentence: which file or argument, what was found, what was expected, what to do next.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = [
    "BudgetError",
    "BusyError",
    "Cancelled",
    "FrameError",
    "InputError",
    "MissingError",
    "OutputError",
    "SupersededError",
    "UsageError",
    "VestigeError",
]


class VestigeError(Exception):
    """Base of all errors raised on purpose; ``str(error)`` is one sentence for a person.

    >>> str(VestigeError("nothing to do"))
    'nothing to do'
    """

    exit_code = 1


class UsageError(VestigeError):
    """The call itself is wrong (a field that does not exist, a value out of bounds).

    >>> UsageError("focus has no field 'levls'; did you mean 'levels'?").exit_code
    2
    """

    exit_code = 2


class InputError(VestigeError):
    """A file, folder or manifest that cannot be used.

    Parameters
    ----------
    path : path or name of what cannot be used.
    found : what was found there, as the end of 'NAME …': 'is empty', 'holds 3 columns'.
    expected : what was expected; may be empty when `found` says all.
    action : what the person should do next; may be empty.

    >>> str(InputError("a.tif", "is empty", "a TIFF image", "copy it from the camera again"))
    'a.tif is empty; expected a TIFF image: copy it from the camera again'
    """

    def __init__(
        self, path: str | os.PathLike[str], found: str, expected: str = "", action: str = ""
    ) -> None:
        self.path = Path(path)
        self.found, self.expected, self.action = found, expected, action
        sentence = f"{os.fspath(path)} {found}"
        if expected:
            sentence += f"; expected {expected}"
        if action:
            sentence += f": {action}"
        super().__init__(" ".join(line.strip() for line in sentence.splitlines()))

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str, str]]:
        return type(self), (os.fspath(self.path), self.found, self.expected, self.action)


class FrameError(InputError):
    """One frame of a capture cannot be used; the others may be.

    >>> isinstance(FrameError("frame_07.tif", "is cut off"), InputError)
    True
    """


class MissingError(VestigeError):
    """Something that must be installed is not; the message says what and how.

    >>> str(MissingError("torch is not installed: pip install 'vestige[learn]'"))
    "torch is not installed: pip install 'vestige[learn]'"
    """


class BudgetError(VestigeError):
    """The work cannot be done within the memory or time granted.

    >>> issubclass(BudgetError, VestigeError)
    True
    """


class OutputError(VestigeError):
    """The result cannot be written where it should go.

    >>> issubclass(OutputError, VestigeError)
    True
    """


class BusyError(OutputError):
    """Another run is making this very result right now; it may be asked for again later.

    >>> issubclass(BusyError, OutputError)
    True
    """


class SupersededError(VestigeError):
    """A job's lease ran out and it was given to another worker: this one must change nothing any more.

    >>> issubclass(SupersededError, VestigeError)
    True
    """


class Cancelled(VestigeError):  # noqa: N818 - a person stopping a run is not an error, only an exception
    """The run was asked to stop; finished parts are kept.

    >>> str(Cancelled("stopped by request"))
    'stopped by request'
    """
