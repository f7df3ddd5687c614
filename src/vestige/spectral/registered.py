"""The registered bands of a run: one store of rows a source, read together or one by one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from vestige.imaging import StripStore
from vestige.spectral.bands import Band, Source

__all__ = ["RegisteredBands"]

Plane = NDArray[np.float32]


class RegisteredBands:
    """All bands on the grid of the reference, sorted by wavelength; rows are read from the disk.

    >>> import tempfile
    >>> from vestige.capture import Frame
    >>> path = Path(tempfile.mkdtemp(), "0.rows")
    >>> with StripStore(path, 2, 3, 1, np.float32) as store:
    ...     store[0:2] = np.ones((2, 3), np.float32)
    >>> source = Source(Frame(file="a.tif"), (Band("550 nm", 550.0, 20.0),))
    >>> with RegisteredBands([source], [path], (2, 3)) as bands:
    ...     bands.read(slice(0, 1)).shape, bands.wavelengths
    ((1, 3, 1), [550.0])
    """

    def __init__(self, sources: Sequence[Source], paths: Sequence[Path], shape: tuple[int, int]) -> None:
        self.shape = shape
        self._stores = [
            StripStore(path, *shape, len(source.bands), np.float32)
            for source, path in zip(sources, paths, strict=True)
        ]
        places = [
            (band, number, band.channel) for number, source in enumerate(sources) for band in source.bands
        ]
        places.sort(key=lambda place: place[0].wavelength)
        self.bands: list[Band] = [band for band, _, _ in places]
        self.source_of: list[int] = [number for _, number, _ in places]
        self._channels = [channel for _, _, channel in places]

    @property
    def wavelengths(self) -> list[float]:
        """Centre of each band, nm."""
        return [band.wavelength for band in self.bands]

    def band(self, index: int, rows: slice) -> Plane:
        """Rows of one band, (rows, width)."""
        values: Plane = self._stores[self.source_of[index]][rows]
        channel = self._channels[index]
        return values if channel is None else values[..., channel]

    def read(self, rows: slice, indices: Sequence[int] | None = None) -> Plane:
        """Rows of some bands, or of all, (rows, width, bands)."""
        wanted = range(len(self.bands)) if indices is None else indices
        return np.stack([self.band(index, rows) for index in wanted], axis=2)

    def close(self) -> None:
        """Close the files; the rows stay on the disk."""
        for store in self._stores:
            store.close()

    def __enter__(self) -> RegisteredBands:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
