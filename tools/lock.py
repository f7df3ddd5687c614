"""Resolve the dependencies of `pyproject.toml` into ``requirements/*.lock``: exact versions, no hosts.

``python tools/lock.py`` asks pip what it would install and writes names and versions. PyTorch is held
at the release that the extra names, so that its CPU build serves where one is at hand.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETS = {"run": "", "test": "[learn,test]", "bench": "[learn,test,bench]"}
TORCH = "torch==2.13.0"


def resolve(extras: str) -> list[str]:
    """Names and versions that pip would install for the project with these extras."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--report", report.name, f"{ROOT}{extras}", *([TORCH] if "learn" in extras else [])]
        subprocess.run(command, check=True)
        found = json.loads(Path(report.name).read_text())["install"]
    pins = {item["metadata"]["name"].lower(): item["metadata"]["version"] for item in found}
    pins.pop("vestige")
    return [f"{name}=={version.split('+')[0]}" for name, version in sorted(pins.items())]


for name, extras in SETS.items():
    lines = resolve(extras)
    head = f"# Exact versions for `make {name}`; written by `make lock`.\n"
    (ROOT / "requirements" / f"{name}.lock").write_text(head + "\n".join(lines) + "\n")
    print(f"requirements/{name}.lock: {len(lines)} packages")
