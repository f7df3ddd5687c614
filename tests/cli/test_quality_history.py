"""``vestige quality history``: what a person at the terminal and a program are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from vestige.archive import Archive, ArchiveHistory
from vestige.cli.root import root
from vestige.errors import InputError, UsageError
from vestige.quality.measures.report import Measured
from vestige.quality.watch import FileHistory, record


def told(history, device="repro 1"):
    for day in range(24):
        measured = [Measured("light_level", 0.6 if day < 20 else 0.54, "ratio", "left/blue", "")]
        record(history, device, measured, datetime(2026, 11, 2, 8, tzinfo=UTC) + timedelta(days=day))


def asked(*line):
    return CliRunner().invoke(root, ["quality", "history", *map(str, line)])


@pytest.mark.parametrize("kind", ["archive", "file"])
def test_devices_are_shown_with_their_alarms_and_learn_anew(tmp_path, kind):
    place = tmp_path / ("archive" if kind == "archive" else "charts.jsonl")
    if kind == "archive":
        with Archive.make(place) as archive:
            told(ArchiveHistory(archive))
    else:
        told(FileHistory(place))
    sentence = (
        "repro 1: das blaue Licht der linken Lampengruppe hat seit dem 22. November 2026 10 % verloren."
    )
    picture = tmp_path / "lab.svg"
    answer = asked(place, "--language", "de", "--picture", picture)
    assert sentence in answer.stdout or "seit Sonntag 10 % verloren" in answer.stdout
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    (device,) = json.loads(asked(place, "--json").stdout)
    assert (device["state"], device["alarms"][0]["since"]) == ("drifting", "2026-11-22")
    assert device["series"][0]["values"][-1] == 0.54
    (device,) = json.loads(asked(place, "--device", "repro 1", "--anew", "LED changed", "--json").stdout)
    assert (device["alarms"], device["anew"]) == ([], "LED changed")


def test_a_place_without_charts_and_a_wrong_call_are_told(tmp_path):
    Archive.make(tmp_path / "archive").close()
    for line, fault, words in (
        ([tmp_path / "archive"], InputError, "holds no chart"),
        ([tmp_path / "none.txt"], UsageError, "no history"),
        ([tmp_path / "a.jsonl", "--anew", "why"], UsageError, "--device"),
        ([tmp_path / "a.jsonl", "--anew", "why", "--device", "x"], UsageError, "no device 'x'"),
    ):
        answer = asked(*line)
        assert isinstance(answer.exception, fault)
        assert words in str(answer.exception)
