"""Where Tesseract's language data lies, and which language to read with."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from vestige.errors import MissingError, UsageError

__all__ = ["data_folders", "find_data", "installed"]

SCRIPTS = {"Fraktur": ("Fraktur", "frk", "deu")}
USUAL = ("deu", "eng")


def data_folders() -> list[Path]:
    """Folders with language data, best first: ``TESSDATA_PREFIX``, the system's, that of this environment.

    >>> all(folder.is_dir() for folder in data_folders())
    True
    """
    prefix = os.environ.get("TESSDATA_PREFIX", "")
    named = [Path(prefix), Path(prefix) / "tessdata"] if prefix else []
    system = sorted(Path("/usr/share/tesseract-ocr").glob("*/tessdata"), reverse=True)
    others = [
        Path("/usr/share/tessdata"),
        Path("/usr/local/share/tessdata"),
        Path("/opt/homebrew/share/tessdata"),
    ]
    own = [Path(sys.prefix) / "share" / "tessdata"]
    found = [folder for folder in [*named, *system, *others, *own] if any(folder.glob("*.traineddata"))]
    return list(dict.fromkeys(found))


def installed() -> dict[str, Path]:
    """Each language there is data for, and the first folder that holds it.

    >>> set(installed().values()) <= set(data_folders())
    True
    """
    found: dict[str, Path] = {}
    for folder in data_folders():
        for file in sorted(folder.glob("*.traineddata")):
            found.setdefault(file.stem, folder)
    return found


def find_data(languages: Sequence[str]) -> Path:
    """The folder that holds the data of all these languages.

    Raises
    ------
    UsageError : no language was named.
    MissingError : no folder holds them all; says which lacks and how to install it.

    >>> find_data(["klingon"])
    Traceback (most recent call last):
    ...
    vestige.errors.MissingError: there is no Tesseract data for klingon: install tesseract-ocr-klingon, ...
    """
    if not languages:
        raise UsageError("language is empty; expected 'auto', 'none', or names such as deu+eng")
    for folder in data_folders():
        if all((folder / f"{language}.traineddata").is_file() for language in languages):
            return folder
    known = installed()
    lacking = next((language for language in languages if language not in known), languages[0])
    raise MissingError(
        f"there is no Tesseract data for {'+'.join(languages) if lacking in known else lacking}: "
        f"install tesseract-ocr-{lacking.lower()}, or name its folder in TESSDATA_PREFIX; "
        f"found: {', '.join(sorted(known)) or 'none'}"
    )


def choose(script: str | None) -> list[str]:
    """Languages to read a script with: its own where there is data for it, else German and English.

    Empty where there is no data at all.
    """
    known = installed()
    for language in SCRIPTS.get(script or "", ()):
        if language in known:
            return [language]
    usual = [language for language in USUAL if language in known]
    for count in (len(usual), 1):
        for folder in data_folders():
            if usual and all((folder / f"{name}.traineddata").is_file() for name in usual[:count]):
                return usual[:count]
    return sorted(set(known) - {"osd"})[:1]
