"""Results made again from their record: the same bits, for each of the six techniques."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from vestige.archive import Archive, add, reproduce
from vestige.archive.reproduction import _difference
from vestige.contract import Budget, simulate
from vestige.contract.registry import technique
from vestige.contract.runner import execute
from vestige.errors import InputError

SCENES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "focus": ({"height": 96, "frames": 5}, {"proxy": 512}),
    "spectral": ({"height": 96, "lamps": [450, 540, 620, 900]}, {"components": 3}),
    "relight": ({"size": 96, "lights": 8, "rings": 2}, {"basis": "ptm"}),
    "pages": ({"spreads": 1, "singles": 1, "width": 420}, {"language": "eng", "pdf_side": 600}),
    "turntable": ({"views": 8, "width": 140, "height": 150, "truth_mm": 2.0}, {"resolution": 64}),
    "survey": ({"width": 40, "height": 40, "rings": 1, "cell": 0.25}, {}),
}


@pytest.mark.parametrize("name", SCENES)
def test_same_bits(name: str, archive: Archive, tmp_path: Path) -> None:
    found = technique(name)
    scene, values = SCENES[name]
    capture = simulate(found, tmp_path / "capture", found.forward.recipe.make(values=scene), seed=3)
    operation = found.operation("run")
    execute(
        found,
        "run",
        {operation.inputs[0].name: [capture]},
        operation.recipe.make(values=values),
        tmp_path / "out",
        budget=Budget(cores=2),
        seed=7,
    )
    key = add(archive, tmp_path / "capture").capture
    add(archive, tmp_path / "out")
    for item in (tmp_path / "capture").iterdir():  # the archive alone must do
        if item.is_file():
            item.unlink()
    results = reproduce(archive, key[:12])
    assert results[0].accepted
    assert results[0].products
    assert all(item.same_bits for item in results[0].products)
    assert results[0].software == {}


def test_what_cannot_be_made_again(
    archive: Archive, capture_folder: Callable[..., Path], result_folder: Callable[..., Path]
) -> None:
    folder = capture_folder()
    key = add(archive, folder).capture
    with pytest.raises(InputError, match="has no result"):
        reproduce(archive, key)
    add(archive, result_folder(folder))
    with pytest.raises(InputError, match="has no result ffff"):
        reproduce(archive, key, "ffff")
    with pytest.raises(InputError, match="no key of a capture"):
        reproduce(archive, "nothing")


def test_differences_are_told(tmp_path: Path) -> None:
    one = np.linspace(0, 2, 100, dtype=np.float32).reshape(10, 10)
    tifffile.imwrite(tmp_path / "one.tif", one)
    tifffile.imwrite(tmp_path / "two.tif", one + np.float32(0.01))
    tifffile.imwrite(tmp_path / "small.tif", one[:5])
    assert _difference(tmp_path / "one.tif", tmp_path / "two.tif") == pytest.approx(0.005, rel=1e-3)
    assert _difference(tmp_path / "one.tif", tmp_path / "small.tif") is None
