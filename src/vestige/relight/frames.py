"""The frames of one view, opened together and read by rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame
from vestige.errors import FrameError, InputError, UsageError
from vestige.imaging import Image, open_image
from vestige.relight.recipe import RelightRecipe

__all__ = ["FrameStack", "choose_frames", "open_frames"]

AskedEncoding = Literal["auto", "srgb", "linear"]


class FrameStack:
    """Frames of one size, read together: ``stack.read(rows)`` is (frames, rows, width, 3) linear light.

    Decoded pixels lie in files; memory holds the rows that are read.
    """

    def __init__(self, images: list[Image]) -> None:
        self.images = images

    @property
    def height(self) -> int:
        """Rows of each frame."""
        return self.images[0].info.height

    @property
    def width(self) -> int:
        """Columns of each frame."""
        return self.images[0].info.width

    def read(self, rows: slice, columns: slice = slice(None)) -> NDArray[np.float32]:
        """Linear light of some rows of all frames, (frames, rows, columns, 3); grey is repeated."""
        first, last, _ = rows.indices(self.height)
        width = len(range(*columns.indices(self.width)))
        values = np.empty((len(self.images), last - first, width, 3), np.float32)
        for number, image in enumerate(self.images):
            pixels = image.read(slice(first, last))[:, columns]
            values[number] = pixels if pixels.ndim == 3 else pixels[..., None]
        return values

    def proxies(self, side: int, *, grey: bool = False, most: int = 1000) -> NDArray[np.float32]:
        """Frames made small, (frames, height, width[, 3]); not more than `most`, spread over all."""
        step = -(-len(self.images) // most)
        return np.stack([_channels(image.proxy(side), grey=grey) for image in self.images[::step]])

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with some of the frames only; the others are closed."""
        for row, image in enumerate(self.images):
            if row not in rows:
                image.close()
        self.images = [self.images[row] for row in rows]

    def close(self) -> None:
        """Give the decoded pixels back."""
        for image in self.images:
            image.close()

    def __enter__(self) -> FrameStack:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def choose_frames(capture: Capture, pattern: str) -> list[Frame]:
    """The frames of the object whose names fit a pattern, or one of several with commas between, in order.

    Raises
    ------
    InputError
        where none fits.

    >>> capture = Capture(frames=[Frame(file="1_TL.jpg"), Frame(file="1_BL.jpg")])
    >>> [frame.file for frame in choose_frames(capture, "*_TL.jpg")]
    ['1_TL.jpg']
    """
    wanted = [part.strip().casefold() for part in pattern.split(",")]
    known = capture.select()
    chosen = [
        frame
        for frame in known
        if any(
            fnmatchcase(name.casefold(), part)
            for part in wanted
            for name in (frame.file, Path(frame.file).name)
        )
    ]
    if not chosen:
        example = f", such as {known[0].file}" if known else ""
        raise InputError(
            capture.root, f"holds no frame named like {pattern!r}", f"a pattern that fits{example}"
        )
    return chosen


def open_frames(
    capture: Capture, frames: Sequence[Frame], recipe: RelightRecipe
) -> tuple[FrameStack, dict[str, str]]:
    """The frames opened as recipe or capture say they are encoded, and what is wrong with the others.

    A frame that cannot be read, or is of another size than most, is left out as long as most remain.

    Raises
    ------
    FrameError, InputError
        where half of the frames or more cannot be used; names the first.
    UsageError
        where the capture's settings are no encoding.
    """
    images: dict[str, Image] = {}
    faults: dict[str, InputError] = {}
    try:
        for frame in frames:
            encoding, white_level = _encoding(capture, recipe.for_frame(frame.file))
            try:
                images[frame.file] = open_image(
                    capture.path(frame), encoding=encoding, white_level=white_level
                )
                images[frame.file].read(slice(0, 1))
            except InputError as error:
                faults[frame.file] = error
                if frame.file in images:
                    images.pop(frame.file).close()
        faults |= _odd_sizes(images)
        if 2 * len(faults) >= len(frames):
            raise faults[next(frame.file for frame in frames if frame.file in faults)]
        for name in faults.keys() & images.keys():
            images.pop(name).close()
    except BaseException:
        FrameStack(list(images.values())).close()
        raise
    return FrameStack(list(images.values())), {name: error.found for name, error in faults.items()}


def _odd_sizes(images: dict[str, Image]) -> dict[str, InputError]:
    """Frames of another size than most."""
    sizes = {name: (image.info.width, image.info.height) for name, image in images.items()}
    if len(set(sizes.values())) < 2:
        return {}
    (width, height), _ = Counter(sizes.values()).most_common(1)[0]
    return {
        name: FrameError(
            images[name].info.path,
            f"is {size[0]} x {size[1]} pixels",
            f"{width} x {height}, as most frames",
            "leave it out with the recipe's pattern of frames",
        )
        for name, size in sizes.items()
        if size != (width, height)
    }


def _encoding(capture: Capture, recipe: RelightRecipe) -> tuple[AskedEncoding, float | None]:
    settings = capture.settings
    encoding = settings.get("encoding", "auto") if recipe.encoding == "capture" else recipe.encoding
    white_level = recipe.white_level if recipe.white_level is not None else settings.get("white_level")
    if encoding not in ("auto", "srgb", "linear"):
        raise UsageError(f"settings.encoding must be auto, srgb or linear, not {encoding!r}")
    if white_level is not None and not (isinstance(white_level, int | float) and white_level > 0):
        raise UsageError(f"settings.white_level must be a number above 0, not {white_level!r}")
    return cast("AskedEncoding", encoding), white_level


def _channels(pixels: NDArray[np.float32], *, grey: bool) -> NDArray[np.float32]:
    if grey:
        return pixels if pixels.ndim == 2 else pixels.mean(axis=2, dtype=np.float32)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
