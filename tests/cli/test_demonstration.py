"""The demonstration: an archive with a result for each technique; what fails is named and the rest go on."""

import json
import shutil
import sys
from functools import partial
from pathlib import Path

import pytest

from vestige.archive import Archive, search
from vestige.cli.console import guarded
from vestige.cli.demonstration import Demonstration
from vestige.cli.root import root
from vestige.contract.registry import unregister
from vestige.contract.simulate import simulate
from vestige.jobs import LocalExecutor
from vestige.web.running import workshop

sys.path.insert(0, str(Path(__file__).parent))
import two_toys


@pytest.fixture(autouse=True)
def two(monkeypatch):
    two_toys.known()
    taught = partial(LocalExecutor, preload=("two_toys:known",))
    monkeypatch.setattr(workshop, "LocalExecutor", taught)
    yield
    unregister("toy")
    unregister("broken")


def results(folder):
    """Kinds of product by object, as the archive has them."""
    with Archive(folder / "archive") as archive:
        found = archive.search().objects
        kept = {item["identifier"]: search.captures_of(archive.engine, item["id"]) for item in found}
    return {
        name: [product["kind"] for row in rows for product in row["products"]] for name, rows in kept.items()
    }


def test_one_that_fails_is_named_and_the_rest_go_on(tmp_path, capsys):
    folder = tmp_path / "d"
    simulate(two_toys.toy, tmp_path / "mine", seed=9)
    command = ["demo", str(folder), "--no-serve", "--only", "broken", "--only", "toy"]
    command += ["--capture", f"toy={tmp_path / 'mine'}"]
    code = guarded(root, command)
    told = capsys.readouterr()
    assert code == 1
    assert "vestige: broken: 0.tif is cut off" in told.err
    assert "broken failed; the others are done" in told.err
    assert "toy: done in" in told.out
    assert results(folder) == {"broken": [], "toy": ["image"], "toy-mine": ["image"]}
    with Archive(folder / "archive") as archive:
        assert [item["identifier"] for item in archive.search().objects] == ["broken", "toy", "toy-mine"]
        before = archive.store.last().sequence
    shutil.rmtree(folder / "archive" / "desk" / "results")  # what was kept is not made again for that
    assert guarded(root, [*command, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in answer["runs"]] == ["failed", "done", "done"]
    assert answer["runs"][1]["seconds"] == 0
    with Archive(folder / "archive") as archive:
        assert archive.store.last().sequence == before


def test_a_bug_in_a_forward_model_keeps_no_other_from_the_page(tmp_path, monkeypatch):
    show = Demonstration(tmp_path / "d", ["toy", "broken"], [])
    begin = show._begin

    def spoilt(bench, piece, *, quiet):
        if piece.name == "toy":
            raise ZeroDivisionError("division by zero")
        return begin(bench, piece, quiet=quiet)

    monkeypatch.setattr(show, "_begin", spoilt)
    assert [row["error"] for row in show.run(quiet=True)] == [
        "ZeroDivisionError: division by zero",
        "0.tif is cut off",
    ]


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (["toy"], "not of the form"),
        (["tyo=x"], "no technique 'tyo'"),
        (["toy=a/x", "toy=b/x"], "two captures are called"),
    ],
)
def test_captures_that_do_not_fit(tmp_path, taken, words):
    with pytest.raises(Exception, match=words):
        Demonstration(tmp_path, ["toy"], taken)
