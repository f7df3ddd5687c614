"""An archive with a real focus stack that was kept, other objects, and things that lie on the desk."""

import shutil

import pytest

from vestige.archive import Archive, add
from vestige.contract.registry import technique
from vestige.contract.runner import execute
from vestige.contract.simulate import simulate
from vestige.web import create_app


@pytest.fixture(scope="session")
def stocked(tmp_path_factory):
    root = tmp_path_factory.mktemp("stock")
    found = technique("focus")
    capture = simulate(found, root / "beetle", found.forward.recipe.make(values={"height": 96, "frames": 3}))
    recipe = found.operation("run").recipe()
    execute(found, "run", {"capture": [capture]}, recipe, root / "sharp")
    with Archive.make(root / "museum", who="eva") as archive:
        archive.describe_project(
            {
                "name": "beetles",
                "title": "Beetles of Styria",
                "checks": ["sharpness", "colour"],
                "quotas": [{"institution": "Graz", "objects": 4}],
            }
        )
        for number in range(40):
            archive.describe(
                f"B{number:04}",
                {
                    "title": f"Specimen {number}",
                    "place": "Leoben" if number % 2 else "Graz",
                    "date": f"18{number:02}",
                },
            )
        values = {"identifier": "ENT 1842", "title": "Rose <chafer>", "place": "Graz", "date": "July 1902"}
        values |= {"project": "beetles", "institution": "Graz", "collection": "Insects"}
        key = add(archive, root / "beetle", values).capture
        add(archive, root / "sharp")
    return root, key


@pytest.fixture
def museum(stocked, tmp_path):
    """A copy that a test may spoil."""
    return shutil.copytree(stocked[0] / "museum", tmp_path / "museum")


@pytest.fixture
def key(stocked):
    return stocked[1]


@pytest.fixture
def app(museum):
    made = create_app(museum)
    yield made
    made.state.bench.close()


@pytest.fixture
def bench(app):
    return app.state.bench


@pytest.fixture
def number(bench):
    """The object with the focus stack."""
    return bench.archive.known("ENT 1842")["id"]


@pytest.fixture
def client(app, browse):
    return browse(app)
