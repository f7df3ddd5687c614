"""Printed pages of the forward model: what a press puts on paper, with the place of every word.

The faces come with reportlab, which every installation has, so that a scene is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vestige.errors import MissingError

__all__ = ["PrintedPage", "Words", "body_pages", "passages", "title_page"]

PAGE_MM = (125.0, 190.0)
MARGIN_MM = {"inner": 15.0, "outer": 15.0, "top": 20.0, "foot": 18.0}
BODY_MM, LEADING_MM = 4.15, 5.5
FACES = {"roman": "_er_____.pfb", "bold": "_eb_____.pfb", "italic": "_ei_____.pfb"}

Words = list[tuple[str, tuple[float, float, float, float]]]


@dataclass
class PrintedPage:
    """Ink on a page: coverage 0..1, (height, width) float32 at `scale` pixels a mm, and its words.

    ``lines`` holds the words of each line with their boxes in mm: left, top, right, bottom.
    """

    scale: float
    ink: NDArray[np.float32]
    lines: list[Words] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The page, a line each."""
        return "\n".join(" ".join(word for word, _ in line) for line in self.lines)


@lru_cache(maxsize=1)
def passages() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Texts in the public domain (Kant, Goethe, Darwin, Simrock): heading and paragraphs of each."""
    text = resources.files("vestige.pages").joinpath("passages.txt").read_text(encoding="utf-8")
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("# "):
            found.append((line[2:], []))
        elif line:
            found[-1][1].append(line)
    return tuple((heading, tuple(paragraphs)) for heading, paragraphs in found)


@lru_cache(maxsize=32)
def _face(name: str, size: int) -> Any:
    import reportlab

    path = Path(reportlab.__file__).parent / "fonts" / FACES[name]
    try:
        return ImageFont.truetype(str(path), size)
    except OSError:
        raise MissingError(f"the typeface {path.name} is missing: install reportlab again") from None


class _Press:
    """Sets words on one page; all measures in mm."""

    def __init__(self, scale: float) -> None:
        self.scale = scale
        self.sheet = Image.new("L", (round(PAGE_MM[0] * scale), round(PAGE_MM[1] * scale)), 0)
        self.draw = ImageDraw.Draw(self.sheet)
        self.lines: list[Words] = []

    def width(self, text: str, face: str, size: float) -> float:
        return float(_face(face, round(size * self.scale)).getlength(text)) / self.scale

    def words(self, words: list[str], left: float, base: float, gap: float, face: str, size: float) -> None:
        """Words on one line, `gap` apart, on the baseline `base`."""
        font, placed = _face(face, round(size * self.scale)), Words()
        for word in words:
            at = left * self.scale, base * self.scale
            self.draw.text(at, word, font=font, fill=255, anchor="ls")
            box = font.getbbox(word, anchor="ls")
            edges = [round((at[i % 2] + box[i]) / self.scale, 3) for i in range(4)]
            placed.append((word, (edges[0], edges[1], edges[2], edges[3])))
            left += self.width(word, face, size) + gap
        self.lines.append(placed)

    def centred(self, text: str, base: float, face: str, size: float) -> None:
        words = text.split()
        gap = self.width(" ", face, size)
        whole = sum(self.width(word, face, size) for word in words) + gap * (len(words) - 1)
        self.words(words, (PAGE_MM[0] - whole) / 2, base, gap, face, size)

    def rule(self, centre: float, y: float, length: float, thickness: float = 0.25) -> None:
        ends = [(centre - length / 2) * self.scale, (centre + length / 2) * self.scale]
        self.draw.line(
            [(ends[0], y * self.scale), (ends[1], y * self.scale)], 255, max(1, round(thickness * self.scale))
        )

    def page(self) -> PrintedPage:
        return PrintedPage(
            self.scale, np.asarray(np.asarray(self.sheet, np.float32) / 255, np.float32), self.lines
        )


def title_page(scale: float) -> PrintedPage:
    """The title page of the book, at `scale` pixels a mm.

    >>> title_page(2.0).text.splitlines()[0]
    'Schriften'
    """
    press, middle = _Press(scale), PAGE_MM[0] / 2
    press.centred("Schriften", 48, "bold", 11)
    press.centred("zur Naturkunde und Weltweisheit", 60, "italic", 5.6)
    press.rule(middle, 69, 34)
    press.centred("gesammelt von", 82, "roman", 4.4)
    press.centred("einem Freunde der Wahrheit", 90, "roman", 5.4)
    for radius in (9.0, 7.6):
        box = [
            (middle - radius) * scale,
            (118 - radius) * scale,
            (middle + radius) * scale,
            (118 + radius) * scale,
        ]
        press.draw.ellipse(box, outline=255, width=max(1, round(0.35 * scale)))
    for turn in np.arange(0, 2 * np.pi, np.pi / 8):
        reach = 6.6 if round(turn / (np.pi / 8)) % 2 == 0 else 3.4
        tip = middle + reach * np.cos(turn), 118 + reach * np.sin(turn)
        press.draw.line(
            [(middle * scale, 118 * scale), (tip[0] * scale, tip[1] * scale)], 255, max(1, round(0.3 * scale))
        )
    press.rule(middle, 146, 60)
    press.centred("Leipzig", 156, "roman", 5)
    press.centred("im Verlage der Dykischen Buchhandlung", 163, "roman", 4.2)
    press.centred("1784", 171, "roman", 5)
    return press.page()


def body_pages(count: int, scale: float, first: int = 2) -> Iterator[PrintedPage]:
    """`count` pages of running text, numbered from `first`, at `scale` pixels a mm.

    >>> [len(page.lines) > 20 for page in body_pages(2, 2.0)]
    [True, True]
    """
    copy = _Copy(scale)
    for number in range(first, first + count):
        yield _body_page(copy, scale, number)


@dataclass(frozen=True)
class _Slug:
    """One line of type: its words, indent and gap between words in mm."""

    words: list[str]
    indent: float = 0.0
    gap: float = 0.0
    heading: bool = False


class _Copy:
    """The running text, cut into lines: `next` takes the coming one, `back` hands it back."""

    def __init__(self, scale: float) -> None:
        self.lines = _flow(scale)
        self.kept: list[_Slug] = []

    def next(self) -> _Slug:
        return self.kept.pop() if self.kept else next(self.lines)

    def back(self, slug: _Slug) -> None:
        self.kept.append(slug)


def _body_page(copy: _Copy, scale: float, number: int) -> PrintedPage:
    press = _Press(scale)
    left_page = number % 2 == 0
    left = MARGIN_MM["outer" if left_page else "inner"]
    press.centred("SCHRIFTEN" if left_page else "ZUR NATURKUNDE", 13, "roman", 3.4)
    press.rule(PAGE_MM[0] / 2, 15.5, PAGE_MM[0] - 2 * MARGIN_MM["inner"], 0.2)
    base = MARGIN_MM["top"] + LEADING_MM
    while base <= PAGE_MM[1] - MARGIN_MM["foot"]:
        slug = copy.next()
        if slug.heading and base > PAGE_MM[1] - 50:
            copy.back(slug)
            break
        if slug.heading:
            press.centred(" ".join(slug.words), base + 6, "bold", 5.6)
            base += 16
        else:
            press.words(slug.words, left + slug.indent, base, slug.gap, "roman", BODY_MM)
            base += LEADING_MM
    press.centred(str(number), PAGE_MM[1] - 9, "roman", 3.8)
    return press.page()


def _flow(scale: float) -> Iterator[_Slug]:
    """Headings and justified lines without end."""
    press = _Press(scale)
    measure = PAGE_MM[0] - MARGIN_MM["inner"] - MARGIN_MM["outer"]
    while True:
        for heading, paragraphs in passages():
            yield _Slug(heading.split(), heading=True)
            for paragraph in paragraphs:
                yield from _justified(press, paragraph.split(), measure)


def _justified(press: _Press, words: list[str], measure: float) -> Iterator[_Slug]:
    least, indent = 0.22 * BODY_MM, 5.0
    line: list[str] = []
    for word in words:
        if line and _length(press, [*line, word], least) > measure - indent:
            loose = (measure - indent - _length(press, line, 0.0)) / max(1, len(line) - 1)
            yield _Slug(line, indent, loose)
            line, indent = [], 0.0
        line.append(word)
    yield _Slug(line, indent, 0.25 * BODY_MM)


def _length(press: _Press, words: list[str], gap: float) -> float:
    return sum(press.width(word, "roman", BODY_MM) for word in words) + gap * (len(words) - 1)
