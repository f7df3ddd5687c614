"""How long a live preview takes: the first picture, and each that follows a change of the recipe.

``python benchmarks/previews.py CAPTURE TECHNIQUE FIELD=VALUE …``: wall and processor seconds, these of this
process and of the processes that decode images for it, with the first question opening the session. A machine
that others work on shows in the gap between the two. Where the first picture is of some of the frames, a row
tells when the first of all of them came.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from pathlib import Path

from vestige.capture import open_capture
from vestige.contract import Inputs, Refining
from vestige.contract.budget import Budget
from vestige.contract.context import Context
from vestige.contract.registry import technique


def decoding() -> float:
    """Processor seconds of the living child processes."""
    ticks = 0
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            fields = Path("/proc", child, "stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def told(name: str, wall: float, work: float) -> None:
    """A row: seconds since `wall`, processor seconds since `work` and of the decoding processes."""
    decoded = decoding()
    used = time.process_time() - work + decoded
    print(f"| {name} | {time.perf_counter() - wall:.2f} | {used:.2f} | {decoded:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("capture")
    parser.add_argument("technique")
    parser.add_argument("settings", nargs="*", default=[])
    parser.add_argument("--size", type=int, default=1000)
    chosen = parser.parse_args()
    operation = technique(chosen.technique).operation("run")
    recipes = [operation.recipe(), *(operation.recipe.make(settings=[one]) for one in chosen.settings)]
    inputs = Inputs({operation.inputs[0].name: [open_capture(chosen.capture)]})
    print("| picture | seconds | processor seconds | of these, decoding |\n| --- | --- | --- | --- |")
    wall, work = time.perf_counter(), time.process_time()
    session = operation.open(inputs, Context(budget=Budget(cores=2, bytes=2 * 2**30)))
    session.render(recipes[0], None, chosen.size)
    told("first", wall, work)
    if isinstance(session, Refining) and session.provisional:
        while session.provisional:
            time.sleep(0.1)
            session.render(recipes[0], None, chosen.size)
        told("first of all frames", wall, work)
    rows = []
    for recipe in recipes * 5:
        wall, work = time.perf_counter(), time.process_time()
        session.render(recipe, None, chosen.size)
        rows.append((time.perf_counter() - wall, time.process_time() - work))
    walls, works = (sorted(column) for column in zip(*rows, strict=True))
    late = min(len(rows) - 1, round(0.95 * len(rows)))
    for name, at in (("median", statistics.median), ("p95", lambda column: column[late])):
        print(f"| {name} of {len(rows)} | {at(walls):.2f} | {at(works):.2f} | 0.00 |")
    session.close()


if __name__ == "__main__":
    main()
