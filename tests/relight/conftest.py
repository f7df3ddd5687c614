"""A small coin under a dome, made once, and what a run makes of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vestige.capture import Capture, open_capture
from vestige.contract import Budget, Kind, open_product
from vestige.contract.report import Report
from vestige.contract.runner import execute
from vestige.contract.simulate import simulate
from vestige.imaging import open_image, read_image
from vestige.relight.recipe import RelightRecipe, SceneRecipe
from vestige.relight.technique import technique

Run = Callable[..., tuple[Report, Path]]


@pytest.fixture(scope="session")
def coin(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """A coin under 24 lamps."""
    return simulate(technique, tmp_path_factory.mktemp("coin") / "coin", SceneRecipe(size=200), seed=1)


@pytest.fixture(scope="session")
def ball_coin(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """A coin beside two black spheres; its lights are withheld."""
    scene = SceneRecipe(size=320, lights=16, spheres=True)
    return simulate(technique, tmp_path_factory.mktemp("balls") / "coin", scene, seed=2)


@pytest.fixture(scope="session")
def stack(coin: Capture) -> NDArray[np.float32]:
    """Its frames, (24, 200, 200, 3) linear light."""
    return _frames_of(coin)


@pytest.fixture(scope="session")
def lights(coin: Capture) -> NDArray[np.float64]:
    """Its lights, (24, 3)."""
    return np.array([frame.coordinates["light"].vector for frame in coin.frames])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run relight on a folder or a capture with settings; gives the report and the output folder."""

    def execute_run(
        source: Capture | Path, *settings: str, budget: Budget | None = None, lights: Path | None = None
    ) -> tuple[Report, Path]:
        capture = source if isinstance(source, Capture) else open_capture(source)
        out = tmp_path / "out"
        recipe = RelightRecipe.make(settings=settings)
        given = {"capture": [capture]}
        if lights is not None:
            given["lights"] = [open_product(lights, Kind.TABLE)]
        return execute(technique, "run", given, recipe, out, budget=budget), out

    return execute_run


@pytest.fixture(scope="session")
def frames_of() -> Callable[[Capture], NDArray[np.float32]]:
    """All frames of a simulated capture, linear light."""
    return _frames_of


@pytest.fixture(scope="session")
def read_normals() -> Callable[[Path], NDArray[np.float64]]:
    """Unit normals of a 16-bit file."""

    def read(path: Path) -> NDArray[np.float64]:
        unit = _stored(path).astype(np.float64) / 32767.5 - 1
        return unit / np.linalg.norm(unit, axis=2, keepdims=True)

    return read


@pytest.fixture(scope="session")
def angles() -> Callable[[Any, Any], NDArray[np.float64]]:
    """Degrees between unit vectors along the last axis."""

    def between(first: Any, second: Any) -> NDArray[np.float64]:
        return np.degrees(np.arccos(np.clip((np.asarray(first) * np.asarray(second)).sum(axis=-1), -1, 1)))

    return between


@pytest.fixture(scope="session")
def psnr() -> Callable[[Any, Any], float]:
    """Peak signal to noise ratio in dB of values 0..1."""

    def ratio(first: Any, second: Any) -> float:
        return float(-10 * np.log10(np.mean((np.asarray(first, np.float64) - second) ** 2)))

    return ratio


@pytest.fixture(scope="session")
def without_plane() -> Callable[[Any], NDArray[np.float64]]:
    """A height map less its best plane."""

    def flatten(values: Any) -> NDArray[np.float64]:
        rows, columns = np.mgrid[: values.shape[0], : values.shape[1]]
        system = np.stack([rows.ravel(), columns.ravel(), np.ones(values.size)], axis=1)
        plane = system @ np.linalg.lstsq(system, values.ravel(), rcond=None)[0]
        return np.asarray(values - plane.reshape(values.shape), np.float64)

    return flatten


@pytest.fixture(scope="session")
def hemisphere() -> Callable[..., NDArray[np.float64]]:
    """Random unit vectors above the horizon."""

    def draw(count: int, seed: int = 0, lowest: float = 0.2) -> NDArray[np.float64]:
        random = np.random.default_rng(seed)
        z, azimuth = random.uniform(lowest, 1.0, count), random.uniform(0, 2 * np.pi, count)
        ring = np.sqrt(1 - z * z)
        return np.stack([ring * np.cos(azimuth), ring * np.sin(azimuth), z], axis=1)

    return draw


def _frames_of(capture: Capture) -> NDArray[np.float32]:
    return np.stack([read_image(capture.path(frame), encoding="linear") for frame in capture.frames])


@pytest.fixture(scope="session")
def stored() -> Callable[[Path], NDArray[Any]]:
    """The values that an image file holds."""
    return _stored


def _stored(path: Path) -> NDArray[Any]:
    with open_image(path) as image:
        return image.pixels()
