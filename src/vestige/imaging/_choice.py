"""Which readers a format has, in the order they are tried; each is imported when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vestige.imaging._header import Reader


def readers(kind: str) -> Iterator[Callable[[str, int], Reader]]:
    """What may read a format, the best first; the next one is asked after an `UnsupportedError`."""
    if kind == "raw":
        from vestige.imaging._raw_reader import RawReader

        yield RawReader
    elif kind == "jp2":
        from vestige.imaging._array_reader import jpeg2000_reader

        yield jpeg2000_reader
    else:
        from vestige.imaging._vips_reader import VipsReader

        yield VipsReader
    if kind == "tiff":
        from vestige.imaging._array_reader import tiff_reader

        yield tiff_reader
