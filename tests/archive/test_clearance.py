"""What stops a capture at publication: in every form of it, until it is checked or let pass by a person."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from vestige.archive import Archive, refuse_unchecked
from vestige.archive.clearance import clear, missing
from vestige.archive.ingest import add_capture
from vestige.capture import Capture, Frame, Thing
from vestige.cli.root import root
from vestige.errors import InputError, UsageError


def taken(archive: Archive, folder: Path, note: str) -> str:
    (folder / "a.tif").write_bytes(note.encode())
    made = Capture(thing=Thing(identifier="MS 42"), frames=[Frame(file="a.tif")], notes=[note])
    return add_capture(archive, made.at(folder)).capture


@pytest.fixture
def archive(tmp_path):
    with Archive.make(tmp_path / "archive", who="eva") as made:
        made.describe_project({"name": "psalters", "stops": ["target"]})
        made.describe("MS 42", {"project": "psalters"})
        yield made


def test_a_capture_that_lacks_or_fails_a_check_is_stopped_until_it_passes(archive, tmp_path):
    assert missing(archive, "MS 42") == []
    key = taken(archive, tmp_path, "first")
    with pytest.raises(InputError, match=f"capture {key[:12]} lacks the check 'target'"):
        refuse_unchecked(archive, "MS 42")
    archive.review("MS 42", {"check": "target", "verdict": "failed", "note": "dE 7"}, capture=key)
    with pytest.raises(InputError, match="failed the check 'target': make the check, or let it pass"):
        refuse_unchecked(archive, "MS 42")
    archive.review("MS 42", {"check": "target", "verdict": "passed"}, capture=key)
    refuse_unchecked(archive, "MS 42")


def test_who_lets_pass_says_why_and_it_holds_for_what_was_missing_then(archive, tmp_path):
    key = taken(archive, tmp_path, "first")
    with pytest.raises(UsageError, match="reason"):
        clear(archive, "MS 42", "")
    clear(archive, "MS 42", "the target does not fit into the case")
    refuse_unchecked(archive, "MS 42")
    last = archive.show("MS 42")["history"][-1]
    assert (last["who"], last["kind"]) == ("eva", "publication.allowed")
    assert last["body"] == {"reason": "the target does not fit into the case", "missing": [[key, "target"]]}
    with pytest.raises(UsageError, match="nothing is to be let pass"):
        clear(archive, "MS 42", "again")
    other = taken(archive, tmp_path, "second")
    assert [item.capture for item in missing(archive, "MS 42")] == [other]
    archive.review("MS 42", {"check": "target", "verdict": "failed"}, capture=key)
    assert {item.capture for item in missing(archive, "MS 42")} == {key, other}


def test_a_project_that_stops_at_nothing_stops_nothing(archive, tmp_path):
    taken(archive, tmp_path, "first")
    archive.describe_project({"name": "psalters", "checks": ["target"]})
    refuse_unchecked(archive, "MS 42")


@pytest.mark.parametrize("form", ["site", "iiif", "bag", "rocrate"])
def test_every_form_of_publication_is_stopped(archive, tmp_path, form):
    taken(archive, tmp_path, "first")
    out = tmp_path / "out"
    line = ["publish", "MS 42", "--to", form, "--archive", str(archive.folder), "--out", str(out)]
    answer = CliRunner().invoke(root, [*line, "--url", "https://museum.example", "--json"])
    assert answer.exit_code == 1
    assert "MS 42 is stopped at publication: capture" in answer.stdout


def test_the_command_says_what_stops_and_lets_pass(archive, tmp_path):
    taken(archive, tmp_path, "first")
    line = ["archive", "clear", str(archive.folder), "MS 42"]
    assert "MS 42: stopped" in CliRunner().invoke(root, line).stdout
    assert (
        "MS 42: let pass" in CliRunner().invoke(root, [*line, "--reason", "no room", "--who", "eva"]).stdout
    )
    assert "MS 42: nothing stops it" in CliRunner().invoke(root, line).stdout
