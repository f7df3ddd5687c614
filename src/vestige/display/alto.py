"""Words with their boxes, read from ALTO, as a viewer lays them over a page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vestige.display.absence import reason
from vestige.errors import InputError

_LARGEST = 64 * 2**20


@dataclass(frozen=True)
class Word:
    """A word, its box as shares of the page (left, top, width, height), and how sure the reader was."""

    text: str
    box: tuple[float, float, float, float]
    confidence: float | None


@dataclass(frozen=True)
class Sheet:
    """A page of text: blocks of lines of words."""

    blocks: tuple[tuple[tuple[Word, ...], ...], ...]

    @property
    def paragraphs(self) -> list[str]:
        """The text to read: a paragraph a block, a line break a line."""
        found = ["\n".join(" ".join(word.text for word in line) for line in block) for block in self.blocks]
        return [text for text in found if text.strip()]

    @property
    def words(self) -> list[Word]:
        """All words in reading order."""
        return [word for block in self.blocks for line in block for word in line]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"paragraphs": self.paragraphs, "words": [asdict(word) for word in self.words]}


def read_sheet(path: Path) -> Sheet:
    """Read an ALTO file of any version.

    Raises
    ------
    InputError
        where the file is no ALTO.
    """
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(path.name, "is larger than 64 MiB", "a page of text")
        root = etree.fromstring(path.read_bytes(), parser)
    except OSError as error:
        raise InputError(path.name, f"cannot be read ({error.strerror})") from None
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputError(path.name, f"is no well-formed XML ({reason(error, path)})") from None
    page = next(root.iter("{*}Page"), None)
    if page is None:
        raise InputError(path.name, "holds no page of text", "an ALTO file")
    try:
        width, height = float(page.get("WIDTH", 0)), float(page.get("HEIGHT", 0))
        if not (width > 0 and height > 0):
            raise InputError(path.name, "does not say how large its page is", "WIDTH and HEIGHT of the page")
        return Sheet(tuple(_block(block, width, height) for block in page.iter("{*}TextBlock")))
    except (TypeError, ValueError) as error:
        raise InputError(path.name, f"holds a bad number ({reason(error, path)})") from None


def _block(block: Any, width: float, height: float) -> tuple[tuple[Word, ...], ...]:
    lines = []
    for line in block.iter("{*}TextLine"):
        words = tuple(_word(item, width, height) for item in line.iter("{*}String") if item.get("CONTENT"))
        if words:
            lines.append(words)
    return tuple(lines)


def _word(item: Any, width: float, height: float) -> Word:
    left, top, across, down = (float(item.get(name, 0)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    confidence = item.get("WC")
    box = (left / width, top / height, across / width, down / height)
    return Word(item.get("CONTENT"), box, None if confidence is None else float(confidence))
