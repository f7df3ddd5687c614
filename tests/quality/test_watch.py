"""Watching the lab: drift against its truth, charts that are never lost, alarms in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.typing import NDArray

from vestige.archive import Archive, ArchiveHistory, rebuild
from vestige.archive.verification import verify
from vestige.errors import InputError, UsageError
from vestige.quality.measures.report import NAMES, Measured
from vestige.quality.watch import (
    Chart,
    FileHistory,
    History,
    devices,
    find_drift,
    light_levels,
    record,
    sentence,
    shift_of,
)
from vestige.quality.watch.drift import Shift
from vestige.quality.watch.picture import drawing
from vestige.quality.watch.words import LANGUAGES, words

BEGIN = datetime(2026, 11, 2, 7, 30, tzinfo=UTC)  # a Monday
LIGHT = shift_of("light_level")


def steady(days: int, *, noise: float = 0.003, seed: int = 5) -> NDArray[np.float64]:
    return 0.7 * (1 + np.random.default_rng(seed).normal(0, noise, days))


@pytest.mark.parametrize("seed", range(8))
def test_a_loss_of_two_per_cent_is_told_within_five_charts_and_a_steady_lamp_never(seed: int) -> None:
    values = steady(230, seed=seed)
    assert find_drift(values[:215], LIGHT).told == ()
    values[215:] *= 0.98
    found = find_drift(values, LIGHT)
    assert found.state == "drifting"
    assert found.found is not None
    assert found.found < 220
    assert found.since is not None
    assert abs(found.since - 215) <= 2
    assert found.change == pytest.approx(-2, abs=0.7)


def test_one_or_two_charts_that_lay_askew_are_doubted_and_not_told() -> None:
    values = steady(60)
    values[40:42] *= 0.93
    assert find_drift(values, LIGHT).told == ()
    assert find_drift(values[:42], LIGHT).state == "doubtful"


def test_a_light_that_is_well_again_is_steady_again() -> None:
    values = steady(60)
    values[30:40] *= 0.9
    found = find_drift(values, LIGHT)
    assert found.told
    assert found.state == "steady"
    assert found.since is None


def test_a_drift_that_begins_while_the_level_is_still_learned_is_told() -> None:
    values = steady(22)
    values[13:] *= 0.97
    assert find_drift(values, LIGHT).state == "drifting"


def test_values_that_are_no_numbers_are_refused_and_few_are_learned_from() -> None:
    assert find_drift(steady(9), LIGHT).state == "learning"
    with pytest.raises(UsageError, match="finite"):
        find_drift(np.array([1.0, np.nan]), LIGHT)
    dead = np.r_[steady(12), np.zeros(4)]
    assert find_drift(dead, LIGHT).change == pytest.approx(-100)
    assert find_drift(np.zeros(20), Shift(2, relative=True)).state == "steady"


def taken(
    history: History, days: int, factors: dict[str, float], since: int, device: str = "repro 1"
) -> None:
    """Daily charts of two banks; from the day `since` on each light is what `factors` says of it."""
    random = np.random.default_rng(1)
    for day in range(days):
        measured = [
            Measured("light_level", level * random.normal(1, 0.002), "ratio", f"{bank}/{channel}", "")
            for bank in ("left", "right")
            for channel in ("red", "blue")
            for level in [0.6 * (factors.get(f"{bank}/{channel}", 1.0) if day >= since else 1.0)]
        ]
        measured.append(Measured("ppi", 400 + random.normal(0, 0.1), "pixels/inch", "ruler", "ISO 19264-1"))
        record(history, device, measured, BEGIN + timedelta(days=day))


def told(history: History, language: str = "en") -> list[str]:
    (device,) = devices(history.charts())
    return [sentence(alarm, language, date(2026, 11, 27)) for alarm in device.alarms]


def test_the_light_the_bank_or_all_are_named_with_how_much_and_since_when(tmp_path: Path) -> None:
    one = FileHistory(tmp_path / "one.jsonl")
    taken(one, 26, {"left/blue": 0.92}, 21)
    assert told(one) == ["repro 1: the blue light of the left bank has lost 8 % since Monday."]
    assert told(one, "de") == [
        "repro 1: das blaue Licht der linken Lampengruppe hat seit Montag 8 % verloren."
    ]
    bank = FileHistory(tmp_path / "bank.jsonl")
    taken(bank, 26, {"right/red": 0.95, "right/blue": 0.95}, 21)
    assert told(bank) == ["repro 1: the light of the right bank has lost 5 % since Monday."]
    every = FileHistory(tmp_path / "every.jsonl")
    lights = ("left/red", "left/blue", "right/red", "right/blue")
    taken(every, 26, dict.fromkeys(lights, 1.06), 14)
    assert told(every) == ["repro 1: the light of every bank has gained 6 % since 16 November 2026."]


def test_a_device_that_learns_anew_forgets_what_was_and_says_why(tmp_path: Path) -> None:
    history = FileHistory(tmp_path / "charts.jsonl")
    taken(history, 26, {"left/blue": 0.92}, 21)
    record(history, "repro 1", [], BEGIN + timedelta(days=26), anew="blue LED changed")
    (device,) = devices(history.charts())
    assert device.alarms == ()
    assert device.anew == "blue LED changed"
    assert len(history.charts()) == 27


def test_the_last_chart_of_a_day_counts(tmp_path: Path) -> None:
    history = FileHistory(tmp_path / "charts.jsonl")
    for hour, value in ((8, 390.0), (9, 400.0)):
        record(history, "repro 1", [Measured("ppi", value, "", "", "")], BEGIN.replace(hour=hour))
    ((series,),) = (device.series for device in devices(history.charts()))
    assert series.values.tolist() == [400.0]


@pytest.mark.parametrize("kind", ["file", "archive"])
def test_a_chart_is_kept_once_and_in_the_order_of_its_moments(tmp_path: Path, kind: str) -> None:
    archive = Archive.make(tmp_path / "archive")
    history: History = FileHistory(tmp_path / "charts.jsonl") if kind == "file" else ArchiveHistory(archive)
    late, early = (Chart(device="repro 1", when=BEGIN + timedelta(days=day)) for day in (1, 0))
    other = Chart(device="repro 2", when=BEGIN)
    for chart in (late, early, other, late):
        history.add(chart)
    assert history.charts("repro 1") == [early, late]
    assert len(history.charts()) == 3
    archive.close()


def test_charts_in_an_archive_survive_its_catalogue(tmp_path: Path) -> None:
    with Archive.make(tmp_path / "archive") as archive:
        taken(ArchiveHistory(archive), 2, {}, 0)
    for path in (tmp_path / "archive" / "catalogue").iterdir():
        path.unlink()
    rebuild(tmp_path / "archive")
    with Archive(tmp_path / "archive") as archive:
        assert len(ArchiveHistory(archive).charts("repro 1")) == 2
        assert verify(archive).problems == []


def test_a_line_cut_by_a_power_cut_is_dropped_and_a_damaged_one_named(tmp_path: Path) -> None:
    path = tmp_path / "charts.jsonl"
    history = FileHistory(path)
    history.add(Chart(device="repro 1", when=BEGIN))
    with path.open("ab") as stream:
        stream.write(b'{"device": "rep')
    assert len(history.charts()) == 1
    history.add(Chart(device="repro 1", when=BEGIN + timedelta(days=1)))
    assert len(history.charts()) == 2
    path.write_bytes(b"{}\n" + path.read_bytes())
    with pytest.raises(InputError, match="damaged line 1"):
        history.charts()


@pytest.mark.parametrize(
    ("device", "value", "when", "fault"),
    [
        ("", 1.0, BEGIN, "device"),
        ("repro 1", float("nan"), BEGIN, "finite"),
        ("repro 1", 1.0, BEGIN.replace(tzinfo=None), "when"),
    ],
)
def test_a_chart_that_says_nothing_clear_is_refused(
    tmp_path: Path, device: str, value: float, when: datetime, fault: str
) -> None:
    history = FileHistory(tmp_path / "charts.jsonl")
    with pytest.raises(UsageError, match=fault):
        record(history, device, [Measured("ppi", value, "", "", "")], when)
    assert history.charts() == []


def test_light_is_read_inside_the_field_by_channel() -> None:
    image = np.zeros((40, 40, 3), np.float32)
    image[10:31, 10:31] = (0.2, 0.4, 0.6)
    field = np.array([[10, 10], [30, 10], [30, 30], [10, 30]], np.float64)
    found = {item.where: round(item.value, 3) for item in light_levels(image, field, bank="left")}
    assert found == {"left/red": 0.2, "left/green": 0.4, "left/blue": 0.6}
    with pytest.raises(UsageError, match="outside"):
        light_levels(image, field + 500)


def test_every_measure_has_a_name_in_both_languages_and_the_languages_say_the_same() -> None:
    english, german = (words(language) for language in LANGUAGES)
    assert english.keys() == german.keys()
    assert set(NAMES) <= english.keys()
    assert all(shift_of(name) for name in NAMES)


def test_the_picture_is_whole_and_names_what_it_shows(tmp_path: Path) -> None:
    history = FileHistory(tmp_path / "charts.jsonl")
    taken(history, 26, {"left/blue": 0.92}, 21, device="repro <1>")
    tree = ET.fromstring(drawing(devices(history.charts()), "de"))
    said = "".join(tree.itertext())
    assert "das blaue Licht der linken Lampengruppe" in said
    assert "repro <1>" in said
    assert len(tree.findall(".//{*}polyline[@class='bad']")) == 1
