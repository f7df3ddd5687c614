"""Turntable models against the truth: chamfer and F at 1 mm, seconds, peak memory, beside simple bodies.

    python benchmarks/turntable.py [--quick]

Scenes of our forward model have an exact surface. The contenders are the run itself, the same run with every
other view, the convex hull of its surface, and the cylinder round it: what one has without carving. The skull
of VESTIGE_REAL_DATA has no truth, so its silhouettes stand in: how much of a typical one the model fills.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from _harness import Row, measure, report

SEED = 1
COLUMNS = ["set", "contender", "chamfer mm", "F at 1 mm", "agreement", "vertices", "s", "peak MiB"]


def simulated(folder: str, values: dict[str, Any]) -> None:
    from vestige.turntable import SceneRecipe
    from vestige.turntable.simulate import make

    Path(folder).mkdir()
    make(SceneRecipe.make(values=values), Path(folder), SEED)


def ours(folder: str, out: str, settings: dict[str, Any], every: int = 1) -> dict[str, Any]:
    """The run, on every view or on some; what it measured."""
    from vestige.capture import open_capture
    from vestige.contract import Budget
    from vestige.contract.registry import technique
    from vestige.contract.runner import execute

    capture = open_capture(Path(folder))
    plates = capture.select(role="background")
    thinned = capture.model_copy(update={"frames": capture.select()[::every] + plates}).at(capture.root)
    operation = technique("turntable").operation("run")
    recipe = operation.recipe.make(values=settings)
    done = execute(technique("turntable"), "run", {"capture": [thinned]}, recipe, out, budget=Budget())
    return {**done.measurements, "model_from_world": done.products[0].about["model_from_world"]}


def against_truth(folder: str, out: str, matrix: list[list[float]], body: str) -> tuple[float, float]:
    """Chamfer (mm) and F at 1 mm of the model, its convex hull, or the cylinder round it."""
    import trimesh

    from vestige.turntable import Surface, compare_surfaces, read_glb

    back = np.linalg.inv(np.array(matrix))
    model = read_glb(Path(out, "model.glb"))[0]
    places = model.vertices @ back[:3, :3].T + back[:3, 3]
    faces = model.faces
    if body == "convex":
        shell = trimesh.convex.convex_hull(places)
        places, faces = _divided(shell)
    elif body == "cylinder":
        middle = (places[:, :2].min(axis=0) + places[:, :2].max(axis=0)) / 2
        radius = float(np.linalg.norm(places[:, :2] - middle, axis=1).max())
        low, high = places[:, 2].min(), places[:, 2].max()
        shell = trimesh.creation.cylinder(radius, high - low)
        shell.apply_translation([*middle, (low + high) / 2])
        places, faces = _divided(shell)
    stored = np.load(Path(folder, "truth", "surface.npz"))
    truth = Surface(stored["vertices"], stored["faces"])
    found = compare_surfaces(Surface(places.astype(np.float32), faces.astype(np.int32)), truth)
    return found.chamfer, found.score


def _divided(shell: Any) -> tuple[np.ndarray, np.ndarray]:
    """Vertices and faces of a body, cut so small that comparing by near triangles is exact enough."""
    import trimesh

    places, faces = trimesh.remesh.subdivide_to_size(shell.vertices, shell.faces, 2.0)
    return np.asarray(places), np.asarray(faces)


def lines(name: str, folder: str, scratch: Path, settings: dict[str, Any]) -> list[list[Any]]:
    rows = []
    for label, every in (("vestige", 1), ("vestige, every other view", 2)):
        out = str(scratch / f"{name}-{every}")
        done = measure(label, ours, folder, out, settings, every)
        if done.value is None:
            continue
        error = measure("error", against_truth, folder, out, done.value["model_from_world"], "model")
        rows.append(line(name, done, error.value))
        if every == 1:
            for body in ("convex", "cylinder"):
                other = measure(body, against_truth, folder, out, done.value["model_from_world"], body)
                rows.append(
                    [name, {"convex": "convex hull", "cylinder": "cylinder"}[body], *other.value, *[None] * 4]
                )
    return rows


def line(name: str, done: Row, error: tuple[float, float] | None) -> list[Any]:
    value = done.value
    chamfer, score = error or (None, None)
    vertices = value["vertices"]
    return [
        name,
        done.label,
        chamfer,
        score,
        value["agreement_median"],
        vertices,
        done.seconds,
        done.peak_mib,
    ]


def main(quick: bool) -> None:
    values: dict[str, Any] = (
        {"views": 16, "width": 240, "height": 260, "truth_mm": 0.8} if quick else {"truth_mm": 0.4}
    )
    settings = {"resolution": 128} if quick else {}
    rows: list[list[Any]] = []
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for thing, plate in (("jug", True), ("figurine", True), ("figurine", False)):
            label = thing if plate else f"{thing}, no plate"
            folder = str(scratch / label)
            measure("simulate", simulated, folder, {**values, "thing": thing, "plate": plate})
            rows += lines(label, folder, scratch, settings)
        real = os.environ.get("VESTIGE_REAL_DATA")
        if real and not quick:
            done = measure("vestige", ours, f"{real}/turntable/skull66", str(scratch / "skull"), settings)
            rows += [line("skull66", done, None)] if done.value else []
    report("turntable", COLUMNS, rows, seed=SEED, part="quick" if quick else "all")


if __name__ == "__main__":
    main("--quick" in sys.argv[1:])
