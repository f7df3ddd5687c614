"""A technique of twenty lines gets all that the six get, from its operations alone."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import vestige
from vestige.capture import open_capture
from vestige.cli.console import guarded
from vestige.cli.reference import technique_page
from vestige.cli.root import root
from vestige.contract import describe
from vestige.contract.chain import load_chain, run_chain
from vestige.contract.names import BUILT_IN
from vestige.contract.registry import register, unregister
from vestige.contract.report import load_report
from vestige.contract.runner import run_key
from vestige.testing import TechniqueConformance

from .conftest import load_toy

toy = load_toy().toy


@pytest.fixture(autouse=True)
def _registered():
    register(toy)
    yield
    unregister("toy")


@pytest.fixture
def done(tmp_path, capsys):
    assert guarded(root, ["simulate", "toy", str(tmp_path / "in"), "--seed", "5"]) == 0
    assert guarded(root, ["toy", "run", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--json"]) == 0
    return tmp_path, capsys.readouterr().out


class TestToyContract(TechniqueConformance):
    technique = toy
    scene = {"size": 32}

    # A child process knows no technique of this test; the six are tested there.
    test_killed_run_redoes_no_finished_part = None
    test_memory_stays_within_the_budget = None


def test_command_and_help(capsys):
    assert guarded(root, ["toy", "run", "--help"]) == 0
    text = capsys.readouterr().out
    assert "gain=1.5 times" in text
    assert "image.tif" in text
    assert guarded(root, ["toy", "recipes"]) == 0
    assert "--preset strong" in capsys.readouterr().out
    assert guarded(root, ["--help"]) == 0
    assert "toy" in capsys.readouterr().out


def test_form_schema():
    (row,) = [row for row in describe(toy.operation("run").recipe) if row["name"] == "gain"]
    assert row["unit"] == "times"
    assert row["bounds"] == "> 0, ≤ 10"
    assert row["help"] == "How much brighter"


def test_provenance_record(done):
    folder, printed = done
    report = load_report(folder / "out")
    assert json.loads(printed[printed.index("{") :])["key"] == report.key
    assert report.recipe["gain"] == 1.5
    assert report.inputs[0].blake3 == open_capture(folder / "in").digest()
    assert report.software.vestige == vestige.__version__


def test_job_payload_is_the_key_of_the_run(done):
    folder, _ = done
    report = load_report(folder / "out")
    recipe = toy.operation("run").recipe.model_validate(report.recipe)
    assert run_key(toy, toy.operation("run"), report.inputs, recipe, report.seed) == report.key


def test_viewer(done):
    from vestige.web import create_app

    folder, _ = done
    with TestClient(create_app(folder), base_url="http://127.0.0.1") as client:
        index = client.get("/").text
        links = re.findall(r'href="(/[^"#]+)"', index)
        pages = [client.get(link).text for link in dict.fromkeys(links) if "static" not in link]
    assert any("image.tif" in page or 'data-kind="image"' in page for page in pages)


def test_docs_page():
    page = technique_page(toy)
    assert "`gain`" in page
    assert "`image.tif`" in page
    assert "strong" in page


def test_chain(tmp_path, done):
    folder, _ = done
    path = tmp_path / "chain.toml"
    path.write_text(
        'name = "Twice"\n[[step]]\nname = "once"\noperation = "toy.run"\neach = "page"\n'
        '[[step]]\nname = "twice"\noperation = "toy.run"\ninput = "once.image"\nrecipe = {gain = 1.0}\n'
    )
    reports = run_chain(load_chain(path), open_capture(folder / "in"), tmp_path / "chained")
    assert len(reports["once"]) == 4
    assert (tmp_path / "chained" / "twice" / "image.tif").is_file()


def test_doors_name_no_technique():
    names = "|".join(BUILT_IN)
    told = re.compile(rf"""vestige\.({names})\b|["'`]({names})["'`]|technique\s*==""")
    found = []
    for path in (Path(vestige.__file__).parent / "web").rglob("*"):
        if path.suffix in {".py", ".js", ".html", ".css"} and "vendor" not in path.parts:
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [
                f"{path.name}: {line.strip()}"
                for line in lines
                if told.search(line) and "addEventListener" not in line
            ]
    assert found == []


def test_layers_hold():
    tool = Path(sys.executable).with_name("lint-imports")
    answer = subprocess.run(
        [tool], capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert answer.returncode == 0, answer.stdout
