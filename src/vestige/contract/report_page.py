"""``report.html``: the report of a run for a person, one file, readable anywhere."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from vestige.contract.product import Picture
from vestige.contract.report import Report

PAGE = "report.html"


def page(report: Report, pictures: Sequence[Picture] = ()) -> str:
    """The report as one HTML page with its pictures inside.

    Everything that came from outside (names, warnings) is escaped.
    """
    shown = [(picture, _inline(picture)) for picture in pictures]
    text: str = _template().render(
        report=report,
        pictures=shown,
        figures=list(rows(report.measurements)),
        tables=[(title, _columns(body), body) for title, body in _tables(report) if body],
    )
    return text


@cache
def _template() -> Any:
    """The page to be filled in; a process compiles it once."""
    from jinja2 import Environment, PackageLoader

    environment = Environment(loader=PackageLoader("vestige.contract", "templates"), autoescape=True)
    return environment.get_template(PAGE)


def rows(measurements: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Measurements as flat rows of name and readable value; long lists by their first values.

    >>> list(rows({"align": {"residual_px": 0.12345}}))
    [('align · residual px', '0.1235')]
    """
    for name, value in measurements.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            yield from rows(value, f"{label} · ")
        else:
            yield label, readable(value)


def readable(value: Any) -> str:
    """A value as a person reads it.

    >>> readable(0.000123456), readable(True), readable(None), readable([[1, 0], [0, 1]])
    ('0.0001235', 'yes', '–', '2 rows, in report.json')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list) and value and isinstance(value[0], list):
        return f"{len(value)} rows, in report.json"
    if isinstance(value, list):
        shown = ", ".join(readable(item) for item in value[:12])
        return f"{shown}, … ({len(value)} in all)" if len(value) > 12 else shown
    return str(value)


def _tables(report: Report) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The tables of a report: what the operation tells, then what became of each frame."""
    yield from report.tables.items()
    yield "Frames", report.frames


def _columns(frames: list[dict[str, Any]]) -> list[str]:
    found: dict[str, None] = {}
    for frame in frames:
        found.update(dict.fromkeys(frame))
    return list(found)


def _inline(picture: Picture) -> str:
    from vestige.imaging import jpeg_bytes

    return "data:image/jpeg;base64," + base64.b64encode(jpeg_bytes(picture.pixels)).decode()
