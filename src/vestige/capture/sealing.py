"""Is a capture whole? What is missing or changed, and the seal after which it never changes."""

from __future__ import annotations

from vestige.capture.manifest import MANIFEST, Calibration, Capture, Frame, file_digest
from vestige.errors import InputError


def check(capture: Capture) -> list[str]:
    """What is wrong with the files of a capture: missing, empty, or changed since recorded.

    An empty list means that all is well.

    >>> check(Capture(frames=[Frame(file="no such file.tif")]))
    ['no such file.tif is missing']
    """
    problems = []
    items: list[Frame | Calibration] = [*capture.frames, *capture.calibration]
    for item in items:
        path = capture.path(item)
        if not path.is_file():
            problems.append(f"{item.file} is missing")
        elif path.stat().st_size == 0:
            problems.append(f"{item.file} is empty")
        elif item.blake3 and file_digest(path) != item.blake3:
            problems.append(f"{item.file} has changed since it was recorded")
    if not capture.select():
        problems.append("the capture holds no frame of the object")
    return problems


def seal(capture: Capture) -> Capture:
    """The capture with a digest for each file, sealed: from now on it never changes.

    Raises
    ------
    InputError
        where a file is missing, empty or not what was recorded.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Path(folder, "a.tif").write_bytes(b"pixels")
    ...     seal(Capture(frames=[Frame(file="a.tif")]).at(folder)).state
    'sealed'
    """
    if problems := check(capture):
        raise InputError(capture.root / MANIFEST, f"cannot be sealed: {problems[0]}")
    return capture.model_copy(
        update={
            "state": "sealed",
            "frames": [f.model_copy(update={"blake3": file_digest(capture.path(f))}) for f in capture.frames],
            "calibration": [
                c.model_copy(update={"blake3": file_digest(capture.path(c))}) for c in capture.calibration
            ],
        }
    ).at(capture.root)
