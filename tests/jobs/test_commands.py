"""``vestige jobs``: one queue from the command line, JSON, errors in one sentence."""

import json

import pytest

from vestige.archive import Archive
from vestige.cli.console import guarded
from vestige.cli.root import root

CHAIN = """
name = "Two focus runs"
[[step]]
name = "sharp"
operation = "drill.run"
recipe = { parts = 1 }
"""


@pytest.fixture
def vestige(tmp_path, capsys, monkeypatch):
    Archive.make(tmp_path / "archive").close()
    monkeypatch.setenv("VESTIGE_ARCHIVE", str(tmp_path / "archive"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments, code=0):
        assert guarded(root, ["jobs", *map(str, arguments)]) == code, capsys.readouterr()
        return capsys.readouterr()

    return run


def as_json(answer):
    return json.loads(answer.out)


def test_submit_list_show_cancel_retry(vestige):
    (job,) = as_json(vestige("submit", "drill", "run", "--out", "a", "--set", "number=1", "--json"))
    assert (job["state"], job["resources"]["cores"]) == ("waiting", 1)
    assert "1 waiting" in vestige("list").out
    assert "granted: 1 cores, 2 GiB" in vestige("show", 1).out
    assert as_json(vestige("cancel", 1, "--json"))[0]["state"] == "cancelled"
    assert "cancelled before it began" in vestige("show", 1).out
    assert as_json(vestige("retry", 1, "--priority", 3, "--json"))[0]["priority"] == 3
    assert as_json(vestige("list", "--state", "waiting", "--json"))["counts"] == {"waiting": 1}
    vestige("cancel", 1)
    assert as_json(vestige("watch", 1, "--json"))[0]["state"] == "cancelled"
    assert "cancelled" in vestige("watch", 1).out


def test_a_batch(vestige, tmp_path):
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
        (tmp_path / name / "capture.json").write_text('{"frames": [{"file": "a.txt"}]}')
    told = vestige("submit", "drill", "run", "x", "y", "--each", "--out", "out", "--batch", "both").out
    assert "batch: both" in told
    assert len(as_json(vestige("cancel", "--batch", "both", "--json"))) == 2
    assert as_json(vestige("retry", "--batch", "both", "--json"))[0]["state"] == "waiting"
    vestige("retry", "--batch", "none", code=2)


def test_a_chain(vestige, tmp_path):
    (tmp_path / "chain.toml").write_text(CHAIN)
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.txt").write_text("x")
    (tmp_path / "x" / "capture.json").write_text('{"frames": [{"file": "a.txt"}]}')
    (job,) = as_json(vestige("submit", "--chain", "chain.toml", "x", "--out", "out", "--json"))
    assert job["out"] == str(tmp_path / "out" / "sharp")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["show", 7], 2, "no job 7"),
        (["retry"], 2, "name jobs by number"),
        (["submit", "--out", "x"], 2, "name a technique"),
        (["submit", "drill", "run", "nowhere", "--out", "x"], 1, "nowhere does not exist"),
        (["submit", "drill", "run", "--out", "x", "--tell", "nobody"], 2, "no address"),
        (["submit", "drill", "run", "--out", "x", "--after", 9], 2, "no job 9"),
        (["submit", "drill", "run", "--out", "x", "--memory", "lots"], 2, "no amount of memory"),
        (["run", "--mail-server", "x"], 2, "mail server is written as"),
    ],
)
def test_one_sentence_and_the_right_code(vestige, arguments, code, words):
    told = vestige(*arguments, code=code).err
    assert words in told
    assert len(told.strip().splitlines()) == 1


def test_no_archive_is_one_sentence(vestige, tmp_path):
    assert "nowhere" in vestige("list", "--archive", tmp_path / "nowhere", code=1).err
