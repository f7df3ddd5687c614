"""Check the licence of every package that the locks name: fails on one that Vestige must not depend on."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
FREE = re.compile(
    r"apache|\bmit\b|mit-cmu|bsd|isc|psf|python software foundation|mpl|mozilla|zlib|libpng|hpnd|unlicense|"
    r"cc0|public domain|"
    r"zope|\bzpl|\blgpl|lesser general public|boost|bsl-1|wtfpl|0bsd|blueoak|unicode|freetype|ofl",
    re.IGNORECASE,
)
BARRED = re.compile(
    r"\b(a?gpl)|(?<!lesser )general public licen[cs]e|non-?commercial|proprietary|sspl", re.IGNORECASE
)
#: Packages whose metadata says nothing or too much, read by a person; each with what was found there.
READ_BY_HAND = {
    "nvidia": "CUDA runtime libraries of PyTorch's own CUDA build; a CPU build does not bring them",
}


def words_of(name: str) -> str:
    """All that a package's metadata says of its licence."""
    about = metadata(name)
    classifiers = [line for line in about.get_all("Classifier") or [] if line.startswith("License")]
    texts = [about.get("License-Expression") or "", (about.get("License") or "")[:400], *classifiers]
    return " · ".join(text.strip() for text in texts if text.strip())


def verdict(name: str) -> str:
    """An empty string where the licence is free enough, else what is wrong."""
    if any(name.startswith(known) for known in READ_BY_HAND):
        return ""
    try:
        words = words_of(name)
    except PackageNotFoundError:
        print(f"{name}: not installed here, so its licence was not read")
        return ""
    if BARRED.search(words):
        return f"barred: {words}"
    return "" if FREE.search(words) else f"unknown licence: {words or 'nothing said'}"


names = sorted(
    {
        line.split("==")[0]
        for lock in (ROOT / "requirements").glob("*.lock")
        if lock.stem != "bench"
        for line in lock.read_text().splitlines()
        if line and not line.startswith("#")
    }
)
faults = {name: why for name in names if (why := verdict(name))}
for name, why in faults.items():
    print(f"{name}: {why}")
print(f"licences: {len(names)} packages, {len(faults)} faults")
sys.exit(bool(faults))
