"""Focus stacking beside focusweave and the sharpest single frame: PSNR, depth, warps, seconds, peak memory.

    python benchmarks/focus.py [--quick]

Scenes of our forward model (still and moving) have exact truth; the real circuit board (VESTIGE_REAL_DATA)
has none, so only time, memory and detail are told. Every contender's picture is registered to the truth and
fitted by one gain before it is compared: focusweave keeps its own reference and brightness. All work is done
in processes of their own, since a child counts its parent's memory as its own peak.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _harness import Row, measure, report

SEED = 1
COLUMNS = ["set", "contender", "PSNR dB", "edge PSNR dB", "depth < 1 step", "warp px", "s", "peak MiB"]


def simulated(folder: str, values: dict[str, Any]) -> None:
    from vestige.focus import SceneRecipe
    from vestige.focus.simulate import make

    Path(folder).mkdir()
    make(SceneRecipe.make(values=values), Path(folder), SEED)


def ours(folder: str, out: str) -> None:
    from vestige.capture import open_capture
    from vestige.contract import Budget
    from vestige.contract.registry import technique
    from vestige.contract.runner import execute

    execute(technique("focus"), "run", {"capture": [open_capture(Path(folder))]}, None, out, budget=Budget())


def focusweave(folder: str, out: str) -> None:
    Path(out).mkdir()
    program = Path(sys.executable).with_name("focusweave")
    command = [program, folder, "--output", f"{out}/image.tif", "--keep-size"]
    subprocess.run(command, check=True, capture_output=True)


def sharpest_frame(folder: str, out: str) -> None:
    """The baseline: the one frame with the most detail, as it is."""
    from vestige.imaging import read_image, write_image
    from vestige.quality import sharpness_map

    frames = [read_image(path) for path in frames_in(folder)]
    Path(out).mkdir()
    write_image(f"{out}/image.tif", max(frames, key=lambda frame: float(np.mean(sharpness_map(frame)))))


def frames_in(folder: str) -> list[Path]:
    return sorted(path for path in Path(folder).iterdir() if path.suffix in (".tif", ".jpg"))


def against_truth(folder: str, out: str) -> dict[str, float | None]:
    """Quality of ``image.tif`` and, where there is one, ``depth.tif`` and the warps of the report."""
    from vestige.imaging import read_image, register, srgb_from_linear, warp

    truth, depth = (read_image(Path(folder, "truth", name)) for name in ("image.tif", "depth.tif"))
    record = json.loads(Path(folder, "truth", "frames.json").read_text())
    image = read_image(Path(out, "image.tif"))
    found = register(truth, image)
    image = warp(image, found.matrix, truth.shape, border="reflect")
    image *= float((image * truth).sum() / (image * image).sum())
    error = (srgb_from_linear(np.clip(image, 0, 1)) - srgb_from_linear(truth))[16:-16, 16:-16]
    edges = cv2.morphologyEx(depth, cv2.MORPH_GRADIENT, np.ones((3, 3))) > record["step_mm"]
    band = cv2.dilate(edges.astype(np.uint8), np.ones((13, 13)))[16:-16, 16:-16] > 0
    result: dict[str, float | None] = {
        "psnr": decibel(error),
        "edge": decibel(error[band]),
        "depth": None,
        "warp": None,
    }
    if Path(out, "depth.tif").exists():
        off = np.abs(read_image(Path(out, "depth.tif")) - depth)
        result["depth"] = float((off < record["step_mm"]).mean())
        rows = json.loads(Path(out, "report.json").read_text())["frames"]
        y, x = (axis.ravel() for axis in np.mgrid[0 : depth.shape[0] : 50, 0 : depth.shape[1] : 50])
        points = np.stack([x, y, np.ones_like(x)])
        distances = [
            np.hypot(*((np.array(row["matrix"]) - np.array(true["matrix"])) @ points)[:2])
            for row, true in zip(rows, record["frames"], strict=True)
        ]
        result["warp"] = float(np.median(distances))
    return result


def decibel(error: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean(np.square(error))))


CONTENDERS = {"vestige": ours, "focusweave": focusweave, "sharpest frame": sharpest_frame}


def with_truth(name: str, folder: str, work: Path) -> list[list[Any]]:
    rows = []
    for label, function in CONTENDERS.items():
        out = work / f"{name}-{label.replace(' ', '-')}"
        row = measure(label, function, folder, str(out))
        rows.append([name, label, *quality(row, folder, out), row.seconds, row.peak_mib])
    return rows


def quality(row: Row, folder: str, out: Path) -> list[float | None]:
    if not (out / "image.tif").exists():
        return [None] * 4
    found = measure("quality", against_truth, folder, str(out)).value
    return [found["psnr"], found["edge"], found["depth"], found["warp"]]


def detail_of(path: str) -> float:
    from vestige.imaging import read_image
    from vestige.quality import sharpness_map

    return float(np.mean(sharpness_map(read_image(path))))


def real(work: Path) -> list[list[Any]]:
    """The circuit board: mean detail beside the sharpest frame's, seconds, memory."""
    folder = work / "pcb7"
    folder.mkdir()
    for path in Path(os.environ["VESTIGE_REAL_DATA"], "focus", "pcb7").glob("*.jpg"):
        (folder / path.name).symlink_to(path.resolve())
    rows, detail = [], {}
    for label, function in CONTENDERS.items():
        out = work / f"pcb7-{label.replace(' ', '-')}"
        row = measure(label, function, str(folder), str(out))
        detail[label] = measure("detail", detail_of, str(out / "image.tif")).value
        rows.append([label, row.seconds, row.peak_mib])
    return [[*row, detail[row[0]] / detail["sharpest frame"]] for row in rows]


def main(*, quick: bool) -> None:
    height, frames = (240, 8) if quick else (720, 16)
    still = {"breathing": 0.0, "shift": 0.0, "turn": 0.0, "exposure": 0.0}
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        rows = []
        for name, values in {"still": still, "moving": {}}.items():
            folder = str(work / name)
            measure("scene", simulated, folder, {"height": height, "frames": frames, **values})
            rows += with_truth(name, folder, work)
        size = f"{frames} frames of {height * 4 // 3} x {height}"
        report("focus", COLUMNS, rows, part="truth", scene=size, seed=SEED)
        if os.environ.get("VESTIGE_REAL_DATA") and not quick:
            report(
                "focus",
                ["contender", "s", "peak MiB", "detail"],
                real(work),
                part="pcb7",
                scene="7 frames of 2048 x 1536",
            )


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
