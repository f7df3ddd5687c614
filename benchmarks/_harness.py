"""What the benchmarks share: one row a contender, measured in a process of its own on the same input."""

from __future__ import annotations

import json
import math
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty
from typing import Any

from vestige.contract.provenance import peak_mib
from vestige.contract.report import plain

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Row:
    """Seconds, peak memory of the process or its largest child (MiB), and what the function returned."""

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
    scale = 2**20 if sys.platform == "darwin" else 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / scale
    queue.put((seconds, max(peak_mib(), children), value, error))


def measure(label: str, function: Callable[..., Any], *arguments: Any) -> Row:
    """Run a function (importable, arguments picklable) in a fresh process and measure it."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_measured, args=(function, arguments, queue))
    process.start()
    try:
        seconds, peak, value, error = _answer(queue, process)
    finally:
        process.join()
    if error:
        print(f"  {label}: {error}", file=sys.stderr)
    return Row(label, seconds, peak, value)


def _answer(queue: Any, process: Any) -> tuple[float, float, Any, str | None]:
    """What the process measured; one that was killed (no memory left) says so."""
    start = time.perf_counter()
    while True:
        alive = process.is_alive()
        try:
            answer: tuple[float, float, Any, str | None] = queue.get(timeout=0.5)
            return answer
        except Empty:
            if not alive:
                return time.perf_counter() - start, math.nan, None, f"ended with code {process.exitcode}"


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
    path.write_text(json.dumps(plain(parts), indent=1, default=str) + "\n")


def _cell(value: Any) -> str:
    if value is None or value != value:
        return "–"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)
