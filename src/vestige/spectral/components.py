"""Principal components of the bands: what varies together, in order of how much."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.errors import UsageError

__all__ = ["Components", "RunningCovariance", "principal_components"]


@dataclass
class RunningCovariance:
    """Mean and covariance in one pass over pixels that never are in memory together (Chan et al. 1983).

    >>> running = RunningCovariance(2)
    >>> running.add(np.array([[0.0, 1.0], [2.0, 3.0]])); running.add(np.array([[4.0, 5.0], [np.nan, 1.0]]))
    >>> running.count, running.mean.tolist(), running.covariance().round(3).tolist()
    (3, [2.0, 3.0], [[4.0, 4.0], [4.0, 4.0]])
    """

    bands: int
    count: int = 0
    mean: NDArray[np.float64] = field(init=False)
    scatter: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.mean, self.scatter = np.zeros(self.bands), np.zeros((self.bands, self.bands))

    def add(self, pixels: NDArray[Any]) -> None:
        """Count pixels (any shape, bands last); those with an unknown band are left out."""
        flat = np.asarray(pixels, np.float64).reshape(-1, self.bands)
        flat = flat[np.isfinite(flat).all(axis=1)]
        if not len(flat):
            return
        mean = flat.mean(axis=0)
        centred, step, total = flat - mean, mean - self.mean, self.count + len(flat)
        self.scatter += centred.T @ centred + np.outer(step, step) * (self.count * len(flat) / total)
        self.mean += step * (len(flat) / total)
        self.count = total

    def covariance(self) -> NDArray[np.float64]:
        """Covariance (bands, bands).

        Raises
        ------
        UsageError
            where fewer than two pixels are known in all bands.
        """
        if self.count < 2:
            raise UsageError(
                "no two pixels are known in all bands: the frames do not overlap, or are blown out"
            )
        return self.scatter / (self.count - 1)


@dataclass(frozen=True)
class Components:
    """Directions among the bands: `mean` (bands,), `loadings` (components, bands), variance shares.

    >>> components = Components(np.zeros(2), np.eye(2), np.array([0.75, 0.25]))
    >>> components.project(np.array([[0.5, 2.0]])).tolist()
    [[0.5, 2.0]]
    """

    mean: NDArray[np.float64]
    loadings: NDArray[np.float64]
    explained: NDArray[np.float64]

    @classmethod
    def of(cls, running: RunningCovariance, count: int, *, standardise: bool = False) -> Components:
        """The first `count` components; `standardise` takes the correlation: each band counts the same.

        The sign is such that the largest loading is positive.
        """
        covariance = running.covariance()
        spread = np.sqrt(np.maximum(np.diag(covariance), 1e-18)) if standardise else np.ones(running.bands)
        values, vectors = np.linalg.eigh(covariance / np.outer(spread, spread))
        order = np.argsort(values)[::-1][:count]
        loadings = vectors[:, order].T
        largest = np.abs(loadings).argmax(axis=1)
        loadings = loadings * np.sign(loadings[np.arange(len(loadings)), largest])[:, None]
        total = max(float(np.maximum(values, 0).sum()), 1e-30)
        return cls(running.mean.copy(), loadings / spread, np.maximum(values[order], 0) / total)

    def project(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """Components (…, components) of pixels (…, bands); NaN where a band is unknown."""
        centred = np.asarray(pixels, np.float32) - self.mean.astype(np.float32)
        return np.asarray(centred @ self.loadings.T.astype(np.float32), np.float32)


def principal_components(
    bands: NDArray[Any], count: int = 6, *, standardise: bool = False
) -> tuple[NDArray[np.float32], Components]:
    """Principal components (height, width, components) of registered bands (height, width, bands).

    Reference: Jolliffe 2002, 'Principal Component Analysis'. Writing that no single band shows often stands
    alone in one of the later components (Easton, Knox & Christens-Barry 2003).

    >>> random = np.random.default_rng(0)
    >>> bands = random.normal(size=(8, 8, 1)) * [1.0, 2.0, -1.0]
    >>> scores, components = principal_components(bands, 2)
    >>> scores.shape, round(float(components.explained[0]), 6)
    ((8, 8, 2), 1.0)
    """
    running = RunningCovariance(bands.shape[2])
    running.add(bands)
    components = Components.of(running, min(count, bands.shape[2]), standardise=standardise)
    return components.project(bands), components
