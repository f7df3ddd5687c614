"""Writing many planes of one view as a tiled OME-TIFF, plane by plane, with little memory."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile
from numpy.typing import NDArray

from vestige.errors import OutputError

__all__ = ["write_planes"]

TILE: Final = 256
#: A classic TIFF ends at 4 GiB; leave room for what is not pixels.
CLASSIC_BYTES: Final = 3_900_000_000

Read = Callable[[slice], NDArray[np.float32]]


def write_planes(
    path: str | os.PathLike[str],
    planes: Sequence[Read],
    shape: tuple[int, int],
    labels: Sequence[str],
    *,
    wavelengths: Sequence[float] = (),
    pixel_mm: float | None = None,
    identifier: str = "",
) -> Path:
    """Write planes of float32, each read by rows, as one OME-TIFF; the file appears when it is whole.

    Parameters
    ----------
    planes : each gives its rows (rows, width) when called with a slice.
    shape : (height, width) of each plane.
    labels, wavelengths : name, and centre in nm, of each plane; they stand in the OME metadata.
    identifier : what makes the file's UUID, so that the same run writes the same bytes.

    Raises
    ------
    OutputError
        where the disk refuses.

    >>> import tempfile
    >>> plane = np.arange(6, dtype=np.float32).reshape(2, 3)
    >>> path = Path(tempfile.mkdtemp(), "bands.tif")
    >>> _ = write_planes(path, [plane.__getitem__, (plane + 1).__getitem__], (2, 3), ["450 nm", "550 nm"])
    >>> tifffile.imread(path).shape, float(tifffile.imread(path)[1, 1, 2])
    ((2, 2, 3), 6.0)
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.partial")
    channels: dict[str, Any] = {"Name": list(labels)}
    if wavelengths:
        # OME knows the light that a channel sends back as emission; for reflected light both are the same.
        channels["EmissionWavelength"] = [float(nm) for nm in wavelengths]
        channels["EmissionWavelengthUnit"] = ["nm"] * len(labels)
    metadata: dict[str, Any] = {
        "axes": "CYX",
        "Channel": channels,
        "UUID": str(uuid.uuid5(uuid.NAMESPACE_URL, f"vestige:{identifier}:{'|'.join(labels)}:{shape}")),
    }
    if pixel_mm:
        metadata |= {"PhysicalSizeX": pixel_mm, "PhysicalSizeXUnit": "mm"}
        metadata |= {"PhysicalSizeY": pixel_mm, "PhysicalSizeYUnit": "mm"}
    size = 4 * len(planes) * shape[0] * shape[1]
    try:
        with tifffile.TiffWriter(temporary, ome=True, bigtiff=size > CLASSIC_BYTES) as writer:
            writer.write(
                _tiles(planes, shape), shape=(len(planes), *shape), dtype=np.float32, tile=(TILE, TILE),
                photometric="minisblack", compression="zlib", predictor=3, metadata=metadata, maxworkers=1,
            )  # fmt: skip
        with open(temporary, "rb") as stream:
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}): make room on the disk") from None
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _tiles(planes: Sequence[Read], shape: tuple[int, int]) -> Iterator[NDArray[np.float32]]:
    """All tiles of all planes in the order of the file, filled up at the rim."""
    height, width = shape
    for read in planes:
        for top in range(0, height, TILE):
            rows = read(slice(top, min(top + TILE, height)))
            for left in range(0, width, TILE):
                part = rows[:, left : left + TILE]
                fill = ((0, TILE - part.shape[0]), (0, TILE - part.shape[1]))
                yield np.ascontiguousarray(np.pad(part, fill, mode="edge"), np.float32)
