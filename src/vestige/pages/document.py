"""A searchable PDF: each page as its picture, with the words beneath it, unseen, where they stand.

The text layer is set in rendering mode 3 (neither filled nor stroked; ISO 32000-1, 9.3.6), each word
stretched to its box, so that searching and copying find the words in their places.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestige.errors import OutputError, UsageError
from vestige.pages.text import PageText, Word

__all__ = ["Sheet", "write_pdf"]

FONT = "Vera"
UNSEEN = 3


@dataclass(frozen=True)
class Sheet:
    """One page of the document: its picture as JPEG, its size in inches, and its text.

    >>> Sheet(b"", 5.0, 8.0).text is None
    True
    """

    jpeg: bytes
    width: float
    height: float
    text: PageText | None = None


def write_pdf(path: str | os.PathLike[str], sheets: Iterable[Sheet], *, title: str = "") -> None:
    """Write a searchable PDF; the same pages give the same bytes.

    Raises
    ------
    UsageError : there is no page.
    OutputError : the file cannot be written.

    >>> import tempfile, numpy
    >>> from vestige.imaging import jpeg_bytes
    >>> file = Path(tempfile.mkdtemp(), "volume.pdf")
    >>> write_pdf(file, [Sheet(jpeg_bytes(numpy.full((40, 30), 255, numpy.uint8)), 3.0, 4.0)])
    >>> file.read_bytes()[:5]
    b'%PDF-'
    """
    from reportlab.pdfgen.canvas import Canvas

    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=1)
    _register_font()
    canvas.setTitle(title or "Vestige")
    canvas.setCreator("Vestige")
    count = 0
    for sheet in sheets:
        _add_sheet(canvas, sheet)
        count += 1
    if not count:
        raise UsageError("a PDF needs at least one page, none was given")
    canvas.save()
    try:
        Path(path).write_bytes(buffer.getbuffer())
    except OSError as error:
        raise OutputError(f"{os.fspath(path)} cannot be written ({error.strerror})") from None


def _register_font() -> None:
    """A font that comes with reportlab; nobody sees it, it only carries the characters."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    if FONT not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(FONT, "Vera.ttf"))


def _teach(text: str) -> None:
    """Characters the font has no shape for (the long s) take another's: unseen, only their meaning counts."""
    from reportlab.pdfbase import pdfmetrics

    face = pdfmetrics.getFont(FONT).face
    for code in {ord(letter) for letter in text}:
        if code < 0x10000:
            face.charToGlyph.setdefault(code, face.charToGlyph[ord("x")])


def _add_sheet(canvas: Any, sheet: Sheet) -> None:
    from reportlab.lib.utils import ImageReader

    width, height = 72 * sheet.width, 72 * sheet.height
    canvas.setPageSize((width, height))
    if sheet.text is not None:
        scale = width / sheet.text.width
        for word in sheet.text.words:
            _add_word(canvas, word, height, scale)
    canvas.drawImage(ImageReader(io.BytesIO(sheet.jpeg)), 0, 0, width, height)
    canvas.showPage()


def _add_word(canvas: Any, word: Word, height: float, scale: float) -> None:
    size = max(1.0, word.box.height * scale)
    _teach(word.text)
    natural = canvas.stringWidth(word.text, FONT, size)
    if natural <= 0 or word.box.width <= 0:
        return
    line = canvas.beginText(word.box.left * scale, height - word.box.bottom * scale)
    line.setTextRenderMode(UNSEEN)
    line.setFont(FONT, size)
    line.setHorizScale(100 * word.box.width * scale / natural)
    line.textOut(word.text + " ")
    canvas.drawText(line)
