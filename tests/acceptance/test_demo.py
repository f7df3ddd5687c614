"""The whole house: simulate, process, look, for all six, as `make run` does it."""

import json
import re

import pytest
from fastapi.testclient import TestClient

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


def test_all_six_are_done(folder):
    states = json.loads((folder / "progress.json").read_text())
    assert [row["name"] for row in states] == list(BUILT_IN)
    assert {row["state"] for row in states} == {"done"}


@pytest.mark.parametrize("name", BUILT_IN)
def test_products_are_those_promised(folder, name):
    report = load_report(folder / "products" / name)
    promised = {item.name for item in technique(name).operation("run").outputs if not item.optional}
    assert promised <= {product.name for product in report.products}
    assert report.measurements


def test_a_second_demonstration_does_nothing_again(folder):
    before = {path: path.stat().st_mtime_ns for path in (folder / "products").rglob("*") if path.is_file()}
    assert guarded(root, ["demo", str(folder), "--no-serve"]) == 0
    assert before == {
        path: path.stat().st_mtime_ns for path in (folder / "products").rglob("*") if path.is_file()
    }


def test_every_page_of_the_workbench_answers(folder):
    from vestige.web import create_app

    with TestClient(create_app(folder), base_url="http://127.0.0.1") as client:
        index = client.get("/")
        assert index.status_code == 200
        for name in BUILT_IN:
            assert technique(name).title in index.text or name in index.text
        links = set(re.findall(r'(?:href|src)="(/[^"#]*)"', index.text))
        for link in links:
            assert client.get(link).status_code == 200, link
