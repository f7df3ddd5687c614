"""News: whoever waits for something to change is woken by whoever changes it, from any thread."""

from __future__ import annotations

import threading


class News:
    """A count that rises whenever something changed; threads wait for it to rise.

    >>> news = News()
    >>> news.tell()
    >>> news.wait(0, 0.1)
    1
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    @property
    def count(self) -> int:
        """How often something changed."""
        return self._count

    def tell(self, *_: object) -> None:
        """Something changed."""
        with self._changed:
            self._count += 1
            self._changed.notify_all()

    def wait(self, known: int, seconds: float) -> int:
        """The count, at the latest after `seconds`, sooner where it is no longer `known`."""
        with self._changed:
            self._changed.wait_for(lambda: self._count != known, seconds)
            return self._count
