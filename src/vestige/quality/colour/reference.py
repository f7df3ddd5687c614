"""The colours of a target: those its maker publishes, or those measured on this very copy."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vestige.errors import InputError, UsageError
from vestige.quality.colour.fitting import FEWEST
from vestige.quality.targets.layout import Layout, layout

__all__ = ["found_patches", "patches_within", "read_reference"]

Values = NDArray[np.float64]


def read_reference(path: str | os.PathLike[str]) -> dict[str, Values]:
    r"""L*a*b* (D50, 2 degrees) by patch from a CSV file with the columns patch, L, a, b.

    Raises
    ------
    InputError : no such file, other columns, a value that is no number, or a patch that is listed twice.

    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w+", suffix=".csv") as file:
    ...     _ = file.write("patch,L,a,b\nA1,96.7,-0.5,1.4\n")
    ...     _ = file.seek(0)
    ...     read_reference(file.name)["A1"].tolist()
    [96.7, -0.5, 1.4]
    """
    columns = "the columns patch, L, a, b"
    found: dict[str, Values] = {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            rows = csv.DictReader(stream)
            if not {"patch", "L", "a", "b"} <= set(rows.fieldnames or ()):
                raise InputError(path, "has other columns", columns, "name them in the first line")
            for number, row in enumerate(rows, start=2):
                try:
                    values = np.array([float(row[name]) for name in ("L", "a", "b")])
                except (TypeError, ValueError):
                    raise InputError(path, f"holds no numbers in line {number}", columns) from None
                if not np.isfinite(values).all() or row["patch"] in found:
                    raise InputError(
                        path, f"lists {row['patch']!r} twice or without a colour", "each patch once"
                    )
                found[row["patch"]] = values
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, csv.Error):
        raise InputError(path, "is no text", f"a CSV file with {columns}") from None
    return found


def found_patches(frame: str | os.PathLike[str], kind: str = "") -> tuple[str, Mapping[str, Values]]:
    """The target of known colours that is seen best in a frame: its kind, and its patches, name to (4, 2).

    Parameters
    ----------
    kind : only this one; '' for any.

    Raises
    ------
    InputError : the frame cannot be read, or shows no such target.
    """
    from vestige.quality.frame import Frame
    from vestige.quality.targets.finding import find_targets

    with Frame(frame) as opened:
        found = [one for one in find_targets(opened) if one.kind == (kind or one.kind)]
    useful = [one for one in found if len(one.patches) >= FEWEST["matrix"]]
    if not useful:
        raise InputError(
            frame,
            f"shows no {layout(kind).title if kind else 'target of known colours'}",
            "a whole target, in even light",
            "shoot it again, or say where it lies with its corners",
        )
    best = max(useful, key=lambda one: (one.confidence, len(one.patches)))
    return best.kind, best.patches


def patches_within(target: Layout, corners: ArrayLike) -> Mapping[str, Values]:
    """Where the patches of a target lie in a frame, from its four corners: name to (4, 2).

    Parameters
    ----------
    corners : (4, 2), x and y in pixels of the target's top left, top right, bottom right and bottom left, as
        it is printed; straight lines must be straight in the frame.

    Raises
    ------
    UsageError : not four corners, or they do not span an area.

    >>> from vestige.quality.targets.layout import layout
    >>> target = layout("colorchecker-classic")
    >>> found = patches_within(target, target.corners * 10)
    >>> bool(np.allclose(found["dark skin"], target.patches["dark skin"] * 10, atol=1e-3))
    True
    """
    import cv2

    placed = np.asarray(corners, np.float32)
    if placed.shape != (4, 2) or not np.isfinite(placed).all() or cv2.contourArea(placed) < 1:
        raise UsageError(
            "the corners of a target are four places x,y: top left, top right, bottom right, bottom left"
        )
    map_ = cv2.getPerspectiveTransform(np.asarray(target.corners, np.float32), placed)
    return {
        name: np.asarray(cv2.perspectiveTransform(np.asarray(quad, np.float64)[None], map_)[0], np.float64)
        for name, quad in target.patches.items()
    }
