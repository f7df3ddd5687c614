"""ALTO 4.4, the library's format of text with boxes: https://www.loc.gov/standards/alto/.

Any version from 2 on is read; what is written is valid against the schema of 4.4.
"""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

from lxml import etree

import vestige
from vestige.errors import InputError, OutputError, UsageError
from vestige.pages.geometry import Box
from vestige.pages.text import Block, Line, PageText, Word

__all__ = ["read_alto", "write_alto"]

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"
SCHEMA = "http://www.loc.gov/standards/alto/v4/alto-4-4.xsd"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
LARGEST = 64 * 2**20


def write_alto(text: PageText, path: str | os.PathLike[str], *, image: str = "", number: int = 1) -> None:
    """Write the text of a page as ALTO.

    Parameters
    ----------
    image : name of the picture that the boxes belong to.
    number : of the page, from 1.

    Raises
    ------
    OutputError : the file cannot be written.

    >>> import tempfile
    >>> word = Word("Aufklärung", Box(10, 20, 90, 40), 0.97)
    >>> file = Path(tempfile.mkdtemp(), "0001.xml")
    >>> write_alto(PageText(100, 60, (Block((Line((word,)),)),)), file, image="0001.tif")
    >>> read_alto(file).words == (word,)
    True
    """
    root = etree.Element(_tag("alto"), nsmap={None: NAMESPACE, "xsi": INSTANCE}, SCHEMAVERSION="4.4")
    root.set(f"{{{INSTANCE}}}schemaLocation", f"{NAMESPACE} {SCHEMA}")
    _describe(root, text, image)
    layout = etree.SubElement(root, _tag("Layout"))
    size = {"WIDTH": str(text.width), "HEIGHT": str(text.height)}
    page = etree.SubElement(layout, _tag("Page"), ID=f"page_{number}", PHYSICAL_IMG_NR=str(number), **size)
    if text.words:
        page.set("PC", f"{text.confidence:.4f}")
    space = etree.SubElement(page, _tag("PrintSpace"), HPOS="0", VPOS="0", **size)
    for count, block in enumerate(text.blocks, start=1):
        _add_block(space, block, f"block_{count}")
    data = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    try:
        Path(path).write_bytes(data)
    except OSError as error:
        raise OutputError(f"{os.fspath(path)} cannot be written ({error.strerror})") from None


def read_alto(path: str | os.PathLike[str]) -> PageText:
    """Read the first page of an ALTO file, version 2 or later, with coordinates in pixels.

    Raises
    ------
    InputError : the file is no ALTO, or holds a bad number.

    >>> read_alto("missing.xml")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: missing.xml cannot be read (No such file or directory)
    """
    path = Path(path)
    page = next(_parsed(path).iter("{*}Page"), None)
    if page is None:
        raise InputError(path, "holds no page", "an ALTO file")
    try:
        width, height = (_number(page, name) for name in ("WIDTH", "HEIGHT"))
        if width < 1 or height < 1:
            raise InputError(path, "does not say how large its page is", "WIDTH and HEIGHT in pixels")
        blocks = tuple(_block(element) for element in page.iter("{*}TextBlock"))
    except ValueError as error:
        raise InputError(path, f"holds a bad number ({str(error)[:80]})", "coordinates in pixels") from None
    return PageText(round(width), round(height), tuple(block for block in blocks if block.lines))


def _tag(name: str) -> str:
    return f"{{{NAMESPACE}}}{name}"


def _describe(root: Any, text: PageText, image: str) -> None:
    description = etree.SubElement(root, _tag("Description"))
    etree.SubElement(description, _tag("MeasurementUnit")).text = "pixel"
    if image:
        source = etree.SubElement(description, _tag("sourceImageInformation"))
        etree.SubElement(source, _tag("fileName")).text = image
    if text.language:
        processing = etree.SubElement(description, _tag("Processing"), ID="ocr_1")
        category = etree.SubElement(processing, _tag("processingCategory"))
        category.text = "contentGeneration"
        step = etree.SubElement(processing, _tag("processingStepSettings"))
        step.text = f"Tesseract, language data {text.language}"
        software = etree.SubElement(processing, _tag("processingSoftware"))
        etree.SubElement(software, _tag("softwareName")).text = "Vestige"
        etree.SubElement(software, _tag("softwareVersion")).text = vestige.__version__


def _add_block(parent: Any, block: Block, identifier: str) -> None:
    element = etree.SubElement(parent, _tag("TextBlock"), ID=identifier, **_place(block.box))
    for number, line in enumerate(block.lines, start=1):
        name = f"{identifier}_line_{number}"
        _add_line(etree.SubElement(element, _tag("TextLine"), ID=name, **_place(line.box)), line, name)


def _add_line(element: Any, line: Line, identifier: str) -> None:
    for number, word in enumerate(line.words, start=1):
        if number > 1:
            gap = max(0, round(word.box.left - line.words[number - 2].box.right))
            left = str(round(line.words[number - 2].box.right))
            etree.SubElement(element, _tag("SP"), HPOS=left, VPOS=str(round(word.box.top)), WIDTH=str(gap))
        string = etree.SubElement(
            element, _tag("String"), ID=f"{identifier}_word_{number}", **_place(word.box)
        )
        try:
            string.set("CONTENT", word.text)
        except ValueError:
            raise UsageError(f"the word {word.text!r} holds characters that XML cannot") from None
        string.set("WC", f"{min(max(word.confidence, 0.0), 1.0):.4f}")


def _place(box: Box) -> dict[str, str]:
    place = {"HPOS": box.left, "VPOS": box.top, "WIDTH": box.width, "HEIGHT": box.height}
    return {name: str(round(value)) for name, value in place.items()}


def _parsed(path: Path) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(path, "is larger than 64 MiB", "the text of one page")
        return etree.fromstring(path.read_bytes(), parser)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InputError(path, f"is no well-formed XML ({str(error).splitlines()[0][:100]})") from None


def _block(element: Any) -> Block:
    lines = (tuple(_words(line)) for line in element.iter("{*}TextLine"))
    return Block(tuple(Line(words) for words in lines if words))


def _words(line: Any) -> list[Word]:
    found = []
    for item in line.iter("{*}String"):
        if content := item.get("CONTENT"):
            left, top = _number(item, "HPOS"), _number(item, "VPOS")
            right, bottom = left + _number(item, "WIDTH"), top + _number(item, "HEIGHT")
            confidence = _number(item, "WC") if item.get("WC") is not None else 1.0
            found.append(Word(content, Box(left, top, right, bottom), confidence))
    return found


def _number(element: Any, name: str) -> float:
    text = element.get(name, "0")
    value = float(text)
    if not math.isfinite(value) or abs(value) > 1e9:
        raise ValueError(f"{name}={text!r}")
    return value
