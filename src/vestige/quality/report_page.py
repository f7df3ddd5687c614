"""A page of checked frames for people: what was seen, what was measured, what is amiss; one file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape

from vestige.imaging import jpeg_bytes
from vestige.quality.check import Checked

__all__ = ["report_page"]

STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;
background:#fff}img{max-width:100%;height:auto}table{border-collapse:collapse}td,th{padding:.2rem .8rem;
text-align:left;border-bottom:1px solid #ccc}td.n{text-align:right;font-variant-numeric:tabular-nums}"""


def report_page(frames: Sequence[Checked]) -> str:
    """HTML of checked frames, pictures inside.

    >>> "a.tif" in report_page([Checked("a.tif", (4, 3))])
    True
    """
    parts = "".join(_frame(one) for one in frames)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Quality of frames</title>'
        f"<style>{STYLE}</style></head><body><h1>Quality of frames</h1>{parts}</body></html>"
    )


def _frame(checked: Checked) -> str:
    remarks = "".join(f"<li>{escape(sentence)}</li>" for sentence in checked.remarks)
    picture = ""
    if checked.seen is not None:
        data = base64.b64encode(jpeg_bytes(checked.seen)).decode()
        kinds = ", ".join(target.kind for target in checked.targets) or "no target"
        picture = f'<p><img alt="The frame with outlines: {escape(kinds)}" src="data:image/jpeg;base64,{data}"></p>'
    rows = "".join(
        f"<tr><td>{escape(one.where)}</td><td>{escape(one.name)}</td><td class=n>{one.value:.4g}</td>"
        f"<td>{escape(one.unit)}</td><td>{escape(one.standard)}</td></tr>"
        for one in checked.summary()
    )
    table = (
        "<table><thead><tr><th>Where</th><th>Measure</th><th>Value</th><th>Unit</th><th>Standard</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    return f"<h2>{escape(checked.name)}</h2><ul>{remarks}</ul>{picture}{table}"
