"""How often somebody may try: a bucket that fills again with time."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable


class Limit:
    """`most` at once, `rate` more a second, for each key; the least recently seen keys are forgotten.

    >>> limit = Limit(2, 1 / 60, clock=lambda: 0.0)
    >>> [limit.take("eva") for _ in range(3)]
    [True, True, False]
    """

    def __init__(
        self, most: int, rate: float, *, keys: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.most, self.rate, self.keys, self.clock = most, rate, keys, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str) -> bool:
        """Whether one more is allowed; then it is counted."""
        now = self.clock()
        with self._lock:
            left, then = self._left.pop(key, (float(self.most), now))
            left = min(self.most, left + (now - then) * self.rate)
            self._left[key] = (max(left - 1, 0.0) if left >= 1 else left, now)
            while len(self._left) > self.keys:
                self._left.popitem(last=False)
        return left >= 1

    def forget(self, key: str) -> None:
        """Start anew for a key: its person got in."""
        with self._lock:
            self._left.pop(key, None)
