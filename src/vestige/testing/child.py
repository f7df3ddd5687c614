"""A run in a process of its own, told which parts it keeps and, if asked, killed after one of them.

``python -m vestige.testing.child TECHNIQUE CAPTURE OUT RECIPE_JSON KILL_AFTER MEMORY_BYTES``
prints a line ``part KEY`` for each part kept, then ``peak MIB``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from vestige.capture import open_capture
from vestige.contract import Budget
from vestige.contract.parts import PartStore
from vestige.contract.registry import technique
from vestige.contract.runner import execute


def kill_after(last: int) -> None:
    """Print each part as it is kept; kill this process right after number `last` (0: never)."""
    write = PartStore.write
    kept: list[str] = []

    def telling(self: PartStore, key: str, value: Any, roots: Any) -> Any:
        read = write(self, key, value, roots)
        kept.append(key)
        print(f"part {key}", flush=True)  # noqa: T201 - what the parent reads
        if len(kept) == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return read

    PartStore.write = telling  # type: ignore[method-assign]


def main(name: str, capture: str, out: str, recipe: str, last: str, memory: str) -> None:
    """Run the operation ``run`` of a technique on a capture."""
    kill_after(int(last))
    found = technique(name)
    operation = found.operation("run")
    report = execute(
        found,
        "run",
        {operation.inputs[0].name: [open_capture(Path(capture))]},
        operation.recipe.make(values=json.loads(recipe)),
        out,
        budget=Budget(cores=1, bytes=int(memory)),
    )
    print(f"peak {report.peak_mib}")  # noqa: T201 - what the parent reads


if __name__ == "__main__":
    main(*sys.argv[1:])
