"""The whole house: simulate, take in, process, keep, look, for all six, as `make run` does it."""

import re

import pytest
from fastapi.testclient import TestClient

from vestige.archive import Archive, search
from vestige.cli.console import guarded
from vestige.cli.root import root
from vestige.contract.names import BUILT_IN
from vestige.contract.registry import technique
from vestige.contract.report import load_report


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("demo") / "demo"
    assert guarded(root, ["demo", str(made), "--no-serve"]) == 0
    return made


@pytest.mark.parametrize("name", BUILT_IN)
def test_products_are_those_promised(folder, name):
    with Archive(folder / "archive") as archive:
        (capture,) = search.captures_of(archive.engine, archive.known(name)["id"])
        promised = {item.name for item in technique(name).operation("run").outputs if not item.optional}
        assert promised <= {product["name"] for product in capture["products"]}
        place = "/".join(capture["products"][0]["path"].split("/")[:2])
        path = archive.store.path(f"urn:vestige:capture:{capture['key']}", f"{place}/report.json")
        assert load_report(path.parent).measurements


def test_a_second_demonstration_does_nothing_again(folder):
    with Archive(folder / "archive") as archive:
        before = archive.store.last().sequence
    results = folder / "archive" / "desk" / "results"
    seen = {path: path.stat().st_mtime_ns for path in results.rglob("*") if path.is_file()}
    assert seen
    assert guarded(root, ["demo", str(folder), "--no-serve"]) == 0
    assert seen == {path: path.stat().st_mtime_ns for path in results.rglob("*") if path.is_file()}
    with Archive(folder / "archive") as archive:
        assert archive.store.last().sequence == before


def test_every_page_of_the_workbench_answers(folder):
    from vestige.web import create_app

    with TestClient(create_app(folder / "archive"), base_url="http://127.0.0.1") as client:
        index = client.get("/")
        assert index.status_code == 200
        objects = sorted(set(re.findall(r'href="(/object/\d+)"', index.text)))
        assert len(objects) == len(BUILT_IN)
        pages = [index.text, *(client.get(address).text for address in objects)]
        links = {link for text in pages for link in re.findall(r'(?:href|src)="(/[^"#]*)"', text)}
        for link in links:
            assert client.get(link).status_code == 200, link
