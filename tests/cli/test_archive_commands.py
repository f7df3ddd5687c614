"""``vestige archive``: each command once, its answers as text and as JSON, its errors in one sentence."""

import json
from pathlib import Path

import pytest

from vestige.capture import Capture, Frame, Thing, save
from vestige.cli import main


def _run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return int(stopped.value.code or 0), out, err


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    folder = tmp_path / "capture"
    folder.mkdir()
    (folder / "a.tif").write_bytes(b"pixels")
    save(
        Capture(thing=Thing(identifier="MS 42", title="Psalter"), frames=[Frame(file="a.tif")]).at(folder),
        folder,
    )
    return folder


def test_from_end_to_end(tmp_path: Path, capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "archive"
    assert _run(capsys, "archive", "init", place)[0] == 0
    code, out, _ = _run(capsys, "archive", "add", place, capture, "--set", "collection=Maps", "--json")
    assert code == 0
    key = json.loads(out)["added"][0]["capture"]
    assert "was here already" in _run(capsys, "archive", "add", place, capture)[1]
    assert "MS 42  Psalter" in _run(capsys, "archive", "list", place)[1]
    code, out, _ = _run(capsys, "archive", "search", place, "psal*", "--json")
    assert [row["identifier"] for row in json.loads(out)["objects"]] == ["MS 42"]
    assert "Maps" in _run(capsys, "archive", "search", place, "--facets")[1]
    arguments = ["--set", "other.shelf=3", "--note", "torn", "--json"]
    code, out, _ = _run(capsys, "archive", "edit", place, "MS 42", *arguments)
    assert json.loads(out)["other"] == {"shelf": "3"}
    project = ["--quota", "I=3", "--check", "focus", "--target", "2027-01-01"]
    assert _run(capsys, "archive", "project", place, "pilot", *project)[0] == 0
    _run(capsys, "archive", "edit", place, "MS 42", "--set", "project=pilot", "--set", "institution=I")
    assert "I: 1 of 3" in _run(capsys, "archive", "project", place)[1]
    assert "lacks the check 'focus'" in _run(capsys, "archive", "show", place, "MS 42")[1]
    _run(capsys, "archive", "edit", place, "MS 42", "--check", "focus=passed", "--capture", key[:8])
    assert "lacks" not in _run(capsys, "archive", "show", place, "MS 42")[1]
    assert "all well" in _run(capsys, "archive", "verify", place)[1]
    assert "made again from" in _run(capsys, "archive", "rebuild", place)[1]
    code, out, _ = _run(capsys, "archive", "export", place, "MS 42", "--out", tmp_path / "bags", "--json")
    bag = json.loads(out)[0]
    assert _run(capsys, "archive", "export", place, "--out", tmp_path / "all.csv")[0] == 0
    _run(capsys, "archive", "init", tmp_path / "other")
    assert _run(capsys, "archive", "import", tmp_path / "other", bag)[0] == 0
    assert (
        "0 objects changed"
        not in _run(capsys, "archive", "import", tmp_path / "other", tmp_path / "all.csv")[1]
    )
    assert _run(capsys, "archive", "clock", place, "--accept", "battery changed")[0] == 0


def test_what_fails_says_so(tmp_path: Path, capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "archive"
    code, _, err = _run(capsys, "archive", "list", place)
    assert (code, err) == (
        1,
        f"vestige: {place} is no archive; expected a folder that vestige archive init made\n",
    )
    _run(capsys, "archive", "init", place)
    code, out, err = _run(capsys, "archive", "add", place, capture, tmp_path / "none", "--json")
    assert code == 1
    assert "1 of 2 were not taken in" in err
    assert ["error" in row for row in json.loads(out)["added"]] == [False, True]
    assert json.loads(out)["exit_code"] == 1
    for arguments, code in (
        (["edit", place, "MS 42"], 2),
        (["edit", place, "MS 42", "--set", "title"], 2),
        (["show", place, "none"], 1),
        (["export", place, "--out", tmp_path / "x"], 2),
        (["reproduce", place, "0123"], 1),
    ):
        assert _run(capsys, "archive", *arguments)[0] == code
    victim = next(place.rglob("a.tif"))
    victim.write_bytes(b"pixelt")
    code, _, err = _run(capsys, "archive", "verify", place)
    assert code == 1
    assert "a.tif has changed" in err
