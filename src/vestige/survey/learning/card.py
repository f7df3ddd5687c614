"""The card of a dataset: README.md beside the tiles, for whoever gets them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from vestige.survey.learning.splits import SPLITS

__all__ = ["card_of"]


def card_of(
    rows: Sequence[Mapping[str, Any]],
    labels: Sequence[str],
    *,
    split_by: str,
    licence: str,
    sources: Mapping[str, str],
    notes: Sequence[str],
) -> str:
    """A dataset's card in Markdown: counts, classes, sites, splits, sources by digest, licence, notes.

    `sources` are SHA-256 digests by file name; empty for simulated tiles.

    >>> row = {"split": "train", "site": 0, "ground": "chalk", "feature_share": 0.1, "cell_m": 0.25}
    >>> made = card_of([row], ["ring"], split_by="site", licence="CC0-1.0", sources={}, notes=[])
    >>> made.splitlines()[0]
    '# Tiles of magnetometer surveys'
    """
    both = _shared_sites(rows)
    classes = ["no-feature", *labels, "out-of-bounds"]
    parts = [
        "# Tiles of magnetometer surveys",
        "",
        "Made by `vestige survey dataset` from "
        + ("surveys and labels that people drew." if sources else "simulated ground: no place on earth."),
        "",
        f"- {len(rows)} tiles of {rows[0]['cell_m']} m a pixel; nT as float16, NaN where not surveyed",
        "- classes: " + ", ".join(f"{number} {name}" for number, name in enumerate(classes)),
        f"- licence: {licence or 'not stated'}",
        f"- split by {split_by}"
        + (f"; {both} sites are in more than one split, so scores on them flatter" if both else ""),
        *(f"- {note}" for note in notes),
        "",
        "| split | tiles | sites | tiles with something labelled |",
        "| --- | --- | --- | --- |",
    ]
    for split in SPLITS:
        members = [row for row in rows if row["split"] == split]
        sites, held = {row["site"] for row in members}, sum(row["feature_share"] > 0 for row in members)
        parts.append(f"| {split} | {len(members)} | {len(sites)} | {held} |")
    grounds = Counter(str(row["ground"]) for row in rows)
    parts += ["", "| ground or survey | tiles |", "| --- | --- |"]
    parts += [f"| {name} | {count} |" for name, count in sorted(grounds.items())]
    if sources:
        parts += ["", "| source | SHA-256 |", "| --- | --- |"]
        parts += [f"| {name} | {digest} |" for name, digest in sorted(sources.items())]
    return "\n".join([*parts, ""])


def _shared_sites(rows: Sequence[Mapping[str, Any]]) -> int:
    """Sites that have tiles in more than one split."""
    seen: dict[Any, set[str]] = {}
    for row in rows:
        seen.setdefault(row["site"], set()).add(str(row["split"]))
    return sum(len(splits) > 1 for splits in seen.values())
