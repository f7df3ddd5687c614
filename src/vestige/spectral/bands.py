"""Which frame shows which band, and which dark, flat and white frames belong to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from vestige.capture import Capture, Frame
from vestige.errors import FrameError, InputError
from vestige.imaging import open_image, probe
from vestige.spectral.recipe import SpectralRecipe

__all__ = ["PHOTOGRAPH", "Band", "Source", "find_bands"]

#: A colour photograph shows three broad bands; where a camera's filters are not known, these stand for them.
PHOTOGRAPH: Final = (("red", 610.0), ("green", 540.0), ("blue", 465.0))
PHOTOGRAPH_WIDTH: Final = 80.0
#: What a name may say of a frame without a wavelength, and what is then taken for it.
NAMED: Final = (
    ("infrared", 940.0, r"ir|nir|infrared|infrarouge|infrarot"),
    ("ultraviolet", 365.0, r"uv|uva|ultraviolet"),
)
#: Frames of one wavelength are one lamp's if their wavelengths differ by no more than this.
SAME_LAMP_NM: Final = 1.0
REFLECTED: Final = ("", "reflected", "visible", "infrared", "ultraviolet", "vis", "ir", "uv")


@dataclass(frozen=True)
class Band:
    """One wavelength of the object: centre and width at half height in nm, and where its pixels are.

    ``channel`` is that of a colour frame, None for a frame that is one band. ``reflected`` is False for
    light that shone through or was emitted (fluorescence): such bands say nothing of the colour.

    >>> Band("550 nm", 550.0, 20.0).reflected
    True
    """

    label: str
    wavelength: float
    width: float
    channel: int | None = None
    reflected: bool = True


@dataclass(frozen=True)
class Source:
    """A frame of the object, the bands it shows, and the references taken under the same lamp.

    >>> Source(Frame(file="leaf.tif"), (Band("550 nm", 550.0, 20.0),)).wavelength
    550.0
    """

    frame: Frame
    bands: tuple[Band, ...]
    darks: tuple[Frame, ...] = ()
    flats: tuple[Frame, ...] = ()
    whites: tuple[Frame, ...] = ()

    @property
    def wavelength(self) -> float:
        """Centre of the band, or of the middle one of a colour frame."""
        return sorted(band.wavelength for band in self.bands)[len(self.bands) // 2]

    @property
    def is_photograph(self) -> bool:
        """Whether this is a colour photograph, three bands in one frame."""
        return len(self.bands) == 3


def find_bands(
    capture: Capture, recipe: SpectralRecipe, warn: Callable[[str], None] = lambda _: None
) -> list[Source]:
    """The sources of a capture, by wavelength.

    The wavelength of a frame is that of ``recipe.wavelengths``, else its coordinate, else what its name
    says (ir, uv). A colour frame without one is a photograph: red, green and blue.

    Raises
    ------
    InputError
        where there are fewer than two bands, or a grey frame does not say its wavelength.

    >>> find_bands(Capture(), SpectralRecipe())
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: . holds no frame named like '*'; expected frames of the object
    """
    frames = _chosen(capture, recipe.frames)
    if not frames:
        raise InputError(capture.root, f"holds no frame named like {recipe.frames!r}", "frames of the object")
    sources = [_source(capture, frame, recipe, warn) for frame in frames]
    if sum(len(source.bands) for source in sources) < 2:
        raise InputError(
            capture.path(frames[0]), "is one band", "two or more", "add the frames of the other wavelengths"
        )
    return sorted(sources, key=lambda source: source.wavelength)


def _chosen(capture: Capture, patterns: str) -> list[Frame]:
    wanted = [pattern.strip() for pattern in patterns.split(",")]
    return [frame for frame in capture.select() if any(_fits(frame.file, pattern) for pattern in wanted)]


def _fits(file: str, pattern: str) -> bool:
    name, wanted = file.casefold(), pattern.casefold()
    return (
        wanted in (name, Path(name).name) or fnmatchcase(name, wanted) or fnmatchcase(Path(name).name, wanted)
    )


def _source(capture: Capture, frame: Frame, recipe: SpectralRecipe, warn: Callable[[str], None]) -> Source:
    wavelength, illumination = _wavelength(frame, recipe), _illumination(frame)
    if wavelength is None and _is_coloured(capture.path(frame)):
        bands = tuple(
            Band(f"{name} {centre:g} nm", centre, PHOTOGRAPH_WIDTH, channel)
            for channel, (name, centre) in enumerate(PHOTOGRAPH)
        )
        return Source(frame, bands, *_references(capture, frame, None))
    if wavelength is None:
        wavelength = _named(frame, warn)
    if wavelength is None:
        raise FrameError(
            capture.path(frame),
            "does not say its wavelength",
            "a coordinate 'wavelength', or a name such as leaf_940nm.tif",
            f"say it with --set 'wavelengths={{\"{Path(frame.file).name}\": 940}}'",
        )
    reflected = illumination in REFLECTED
    label = f"{wavelength:g} nm" if reflected else f"{wavelength:g} nm {illumination}"
    band = Band(label, wavelength, recipe.band_width, None, reflected)
    return Source(frame, (band,), *_references(capture, frame, wavelength))


def _wavelength(frame: Frame, recipe: SpectralRecipe) -> float | None:
    for pattern, wavelength in recipe.wavelengths.items():
        if _fits(frame.file, pattern):
            return wavelength
    return frame.number("wavelength") if "wavelength" in frame.coordinates else None


def _illumination(frame: Frame) -> str:
    told = frame.coordinates.get("illumination")
    return str(told.value).strip().casefold() if told is not None else ""


def _named(frame: Frame, warn: Callable[[str], None]) -> float | None:
    told = f"_{Path(frame.file).stem}_{_illumination(frame)}_".casefold()
    for word, wavelength, pattern in NAMED:
        if re.search(rf"[_\-. ]({pattern})[_\-. \d]", told):
            warn(
                f"{frame.file} is taken as {word} at {wavelength:g} nm by its name: "
                f'say it better with wavelengths={{"{Path(frame.file).name}": …}}'
            )
            return wavelength
    return None


def _is_coloured(path: Path) -> bool:
    """Whether a frame has three channels that differ: cameras save infrared, too, as RGB."""
    if probe(path).channels == 1:
        return False
    with open_image(path) as image:
        small = image.proxy(128)
    # Against the brightness, since a linear frame may end far below full scale.
    return float((small.max(axis=2) - small.min(axis=2)).mean()) > 0.03 * float(small.max(axis=2).mean())


def _references(capture: Capture, frame: Frame, wavelength: float | None) -> tuple[tuple[Frame, ...], ...]:
    """Dark, flat and white frames: those of the frame's own lamp, else those that name none."""
    return tuple(_of_lamp(capture.select(role=role), wavelength) for role in ("dark", "flat", "white"))


def _of_lamp(frames: list[Frame], wavelength: float | None) -> tuple[Frame, ...]:
    own = [
        frame
        for frame in frames
        if wavelength is not None
        and "wavelength" in frame.coordinates
        and abs(frame.number("wavelength") - wavelength) <= SAME_LAMP_NM
    ]
    return tuple(own or [frame for frame in frames if "wavelength" not in frame.coordinates])
