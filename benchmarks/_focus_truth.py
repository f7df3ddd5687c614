"""How near a stacked picture comes to a scene's exact truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

FLOAT = NDArray[np.float32]
RIM = 16
#: Textured: the standard deviation of the truth's sRGB lightness within about 3 pixels is above this.
TEXTURE = 0.02
#: High confidence: at least this much of the most there is.
CONFIDENT = 0.5


@dataclass(frozen=True)
class Truth:
    """What lies under ``truth`` of a simulated capture."""

    folder: Path

    def picture(self, name: str) -> FLOAT:
        from vestige.imaging import read_image

        return read_image(self.folder / "truth" / name)

    @cached_property
    def image(self) -> FLOAT:
        """All in focus; ground that no frame reaches as soft as the nearest frame shows it."""
        both = self.folder / "truth" / "reachable.tif"
        return self.picture("reachable.tif" if both.exists() else "image.tif")

    @cached_property
    def depth(self) -> FLOAT:
        return self.picture("depth.tif")

    @cached_property
    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "truth" / "frames.json").read_text())
        return found

    @cached_property
    def band(self) -> NDArray[np.bool_]:
        """12 pixels wide along occluding edges: where depth jumps by more than a step."""
        jumps = cv2.morphologyEx(self.depth, cv2.MORPH_GRADIENT, np.ones((3, 3))) > self.record["step_mm"]
        return cv2.dilate(jumps.astype(np.uint8), np.ones((13, 13))) > 0

    def mask(self, name: str) -> NDArray[np.bool_]:
        path = self.folder / "truth" / name
        if not path.exists():
            return np.zeros(self.depth.shape, bool)
        return cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 127


def inner(pixels: NDArray[Any]) -> NDArray[Any]:
    """Without the rim, where a moved frame shows nothing."""
    return pixels[RIM:-RIM, RIM:-RIM]


def decibel(error: NDArray[Any]) -> float | None:
    return float(-10 * np.log10(np.mean(np.square(error)))) if error.size else None


def quality(folder: str, out: str) -> dict[str, float | None]:
    """PSNR of sRGB values over all and in the band, halo energy; for ours depth, confidence and warps too.

    A peer keeps a reference and a brightness of its own. So the truth, which has no noise to lose, is laid on
    the picture, and the picture is brought to its brightness by one gain.
    """
    from vestige.imaging import read_image, register, srgb_from_linear, warp

    truth, path = Truth(Path(folder)), Path(out, "image.tif")
    if not path.exists():
        return {}
    image = read_image(path)[..., :3]
    matrix, shape = register(image, truth.image).matrix, image.shape[:2]

    def laid(pixels: NDArray[Any]) -> FLOAT:
        return warp(np.asarray(pixels, np.float32), matrix, shape, border="reflect")

    wanted = laid(truth.image)
    shown = warp(np.ones(truth.depth.shape, np.float32), matrix, shape) > 0.99
    image = image * float((image * wanted)[shown].sum() / np.square(image)[shown].sum())
    error = srgb_from_linear(np.clip(image, 0, 1)) - srgb_from_linear(np.clip(wanted, 0, 1))
    valid, band = inner(shown), inner(laid(truth.band) > 0.5)
    spots, ground = laid(truth.mask("glints.png")) > 0.1, laid(truth.mask("unreached.png")) > 0.99
    found = {
        "psnr": decibel(inner(error)[valid]),
        "edge": decibel(inner(error)[band & valid]),
        "halo": halo(image - wanted, spots, ground & shown),
        "scale": abs(float(np.sqrt(np.linalg.det(matrix[:2, :2]))) - 1),
    }
    if Path(out, "depth.tif").exists():
        found |= depth_quality(Path(out), truth)
        found["warp"] = warp_error(Path(out), truth)
    return found


def halo(extra: FLOAT, spots: NDArray[np.bool_], ground: NDArray[np.bool_]) -> float | None:
    """Light beyond the truth's around bright spots, where no frame reaches: mean square, times 1e6."""
    ground = cv2.erode(ground.astype(np.uint8), np.ones((9, 9))) > 0
    away = cv2.distanceTransform((~spots).astype(np.uint8), cv2.DIST_L2, 5)
    ring = inner(ground & (away > 3) & (away < 24))
    if ring.sum() < 500:
        return None
    return float(np.mean(np.square(np.clip(inner(extra), 0, None)[ring]))) * 1e6


def depth_quality(out: Path, truth: Truth) -> dict[str, float | None]:
    """Share within one step of the true depth: of textured pixels of high confidence, and of all pixels.

    Where veins stand over print, or beside an edge, a pixel's texture may belong to either surface: `clear`
    is the share outside the band.
    """
    from vestige.imaging import read_image, srgb_from_linear

    step = truth.record["step_mm"]
    near = inner(np.abs(read_image(out / "depth.tif") - truth.depth) < step)
    confidence = inner(cv2.imread(str(out / "confidence.tif"), cv2.IMREAD_UNCHANGED)).astype(np.float32)
    confidence /= {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(confidence.dtype, 255)
    grey = srgb_from_linear(np.clip(truth.picture("image.tif"), 0, 1)).mean(axis=2)
    spread = cv2.GaussianBlur(grey**2, (0, 0), 1.5) - cv2.GaussianBlur(grey, (0, 0), 1.5) ** 2
    reached = ~truth.mask("unreached.png")
    textured = inner((spread > TEXTURE**2) & reached)
    chosen = textured & (confidence >= CONFIDENT)
    return {
        "depth": float(near[chosen].mean()) if chosen.any() else None,
        "clear": float(near[chosen & ~inner(truth.band)].mean()) if chosen.any() else None,
        "depth_all": float(near[inner(reached)].mean()),
        "covered": float(chosen.sum() / max(1, textured.sum())),
    }


def warp_error(out: Path, truth: Truth) -> float | None:
    """Median over frames and places of the distance between the warp found and the true one, pixels."""
    rows = {row["file"]: row for row in json.loads((out / "report.json").read_text())["frames"]}
    height, width = truth.depth.shape
    y, x = (axis.ravel() for axis in np.mgrid[0:height:40, 0:width:40])
    points = np.stack([x, y, np.ones_like(x)])
    distances = [
        np.hypot(*((np.array(rows[true["file"]]["matrix"]) - np.array(true["matrix"])) @ points)[:2])
        for true in truth.record["frames"]
        if "matrix" in rows.get(true["file"], {})
    ]
    return float(np.median(distances)) if distances else None
