"""The answer of an implant test: recall by strength and size, and the sentence that says it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vestige.survey.implant.placing import Implant
from vestige.survey.mapping.features import Feature

__all__ = ["Trial", "recall_by_size", "recall_of", "sentences", "table_of", "trials_of"]

#: Nine times in ten; and how often, at the least, at the weakest strength itself.
WANTED, AT_LEAST = 0.9, 0.75
#: Columns of the table of every ring that was laid.
COLUMNS = (
    "round", "centre_e", "centre_n", "diameter_m", "width_m", "complete", "strength_nt", "snr", "found",
    "found_complete", "found_confidence", "followed",
)  # fmt: skip


@dataclass(frozen=True)
class Trial:
    """One implanted ring: the round it was laid in, its strength against the noise, the mapped ring that it
    was found as, and whether features follow its ditch, be they mapped as a ring or not.
    """

    implant: Implant
    size: float
    snr: float
    round: int
    mapped: Feature | None
    followed: bool = False

    @property
    def found(self) -> bool:
        """Whether it was mapped as a ring."""
        return self.mapped is not None


def recall_of(trials: Sequence[Trial]) -> float:
    """The share of rings found; NaN where there was none."""
    return sum(trial.found for trial in trials) / len(trials) if trials else float("nan")


def recall_by_size(trials: Sequence[Trial]) -> dict[float, dict[float, tuple[int, int]]]:
    """For each size and strength, how many rings were laid and how many of them were found."""
    counts: dict[float, dict[float, tuple[int, int]]] = {}
    for trial in sorted(trials, key=lambda trial: (trial.size, trial.implant.strength)):
        row = counts.setdefault(trial.size, {})
        laid, found = row.get(trial.implant.strength, (0, 0))
        row[trial.implant.strength] = laid + 1, found + trial.found
    return counts


def sentences(trials: Sequence[Trial], noise: float) -> list[str]:
    """For each size, from which strength on rings are found nine times in ten.

    >>> from vestige.survey import Ring
    >>> ring = Feature(None, "feature", "ring ditch", 0.9, 0.6, 78.0, 20.0, 1.0, (0.0, 0.0), 3.2)
    >>> laid = [
    ...     Trial(Implant(Ring(0, 0, 20), nt), 20.0, nt, 0, ring if nt > 1 else None)
    ...     for nt in (0.5, 1.2, 2.0)
    ... ]
    >>> sentences(laid, 0.5)
    ['At your noise of 0.5 nT, 20 m rings of 1.2 nT and more are found 9 times in 10 (2 of 2).']
    """
    told = []
    for size, row in recall_by_size(trials).items():
        least, laid, found = _least(row)
        told.append(
            f"At your noise of {noise:.2g} nT, {size:g} m rings "
            + (
                f"of {least:.2g} nT and more are found 9 times in 10 ({found} of {laid})."
                if least is not None
                else f"are not found 9 times in 10 at any strength tried (up to {max(row):.2g} nT)."
            )
        )
    return told


def _least(row: Mapping[float, tuple[int, int]]) -> tuple[float | None, int, int]:
    """The least strength from which on rings are found often enough, and how many were laid and found."""
    answer: tuple[float | None, int, int] = (None, 0, 0)
    all_laid = all_found = 0
    for strength, (laid, found) in sorted(row.items(), reverse=True):
        all_laid, all_found = all_laid + laid, all_found + found
        if found >= AT_LEAST * laid and all_found >= WANTED * all_laid:
            answer = (strength, all_laid, all_found)
    return answer


def table_of(trials: Sequence[Trial], noise: float) -> str:
    """Recall by size and strength as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["diameter_m", "strength_nt", "snr", "rings", "found", "recall"])
    for size, row in recall_by_size(trials).items():
        for strength, (laid, found) in row.items():
            snr = strength / noise if noise else float("nan")
            writer.writerow(
                [f"{size:g}", f"{strength:.3f}", f"{snr:.2f}", laid, found, f"{found / laid:.3f}"]
            )
    return text.getvalue()


def trials_of(trials: Sequence[Trial]) -> str:
    """Every ring as CSV, with its place on the map."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for trial in trials:
        ring = trial.implant.ring
        writer.writerow(
            [
                trial.round,
                f"{ring.east:.2f}",
                f"{ring.north:.2f}",
                f"{ring.diameter:g}",
                f"{ring.width:.2f}",
                f"{ring.circumference_kept:.2f}",
                f"{trial.implant.strength:.3f}",
                f"{trial.snr:.2f}",
                int(trial.found),
                f"{trial.mapped.complete:.3f}" if trial.mapped else "",
                f"{trial.mapped.confidence:.4f}" if trial.mapped else "",
                int(trial.followed),
            ]
        )
    return text.getvalue()
