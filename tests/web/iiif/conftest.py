"""An archive that keeps one product of every kind, with rights that let everybody see it."""

import json

import pytest

from vestige.archive import Archive, add
from vestige.contract.provenance import path_digest
from vestige.web import create_app

PUBLIC, EMBARGOED, CLOSED = "MS 1", "MS 2", "MS 3"


def fill(original, root):
    """Make an archive in ``root / museum`` of what lies in `original`."""
    with Archive.make(root / "museum", who="eva") as archive:
        said = {"identifier": PUBLIC, "title": "A coin <gold>", "rights": "Museum of Graz, CC BY 4.0"}
        said |= {"institution": "Museum of Graz", "project": "coins", "other": {"Vitrine": "7"}}
        archive.describe_project({"name": "coins", "title": "Coins of Styria"})
        key = add(archive, original / "captures" / "coin", said).capture
        folder = original / "products" / "every-kind"
        told = json.loads((folder / "report.json").read_text())
        for item in told["products"]:
            item["blake3"] = path_digest(folder / item["path"])[0]
        told["inputs"] = [{"name": "capture", "what": "capture", "path": "coin", "blake3": key}]
        (folder / "report.json").write_text(json.dumps(told))
        add(archive, folder)
        for identifier, more in ((EMBARGOED, {"embargo": "2999-01-01", "rights": "CC0"}), (CLOSED, {})):
            capture = json.loads((original / "captures" / "coin" / "capture.json").read_text())
            capture["thing"] = {"title": identifier, "identifier": identifier}
            (original / "captures" / "coin" / "capture.json").write_text(json.dumps(capture))
            add(archive, original / "captures" / "coin", {"identifier": identifier} | more)
        run = archive.show(PUBLIC)["captures"][0]["products"][0]["path"].split("/")[1]
        target = f"products/{run}/image.tif"
        archive.annotate(
            PUBLIC, {"text": "A crack", "target": target, "region": [10, 20, 30, 40]}, capture=key
        )
        archive.annotate(PUBLIC, {"text": "A rim", "target": target, "svg": "M0,0 L9,9 Z"}, capture=key)
    return root / "museum"


@pytest.fixture(scope="session")
def museum(original, tmp_path_factory):
    import shutil

    root = tmp_path_factory.mktemp("published")
    return fill(shutil.copytree(original, root / "Collection"), root)


@pytest.fixture(scope="session")
def app(museum):
    made = create_app(museum)
    yield made
    made.state.bench.close()


@pytest.fixture(scope="session")
def client(app, browse):
    """Somebody who works here, on a machine where nobody signs in."""
    return browse(app)


@pytest.fixture
def numbers(app):
    """The objects by their identifiers."""
    archive = app.state.bench.archive
    return {name: archive.known(name)["id"] for name in (PUBLIC, EMBARGOED, CLOSED)}


@pytest.fixture
def manifest(client, numbers):
    return client.get(f"/iiif/presentation/{numbers[PUBLIC]}/manifest").json()
