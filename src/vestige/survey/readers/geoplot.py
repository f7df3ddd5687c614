"""Geoplot 3 composites: headerless float32 readings (.cmp) beside a list of quoted lines (.cmd)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from vestige.errors import InputError
from vestige.survey.readers.text import sibling
from vestige.survey.traverses import Survey, Values

__all__ = ["DUMMY", "read_geoplot"]

#: The value that Geoplot writes where nothing was read.
DUMMY = 2047.5
#: No gradiometer reads beyond this (nT); larger values are damage.
STRONGEST = 1e6
_BEARINGS = {"N": 0, "E": 90, "S": 180, "W": 270}


def read_geoplot(path: str | Path) -> Survey:
    """Read a Geoplot composite; `path` names the ``.cmp`` (or its ``.cmd``), the other lies beside it.

    Statistics (``.cms``) may lie there too: they name the dummy, and tell whether the readings are still
    those of which Geoplot wrote them. The processing history of the header is kept.

    The first traverse is taken to run in the direction that the header names, each next one to its right, and
    the north-west corner to be the origin: Geoplot stores no coordinates.

    Raises
    ------
    InputError : a file is missing, the header is damaged, or the readings are not as many as it says.

    References
    ----------
    Geoscan Research, Geoplot 3 instruction manual, appendix on file formats.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> lengths = ["1 m", "2 m", "1 m", ".5 m"]
    >>> header = ["", "a", "", "", "E", *lengths, "", "FM36", "", "1 m", "1 m", "On", "", "1", "nT"]
    >>> _ = (folder / "a.cmd").write_text("".join(f'"{line}"' + chr(10) for line in header))
    >>> _ = (folder / "a.cmp").write_bytes(np.array([1, 2, 3, DUMMY], "<f4").tobytes())
    >>> read_geoplot(folder / "a.cmp").values
    array([[ 1.,  2.], [ 3., nan]], dtype=float32)
    """
    data, header = _pair(Path(path))
    lines = _header_lines(header)
    along, across = _metres(header, lines, 5), _metres(header, lines, 6)
    traverse_m, reading_m = _metres(header, lines, 7), _metres(header, lines, 8)
    shape = _count(header, across, traverse_m), _count(header, along, reading_m)
    told = _statistics(data)
    values = _readings(data, header, shape, told[0] if told else DUMMY)
    wrong = told is not None and not _agrees(values, told)
    values *= np.float32(_multiplier(header, lines))
    survey = Survey(
        values=values,
        traverse_m=traverse_m,
        reading_m=reading_m,
        bearing=_BEARINGS.get(lines[4].strip().upper()[:1], 90),
        grid=_grid(header, lines, traverse_m, reading_m),
        source=lines[1].strip() or data.stem,
        instrument=lines[10].strip(),
        unit=lines[17].strip() or "nT",
        history=_history(lines),
    )
    if wrong:
        survey = survey.noted(f"{data.name} reads other values than its .cms says: one is of another version")
    return survey.placed(0.0, survey.extent[0])


def _pair(path: Path) -> tuple[Path, Path]:
    """The data file and its header, whatever the case of their suffixes."""
    found = {}
    for wanted in (".cmp", ".cmd"):
        if path.suffix.lower() == wanted:
            found[wanted] = path
            continue
        for suffix in (wanted, wanted.upper(), wanted.title()):
            if (sibling := path.with_suffix(suffix)).is_file():
                found[wanted] = sibling
        if wanted not in found:
            raise InputError(
                path, f"has no {wanted} file beside it", "a Geoplot composite: .cmp and .cmd", "copy both"
            )
    return found[".cmp"], found[".cmd"]


def _header_lines(path: Path) -> list[str]:
    """The quoted lines of a header; line ends may be CR, LF or both."""
    try:
        text = path.read_bytes()[:65536].decode("latin-1")
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    lines = re.findall(r'"([^"\r\n]*)"', text)
    if len(lines) < 18:
        raise InputError(path, f"holds {len(lines)} quoted lines", "the 18 or more of a Geoplot header")
    return lines


def _metres(path: Path, lines: list[str], number: int) -> float:
    """A length such as '360 m' or '.25 m'."""
    match = re.fullmatch(r"\s*(\d*\.?\d+)\s*m?\s*", lines[number])
    if match is None or not 0 < float(match[1]) < 1e5:
        raise InputError(path, f"has {lines[number]!r} on line {number + 1}", "a length such as '20 m'")
    return float(match[1])


def _multiplier(path: Path, lines: list[str]) -> float:
    try:
        factor = float(lines[16] or 1)
    except ValueError:
        factor = 0.0
    if not 0 < abs(factor) < 1e6:
        raise InputError(path, f"has {lines[16]!r} as multiplier on line 17", "a number such as '1'")
    return factor


def _count(path: Path, length: float, interval: float) -> int:
    count = round(length / interval)
    if count < 1 or abs(count * interval - length) > 0.01 * interval * max(count, 1):
        raise InputError(
            path, f"says {length:g} m at intervals of {interval:g} m", "a whole number of intervals"
        )
    return count


def _readings(
    data: Path, header: Path, shape: tuple[int, int], dummy: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    expected = 4 * shape[0] * shape[1]
    try:
        found = data.stat().st_size
        if found != expected:
            raise InputError(
                data,
                f"holds {found} bytes",
                f"{expected} bytes for the {shape[0]} traverses of {shape[1]} readings of {header.name}",
                "copy it again",
            )
        values = np.fromfile(data, "<f4").reshape(shape).astype(np.float32, copy=False)
    except OSError as error:
        raise InputError(data, f"cannot be read ({error.strerror})") from None
    for traverse in values:
        traverse[~np.isfinite(traverse)] = np.nan
        for value in {DUMMY, dummy}:
            traverse[np.abs(traverse - value) < 0.25] = np.nan
    if not np.isfinite(values).any():
        raise InputError(data, "holds no reading, only dummy values")
    if max(np.nanmax(values), -np.nanmin(values)) > STRONGEST:
        traverse, reading = np.argwhere(np.abs(values) > STRONGEST)[0]
        raise InputError(
            data,
            f"reads {values[traverse, reading]:.3g} nT at traverse {traverse + 1}, reading {reading + 1}",
            "values of a gradiometer",
            "copy it again",
        )
    return values


def _history(lines: list[str]) -> tuple[str, ...]:
    """What was done in Geoplot, one step a line; the header says how many lines that is."""
    if len(lines) < 20 or not lines[19].strip().isdecimal():
        return ()
    return tuple(line.strip() for line in lines[20 : 20 + int(lines[19])] if line.strip())


def _statistics(data: Path) -> tuple[float, float, float, int] | None:
    """The dummy, least and greatest reading and number of dummies of a ``.cms``: float32, its order found by
    comparing files with their composites (mean, deviation, three deviations, least, greatest, dummies, three
    zeros, dummy, histogram).
    """
    path = sibling(data, ".cms")
    try:
        if path is None or not 40 <= path.stat().st_size < 65536:
            return None
        stored = np.fromfile(path, "<f4", 10)
    except OSError:
        return None
    least, greatest, count, dummy = (float(stored[place]) for place in (3, 4, 5, 9))
    sound = np.isfinite(stored).all() and least <= greatest and count >= 0 and abs(dummy) >= 100
    return (dummy, least, greatest, int(count)) if sound else None


def _agrees(values: Values, told: tuple[float, float, float, int]) -> bool:
    """Whether the statistics are those of these readings."""
    return bool(np.allclose((np.nanmin(values), np.nanmax(values)), told[1:3], rtol=1e-3, atol=0.02))


def _grid(header: Path, lines: list[str], traverse_m: float, reading_m: float) -> tuple[int, int] | None:
    """Readings and traverses of one survey grid; None where the header does not say."""
    try:
        length, width = _metres(header, lines, 12), _metres(header, lines, 13)
    except InputError:
        return None
    return max(1, round(length / reading_m)), max(1, round(width / traverse_m))
