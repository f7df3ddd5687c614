"""The inner loops, which take many pixels at a time, against plain sums of one pixel each."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from vestige.focus import kernels
from vestige.focus.pyramid import NOWHERE, enlarged
from vestige.focus.resampling import resample

FLOAT = NDArray[np.float32]
MOTIONS = {
    "shift": np.array([[1, 0, 0.3], [0, 1, -0.6], [0, 0, 1.0]]),
    "breathing": np.array([[1.03, -0.02, 0.4], [0.02, 1.03, -0.2], [0, 0, 1.0]]),
    "turned": np.array([[0.7, -0.7, 9.0], [0.7, 0.7, -3.0], [0, 0, 1.0]]),
    "projective": np.array([[1.0, 0.01, 0.4], [0, 1.02, 0.2], [1e-3, 2e-3, 1.0]]),
    "outside": np.array([[1, 0, 300.0], [0, 1, -500.0], [0, 0, 1.0]]),
}


def mirrored(index: int, length: int) -> int:
    period = max(1, 2 * (length - 1))
    return min(index % period, period - index % period) if length > 1 else 0


def spline(share: float) -> NDArray[np.float64]:
    """The cubic B-spline at the four whole pixels around a place."""
    away = np.abs(np.arange(-1, 3) - share)
    return np.where(away < 1, 2 / 3 - away**2 + away**3 / 2, np.clip(2 - away, 0, None) ** 3 / 6)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("motion", MOTIONS)
def test_each_resampled_pixel_is_the_sum_of_its_sixteen_neighbours(motion: str, channels: int) -> None:
    source = np.random.default_rng(1).random((13, 21, channels), np.float32)
    matrix, gain = MOTIONS[motion], np.linspace(0.9, 1.1, channels).astype(np.float32)
    out = np.empty((5, 40, channels), np.float32)
    resample(source, matrix, 4, gain, out)
    for row, x in np.ndindex(out.shape[:2]):
        u, v = (matrix @ (x, row + 4, 1))[:2] / (matrix @ (x, row + 4, 1))[2]
        left, top = int(np.floor(u)), int(np.floor(v))
        rows = [mirrored(top - 1 + i, 13) for i in range(4)]
        columns = [mirrored(left - 1 + i, 21) for i in range(4)]
        near = source[np.ix_(rows, columns)].astype(np.float64)
        wanted = np.einsum("i,j,ijc->c", spline(v - top), spline(u - left), near) * gain
        np.testing.assert_allclose(out[row, x], wanted, atol=2e-6)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 33])
def test_an_enlarged_line_is_burt_and_adelsons(width: int, channels: int) -> None:
    small = np.random.default_rng(2).random((1, (width + 1) // 2, channels), np.float32)
    line = np.pad(small[0].astype(np.float64), ((1, 1), (0, 0)), mode="edge")
    even, odd = line[:-2] / 8 + line[1:-1] * 0.75 + line[2:] / 8, (line[1:-1] + line[2:]) / 2
    wanted = np.stack([even, odd], 1).reshape(-1, channels)[:width]
    np.testing.assert_allclose(enlarged(small, (1, width))[0], wanted, atol=1e-6)


@pytest.mark.parametrize("exponent", [0.5, 8.0, 32.0])
@pytest.mark.parametrize("channels", [1, 3])
def test_sums_are_weighted_by_the_power_of_the_say_over_the_greatest(channels: int, exponent: float) -> None:
    generator = np.random.default_rng(3)
    says = np.exp(generator.normal(size=(5, 4, 9))).astype(np.float32)
    says[2, 0, 0] = says[:, 1, 1] = 0
    covered = (generator.random((5, 4, 9)) > 0.3).astype(np.float32)
    frames = generator.random((5, 4, 9, channels), np.float32)
    sums, weights, tops = np.zeros((4, 9 * channels), np.float32), *np.zeros((2, 4, 9), np.float32)
    for say, frame, seen in zip(says, frames, covered, strict=True):
        kernels.accumulate(frame.reshape(4, -1), say, seen, exponent, sums, weights, tops)
    greatest = (says * covered).max(0)
    known = greatest > 0
    wanted = (says * covered / np.where(known, greatest, 1)).astype(np.float64) ** exponent * covered
    np.testing.assert_allclose(weights[known], wanted.sum(0)[known], rtol=1e-3)
    found = sums.reshape(4, 9, channels)[known]
    np.testing.assert_allclose(found, (wanted[..., None] * frames).sum(0)[known], rtol=1e-3)
    whole = np.zeros((3, 4, 9), np.float32)
    kernels.accumulate(says[0], says[0], NOWHERE, exponent, *whole)
    assert np.isfinite(whole).all()
