"""The context: all that an operation knows of the world."""

from __future__ import annotations

import atexit
import contextlib
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from vestige.contract.budget import Budget
from vestige.contract.parts import PartStore
from vestige.errors import Cancelled

if TYPE_CHECKING:
    import numpy as np

T = TypeVar("T")
Item = TypeVar("Item")


class Progress(Protocol):
    """Hears how far a run is: `done` of `total` steps of what `label` names."""

    def __call__(self, done: float, total: float, label: str) -> None:
        """Take note; raise nothing."""


def _silent(done: float, total: float, label: str) -> None:
    """Progress that nobody watches."""


class Context:
    """What an operation may use: folders, memoised parts, progress, budget, seed, warnings.

    A context of one line serves library use; commands, jobs and the workbench give theirs.

    Parameters
    ----------
    workspace : folder that survives a kill; finished parts live there. By default a temporary one,
        removed when the process ends (or a ``with`` block does).
    output : folder in which the operation writes its products. Beneath `workspace` by default.
    budget, seed : what the run may use, and where its chance comes from.
    progress : called with (done, total, label).
    cancelled : answers True once the run should stop.

    >>> context = Context()
    >>> context.part("square", lambda x: x * x, 7)
    49
    """

    def __init__(
        self,
        workspace: str | Path | None = None,
        output: str | Path | None = None,
        *,
        budget: Budget | None = None,
        seed: int = 0,
        progress: Progress = _silent,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> None:
        self._temporary = workspace is None
        self.workspace = Path(tempfile.mkdtemp(prefix="vestige-") if workspace is None else workspace)
        if self._temporary:  # products may be read as long as the process lives, not only the context
            atexit.register(shutil.rmtree, self.workspace, ignore_errors=True)
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.output = Path(output) if output is not None else self.workspace / "output"
        self.output.mkdir(parents=True, exist_ok=True)
        self.budget = budget or Budget()
        self.seed = seed
        self.warnings: list[str] = []
        self._heard = threading.local()
        self.parts = PartStore(self.workspace / "parts")
        self._progress = progress
        self._cancelled = cancelled

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *_: object) -> None:
        if self._temporary:
            shutil.rmtree(self.workspace, ignore_errors=True)

    @property
    def cancelled(self) -> bool:
        """Whether the run should stop."""
        return self._cancelled()

    def check(self) -> None:
        """Raise `Cancelled` once the run should stop; call it in long loops."""
        if self.cancelled:
            raise Cancelled("stopped by request; run again to go on from the finished parts")

    def warn(self, message: str) -> None:
        """Tell the person something that does not stop the run; it stands in the report.

        What a part warns of is kept with the part: a run that goes on from it says so again.
        """
        if (heard := getattr(self._heard, "messages", None)) is not None:
            heard.append(message)
        if message not in self.warnings:
            self.warnings.append(message)

    def random(self, *path: int) -> np.random.Generator:
        """A random generator that depends on the seed and on `path` only.

        >>> Context(seed=1).random(4).integers(9) == Context(seed=1).random(4).integers(9)
        np.True_
        """
        import numpy as np

        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=path))

    def progress(self, done: float, total: float, label: str) -> None:
        """Say how far the run is; also the place where a stop is heard."""
        self.check()
        self._progress(done, total, label)

    def track(self, items: Sequence[Item], label: str) -> Iterator[Item]:
        """Go through `items`, telling progress.

        >>> list(Context().track([1, 2], "frames"))
        [1, 2]
        """
        for done, item in enumerate(items):
            self.progress(done, len(items), label)
            yield item
        self.progress(len(items), max(len(items), 1), label)

    def part(self, key: str, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """The result of `function`, computed once: a run killed and started again reads it from disk.

        `key` names the part within the run ('warp/007'). The result is a tree of None, bool, int,
        float, str, list, tuple, dict, NumPy arrays, and paths beneath the workspace or the output
        (files that the function wrote). Whatever the part depends on is either in the run's recipe
        and inputs (they make the workspace) or in `key`.
        """
        self.check()
        roots = (self.workspace, self.output)
        if self.parts.holds(key):
            with contextlib.suppress(LookupError):
                kept = self.parts.read(key, roots)
                for message in kept["warnings"]:
                    self.warn(message)
                return kept["value"]  # type: ignore[no-any-return]
        with self._hearing() as warnings:
            value = function(*arguments, **named)
        return self.parts.write(key, {"value": value, "warnings": warnings}, roots)["value"]  # type: ignore[no-any-return]

    @contextlib.contextmanager
    def _hearing(self) -> Iterator[list[str]]:
        """What this thread warns of meanwhile; parts within parts are heard by both."""
        outer: list[str] | None = getattr(self._heard, "messages", None)
        heard: list[str] = []
        self._heard.messages = heard
        try:
            yield heard
        finally:
            self._heard.messages = outer
            if outer is not None:
                outer.extend(heard)

    def map(
        self,
        key: str,
        function: Callable[[Item], T],
        items: Sequence[Item],
        *,
        label: str = "",
        cores: int | None = None,
    ) -> list[T]:
        """`part` for each item, spread over the cores granted; results in the order of `items`.

        `function` must release the GIL to gain (NumPy, OpenCV, Numba do). At most as many items as
        cores are worked on at once, so memory is bounded by cores times one item.

        >>> Context().map("double", lambda x: 2 * x, [1, 2, 3])
        [2, 4, 6]
        """
        width = len(str(max(len(items) - 1, 0)))
        keys = [f"{key}/{index:0{width}d}" for index in range(len(items))]

        def kept(place: int) -> T:
            return self.part(keys[place], function, items[place])

        return self.spread(kept, range(len(items)), label=label or key, cores=cores)

    def spread(
        self,
        function: Callable[[Item], T],
        items: Sequence[Item],
        *,
        label: str,
        cores: int | None = None,
    ) -> list[T]:
        """As `map`, for what is so quickly done again that nothing is kept.

        >>> Context().spread(lambda x: 2 * x, [1, 2, 3], label="doubling")
        [2, 4, 6]
        """
        workers = max(1, min(cores or self.budget.cores, len(items) or 1))
        if workers == 1:
            return [function(item) for item in self.track(items, label)]
        results: list[T] = []
        with ThreadPoolExecutor(workers) as pool:
            futures: list[Future[T]] = [pool.submit(function, item) for item in items]
            try:
                for done, future in enumerate(futures):
                    self.progress(done, len(items), label)
                    results.append(future.result())
            except BaseException:
                for future in futures:
                    future.cancel()
                raise
        self.progress(len(items), max(len(items), 1), label)
        return results


class Clock:
    """Seconds since it was made, and how many are left at the present pace.

    >>> Clock().left(0, 10) is None
    True
    """

    def __init__(self) -> None:
        self.start = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self.start

    def left(self, done: float, total: float) -> float | None:
        """Seconds left if the rest goes as the part done did; None before anything is done."""
        return self.seconds * (total - done) / done if done > 0 else None
