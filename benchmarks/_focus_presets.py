"""What each preset gains over the default settings on the scenes that it is for."""

from __future__ import annotations

import shutil
from pathlib import Path
from statistics import fmean

from _focus_truth import quality
from _harness import report

SCENES = {
    "herbarium": ("leaf",),
    "insect": ("beetle", "nettle", "wings"),
    "coin": ("coin",),
    "pottery": ("sherd",),
    "textile": ("textile",),
}
FIGURES = ("psnr", "edge", "depth", "depth_all", "covered")


def presets(work: Path, seeds: int) -> None:
    """A table: default and preset, the mean over scenes and seeds."""
    from vestige.capture import open_capture
    from vestige.contract.registry import technique
    from vestige.contract.runner import execute
    from vestige.focus import SceneRecipe, StackRecipe
    from vestige.focus.simulate import make

    rows = []
    for preset, scenes in SCENES.items():
        found: dict[str, list[dict[str, float | None]]] = {"default": [], preset: []}
        for scene in scenes:
            for seed in range(seeds):
                folder = work / f"preset-{scene}-{seed}"
                folder.mkdir()
                make(SceneRecipe.make(values={"scene": scene, "height": 240, "frames": 8}), folder, seed)
                for name, told in found.items():
                    recipe = StackRecipe.make(None if name == "default" else name)
                    out = folder / f"out-{name}"
                    execute(technique("focus"), "run", {"capture": [open_capture(folder)]}, recipe, out)
                    told.append(quality(str(folder), str(out)))
                shutil.rmtree(folder)
        for name, told in found.items():
            means = [fmean(row[figure] for row in told if row[figure] is not None) for figure in FIGURES]
            rows.append([", ".join(scenes), name, *means])
    columns = ["scenes", "preset", "PSNR dB", "edge dB", "depth < 1 step", "depth, all", "of textured"]
    report("focus", columns, rows, part="presets", seeds=seeds, scene="8 frames of 320 x 240, moving")
