"""What a run tells of itself: warnings, products, measurements, and what became of each frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vestige.capture import Capture, Frame
from vestige.contract import Context, Kind, Product

__all__ = ["frame_rows", "measurements", "products", "warn"]

Rows = list[dict[str, Any]]


def warn(rows: Rows, context: Context) -> None:
    """Tell of pages that stand askew or upside down."""
    for row in rows:
        if row.get("turned"):
            context.warn(
                f"{row['file']} seems to be turned by {row['turned']} degrees: turn {row['frame']}, "
                f"or set its angle to {row['turned'] if row['turned'] < 180 else row['turned'] - 360}"
            )
        if 0 < row["angle_clarity"] < 1.5:
            context.warn(f"{row['file']}: no lines of text were found, so it was not turned")


def products(rows: Rows, capture: Capture, *, reading: bool) -> list[Product]:
    """The products, with what viewers want to know."""
    scale = {"pixel_mm": capture.settings["pixel_mm"]} if capture.settings.get("pixel_mm") else {}
    sides = [row["side"] for row in rows]
    made = [Product("pages", Kind.PAGE, Path("pages"), {**scale, "pages": len(rows), "sides": sides})]
    if reading:
        languages = sorted({row["language"] for row in rows})
        made.append(Product("text", Kind.TEXT, Path("text"), {"format": "ALTO 4.4", "languages": languages}))
    made.append(Product("volume", Kind.TEXT, Path("volume.pdf"), {"pages": len(rows), "searchable": reading}))
    made.append(Product("table", Kind.TABLE, Path("volume.json")))
    return made


def measurements(rows: Rows, findings: Rows) -> dict[str, Any]:
    """Counts and means over the volume."""
    words = [row for row in rows if row.get("words")]
    count = sum(row["words"] for row in words)
    measured: dict[str, Any] = {
        "frames": len(findings),
        "frames_left_out": sum("error" in item for item in findings),
        "double_pages": sum(bool(item.get("fold")) for item in findings),
        "pages": len(rows),
        "largest_angle_deg": max((abs(row["angle_deg"]) for row in rows), default=0.0),
        "megapixels": round(sum(row["width_px"] * row["height_px"] for row in rows) / 1e6, 2),
    }
    if any("words" in row for row in rows):
        sure = sum(row["words"] * row["confidence"] for row in words)
        measured |= {"words": count, "mean_confidence": round(sure / count, 4) if count else 0.0}
    return measured


def frame_rows(frames: list[Frame], findings: Rows) -> Rows:
    """What became of each frame."""
    rows = []
    for frame, item in zip(frames, findings, strict=True):
        if "error" in item:
            rows.append({"file": frame.file, "error": item["error"]})
            continue
        fold = item["fold"]
        rows.append(
            {
                "file": frame.file,
                "pages": len(item["pages"]),
                "fold_top_px": round(fold["top"], 1) if fold else None,
                "fold_bottom_px": round(fold["bottom"], 1) if fold else None,
                "fold_score": fold["score"] if fold else None,
                "angles_deg": [page["angle"] for page in item["pages"]],
            }
        )
    return rows
