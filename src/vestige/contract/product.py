"""Products: what an operation makes, typed by kind, and the pictures and figures told beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vestige.contract.kinds import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Product:
    """One result on disk: a file, or a folder where the format is one (Relight, pages).

    `about` carries what a viewer needs and the file cannot say: unit, band names, class names,
    scale in mm a pixel (``pixel_mm``), light directions.

    >>> Product("depth", Kind.DEPTH, Path("depth.tif"), {"unit": "mm"}).kind.value
    'depth'
    """

    name: str
    kind: Kind
    path: Path
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Picture:
    """A picture for the report: title, display-ready sRGB pixels uint8 (height, width[, 3]), a caption.

    One that is ``wide``, a map, takes the width of the page.
    """

    title: str
    pixels: NDArray[np.uint8]
    caption: str = ""
    wide: bool = False


@dataclass(frozen=True)
class Outcome:
    """What an operation hands back: products (written into ``context.output``), figures, pictures.

    `measurements` are named with their unit in the key (``residual_px``, ``seconds``) and may be
    nested; they go into the report, the provenance and the benchmarks. `frames` tells what became
    of each frame, one row a frame. `answer` says in plain sentences what was asked: it heads the report
    and is printed on the terminal. `tables` are shown in the report by their titles, one row a dictionary.

    >>> Outcome(products=[], measurements={"frames": 3}).measurements["frames"]
    3
    """

    products: list[Product]
    measurements: dict[str, Any] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)
    frames: list[dict[str, Any]] = field(default_factory=list)
    answer: list[str] = field(default_factory=list)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
