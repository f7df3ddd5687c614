"""An archive that keeps one product of every kind, and the site published from it."""

import json
from functools import partial

import pytest

from vestige.archive import Archive, add
from vestige.contract.provenance import path_digest
from vestige.contract.report import InputRecord, load_report, to_json
from vestige.web.site.publication import publish_site
from vestige.web.site.things import kept

URL = "https://museum.example/coins"


@pytest.fixture(scope="session")
def museum(original, tmp_path_factory):
    root = tmp_path_factory.mktemp("published")
    made = root / "every-kind"
    made.mkdir()
    source = original / "products" / "every-kind"
    for path in source.iterdir():
        (made / path.name).symlink_to(path, target_is_directory=path.is_dir())
    (made / "report.json").unlink()
    with Archive.make(root / "museum", who="eva") as archive:
        described = {"identifier": "ANT 7", "title": "Coin <Évreux>", "rights": "CC BY 4.0", "place": "Graz"}
        key = add(archive, original / "captures" / "coin", described).capture
        report = load_report(source)
        products = [
            item.model_copy(update={"blake3": path_digest(source / item.path)[0]}) for item in report.products
        ]
        given = [InputRecord(name="capture", what="capture", path="coin", blake3=key)]
        (made / "report.json").write_bytes(
            to_json(report.model_copy(update={"key": "ab" * 32, "inputs": given, "products": products}))
        )
        add(archive, made)
        archive.describe("MS 1", {"title": "Not yet", "embargo": "2999-01-01"})
        archive.describe("MS 2", {"title": "Nothing made", "description": "A psalter from Leoben"})
    return root / "museum"


@pytest.fixture
def things(museum):
    """``things(names)``: what `publish_site` takes."""
    with Archive(museum) as archive:
        yield lambda *names: [partial(kept, archive, name) for name in names]


@pytest.fixture(scope="session")
def site(museum, tmp_path_factory):
    """The published site: a folder."""
    out = tmp_path_factory.mktemp("web") / "site"
    with Archive(museum) as archive:
        names = ("ANT 7", "MS 1", "MS 2", "MS 3")
        done = publish_site([partial(kept, archive, name) for name in names], out, title="Coins", url=URL)
    assert done.written == 2
    assert [sentence.split(":")[0] for sentence in done.refused] == [
        "MS 1 is under embargo until 2999-01-01",
        "MS 3 is not in this archive",
    ]
    return out


@pytest.fixture(scope="session")
def products(site):
    """The page of each product, by its kind and place."""
    made = json.loads(next((site / "made").glob("ant-7-*.json")).read_bytes())
    home = made["card"]["page"].rsplit("/", 1)[0]
    return {
        f"{item['kind']}-{item['index']}": f"{home}/{result['folder']}/{item['index']}/index.html"
        for result in made["results"].values()
        for item in result["products"]
    }
