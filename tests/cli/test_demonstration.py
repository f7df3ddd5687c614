"""The demonstration: everything is done, or named and the rest go on; told as it goes."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from vestige.cli.console import guarded
from vestige.cli.demonstration import Demonstration
from vestige.cli.root import root
from vestige.contract.registry import register, unregister
from vestige.contract.simulate import simulate
from vestige.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
from toy import toy


def failing(error):
    """The toy under another name, with a run that fails."""

    def run(inputs, recipe, context):
        raise error

    return replace(toy, name="broken", operations=(replace(toy.operations[0], run=run),))


@pytest.fixture(
    params=[InputError("0.tif", "is cut off"), ZeroDivisionError("division by zero")], ids=["told", "bug"]
)
def two(request):
    register(failing(request.param))
    register(toy)
    yield
    unregister("toy")
    unregister("broken")


def states(folder):
    return {row["name"]: row for row in json.loads((folder / "progress.json").read_text())}


def test_one_that_fails_is_named_and_the_rest_go_on(two, tmp_path, capsys):
    code = guarded(root, ["demo", str(tmp_path / "d"), "--no-serve", "--only", "broken", "--only", "toy"])
    told = capsys.readouterr()
    assert code == 1
    assert "vestige: broken: " in told.err
    assert "broken failed; the others are done" in told.err
    assert "toy: " in told.out
    found = states(tmp_path / "d")
    assert (found["broken"]["state"], found["toy"]["state"]) == ("failed", "done")
    assert found["broken"]["error"] in told.err
    assert (tmp_path / "d" / "products" / "toy" / "report.html").is_file()
    assert not (tmp_path / "d" / "products" / "broken").exists()


def test_as_json_it_is_one_document(two, tmp_path, capsys):
    command = ["demo", str(tmp_path / "d"), "--no-serve", "--only", "broken", "--only", "toy", "--json"]
    assert guarded(root, command) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [row["state"] for row in answer["runs"]] == ["failed", "done"]
    assert answer["exit_code"] == 1


def test_captures_taken_in_and_a_newer_recipe(two, tmp_path, capsys):
    simulate(toy, tmp_path / "mine", seed=9)
    folder = tmp_path / "d"
    command = ["demo", str(folder), "--no-serve", "--only", "toy", "--capture", f"toy={tmp_path / 'mine'}"]
    assert guarded(root, command) == 0
    before = (folder / "products" / "toy" / "report.json").stat().st_mtime_ns
    assert guarded(root, command) == 0
    assert (folder / "products" / "toy" / "report.json").stat().st_mtime_ns == before
    unregister("toy")
    register(replace(toy, operations=(replace(toy.operations[0], version="2"),)))
    assert guarded(root, command) == 0
    assert (folder / "products" / "toy-mine" / "report.json").is_file()
    assert (folder / "products" / "toy" / "report.json").stat().st_mtime_ns != before


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (["toy"], "not of the form"),
        (["tyo=x"], "no technique 'tyo'"),
        (["toy=a/x", "toy=b/x"], "two captures are called"),
    ],
)
def test_captures_that_do_not_fit(two, tmp_path, taken, words):
    with pytest.raises(Exception, match=words):
        Demonstration(tmp_path, ["toy"], taken)


def test_progress_is_told_while_it_works(two, tmp_path, monkeypatch):
    told = []
    show = Demonstration(tmp_path / "d", ["toy"], [])
    write = show._tell
    monkeypatch.setattr(
        show, "_tell", lambda row=None, **values: told.append(dict(values)) or write(row, **values)
    )
    show.run()
    assert [values["state"] for values in told if "state" in values] == ["simulating", "running", "done"]
