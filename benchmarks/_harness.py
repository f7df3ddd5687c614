"""What the benchmarks share: one row a contender, measured in a process of its own on the same input."""

from __future__ import annotations

import json
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """Seconds, peak memory of the process and its children (MiB), and what the function returned."""

    label: str
    seconds: float
    peak_mib: float
    value: Any


def _measured(function: Callable[..., Any], arguments: tuple[Any, ...], queue: Any) -> None:
    start = time.perf_counter()
    try:
        value, error = function(*arguments), None
    except Exception as failure:  # the table shows what failed and goes on
        value, error = None, f"{type(failure).__name__}: {failure}"
    seconds = time.perf_counter() - start
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    queue.put((seconds, max(own, children) / 1024, value, error))


def measure(label: str, function: Callable[..., Any], *arguments: Any) -> Row:
    """Run a function (importable, arguments picklable) in a fresh process and measure it."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_measured, args=(function, arguments, queue))
    process.start()
    seconds, peak, value, error = queue.get()
    process.join()
    if error:
        print(f"  {label}: {error}", file=sys.stderr)
    return Row(label, seconds, peak, value)


def report(name: str, columns: list[str], rows: list[list[Any]], **about: Any) -> None:
    """Print a table and write it as JSON to ``benchmarks/results/NAME.json``, a section for each `part`."""
    text = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[i]) for line in [columns, *text]) for i in range(len(columns))]
    title = " · ".join([name, *(f"{key} {value}" for key, value in about.items())])
    print(f"\n{title}")
    for line in [columns, ["-" * width for width in widths], *text]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    parts = json.loads(path.read_text()) if path.exists() else {}
    parts[str(about.get("part", "all"))] = {
        **{key: str(value) for key, value in about.items()},
        "rows": [dict(zip(columns, row, strict=True)) for row in rows],
    }
    path.write_text(json.dumps(parts, indent=1, default=str) + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return (
        f"{value:.3g}"
        if isinstance(value, float) and abs(value) < 1000
        else f"{value:.0f}"
        if isinstance(value, float)
        else str(value)
    )
