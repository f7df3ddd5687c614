"""Measure the code as STYLE asks: modules, lines, function lengths, docstrings, types.

``python tools/measure.py`` prints the row of the table in docs/architecture.md; ``--update`` writes it there.
"""

from __future__ import annotations

import ast
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "vestige"
PAGE = ROOT / "docs" / "architecture.md"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Size:
    """What was measured."""

    modules: dict[str, int]
    functions: list[int]
    public: int
    documented: int
    typed: int
    all_functions: int


def measure(source: Path = SOURCE) -> Size:
    """Measure every Python module beneath a folder; vendored files left out."""
    modules: dict[str, int] = {}
    lengths: list[int] = []
    public = documented = typed = total = 0
    for path in sorted(source.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        modules[path.relative_to(source).as_posix()] = len(text.splitlines())
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, Function):
                lengths.append((node.end_lineno or node.lineno) - node.lineno + 1)
                total += 1
                typed += node.returns is not None
            if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
                public += 1
                documented += ast.get_docstring(node) is not None
    return Size(modules, lengths, public, documented, typed, total)


def row(size: Size) -> str:
    """The table row of STYLE."""
    lines = sum(size.modules.values())
    ordered = sorted(size.functions)
    p90 = ordered[int(0.9 * (len(ordered) - 1))]
    return (
        f"| **vestige** | {len(size.modules)} / {lines / 1000:.1f}k "
        f"| {statistics.median(size.modules.values()):.0f} "
        f"| {statistics.median(ordered):.0f} / {p90} | {100 * size.documented / size.public:.0f} % "
        f"| {100 * size.typed / size.all_functions:.0f} % | {max(size.modules.values())} |"
    )


if __name__ == "__main__":
    found = measure()
    print(row(found))
    for name, lines in sorted(found.modules.items(), key=lambda item: -item[1])[:10]:
        print(f"  {lines:5d}  {name}")
    if "--update" in sys.argv:
        lines_of_page = PAGE.read_text(encoding="utf-8").splitlines()
        changed = [row(found) if line.startswith("| **vestige** |") else line for line in lines_of_page]
        PAGE.write_text("\n".join(changed) + "\n", encoding="utf-8")
