"""Where products come from, in plain words: what they were made from, by what, when, and whether again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vestige.archive.chronicle import Again
from vestige.capture import MANIFEST, Capture, load_manifest
from vestige.contract.registry import technique
from vestige.contract.report import Report
from vestige.contract.report_page import rows
from vestige.display.entries import ResultEntry
from vestige.errors import VestigeError
from vestige.publish.kept import result_key
from vestige.web.bench import Bench
from vestige.web.cards import telling
from vestige.web.collection.again import Attempt, attempt
from vestige.web.collection.dates import spoken_day

Words = Mapping[str, str]


@dataclass(frozen=True)
class Origin:
    """A kept result with the sentence that tells where it comes from."""

    entry: ResultEntry
    capture: str
    run: str
    sentence: str
    details: list[tuple[str, str]]
    name: str = ""
    again: Again | None = None
    attempt: Attempt | None = None

    @property
    def report(self) -> Report | None:
        """The record of the run."""
        return self.entry.report

    @property
    def telling(self) -> int | None:
        """The product whose picture says most."""
        return telling(self.entry)


def origins(
    bench: Bench, captures: Sequence[Mapping[str, Any]], again: Mapping[str, Again], words: Words
) -> list[Origin]:
    """The kept results of an object, the newest first."""
    found: dict[tuple[str, str], tuple[int, Mapping[str, Any]]] = {}
    for capture in captures:
        for item in capture["products"]:
            found.setdefault((capture["key"], item["run"]), (item["sequence"], capture))
    listed = sorted(found.items(), key=lambda pair: -pair[1][0])
    return [origin(bench, capture, run, again, words) for (_, run), (_, capture) in listed]


def origin(
    bench: Bench, capture: Mapping[str, Any], run: str, again: Mapping[str, Again], words: Words
) -> Origin:
    """One kept result."""
    entry = bench.shelf.result(result_key(capture["key"], run))
    report = entry.report
    if report is None:
        return Origin(entry, capture["key"], run, entry.problem, [])
    return Origin(
        entry,
        capture["key"],
        run,
        _sentence(entry, report, capture, words),
        _details(report, words),
        called(report.technique, words),
        again.get(run),
        attempt(bench, report),
    )


def _sentence(entry: ResultEntry, report: Report, capture: Mapping[str, Any], words: Words) -> str:
    """'Made from these 7 frames by focus stacking, Vestige 0.1.0, on 23 November 2026.'"""
    products = [item for item in report.inputs if item.what != "capture"]
    captures = [item for item in report.inputs if item.what == "capture"]
    chained = _chained(entry, report)
    before = _before(chained, capture, words)
    frames = len(chained.frames) if chained else len(report.frames) or int(capture["frames"])
    key = (
        "both"
        if products and captures
        else "products"
        if products
        else "chain"
        if before
        else "frames"
        if frames > 1
        else "frame"
    )
    names = [item.path.rsplit("/", 1)[-1] for item in products]
    return words[f"collection_origin_{key}"].format(
        n=frames,
        products=", ".join(names),
        before=before,
        what=called(report.technique, words),
        operation=report.operation,
        version=report.software.vestige,
        day=spoken_day(report.started.astimezone().date(), words),
    )


def _chained(entry: ResultEntry, report: Report) -> Capture | None:
    """The capture that a chain cut from another or made of products for this run; None where it was whole."""
    for number, item in enumerate(report.inputs):
        manifest = entry.folder / "inputs" / str(number) / MANIFEST
        if item.what == "capture" and manifest.is_file():
            return load_manifest(manifest)
    return None


def _before(chained: Capture | None, capture: Mapping[str, Any], words: Words) -> str:
    """By what the frames of a derived capture were made; empty where they are frames of a camera."""
    if chained is None or "derived_from" not in chained.settings:
        return ""
    frames = {frame.blake3 for frame in chained.frames}
    makers = {item["technique"] for item in capture["products"] if item["blake3"] in frames}
    told = sorted(called(maker, words) for maker in makers)
    return ", ".join(told) or str(chained.settings["derived_from"])


def called(name: str, words: Words) -> str:
    """A technique as a person calls it; its bare name where it is not installed any more."""
    try:
        title = technique(name).title
    except VestigeError:
        return name
    return words.get(f"term_{title}", title)


def _details(report: Report, words: Words) -> list[tuple[str, str]]:
    """The settings and the circumstances, for those who want to know."""
    recipe = [(name, value) for name, value in rows({k: v for k, v in report.recipe.items() if v != {}})]
    return [
        (words["operation"], f"{report.technique} {report.operation} {report.operation_version}"),
        (words["took"], f"{report.seconds:.1f} s"),
        (words["seed"], str(report.seed)),
        ("Vestige", f"{report.software.vestige} {report.software.commit[:12]}".strip()),
        ("Python", f"{report.software.python}, {report.software.machine}"),
        *((str(name), str(value)) for name, value in recipe),
    ]
