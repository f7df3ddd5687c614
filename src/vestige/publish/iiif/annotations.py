"""Annotations: what people said of a place in a picture, and the words that were read in it.

Sources: Web Annotation Data Model, https://www.w3.org/TR/annotation-model/; Media Fragments,
https://www.w3.org/TR/media-frags/.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from vestige.archive.chronicle import Remark
from vestige.display.absence import Absent
from vestige.display.alto import Sheet, Word, read_sheet
from vestige.publish.iiif.leaves import Leaf
from vestige.publish.iiif.manifests import CONTEXT, Work


def selector(remark: Remark) -> dict[str, Any] | None:
    """The place that a remark is about: an outline, or a box in pixels; None for the whole."""
    if remark.svg:
        drawn = f'<svg xmlns="http://www.w3.org/2000/svg"><path d="{remark.svg}"/></svg>'
        return {"type": "SvgSelector", "value": drawn}
    if remark.region:
        x, y, width, height = (f"{value:g}" for value in remark.region)
        return {
            "type": "FragmentSelector",
            "conformsTo": "http://www.w3.org/TR/media-frags/",
            "value": f"xywh=pixel:{x},{y},{width},{height}",
        }
    return None


def remark_page(work: Work, leaf: Leaf) -> dict[str, Any]:
    """What people said of a leaf, without their names."""
    address = work.addresses.canvas(work.number, leaf.name)
    return _page(f"{address}/remarks", [said_of(remark, address) for remark in work.about(leaf)])


def said_of(remark: Remark, address: str) -> dict[str, Any]:
    """A remark as an annotation on a canvas."""
    place = selector(remark)
    if place and place["type"] == "FragmentSelector":
        place = place | {"value": place["value"].replace("xywh=pixel:", "xywh=")}
    target: Any = address
    if place:
        source = {"id": address, "type": "Canvas"}
        target = {"type": "SpecificResource", "source": source, "selector": place}
    return {
        "id": f"{address}/remark-{remark.number}",
        "type": "Annotation",
        "motivation": "commenting",
        "created": remark.made.isoformat(),
        "modified": remark.said.isoformat(),
        "body": {"type": "TextualBody", "value": remark.text, "format": "text/plain"},
        "target": target,
    }


def word_page(work: Work, leaf: Leaf) -> dict[str, Any]:
    """The words of a page, line by line.

    Raises
    ------
    Absent
        where nothing was read in it.
    """
    if leaf.sheet is None:
        raise Absent(leaf.name)
    address = work.addresses.canvas(work.number, leaf.name)
    size = work.images.size(leaf.name)
    found = [
        supplement(f"{address}/line-{number}", " ".join(word.text for word in line), address, line, size)
        for number, line in enumerate(lines(sheet_of(leaf.sheet)))
    ]
    return _page(f"{address}/words", found)


def supplement(
    name: str, text: str, address: str, words: tuple[Word, ...], size: tuple[int, int]
) -> dict[str, Any]:
    """Words that were read as an annotation on the box that holds them; `size` is that of the canvas."""
    left, top, right, bottom = (
        min(word.box[0] for word in words),
        min(word.box[1] for word in words),
        max(word.box[0] + word.box[2] for word in words),
        max(word.box[1] + word.box[3] for word in words),
    )
    box = (left * size[0], top * size[1], (right - left) * size[0], (bottom - top) * size[1])
    return {
        "id": name,
        "type": "Annotation",
        "motivation": "supplementing",
        "body": {"type": "TextualBody", "value": text, "format": "text/plain"},
        "target": f"{address}#xywh=" + ",".join(str(max(0, round(value))) for value in box),
    }


def lines(sheet: Sheet) -> Iterator[tuple[Word, ...]]:
    """The lines of a page in reading order."""
    for block in sheet.blocks:
        yield from block


@lru_cache(maxsize=128)
def sheet_of(path: Path) -> Sheet:
    """The words of a kept page; it never changes, so it is read once."""
    return read_sheet(path)


def _page(address: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    return {"@context": CONTEXT, "id": address, "type": "AnnotationPage", "items": items}
