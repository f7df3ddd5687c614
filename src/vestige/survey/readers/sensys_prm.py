"""Sensys PRM: the binary that a MonSX logger with FGM650 gradiometers writes, one file a track."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.errors import InputError
from vestige.survey.readers.carts import survey_of_tracks
from vestige.survey.readers.coordinates import to_utm
from vestige.survey.readers.lines import Points
from vestige.survey.traverses import Survey

__all__ = ["read_sensys_prm"]

Array = NDArray[np.float64]
#: Bytes of the header; readings of each probe in one record; bytes of place and time after them.
HEADER, SAMPLES, TAIL = 339, 50, 64
#: Where the header holds the number of probes, their offsets, and the first place.
PROBES_AT, OFFSETS_AT, PLACE_AT = 8, 28, 275
#: nT of one step of the fine phase.
STEP_NT = 0.07
#: A cart that moves less than this in one record (m) stands.
STANDING = 0.05
EXPECTED = "a PRM file of a Sensys MonSX with FGM650 probes"


def read_sensys_prm(path: str | Path) -> Survey:
    """Read one track: a traverse for each probe, every reading at its place in UTM.

    A record holds fifty readings of each probe, then the place (WGS 84) at their end. A reading is 16 bits:
    the high byte the fine phase, the low byte counts full cycles modulo 256. The probe's level is not
    recorded: each traverse loses its median, so **values are nT relative to the traverse's median**.

    Raises
    ------
    InputError : the file is cut off, has another layout, or holds no places.

    References
    ----------
    Sensys publishes no description; the layout is that of MagSurveyPy 1.0.4 (BSD-3), its documents
    SENSYS_PRM_GUIDE and PRM_PHASE_DECODING_GUIDE.

    >>> read_sensys_prm("none.prm")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.prm cannot be read (No such file or directory)
    """
    path = Path(path)
    header = _header(path)
    probes = header[PROBES_AT]
    offsets = np.array([struct.unpack_from("<2h", header, OFFSETS_AT + 6 * one) for one in range(probes)])
    records = _records(path, probes)
    longitude, latitude = _places(path, header, records)
    east, north, crs = to_utm(longitude, latitude)
    moved = np.hypot(np.diff(east), np.diff(north))
    if not moved.max() < 1000:
        raise InputError(path, f"leaps {moved.max():.0f} m within half a second", "the places of one track")
    values = _values(records["words"])
    values[np.repeat(moved < STANDING, SAMPLES)] = np.nan
    places = _of_probes(east, north, offsets / 100.0, len(values))
    count = len(values)
    points = Points(
        np.column_stack([places.transpose(1, 0, 2).reshape(-1, 2), values.T.reshape(-1)]),
        np.ones(count * probes, np.int32),
        np.repeat(np.arange(1, probes + 1, dtype=np.int32), count),
        _seconds(records["counter"], count, probes),
    )
    survey = survey_of_tracks(path, points, crs=crs, source=path.stem)
    return survey.noted(f"{path.name} holds no absolute level: each traverse is relative to its median")


def _header(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            header = stream.read(HEADER)
        size = path.stat().st_size
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    if len(header) < HEADER:
        raise InputError(path, f"holds {len(header)} bytes", EXPECTED, "copy it again")
    probes = header[PROBES_AT]
    if not 1 <= probes <= 16:
        raise InputError(path, f"says it has {probes} probes", "1 to 16", "export it as ASC")
    record = 2 * probes * SAMPLES + TAIL
    if size <= HEADER or (size - HEADER) % record:
        raise InputError(
            path,
            f"holds {size} bytes",
            f"{HEADER} and a multiple of {record} for {probes} probes",
            "copy it again, or export it as ASC",
        )
    return header


def _records(path: Path, probes: int) -> NDArray[Any]:
    """The records as they lie on the disk, read when they are looked at."""
    kind = np.dtype(
        [
            ("words", "<u2", (probes, SAMPLES)),
            ("place", "<f8", 3),
            ("state", "u1", 8),
            ("counter", "u1", 6),
            ("rest", "u1", 26),
        ]
    )
    return np.memmap(path, kind, mode="r", offset=HEADER)


def _places(path: Path, header: bytes, records: NDArray[Any]) -> tuple[Array, Array]:
    """Longitude and latitude in degrees at the bounds of the records: one more than there are records."""
    first = np.array(struct.unpack_from("<3d", header, PLACE_AT))
    told = np.degrees(np.vstack([first, records["place"]])[:, :2])
    latitude, longitude = told.T
    with np.errstate(invalid="ignore"):
        good = (np.abs(latitude) <= 84) & (np.abs(longitude) <= 180) & ((latitude != 0) | (longitude != 0))
    if np.count_nonzero(good) < 2:
        raise InputError(path, "holds fewer than two places", "a track recorded with a satellite receiver")
    bounds = np.arange(len(told))
    return (
        np.interp(bounds, bounds[good], longitude[good]),
        np.interp(bounds, bounds[good], latitude[good]),
    )


def _values(words: NDArray[np.uint16]) -> NDArray[np.float32]:
    """nT (sample, probe), each probe relative to its median."""
    samples = words.transpose(0, 2, 1).reshape(-1, words.shape[1])
    cycles = np.unwrap((samples & 255).astype(np.float64), period=256.0, axis=0)
    phase = (samples >> 8) + 256.0 * cycles
    found: NDArray[np.float32] = (STEP_NT * (phase - np.median(phase, axis=0))).astype(np.float32)
    return found


def _of_probes(east: Array, north: Array, offsets: Array, count: int) -> Array:
    """Places (sample, probe, 2): offsets to the right of and along the way of the cart."""
    at, bounds = np.arange(count), np.arange(len(east)) * SAMPLES
    way = np.column_stack([np.interp(at, bounds, east), np.interp(at, bounds, north)])
    reach = min(2 * SAMPLES, len(way) - 1)
    ahead = way[np.minimum(at + reach, count - 1)] - way[np.maximum(at - reach, 0)]
    ahead /= np.maximum(np.hypot(*ahead.T), 1e-9)[:, np.newaxis]
    right = np.column_stack([ahead[:, 1], -ahead[:, 0]])
    return (
        way[:, np.newaxis]
        + right[:, np.newaxis] * offsets[np.newaxis, :, :1]
        + ahead[:, np.newaxis] * offsets[np.newaxis, :, 1:]
    )


def _seconds(counter: NDArray[np.uint8], count: int, probes: int) -> Array | None:
    """Time of each reading from the counter of the records; None where it does not run evenly."""
    ticks = counter.astype(np.float64) @ (256.0 ** np.arange(6)) / 2.0**24
    steps = np.diff(ticks)
    if len(steps) < 1 or not np.all((steps > 1e-5) & (np.abs(steps - np.median(steps)) < 0.02)):
        return None
    step = float(np.median(steps))
    bounds = np.concatenate([ticks - ticks[0], [ticks[-1] - ticks[0] + step]])
    return np.tile(np.interp(np.arange(count), np.arange(len(bounds)) * SAMPLES, bounds), probes)
