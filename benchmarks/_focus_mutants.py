"""Broken files in their thousands: each is an answer or one sentence, never a crash or a hang."""

from __future__ import annotations

import multiprocessing
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

from _harness import report

#: A stack of frames this small takes well under a second; one that takes this long hangs.
PATIENCE_S = 30.0
KINDS = ("frame, 16 bit TIFF", "frame, 8 bit JPEG", "capture.json", "recorded alignment")


def mutated(work: Path, count: int, bar: Callable[..., list[Any]]) -> list[list[Any]]:
    """Stack `count` captures with one broken file each; returns bar 5."""
    good = _captures(work)
    start, outcomes, faults = time.perf_counter(), Counter[str](), list[str]()
    context = multiprocessing.get_context("spawn")
    done = 0
    while done < count:
        told = context.Queue()
        process = context.Process(target=_work, args=(good, str(work / "mutant"), done, count, told))
        process.start()
        done = _watch(process, told, done, outcomes, faults)
        process.join()
    rows = [[what, number] for what, number in sorted(outcomes.items())]
    seconds = time.perf_counter() - start
    report("focus", ["outcome", "mutants"], rows, part="mutants", count=count, seconds=round(seconds))
    for fault in faults[:10]:
        print(f"  {fault}")
    wrong = len(faults)
    return [bar(f"5 crashes, hangs and faults among {count} mutants", float(wrong), 0.0, "", most=True)]


def _watch(process: Any, told: Any, done: int, outcomes: Counter[str], faults: list[str]) -> int:
    """Listen to a worker until it is through, dies or falls silent; the number of the next mutant."""
    heard = time.monotonic()
    while True:
        try:
            number, outcome, detail = told.get(timeout=0.5)
        except Empty:
            if not process.is_alive() and told.empty():
                if process.exitcode:
                    outcomes["crash"] += 1
                    faults.append(f"mutant {done}: the process ended with code {process.exitcode}")
                    return done + 1
                return done
            if time.monotonic() - heard > PATIENCE_S:
                process.kill()
                outcomes["hang"] += 1
                faults.append(f"mutant {done}: no answer in {PATIENCE_S:.0f} s")
                return done + 1
            continue
        heard, done = time.monotonic(), number + 1
        outcomes[outcome] += 1
        if outcome == "fault":
            faults.append(f"mutant {number}: {detail}")
        if done % 500 == 0:
            print(f"{done} mutants: {dict(outcomes)}", flush=True)


def _captures(work: Path) -> dict[str, tuple[str, str]]:
    """For each kind: a small capture and the file in it that is broken."""
    from vestige.capture import open_capture
    from vestige.contract.registry import technique
    from vestige.contract.runner import execute
    from vestige.focus import SceneRecipe
    from vestige.focus.simulate import make
    from vestige.imaging import read_image, write_image

    deep, shallow, aligned = work / "good-16", work / "good-8", work / "good-aligned"
    deep.mkdir()
    make(SceneRecipe(height=40, frames=3), deep, 0)
    shutil.rmtree(deep / "truth")
    shallow.mkdir()
    for path in deep.glob("*.tif"):
        write_image(shallow / f"{path.stem}.jpg", read_image(path), depth=8, profile="srgb")
    execute(technique("focus"), "run", {"capture": [open_capture(deep)]}, None, aligned)
    shutil.copytree(deep, work / "good-reuse")
    shutil.copy(aligned / "alignment.json", work / "good-reuse")
    return {
        KINDS[0]: (str(deep), "focus_002.tif"),
        KINDS[1]: (str(shallow), "focus_002.jpg"),
        KINDS[2]: (str(deep), "capture.json"),
        KINDS[3]: (str(work / "good-reuse"), "alignment.json"),
    }


def _work(good: dict[str, tuple[str, str]], place: str, first: int, count: int, told: Any) -> None:
    """Mutants from `first` on, each told with how it ended."""
    from vestige.testing.mutants import mutants

    streams = {
        kind: mutants(Path(folder, name).read_bytes(), count // len(KINDS) + 1, seed=number)
        for number, (kind, (folder, name)) in enumerate(good.items())
    }
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        data = next(streams[kind])
        if number >= first:
            told.put((number, *_one(good[kind], Path(place), data)))
    told.close()
    told.join_thread()


def _one(good: tuple[str, str], place: Path, data: bytes) -> tuple[str, str]:
    """Run on a copy of the capture whose one file is `data`."""
    from vestige.contract.registry import technique
    from vestige.contract.runner import execute
    from vestige.contract.source import open_inputs
    from vestige.errors import VestigeError
    from vestige.focus import StackRecipe

    out = place.with_name("mutant-out")
    for folder in (place, out):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(good[0], place)
    (place / good[1]).write_bytes(data)
    todo = technique("focus")
    recorded = {"reuse_alignment": place / good[1]} if good[1] == "alignment.json" else {}
    try:
        given = open_inputs(todo.operation("run"), [place], recorded)
        execute(todo, "run", given, StackRecipe(levels=3, proxy=64, surface=0), out)
    except VestigeError as error:
        return ("fault", f"two lines: {error}") if "\n" in str(error) else ("refused in one sentence", "")
    except Exception as error:
        return "fault", f"{type(error).__name__}: {error}"
    return "stacked all the same", ""
