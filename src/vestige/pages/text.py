"""The text of a page: blocks of lines of words, each word with its box and how sure the reader was."""

from __future__ import annotations

from dataclasses import dataclass

from vestige.pages.geometry import Box

__all__ = ["Block", "Line", "PageText", "Word"]


@dataclass(frozen=True)
class Word:
    """A word, its box in pixels of the page, and the reader's confidence 0..1."""

    text: str
    box: Box
    confidence: float = 1.0


@dataclass(frozen=True)
class Line:
    """A line of words, in reading order."""

    words: tuple[Word, ...]

    @property
    def box(self) -> Box:
        """Around all its words."""
        return _around([word.box for word in self.words])

    @property
    def text(self) -> str:
        """The words, a space between each two."""
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True)
class Block:
    """A paragraph or column: lines from top to bottom."""

    lines: tuple[Line, ...]

    @property
    def box(self) -> Box:
        """Around all its lines."""
        return _around([line.box for line in self.lines])


@dataclass(frozen=True)
class PageText:
    """The text of a page of `width` x `height` pixels, in reading order.

    `language` is what it was read with, as Tesseract names it; `turned` how far the page seems to be turned
    clockwise, in degrees (0, 90, 180, 270).

    >>> line = Line((Word("sapere", Box(0, 0, 40, 10)), Word("aude", Box(45, 0, 70, 10))))
    >>> PageText(100, 50, (Block((line,)),)).text
    'sapere aude'
    """

    width: int
    height: int
    blocks: tuple[Block, ...] = ()
    language: str = ""
    turned: int = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines, in reading order."""
        return tuple(line for block in self.blocks for line in block.lines)

    @property
    def words(self) -> tuple[Word, ...]:
        """All words, in reading order."""
        return tuple(word for line in self.lines for word in line.words)

    @property
    def text(self) -> str:
        """Plain text: a line each, an empty line between blocks."""
        return "\n\n".join("\n".join(line.text for line in block.lines) for block in self.blocks)

    @property
    def confidence(self) -> float:
        """Mean confidence of the words, 0..1; 0 where there is none."""
        words = self.words
        return sum(word.confidence for word in words) / len(words) if words else 0.0


def _around(boxes: list[Box]) -> Box:
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )
