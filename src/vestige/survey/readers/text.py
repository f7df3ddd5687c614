"""Text files of loggers, line by line: any line end, byte-order marks, old code pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from vestige.errors import InputError

__all__ = ["first_lines", "number", "opened", "sibling"]


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """The file as a stream of lines; it is never held whole.

    Raises
    ------
    InputError : it cannot be read, is empty, or is no text.

    >>> with opened(Path("none.xyz")):
    ...     pass
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.xyz cannot be read (No such file or directory)
    """
    try:
        with path.open("rb") as raw:
            head = raw.read(4096)
        if not head.strip():
            raise InputError(path, "is empty", "readings, one on each line", "copy it again")
        if b"\0" in head:
            raise InputError(path, "is no text", "readings, one on each line", "export it as text")
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            yield stream
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None


def first_lines(path: Path, count: int = 200) -> list[str]:
    """The first lines, without their ends; a line of a million characters is cut.

    Raises
    ------
    InputError : as `opened`.

    >>> first_lines(Path("none.xyz"))
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.xyz cannot be read (No such file or directory)
    """
    lines: list[str] = []
    with opened(path) as stream:
        while len(lines) < count:
            line = stream.readline(1_000_000)
            if not line:
                break
            lines.append(line.rstrip("\n"))
    return lines


def number(text: str) -> float:
    """The first number of a text such as '0.25 m' or '1,5'; NaN where there is none.

    >>> number(" 30x30 m"), number("none")
    (30.0, nan)
    """
    import re

    found = re.search(r"[-+]?\d*[.,]?\d+(?:[eE][-+]?\d+)?", text)
    return float(found[0].replace(",", ".")) if found else float("nan")


def sibling(path: Path, suffix: str) -> Path | None:
    """The file beside `path` with another suffix, whatever its case; None where there is none.

    >>> sibling(Path("none.dat"), ".hdr") is None
    True
    """
    for one in (suffix, suffix.upper(), suffix.title()):
        if path.with_suffix(one).is_file():
            return path.with_suffix(one)
    return None
