"""Silhouettes: which pixels of a view show the object.

Three ways: by difference from a clean plate (the same view without the object), by difference from a uniform
background whose colour the border of the frame shows, or by GrabCut where the background is busy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError
from vestige.imaging import srgb_from_linear

__all__ = ["Silhouette", "background_spread", "silhouette"]

Method = Literal["plate", "uniform", "grabcut"]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_GRABCUT_PIXELS = 160_000
#: Least share of the object in a pixel of the outermost layer, looked at twice: first the nearly empty go.
_RIM = (0.2, 0.5)
#: Difference in sRGB values from which on parts in shade count, near where other views have the object.
_SHADE = 0.06


@dataclass(frozen=True)
class Silhouette:
    """The object's pixels in one view.

    Attributes
    ----------
    mask : bool (height, width), True on the object.
    method : how it was found: 'plate', 'uniform' or 'grabcut'.
    threshold : difference from the background above which a pixel counts as object, in sRGB values 0..1.
    contrast : median difference of the object's pixels over the threshold; near 1 means a doubtful outline.
    """

    mask: Mask
    method: Method
    threshold: float
    contrast: float

    @property
    def share(self) -> float:
        """Share of the frame that the object covers."""
        return float(self.mask.mean())

    @property
    def cut_off(self) -> float:
        """Share of the frame's border that the object covers: above 0, the frame cuts it off."""
        edge = np.concatenate([self.mask[0], self.mask[-1], self.mask[:, 0], self.mask[:, -1]])
        return float(edge.mean())


def silhouette(
    image: Floats,
    plate: Floats | None = None,
    *,
    method: Literal["auto", "plate", "uniform", "grabcut"] = "auto",
    sensitivity: float = 6.0,
    prior: Mask | None = None,
) -> Silhouette:
    """Find the object in a view.

    Parameters
    ----------
    image : (height, width, 3) or (height, width) float32, linear light.
    plate : the same view without the object; the same shape.
    method : 'auto' takes the plate where there is one, else the uniform background.
    sensitivity : with a plate, difference that counts as object in standard deviations of noise.
    prior : bool (height, width), where the other views say that the object is. Its core is then taken as
        object, what is far from it as background, and near it even what differs little from the background is
        object. GrabCut without one starts from the middle of the frame.

    Raises
    ------
    UsageError
        where `method` is 'plate' and no plate, or a plate of another shape, is given.

    References
    ----------
    Otsu, N. (1979). A threshold selection method from gray-level histograms. IEEE Trans. SMC 9, 62-66.
    Rother, C., Kolmogorov, V., Blake, A. (2004). GrabCut. ACM Trans. Graphics 23, 309-314.

    >>> view = np.full((40, 60, 3), 0.05, np.float32)
    >>> view[10:30, 20:40] = 0.5
    >>> found = silhouette(view)
    >>> found.method, int(found.mask.sum())
    ('uniform', 400)
    """
    encoded = _three(np.clip(srgb_from_linear(image), 0, 1).astype(np.float32))
    if method == "auto":
        method = "uniform" if plate is None else "plate"
    if method == "plate":
        if plate is None or plate.shape[:2] != image.shape[:2]:
            found = "none" if plate is None else f"one of {plate.shape[1]} x {plate.shape[0]}"
            raise UsageError(
                f"a clean plate of {image.shape[1]} x {image.shape[0]} pixels is needed; found {found}"
            )
        difference, threshold = _from_plate(encoded, _three(srgb_from_linear(plate)), sensitivity)
        mask = difference > threshold
    else:
        difference, threshold = _from_border(encoded)
        if method == "grabcut":
            mask = _grabcut(encoded, _middle(encoded.shape[:2]) if prior is None else prior)
        elif prior is None:
            mask = difference > threshold
        else:
            core, near = _within_and_near(prior)
            threshold = min(threshold, max(3 * background_spread(encoded), _SHADE))
            mask = near & (core | (difference > threshold))
    mask = _whole(mask)
    if method != "grabcut":
        mask = _half_covered(mask, _three(image), plate)
    inside = difference[mask]
    contrast = float(np.median(inside) / max(threshold, 1e-6)) if inside.size else 0.0
    return Silhouette(mask, method, float(threshold), contrast)


def background_spread(encoded: Floats) -> float:
    """How much the border of a frame varies: median difference from its median colour, in sRGB values 0..1.

    A dark cloth gives 0.01 to 0.05, a room 0.2 and more.

    >>> background_spread(np.full((30, 40, 3), 0.3, np.float32))
    0.0
    """
    border = _three(encoded)[_border(encoded.shape)]
    return float(np.median(np.linalg.norm(border - np.median(border, axis=0), axis=1)))


def _within_and_near(prior: Mask) -> tuple[Mask, Mask]:
    """The core of a mask and its surroundings, at 3 % of its size from the outline."""
    reach = max(3, round(0.06 * float(np.sqrt(prior.sum()))) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    padded = cv2.copyMakeBorder(prior.astype(np.uint8), reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    inner = slice(reach, -reach), slice(reach, -reach)
    return cv2.erode(padded, kernel)[inner] > 0, cv2.dilate(padded, kernel)[inner] > 0


def _three(image: Any) -> Floats:
    image = np.asarray(image, np.float32)
    return np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image


def _border(shape: tuple[int, ...]) -> Mask:
    """A frame of one part in thirty along the edges."""
    border = np.ones(shape[:2], bool)
    width = max(2, min(shape[:2]) // 30)
    border[width:-width, width:-width] = False
    return border


def _from_plate(image: Floats, plate: Floats, sensitivity: float) -> tuple[Floats, float]:
    """Difference from the plate after evening out the exposure; threshold from the noise of the border."""
    border = _border(image.shape)
    gain = np.median(image[border] / np.maximum(plate[border], 1e-3), axis=0)
    difference = np.linalg.norm(cv2.GaussianBlur(image - plate * gain, (0, 0), 0.7), axis=2)
    quiet = difference[border]
    # The length of a normal vector of three has its median at 1.538 standard deviations.
    noise = float(np.median(quiet)) / 1.538
    return difference, sensitivity * max(noise, 0.5 / 255)


def _from_border(image: Floats) -> tuple[Floats, float]:
    """Difference from the colour of the border; Otsu's threshold on its logarithm.

    The parts of an object that lie in shade differ from a dark background ten times less than the lit ones;
    on a linear scale Otsu would divide lit from shaded and not object from background.
    """
    border = image[_border(image.shape)]
    colour = np.median(border, axis=0)
    difference = np.linalg.norm(cv2.GaussianBlur(image, (0, 0), 0.7) - colour, axis=2).astype(np.float32)
    spread = background_spread(image)
    floor = 2 * max(spread, 0.01)
    logarithm = np.log(difference + floor)
    low, high = float(logarithm.min()), float(logarithm.max())
    levels = ((logarithm - low) / max(high - low, 1e-6) * 255).astype(np.uint8)
    otsu, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    threshold = float(np.exp(low + (otsu + 0.5) / 255 * (high - low))) - floor
    return difference, max(threshold, 2 * spread, 2 / 255)


def _middle(shape: tuple[int, ...]) -> Mask:
    """An ellipse in the middle of the frame, two thirds as wide and high."""
    y, x = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    return np.asarray(np.hypot(x, y) < 0.67)


def _grabcut(image: Floats, prior: Mask) -> Mask:
    """GrabCut on a reduced frame: `prior` is likely object, its core surely, the frame's edge surely not."""
    height, width = image.shape[:2]
    scale = min(1.0, float(np.sqrt(_GRABCUT_PIXELS / (height * width))))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    small = cv2.resize((image * 255).astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    likely = cv2.resize(prior.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    reach = max(3, int(0.18 * np.sqrt(max(int(likely.sum()), 1))) | 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    padded = cv2.copyMakeBorder(likely, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    core = cv2.erode(padded, kernel)[reach:-reach, reach:-reach]
    near = cv2.dilate(likely, kernel)
    marks = np.where(near > 0, cv2.GC_PR_BGD, cv2.GC_BGD).astype(np.uint8)
    marks[likely > 0] = cv2.GC_PR_FGD
    marks[core > 0] = cv2.GC_FGD
    if not ((marks == cv2.GC_BGD).any() and (marks == cv2.GC_FGD).any()):
        return np.asarray(prior)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(small, marks, (0, 0, 1, 1), *models, 4, cv2.GC_INIT_WITH_MASK)
    object_share = np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.float32)
    return np.asarray(cv2.resize(object_share, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5)


def _half_covered(mask: Mask, image: Floats, plate: Floats | None) -> Mask:
    """Put the outline where pixels are half covered: a threshold just above the noise takes in all they
    touch.

    A pixel of the outermost layer stays if its light differs from the background half as much as that of the
    object a little further in.
    """
    background = np.median(image[_border(image.shape)], axis=0) if plate is None else _three(plate)
    difference = np.linalg.norm(image - background, axis=2).astype(np.float32)
    for least in _RIM:
        inner = _eroded(mask, 3)
        further_in = _mean_over(difference, _eroded(mask, 5), 5)
        beside = _mean_over(difference, inner, 3)
        # Compared with its neighbour too, so that dark paint beside light paint is not taken for an edge.
        half_empty = (difference < least * further_in) & (difference < 0.75 * beside)
        kept = (mask & (inner | ~half_empty)).astype(np.uint8)
        # An outline that runs smoothly keeps its place; notches of dark paint are filled again.
        mask = mask & (cv2.morphologyEx(kept, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0)
    return mask


def _mean_over(values: Floats, where: Mask, size: int) -> Floats:
    """Mean of the values at the pixels of a mask within a window; 0 where there are none."""
    share = where.astype(np.float32)
    window = (size, size)
    return np.asarray(
        cv2.blur(values * share, window) / np.maximum(cv2.blur(share, window), 1e-6), np.float32
    )


def _eroded(mask: Mask, size: int) -> Mask:
    return np.asarray(cv2.erode(mask.astype(np.uint8), np.ones((size, size), np.uint8), borderValue=1) > 0)


def _whole(mask: Mask) -> Mask:
    """The largest piece, without specks, its pinholes closed; real openings (a handle) stay open."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    clean = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel)
    count, labels, rows, _ = cv2.connectedComponentsWithStats(clean, connectivity=4)
    if count < 2:
        return np.zeros(mask.shape, bool)
    largest = labels == 1 + int(np.argmax(rows[1:, cv2.CC_STAT_AREA]))
    limit = max(4.0, 0.004 * float(largest.sum()))
    _, holes, sizes, _ = cv2.connectedComponentsWithStats((~largest).astype(np.uint8), connectivity=8)
    small = sizes[:, cv2.CC_STAT_AREA] < limit
    small[0] = False
    return np.asarray(largest | small[holes])
