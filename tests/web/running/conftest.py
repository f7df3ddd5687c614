"""An archive with two focus series, small enough to be stacked in a moment."""

import shutil

import pytest

from vestige.archive import Archive, add
from vestige.contract.registry import technique
from vestige.contract.simulate import simulate
from vestige.web import create_app


@pytest.fixture(scope="session")
def stocked(tmp_path_factory):
    """The archive, and the keys of its captures."""
    root = tmp_path_factory.mktemp("stock")
    found, keys = technique("focus"), []
    with Archive.make(root / "museum") as archive:
        for number in (1, 2):
            recipe = found.forward.recipe.make(values={"height": 96, "frames": 3})
            simulate(found, root / f"beetle{number}", recipe, seed=number)
            values = {"identifier": f"Beetle {number}", "title": f"Beetle <{number}>"}
            keys.append(add(archive, root / f"beetle{number}", values).capture)
    return root / "museum", keys


@pytest.fixture
def museum(stocked, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(stocked[0], tmp_path / "museum")


@pytest.fixture
def keys(stocked):
    return stocked[1]


@pytest.fixture
def app(museum):
    made = create_app(museum)
    yield made
    made.state.bench.close()


@pytest.fixture
def client(app, browse):
    return browse(app)
