"""GEOMAR MGR: the text export of readings with headings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from vestige.errors import InputError
from vestige.survey.readers.delimited import read_delimited
from vestige.survey.readers.text import first_lines
from vestige.survey.traverses import Survey

__all__ = ["read_geomar"]

EXPECTED = "the text export of a GEOMAR survey: headings, then X, Y and readings"


def read_geomar(path: str | Path, *, column: str = "") -> Survey:
    """Read an MGR export that is text: columns by their headings, as any delimited file.

    GEOMAR publishes no description of MGR and no sample is free, so nothing is guessed: a file that is no
    text, or whose columns have no headings, is refused with what to do instead.

    Raises
    ------
    InputError : the file is no text, or its columns are not named.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "a.mgr")
    >>> rows = [f"{x} {y} 1 {x - y}" for y in range(3) for x in range(9)]
    >>> _ = path.write_text(chr(10).join(["X Y LINE nT", *rows]))
    >>> read_geomar(path).values.shape
    (3, 9)
    """
    path = Path(path)
    first = next((line for line in first_lines(path) if line.strip()), "")
    if not any(character.isalpha() for character in first):
        raise InputError(path, "has columns without headings", EXPECTED, "export it as XYZ with headings")
    return replace(read_delimited(path, column=column), instrument="GEOMAR")
