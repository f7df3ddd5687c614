"""Series as pictures: days along, the level that was learned, the shift that is to be found, what drifted."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from vestige.quality.watch.lab import Device, Series
from vestige.quality.watch.words import figure_name, number, spoken_day, unit_name

__all__ = ["drawing", "series_drawing"]

#: A drawing in its own units: room for the figures at the left, for the days below.
WIDE, HIGH, LEFT, FOOT = 420, 120, 52, 22
_INK, _QUIET, _BAND, _BAD = "#22303c", "#6b7680", "#dfe9e4", "#b3261e"


def series_drawing(series: Series, language: str = "en", *, mark: str = "series") -> str:
    """A series as an SVG element; what it shows stands in its title, for those who cannot see it.

    Colours are attributes, so that a style sheet may say otherwise (classes band, level, line, bad, words).
    `mark` is a name that no other drawing of the page has.

    >>> from datetime import date
    >>> from vestige.quality.watch.drift import Shift, find_drift
    >>> day, value = (date(2026, 11, 23),), np.array([400.0])
    >>> text = series_drawing(Series("ppi", "", day, value, find_drift(value, Shift(2, relative=True))))
    >>> text.startswith("<svg"), "resolution" in text
    (True, True)
    """
    values, drift = series.values, series.drift
    shift, half = series.shift, 0.0
    if drift.state != "learning":
        half = abs(drift.level) * shift.shift / 100 if shift.relative else shift.shift
    level = drift.level if drift.state != "learning" else float(np.median(values))
    low = min(float(values.min()), level - 1.5 * half)
    high = max(float(values.max()), level + 1.5 * half)
    span = (high - low) or 1.0
    first, last = series.days[0].toordinal(), series.days[-1].toordinal()
    room = HIGH - FOOT

    def across(place: int) -> float:
        return round(
            LEFT + 6 + (WIDE - LEFT - 12) * (series.days[place].toordinal() - first) / max(last - first, 1), 1
        )

    def up(value: float) -> float:
        return round(room - 6 - (room - 12) * (value - low) / span, 1)

    name = figure_name(series.name, series.where, language)
    days = [spoken_day(series.days[place], language) for place in (0, -1)]
    title = f"{name}: {number(drift.now, language)} {unit_name(series.unit, language)}, {days[0]} – {days[1]}"
    parts = [
        f'<svg class="series" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" role="img" '
        f'aria-labelledby="{mark}-title"><title id="{mark}-title">{escape(title)}</title>'
    ]
    if half:
        parts.append(
            f'<rect class="band" x="{LEFT}" y="{up(level + half)}" width="{WIDE - LEFT}" '
            f'height="{round(up(level - half) - up(level + half), 1)}" fill="{_BAND}"/>'
            f'<line class="level" x1="{LEFT}" x2="{WIDE}" y1="{up(level)}" y2="{up(level)}" '
            f'stroke="{_QUIET}" stroke-dasharray="4 3"/>'
        )
    points = [(across(place), up(float(value))) for place, value in enumerate(values)]
    joined = " ".join(f"{x},{y}" for x, y in points)
    parts.append(f'<polyline class="line" points="{joined}" fill="none" stroke="{_INK}" stroke-width="1.5"/>')
    if drift.since is not None:
        bad = " ".join(f"{x},{y}" for x, y in points[drift.since :])
        parts.append(f'<polyline class="bad" points="{bad}" fill="none" stroke="{_BAD}" stroke-width="3"/>')
    x, y = points[-1]
    parts.append(f'<circle class="last" cx="{x}" cy="{y}" r="3.5" fill="{_INK}"/>')
    parts += [_words(LEFT - 6, up(at) + 4, number(at, language), "end") for at in {low, high}]
    parts += [_words(LEFT, HIGH - 5, days[0], "start"), _words(WIDE, HIGH - 5, days[1], "end")]
    return "".join([*parts, "</svg>"])


def _words(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text class="words" x="{x}" y="{y}" text-anchor="{anchor}" font-size="13" '
        f'font-family="sans-serif" fill="{_QUIET}">{escape(text)}</text>'
    )


def drawing(devices: Sequence[Device], language: str = "en") -> str:
    """All series of devices below one another, as an SVG file."""
    rows: list[str] = []
    top = 0
    for device in devices:
        rows.append(_words_bold(8, top + 24, device.name))
        top += 36
        for series in device.series:
            rows.append(_words_bold(LEFT, top + 14, figure_name(series.name, series.where, language), 13))
            inner = series_drawing(series, language, mark=f"s{top}")
            rows.append(f'<g transform="translate(0 {top + 20})">{_sized(inner)}</g>')
            top += HIGH + 30
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE + 16} {top + 10}" width="{WIDE + 16}">'
    )
    return f'{head}<rect width="100%" height="100%" fill="#fff"/>{"".join(rows)}</svg>\n'


def _sized(inner: str) -> str:
    return inner.replace("<svg ", f'<svg width="{WIDE}" height="{HIGH}" ', 1)


def _words_bold(x: float, y: float, text: str, size: int = 18) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="bold" font-family="sans-serif" '
        f'fill="{_INK}">{escape(text)}</text>'
    )
