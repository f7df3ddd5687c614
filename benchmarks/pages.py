"""Pages: fold, slope, crop and text against the truth, beside the plain ways of doing them.

    python benchmarks/pages.py [--quick]

With VESTIGE_REAL_DATA also on photographs of registers and on Fraktur pages. Everything large is done in
processes of their own, since a child counts its parent's memory as its own peak.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _harness import measure, report

from vestige.capture import Capture, open_capture
from vestige.contract import Budget
from vestige.contract.registry import technique
from vestige.contract.runner import execute
from vestige.contract.simulate import simulate
from vestige.imaging import open_image
from vestige.pages import (
    Box,
    Fold,
    PagesRecipe,
    Placement,
    SceneRecipe,
    character_error_rate,
    find_data,
    find_fold,
    installed,
    read_alto,
)

PRESETS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("usual", {}),
    ("flat", SceneRecipe.presets["flat"]),
    ("hard", SceneRecipe.presets["hard"]),
    ("felt", {"table": "felt", "offset": 15.0}),
)


def darkest_column(image: np.ndarray) -> Fold:
    """What many splitters do: the darkest column between a tenth and nine tenths of the width."""
    width = image.shape[1]
    sums = image.mean(axis=2 if image.ndim == 3 else ()).sum(axis=0)
    first = width // 10
    x = first + int(sums[first : width - first].argmin()) + 0.5
    return Fold(x, x)


def middle(image: np.ndarray) -> Fold:
    """Cutting in the middle."""
    return Fold(image.shape[1] / 2, image.shape[1] / 2)


METHODS = {"ours": find_fold, "darkest column": darkest_column, "middle": middle}


def fold_errors(method: str, frames: list[tuple[str, float, float]]) -> dict[str, Any]:
    """Error of each fold in % of the width (mean of its ends); frames without one have top < 0."""
    errors, wrong, single = [], 0, 0
    for path, top, bottom in frames:
        with open_image(path) as image:
            small, width = image.proxy(1400), image.info.width
        found = METHODS[method](small)
        if top < 0:
            single += 1
            wrong += found is not None
        elif found is None:
            errors.append(100.0)
        else:
            found = found.scaled(width / small.shape[1])
            errors.append(50 * (abs(found.top - top) + abs(found.bottom - bottom)) / width)
    return {"errors": errors, "split": f"{wrong} of {single}"}


def fold_table(name: str, frames: list[tuple[str, float, float]], limit: float, **about: Any) -> None:
    rows = []
    for method in METHODS:
        row = measure(method, fold_errors, method, frames)
        if row.value is None:
            continue
        errors = np.array(row.value["errors"])
        within = f"{int((errors < limit).sum())} of {len(errors)}"
        rows.append(
            [
                method,
                within,
                float(np.median(errors)),
                float(errors.max()),
                row.value["split"],
                row.seconds / len(frames),
                row.peak_mib,
            ]
        )
    columns = [
        "method",
        f"folds within {limit:g} %",
        "median %",
        "largest %",
        "singles split",
        "s a frame",
        "peak MiB",
    ]
    report("pages", columns, rows, part=name, **about)


def process(capture: str, out: str, settings: dict[str, Any]) -> int:
    found = technique("pages")
    recipe = PagesRecipe.make(values=settings)
    execute(found, "run", {"capture": [open_capture(capture)]}, recipe, out, budget=Budget(cores=2))
    return len(json.loads(Path(out, "volume.json").read_text())["pages"])


def corners_of(row: dict[str, Any], shape: tuple[int, int]) -> np.ndarray:
    placement = Placement(row["side"], row["angle_deg"], Box(*row["crop_px"]))
    height, width = placement.shape
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], float)
    return np.asarray((placement.matrix(shape) @ corners.T)[:2].T)


def overlap(one: np.ndarray, other: np.ndarray, shape: tuple[int, int]) -> float:
    masks = [
        cv2.fillPoly(np.zeros(shape, np.uint8), [np.rint(c).astype(np.int32)], 1) > 0 for c in (one, other)
    ]
    return float((masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum())


def stock(paths: list[str], language: str, out: str) -> None:
    """Tesseract on the whole frame, as it comes."""
    import tesserocr

    tesserocr.set_leptonica_log_level(tesserocr.LeptLogLevel.NONE)
    names = language.split("+")
    data = f"{find_data(names if language != 'auto' else ['Fraktur'])}{os.sep}"
    named = "Fraktur" if language == "auto" else language
    for number, path in enumerate(paths):
        with tesserocr.PyTessBaseAPI(path=data, lang=named, psm=tesserocr.PSM.AUTO) as engine:
            engine.SetImageFile(path)
            Path(out, f"{number}.txt").write_text(engine.GetUTF8Text(), encoding="utf-8")


def text_table(folder: Path, scenes: list[tuple[str, Path]]) -> None:
    """Slope, crop and text of whole runs on simulated books."""
    rows = []
    for name, scene in scenes:
        truth = {
            item["file"]: item for item in json.loads((scene / "truth" / "truth.json").read_text())["frames"]
        }
        out = folder / f"out-{name}"
        done = measure("run", process, str(scene), str(out), {"language": "deu+eng"})
        pages = json.loads((out / "volume.json").read_text())["pages"]
        slopes, crops, rates = [], [], []
        for row in pages:
            wanted = next(
                (page for page in truth[row["frame"]]["pages"] if page["side"] == row["side"]), None
            )
            if wanted is None:
                continue
            with open_image(scene / row["frame"]) as image:
                shape = image.info.height, image.info.width
            slopes.append(abs(row["angle_deg"] - wanted["angle"]))
            crops.append(overlap(corners_of(row, shape), np.array(wanted["corners"]), shape))
            text = read_alto(out / "text" / f"{Path(row['file']).stem}.xml").text
            rates.append(character_error_rate(text, wanted["text"]))
        plain = folder / f"stock-{name}"
        plain.mkdir()
        files = sorted(truth)
        beside = measure("stock", stock, [str(scene / file) for file in files], "deu+eng", str(plain))
        stock_rates = [
            character_error_rate(
                (plain / f"{number}.txt").read_text(),
                "\n".join(page["text"] for page in truth[file]["pages"]),
            )
            for number, file in enumerate(files)
        ]
        measured = [float(np.median(slopes)), float(max(slopes)), float(np.mean(crops)), float(min(crops))]
        measured += [100 * float(np.mean(rates)), 100 * float(np.mean(stock_rates))]
        spent = [done.seconds / len(pages), done.peak_mib, beside.seconds / len(pages)]
        rows.append([name, len(pages), *measured, *spent])
    columns = [
        "book", "pages", "slope median °", "slope max °", "crop IoU", "crop IoU min", "CER %", "CER % stock",
        "s a page", "peak MiB", "s a page stock",
    ]  # fmt: skip
    report("pages", columns, rows, part="simulated books", seeds=[seed_of(name) for name, _ in scenes])


def seed_of(name: str) -> int:
    return [preset for preset, _ in PRESETS].index(name) + 1


def fraktur_table(folder: Path, real: Path) -> None:
    """Kant's pages of 1784 beside stock Tesseract; without spaces, which the truth puts before commas."""
    files = sorted((real / "ocrd-kant-fraktur").glob("*.jpg"))
    truth = [closed_up(read_alto(file.with_suffix(".alto.xml")).text) for file in files]
    rows = []
    for language in [
        name for name in ("auto", "Fraktur", "frk", "deu") if name == "auto" or name in installed()
    ]:
        out = folder / f"kant-{language}"
        done = measure("run", process, str(files[0].parent), str(out), {"language": language})
        ours = [closed_up(read_alto(out / "text" / f"{n:04d}.xml").text) for n in range(1, len(files) + 1)]
        plain = folder / f"kant-stock-{language}"
        plain.mkdir()
        stock([str(file) for file in files], language, str(plain))
        beside = [closed_up((plain / f"{n}.txt").read_text()) for n in range(len(files))]
        rates = [
            100 * float(np.mean([character_error_rate(a, b) for a, b in zip(texts, truth, strict=True)]))
            for texts in (ours, beside)
        ]
        rows.append([language, *rates, done.seconds / len(files)])
    report("pages", ["language", "CER %", "CER % stock, whole frame", "s a page"], rows, part="Fraktur 1784")


def closed_up(text: str) -> str:
    return "".join(text.split())


def simulated(folder: str, values: dict[str, Any], seed: int) -> None:
    simulate(technique("pages"), folder, SceneRecipe.make(values=values), seed=seed)


def simulated_frames(capture: Capture) -> list[tuple[str, float, float]]:
    truth = json.loads((capture.root / "truth" / "truth.json").read_text())["frames"]
    return [
        (
            str(capture.root / item["file"]),
            *((item["fold"]["top"], item["fold"]["bottom"]) if item["fold"] else (-1.0, -1.0)),
        )
        for item in truth
    ]


def real_frames(real: Path) -> list[tuple[str, float, float]]:
    folder = real / "timeus-register-spreads"
    with (folder / "gutter.csv").open() as stream:
        frames = [
            (str(folder / row["file"]), float(row["x_top"]), float(row["x_bottom"]))
            for row in csv.DictReader(stream)
        ]
    singles = [*(real / "nzz-fraktur-newspaper-gt").glob("*.tif"), *(real / "page-dewarp-photos").glob("*.*")]
    singles += (real / "ocrd-kant-fraktur").glob("*.jpg")
    pictures = sorted(path for path in singles if path.suffix in (".tif", ".jpg"))
    return frames + [(str(path), -1.0, -1.0) for path in pictures]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one small book, no real data")
    quick = parser.parse_args().quick
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scenes, frames = [], []
        for name, settings in PRESETS[: 1 if quick else None]:
            values = {"spreads": 1 if quick else 3, "singles": 1 if quick else 2, **settings}
            measure("scene", simulated, str(folder / name), values, seed_of(name))
            scenes.append((name, folder / name))
            frames += simulated_frames(open_capture(folder / name))
        fold_table("folds, simulated", frames, 1.0, seeds=list(range(1, len(scenes) + 1)))
        text_table(folder, scenes)
        if (given := os.environ.get("VESTIGE_REAL_DATA")) and not quick:
            real = Path(given) / "pages"
            fold_table("folds, photographs", real_frames(real), 3.0, labels="by eye, ±1.3 %")
            fraktur_table(folder, real)


if __name__ == "__main__":
    main()
