"""150-megapixel frames, 8 and 24 of them: memory must stay bounded and not grow with their number."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _harness import measure, report

HEIGHT, WIDTH = 10652, 14204
BASE = 1200


def large(work: Path, bar: Callable[..., list[Any]], *, quick: bool) -> list[list[Any]]:
    """Peak memory of the command on 8 and on 24 frames; returns bar 4.

    `quick` takes their full width, which strips depend on, and a ninth of their height.
    """
    height = BASE if quick else HEIGHT
    megapixels = height * WIDTH / 1e6
    measure("frames", _frames, str(work), height)
    peaks, rows = [], []
    for count in (8, 24):
        folder, out = work / f"large-{count}", work / f"large-{count}-out"
        row = measure(f"{count} frames", _command, str(folder), str(out))
        peaks.append(row.peak_mib)
        rows.append(
            [f"{count} x {megapixels:.0f} MP", row.seconds, count * megapixels / row.seconds, row.peak_mib]
        )
        shutil.rmtree(out, ignore_errors=True)
    report("focus", ["frames", "s", "MP/s", "peak MiB"], rows, part="large", bits=16, budget="2 GiB")
    return [
        bar("4 peak memory, 24 frames", peaks[1], 2048.0, "MiB", most=True),
        bar("4 peak memory, 24 of 8 frames", peaks[1] / peaks[0], 1.05, "", most=True),
    ]


def _frames(work: str, height: int) -> None:
    """Eight frames of a scene, mirrored side by side to the size of a large back; 24 are these again."""
    import numpy as np

    from vestige.focus import SceneRecipe
    from vestige.focus.simulate import make
    from vestige.imaging import ImageWriter, open_image

    base = Path(work, "large-base")
    base.mkdir()
    make(SceneRecipe(scene="textile", height=BASE, frames=8), base, 0)
    sources = sorted(base.glob("*.tif"))
    for count in (8, 24):
        folder = Path(work, f"large-{count}")
        folder.mkdir()
        for number in range(count):
            place = folder / f"focus_{number + 1:03d}.tif"
            if count > 8:
                place.symlink_to(Path(work, "large-8", f"focus_{number * 8 // count + 1:03d}.tif"))
                continue
            with open_image(sources[number]) as opened:
                small = opened.pixels()
            wide = np.concatenate([small, small[:, ::-1]], axis=1)
            wide = np.concatenate([wide] * (WIDTH // wide.shape[1] + 1), axis=1)[:, :WIDTH]
            with ImageWriter(place, height, WIDTH, 3, depth=16, profile="srgb", encoded=True) as writer:
                for first in range(0, height, BASE):
                    rows = wide if first // BASE % 2 == 0 else wide[::-1]
                    writer.write(first, np.ascontiguousarray(rows[: height - first]))


def _command(folder: str, out: str) -> None:
    subprocess.run([sys.executable, "-m", "vestige.cli", "focus", "run", folder, "--out", out], check=True)
