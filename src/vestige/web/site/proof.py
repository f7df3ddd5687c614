"""What proves a product: that what is kept is what was recorded, and the code that leads to the proof."""

from __future__ import annotations

import io
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vestige.archive.inventory import read_inventory
from vestige.archive.verification import verify_object
from vestige.capture import Frame
from vestige.contract.report import Software
from vestige.contract.report_page import rows
from vestige.web.site.things import Origin, Thing


@dataclass(frozen=True)
class Fixity:
    """What came of reading a kept object whole: on which day, how many files and bytes, what was wrong."""

    day: str
    files: int
    bytes: int
    problems: tuple[str, ...] = ()


def checked(stored: Path, day: str) -> Fixity:
    """Read a kept object whole and compare every byte with what was recorded of it."""
    size, problems = verify_object(stored)
    files = 0 if problems else len(read_inventory(stored).inventory.files())
    return Fixity(day, files, size, tuple(problems))


def told(thing: Thing, origin: Origin, index: int, *, fixity: Fixity | None, url: str) -> dict[str, Any]:
    """What a page of proof says of a product; `url` is its own address, empty where it has none."""
    report = origin.entry.report
    if report is None:
        return {}
    record = report.products[index]
    target = url or f"urn:blake3:{record.blake3}"
    command = f"vestige archive reproduce ARCHIVE {origin.capture_key[:16]} {origin.run[:16]}"
    return {
        "thing": thing,
        "origin": origin,
        "record": record,
        "report": report,
        "recipe": list(rows({name: value for name, value in report.recipe.items() if value != {}})),
        "software": _software(report.software),
        "inputs": report.inputs,
        "frames": _frames(origin),
        "fixity": asdict(fixity) if fixity else None,
        "command": command if origin.run and origin.stored else "",
        "target": target,
        "code": code(target),
    }


def _software(known: Software) -> str:
    version = f"{known.vestige} {known.commit[:12]}".strip()
    return f"Vestige {version}, Python {known.python}, {known.machine}"


def _frames(origin: Origin) -> list[Frame]:
    """The frames of the capture that the result belongs to."""
    return list(origin.capture.frames) if origin.capture else []


def code(text: str) -> str:
    """A QR code as SVG that stands in a page (ISO/IEC 18004, error correction M).

    >>> code("https://museum.example/proof/1.html")[:4]
    '<svg'
    """
    import segno

    out = io.BytesIO()
    made = segno.make(text, error="m", micro=False)
    made.save(out, kind="svg", xmldecl=False, svgns=True, omitsize=True, light="#ffffff", nl=False)
    drawn = out.getvalue().decode()
    return drawn.replace("<svg ", '<svg role="img" aria-label="QR" ', 1)
