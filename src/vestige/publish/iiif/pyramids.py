"""From a picture to its pyramid of JPEG tiles, in a cache that may be emptied at any time.

What the archive keeps as a tiled pyramid is shown at once, through libvips, while the
tiles are made beside it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.contract.kinds import Kind
from vestige.display import pictures
from vestige.display.absence import Absent
from vestige.display.opening import open_pyramid
from vestige.display.pyramid import Pyramid, reading
from vestige.display.tone import Tone, shown
from vestige.errors import OutputError
from vestige.publish.iiif.names import Picture
from vestige.publish.iiif.stored import StoredPyramid, stored_pyramid

TILE = 512
QUALITY = 88
#: Rows that are drawn at once while tiles are made.
_ROWS = 512
#: Seconds that tiles are not begun for: who asked first is looking at the picture.
_FIRST_VIEW = 1.0


class PyramidCache:
    """The pyramids of one archive: those that are made, and one at a time that is being made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="iiif-tiles")
        self._making: dict[Path, Future[None]] = {}
        self._lock = threading.Lock()
        self._hurry = threading.Event()

    def prepare(self) -> None:
        """Load what pictures are drawn with, before somebody waits for it."""
        self._maker.submit(_libraries)

    def close(self) -> None:
        """Begin nothing more."""
        self._hurry.set()
        self._maker.shutdown(wait=True, cancel_futures=True)

    def source(self, picture: Picture) -> Pyramid:
        """The values of a picture at any scale, as the archive keeps them."""
        path = picture.path
        if picture.kind in pictures.PORTRAYED:
            path = self._portrait(picture)
        found = open_pyramid(path, self.folder, foreign=picture.foreign, linear=picture.linear)
        if picture.band is not None and picture.band >= found.bands:
            raise Absent(picture.name)
        return found

    def stored(self, picture: Picture, *, wait: bool = False) -> StoredPyramid | None:
        """The pyramid of tiles; None where it is not made yet, which then begins."""
        target = self.place(picture)
        if target.exists():
            return stored_pyramid(target)
        with self._lock:
            making = self._making.get(target)
            if making is None:
                making = self._making[target] = self._maker.submit(self._make, picture, target)
                making.add_done_callback(lambda _: self._making.pop(target, None))
        if not wait:
            return None
        self._hurry.set()
        making.result()
        return stored_pyramid(target)

    def place(self, picture: Picture) -> Path:
        """Where the tiles of a picture lie."""
        told = f"{picture.name} {TILE} {QUALITY} 1"
        return self.folder / f"iiif-{hashlib.sha256(told.encode()).hexdigest()[:32]}.tif"

    def _portrait(self, picture: Picture) -> Path:
        """What stands for a thing that is no raster: the picture that lists show of it."""
        told = hashlib.sha256(f"portrait {picture.name}".encode()).hexdigest()[:32]
        target = self.folder / f"iiif-{told}.png"
        if not target.exists():
            files = list(picture.files)
            data, _ = pictures.thumbnail(picture.kind, picture.path, files, self.folder, pictures.ALONE)
            from vestige.imaging._vips import pyvips

            with _written(target) as temporary:
                temporary.write_bytes(pyvips.Image.new_from_buffer(data, "").pngsave_buffer())
        return target

    def _make(self, picture: Picture, target: Path) -> None:
        self._hurry.wait(_FIRST_VIEW)
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        make(picture, self.source(picture), target)


def _libraries() -> None:
    import cv2  # noqa: F401 - loading it is what is meant
    import tifffile  # noqa: F401

    from vestige.imaging._vips import pyvips

    pyvips.Image.black(8, 8).jpegsave_buffer()


def look(picture: Picture, pyramid: Pyramid) -> tuple[Tone, tuple[int, ...]]:
    """The tone and the bands in which a picture is shown."""
    if picture.band is None:
        return pictures.natural_tone(picture.kind, pyramid)
    if picture.kind is Kind.BANDS:
        return Tone("picture", *pictures.light_range(pyramid, picture.band)), (picture.band,)
    return pictures.natural_tone(picture.kind, pyramid)[0], (picture.band,)


def drawn(picture: Picture, pyramid: Pyramid, box: tuple[int, int, int, int], size: tuple[int, int]) -> Any:
    """A region of a picture as 8-bit sRGB (height, width, 3), drawn from the values; missing ones white."""
    tone, bands = look(picture, pyramid)
    relief = tone.look == "relief"
    values = pyramid.scaled(box, size, bands, 1 if relief else 0, exact=tone.look == "classes")
    pixels = shown(values, tone, pitch=picture.towards_viewer * box[2] / size[0])
    return _on_white(pixels)


def _on_white(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if pixels.shape[2] < 4:
        return pixels
    return np.where(pixels[..., 3:] > 0, pixels[..., :3], np.uint8(255)).astype(np.uint8)


def make(picture: Picture, pyramid: Pyramid, target: Path) -> None:
    """Write the tiles of a picture: 8-bit sRGB, JPEG, each level half as large.

    Raises
    ------
    VestigeError
        where the picture is broken or the cache cannot be written.
    """
    from vestige.imaging._vips import pyvips

    with _written(target) as temporary, contextlib.ExitStack() as closing:
        if plain(picture, pyramid):
            first = pyramid.levels[0].sources[0]
            image = pyvips.Image.tiffload(str(first.path), page=first.page, subifd=first.subifd)
            image = image.extract_band(0, n=3) if image.bands > 3 else image
        else:
            spool = closing.enter_context(tempfile.NamedTemporaryFile(dir=target.parent))
            for top in range(0, pyramid.height, _ROWS):
                rows = min(_ROWS, pyramid.height - top)
                box = (0, top, pyramid.width, rows)
                spool.write(
                    np.ascontiguousarray(drawn(picture, pyramid, box, (pyramid.width, rows))).tobytes()
                )
            spool.flush()
            image = pyvips.Image.rawload(spool.name, pyramid.width, pyramid.height, 3)
            image = image.copy(interpretation="srgb")
        with reading(picture.path):
            image.tiffsave(
                str(temporary),
                tile=True,
                tile_width=TILE,
                tile_height=TILE,
                pyramid=True,
                bigtiff=True,
                compression="jpeg",
                Q=QUALITY,
                region_shrink="mean",
                keep="none",
            )


def plain(picture: Picture, pyramid: Pyramid) -> bool:
    """Whether the stored values are what a screen shows."""
    tone, _ = look(picture, pyramid)
    return (
        tone == Tone("picture")
        and picture.band is None
        and pyramid.sample == "uint8"
        and pyramid.nodata is None
        and len(pyramid.levels[0].sources) == 1
    )


@contextlib.contextmanager
def _written(target: Path) -> Iterator[Path]:
    """A temporary file that takes the place of `target` once it is whole."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=target.suffix, dir=target.parent)
    except OSError as error:
        raise OutputError(f"{target.parent} cannot be written ({error.strerror})") from None
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
