"""The lines of a stream as the one delimited file that they make."""

from __future__ import annotations

from pathlib import Path

from vestige.capture import Capture, Frame
from vestige.errors import InputError

__all__ = ["gathered", "in_order", "is_line"]

#: The file that the lines make: what is asked of a reader is asked of any delimited file.
READINGS = "readings.csv"
HEADINGS = b"easting,northing,nT,line,probe\n"


def is_line(frame: Frame) -> bool:
    """Whether a frame is a line that a stream brought.

    >>> is_line(Frame(file="site.csv"))
    False
    """
    return "line" in frame.coordinates and "piece" in frame.settings


def in_order(frames: list[Frame]) -> list[Frame]:
    """Lines in the order of their numbers and probes, however they arrived.

    >>> from vestige.capture import coordinates
    >>> sent = {"b": 2, "a": 1}
    >>> frames = [Frame(file=file, coordinates=coordinates(line=n, probe=0)) for file, n in sent.items()]
    >>> [frame.file for frame in in_order(frames)]
    ['a', 'b']
    """
    return sorted(frames, key=lambda frame: (frame.number("line"), frame.number("probe")))


def gathered(capture: Capture, workspace: Path) -> Capture:
    """A capture whose lines have become one file, ``readings.csv``, beneath `workspace`; any other as it is.

    So a sealed stream and the same readings as one file go the same way, and give the same bits.

    Raises
    ------
    InputError
        where a line cannot be read.

    >>> gathered(Capture(frames=[Frame(file="site.csv")]), Path("nowhere")).frames[0].file
    'site.csv'
    """
    lines = in_order([frame for frame in capture.select() if is_line(frame)])
    if not lines:
        return capture
    others = [frame for frame in capture.select() if not is_line(frame)]
    if others:
        raise InputError(capture.path(others[0]), "is no line of the stream", "a capture of lines alone")
    workspace.mkdir(parents=True, exist_ok=True)
    with open(workspace / READINGS, "wb") as stream:
        stream.write(HEADINGS)
        stream.writelines(_told(rows(capture, frame), frame) for frame in lines)
    settings = {name: value for name, value in capture.settings.items() if name != "stream"}
    return Capture(frames=[Frame(file=READINGS)], settings=settings).at(workspace)


def _told(data: bytes, frame: Frame) -> bytes:
    """Rows with the line and the probe that brought them: a cart's lines need not be straight."""
    whose = b",%d,%d\n" % (frame.number("line"), frame.number("probe"))
    return data.replace(b"\n", whose)


def rows(capture: Capture, frame: Frame) -> bytes:
    """The rows of a line's file: easting, northing and value, as they were sent."""
    path = capture.path(frame)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    headings, _, body = data.partition(b"\n")
    if headings.count(b",") == 2:
        return body
    return b"".join(b",".join(row.split(b",")[:3]) + b"\n" for row in body.splitlines())
