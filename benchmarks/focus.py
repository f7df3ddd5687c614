"""Focus stacking beside its peers: quality against exact truth, halos, depth, warps, seconds, memory, faults.

    python benchmarks/focus.py [--quick] [--scenes coin,wings] [--seeds 3] [--bits 16,8]
                               [--rendered] [--large] [--mutants 10000] [--only truth,pcb7]

- *truth*: nine scenes of the forward model x 3 seeds x 8 and 16 bit. Set A does not move; set B breathes by
  0.4 % a frame, shifts by up to 2 px, turns a little and changes exposure by up to 2 %. Scenes that a slider
  recorded (set C) are told beside them and count for no bar.
- *pcb7*: the real circuit board (VESTIGE_REAL_DATA), from files to file: warm, the cold command, memory.
- *rendered* (``--rendered``): a scene path-traced by Mitsuba (``pip install mitsuba``), not by us.
- *large* (``--large``): 8 and 24 frames of 150 megapixels at 16 bit; needs 40 GB of disk
  (with ``--quick`` of their width and a ninth of their height).
- *presets* (``--only presets``): what each preset gains over the default on the scenes that it is for.
- *mutants*: broken files, each in a process that is watched; a crash or a hang is counted.

Peers that are not on this machine are named and left out. Every figure is told again in a table of bars.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from _focus_large import large
from _focus_mutants import mutated
from _focus_peers import Contender, frames_in, peers, sharpest_frame, vestige
from _focus_presets import presets
from _focus_rendered import rendered
from _focus_truth import quality
from _harness import measure, report

SCENES = ("beetle", "nettle", "seeds", "leaf", "wings", "spangles", "coin", "sherd", "textile")
SETS = {
    "A": {"breathing": 0.0, "shift": 0.0, "turn": 0.0, "exposure": 0.0},
    "B": {},
    "C": {"motion": "slider"},
}
FIGURES = ("psnr", "edge", "halo", "depth", "clear", "covered", "depth_all", "warp", "scale")
Rows = list[dict[str, Any]]


def scene(folder: Path, name: str, motion: dict[str, Any], seed: int, height: int, frames: int) -> None:
    from vestige.focus import SceneRecipe
    from vestige.focus.simulate import make

    folder.mkdir()
    make(SceneRecipe.make(values={"scene": name, "height": height, "frames": frames, **motion}), folder, seed)


def in_8_bits(folder: Path) -> Path:
    """The same exposures from a camera that writes 8 bits."""
    from vestige.imaging import read_image, write_image

    out = folder.with_name(f"{folder.name}-8")
    out.mkdir()
    (out / "truth").symlink_to(folder / "truth")
    (out / "capture.json").write_text((folder / "capture.json").read_text())
    for path in folder.glob("*.tif"):
        write_image(out / path.name, read_image(path), depth=8, profile="srgb")
    return out


def truth(options: argparse.Namespace, contenders: dict[str, Contender], work: Path) -> Rows:
    """Every contender on every scene, set, seed and depth of the frames."""
    rows: Rows = []
    height, frames = (240, 8) if options.quick else (480, 12)
    for name in options.scenes:
        for seed in range(options.seeds):
            for motion in options.sets:
                folder = work / f"{name}-{motion}-{seed}"
                scene(folder, name, SETS[motion], seed, height, frames)
                for bits in options.bits:
                    given = folder if bits == 16 else in_8_bits(folder)
                    about = {"set": motion, "scene": name, "seed": seed, "bits": bits}
                    rows += compared(contenders, given, work, about)
    mean_table(rows, ("set", "bits"), part="truth", scene=f"{frames} frames of {height * 4 // 3} x {height}")
    mean_table(rows, ("set", "scene"), part="scenes", seeds=options.seeds)
    return rows


def compared(contenders: dict[str, Contender], folder: Path, work: Path, about: dict[str, Any]) -> Rows:
    """One row a contender: what it is, its quality, seconds and peak memory."""
    rows = []
    for label, function in contenders.items():
        out = work / f"out-{folder.name}-{label.replace(' ', '-')}"
        row = measure(label, function, str(folder), str(out))
        found = quality(str(folder), str(out))
        rows.append({**about, "contender": label, **found, "s": row.seconds, "peak": row.peak_mib})
    told = ", ".join(f"{row['contender']} {row.get('psnr') or 0:.1f}" for row in rows)
    print(f"{folder.name}: {told} dB", flush=True)
    return rows


def mean(rows: Iterable[dict[str, Any]], figure: str) -> float | None:
    known = [row[figure] for row in rows if row.get(figure) is not None]
    return statistics.fmean(known) if known else None


def chosen(rows: Rows, **wanted: Any) -> Rows:
    return [row for row in rows if all(row.get(name) == value for name, value in wanted.items())]


def mean_table(rows: Rows, by: tuple[str, ...], **about: Any) -> None:
    """The means over everything but `by` and the contender."""
    groups = list(dict.fromkeys((*(row[name] for name in by), row["contender"]) for row in rows))
    table = []
    for group in sorted(groups, key=lambda group: [str(part) for part in group[:-1]]):
        same = chosen(rows, **dict(zip((*by, "contender"), group, strict=True)))
        table.append([*group, *(mean(same, figure) for figure in (*FIGURES, "s", "peak"))])
    columns = [*by, "contender", "PSNR dB", "edge dB", "halo 1e-6", "depth < 1 step", "off edges"]
    report(
        "focus",
        [*columns, "of textured", "depth, all", "warp px", "scale off", "s", "peak MiB"],
        table,
        **about,
    )


def truth_bars(rows: Rows) -> list[list[Any]]:
    """Bars 1 and 2, each with what was found and whether it is met."""
    bars = []
    rows = [row for row in rows if row["set"] != "C"]
    others = sorted({row["contender"] for row in rows} - {"vestige", "sharpest frame"})
    if not others:
        return []
    for figure, least, what in (("psnr", 1.0, "PSNR"), ("edge", 1.5, "PSNR in the band")):
        for motion in sorted({row["set"] for row in rows} & {"A", "B"}):
            found = {
                name: mean(chosen(rows, contender=name, set=motion), figure) for name in (*others, "vestige")
            }
            ours = found.pop("vestige")
            best = max((value, name) for name, value in found.items() if value is not None)
            bars.append(bar(f"1 {what}, set {motion}, over {best[1]}", ours and ours - best[0], least, "dB"))
    margins = []
    for motion, name in {(row["set"], row["scene"]) for row in rows}:
        here = chosen(rows, set=motion, scene=name)
        theirs = [mean(chosen(here, contender=other), "psnr") for other in others]
        ours = mean(chosen(here, contender="vestige"), "psnr")
        margins.append(
            ((ours or 0) - max(value for value in theirs if value is not None), f"{name} {motion}")
        )
    worst = min(margins)
    bars.append(bar(f"1 worst scene ({worst[1]})", worst[0], -0.3, "dB"))
    mine = chosen(rows, contender="vestige")
    still, moved = (mean(chosen(mine, set=motion), "psnr") for motion in ("A", "B"))
    bars.append(bar("1 B loses to A", still and moved and still - moved, 0.5, "dB", most=True))
    warps = [row["warp"] for row in chosen(mine, set="B") if row.get("warp") is not None]
    bars.append(bar("1 median warp error", statistics.median(warps) if warps else None, 0.1, "px", most=True))
    halos = {name: mean(chosen(rows, contender=name), "halo") for name in (*others, "vestige")}
    ours, least_halo = halos.pop("vestige"), min((v for v in halos.values() if v), default=None)
    bars.append(
        bar(
            "2 halo energy, of the best peer's", ours and least_halo and ours / least_halo, 0.5, "", most=True
        )
    )
    bars.append(bar("2 depth within one step", mean(mine, "depth"), 0.95, ""))
    bars.append(bar("  the same, 6 px and more from edges", mean(mine, "clear"), 0.95, ""))
    scales = [row["scale"] for row in mine if row.get("scale") is not None]
    found = statistics.median(scales) if scales else None
    bars.append(bar("  scale of the result off, median", found, 0.0005, "", most=True))
    return bars


def bar(what: str, found: float | None, limit: float, unit: str, *, most: bool = False) -> list[Any]:
    """One line of the table of bars."""
    met = "not run" if found is None else "met" if (found <= limit if most else found >= limit) else "MISSED"
    return [what, found, f"{'<=' if most else '>='} {limit} {unit}".strip(), met]


def warm(folder: str, out: str, depth: bool) -> float:
    """Seconds of `focus.stack` from files to a file in a process that has done it before: median of 5.

    The peers make no depth: the picture alone (`depth` False) is what compares with theirs.
    """
    from vestige.focus import stack
    from vestige.imaging import write_image

    Path(out).mkdir()
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        image = stack(frames_in(folder), depth=depth).image
        write_image(Path(out, "image.tif"), image, depth=8, profile="srgb")  # as the frames are
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[1:])


def command(folder: str, out: str) -> None:
    """The cold command with all its products."""
    import subprocess
    import sys

    subprocess.run(
        [sys.executable, "-m", "vestige.cli", "focus", "run", folder, "--out", out],
        check=True,
        capture_output=True,
    )


def circuit_board(others: dict[str, Contender], work: Path, repeats: int) -> list[list[Any]]:
    """The real stack: seconds (median) and memory; returns bar 3."""
    folder = work / "pcb7"
    folder.mkdir()
    for path in Path(os.environ["VESTIGE_REAL_DATA"], "focus", "pcb7").glob("*.jpg"):
        (folder / path.name).symlink_to(path.resolve())
    ours = measure("warm", warm, str(folder), str(work / "warm"), False)
    deep = measure("warm with depth", warm, str(folder), str(work / "deep"), True)
    rows: list[list[Any]] = [
        ["vestige, warm focus.stack, picture alone", ours.value, ours.peak_mib],
        ["vestige, warm focus.stack, with depth", deep.value, deep.peak_mib],
    ]
    contenders = {
        "vestige, cold command": command,
        **{label: others[label] for label in others if label != "enfuse alone"},
    }
    for label, function in contenders.items():
        runs = [
            measure(label, function, str(folder), str(work / f"pcb-{label}-{number}"))
            for number in range(repeats)
        ]
        rows.append(
            [label, statistics.median(run.seconds for run in runs), max(run.peak_mib for run in runs)]
        )
    report(
        "focus",
        ["contender", "s", "peak MiB"],
        rows,
        part="pcb7",
        scene="7 frames of 2048 x 1536",
        repeats=repeats,
    )
    peers_only = rows[3:]
    if not peers_only:
        return []
    name, seconds, memory = min(peers_only, key=lambda row: row[1])
    return [
        bar(f"3 warm stack, times as fast as {name}", ours.value and seconds / ours.value, 1.25, ""),
        bar(f"3 cold command, times {name}'s time", rows[2][1] / seconds, 3.0, "", most=True),
        bar(f"3 peak memory (cold), of {name}'s", rows[2][2] / memory, 1.0, "", most=True),
    ]


def options_of(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one seed, small frames, few mutants")
    parser.add_argument("--scenes", type=lambda text: text.split(","), default=list(SCENES))
    parser.add_argument("--sets", type=list, default=list(SETS))
    parser.add_argument("--seeds", type=int)
    parser.add_argument("--bits", type=lambda text: [int(bits) for bits in text.split(",")], default=[16, 8])
    parser.add_argument("--rendered", action="store_true")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--mutants", type=int)
    parser.add_argument("--only", type=lambda text: text.split(","), default=["truth", "pcb7", "mutants"])
    options = parser.parse_args(arguments)
    options.seeds = options.seeds or (1 if options.quick else 3)
    options.mutants = 200 if options.mutants is None and options.quick else options.mutants or 10_000
    return options


def main(options: argparse.Namespace) -> None:
    others, bars = peers(), []
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        if "truth" in options.only:
            contenders = {"vestige": vestige, **others, "sharpest frame": sharpest_frame}
            bars += truth_bars(truth(options, contenders, work))
        if options.rendered:
            rows = rendered({"vestige": vestige, **others}, work, quick=options.quick)
            mean_table(rows, ("set",), part="rendered", renderer="Mitsuba 3, thin lens")
            ours = mean(chosen(rows, contender="vestige"), "psnr")
            best = max((mean(chosen(rows, contender=name), "psnr") or 0 for name in others), default=0)
            bars.append(bar("1 path-traced scene, over the best peer", ours and ours - best, 1.0, "dB"))
        if "pcb7" in options.only:
            if os.environ.get("VESTIGE_REAL_DATA"):
                bars += circuit_board(others, work, 2 if options.quick else 5)
            else:
                print("pcb7: VESTIGE_REAL_DATA is not set")
        if "presets" in options.only:
            presets(work, options.seeds)
        if options.large:
            bars += large(work, bar, quick=options.quick)
        if "mutants" in options.only:
            bars += mutated(work, options.mutants, bar)
    report("focus", ["bar", "found", "wanted", ""], bars, part="bars")


if __name__ == "__main__":
    main(options_of())
