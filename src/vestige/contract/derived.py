"""Derived captures: products of one step of a chain as the frames of the next."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vestige.capture import (
    MANIFEST,
    Capture,
    Coordinate,
    Frame,
    check,
    coordinates,
    file_digest,
    load_manifest,
    save,
)
from vestige.capture.durable import publish_folder
from vestige.capture.infer import IMAGES, natural_order
from vestige.contract.kinds import Kind
from vestige.contract.report import Report
from vestige.errors import InputError, OutputError

#: Kinds of product that can be frames: pictures, and grids.
FRAME_KINDS = frozenset({Kind.IMAGE, Kind.BANDS, Kind.DEPTH, Kind.NORMALS, Kind.PAGE, Kind.GRID})


@dataclass(frozen=True)
class Made:
    """One run of a step: its folder, its report, the coordinates that its frames shared."""

    folder: Path
    report: Report
    shared: dict[str, Coordinate]


def derived_capture(made: Sequence[Made], source: str, out: Path, origin: Capture) -> Capture:
    """A capture in ``out/SOURCE`` whose frames are the products `source` (``STEP.PRODUCT``) of some runs.

    Each frame carries the coordinates that its product stands for; a folder of pictures becomes one
    frame a picture, in order. What the object is and who has rights in it come from `origin`. The
    products are copied, so that the capture can be kept and sealed; one that is there already stays.

    Raises
    ------
    InputError
        where a product is not there or holds no picture.
    OutputError
        where the place is taken by something else, or the disk refuses.

    >>> derived_capture([], "sharp.image", Path("nowhere"), Capture())
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: sharp.image holds no frame; ...
    """
    files, frames = _frames(made, source)
    if not frames:
        raise InputError(source, "holds no frame", "a picture or grid from each run of the step")
    settings = {"derived_from": source, **_scale(made, source)}
    capture = Capture(thing=origin.thing, rights=origin.rights, frames=frames, settings=settings)
    folder = out / source
    if not _there(capture, folder):
        _write(capture, files, folder)
    return load_manifest(folder / MANIFEST)


def _frames(made: Sequence[Made], source: str) -> tuple[list[Path], list[Frame]]:
    product = source.partition(".")[2]
    files, frames = [], []
    for number, one in enumerate(made):
        pictures = _pictures(one.report.product(product, one.folder).path)
        for page, file in enumerate(pictures, start=1):
            at = {**one.shared, **(coordinates(page=float(page)) if len(pictures) > 1 else {})}
            files.append(file)
            frames.append(Frame(file=f"{number:03d}_{file.name}", blake3=file_digest(file), coordinates=at))
    return files, frames


def _pictures(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = [file for file in path.iterdir() if file.suffix.lower() in IMAGES]
    return sorted(found, key=lambda file: natural_order(file.name))


def _scale(made: Sequence[Made], source: str) -> dict[str, float]:
    """Millimetres a pixel, where all products say the same."""
    product = source.partition(".")[2]
    said = {one.report.product(product, one.folder).about.get("pixel_mm") for one in made}
    scale = said.pop() if len(said) == 1 else None
    return {"pixel_mm": scale} if isinstance(scale, int | float) else {}


def _there(capture: Capture, folder: Path) -> bool:
    """Whether the folder holds this very capture; an older one gives way, anything else is refused."""
    if not folder.exists():
        return False
    try:
        old = load_manifest(folder / MANIFEST)
    except InputError:
        old = Capture()
    if old.settings.get("derived_from") != capture.settings["derived_from"]:
        raise OutputError(f"{folder} is no capture that this chain made: name another folder for the chain")
    return old.frames == capture.frames and not check(old)


def _write(capture: Capture, files: Sequence[Path], folder: Path) -> None:
    staged = folder.with_name(f".{folder.name}")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        staged.mkdir(parents=True)
        for file, frame in zip(files, capture.frames, strict=True):
            shutil.copyfile(file, staged / frame.file)
        save(capture.at(staged), staged)
        publish_folder(staged, folder)
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror})") from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)
