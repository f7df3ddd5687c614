"""The map that grows, and the sealed stream against the same readings as one file."""

import json
import random

import numpy as np
import pytest
import rasterio

from vestige.capture import Capture, Frame, open_capture
from vestige.contract import Budget, Context, Inputs, Kind, execute, technique
from vestige.contract.following import Follower, load_growing
from vestige.contract.intake import begin, take_all
from vestige.contract.stream import live_folder
from vestige.survey.recipe import StreamRecipe
from vestige.survey.streaming.gathering import gathered
from vestige.survey.streaming.growing import GrowingMap
from vestige.survey.streaming.hectares import Hectares

CRS = {"crs": "EPSG:27700"}


class Clock:
    """A time that goes on when told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def field(tmp_path):
    """An open capture, its live work, and the follower that drives it."""
    intake = begin(tmp_path / "field", "survey", settings=CRS)
    clock = Clock()
    context = Context(tmp_path / "work", live_folder(intake.folder), budget=Budget(cores=1))
    live = GrowingMap(Inputs({"capture": [intake.capture]}), StreamRecipe(), context, clock)
    return intake, Follower(intake.folder, live), live, clock


def send(intake, texts):
    splitter = intake.splitter()
    return [answer for text in texts for answer in take_all(intake, splitter.feed(text))]


@pytest.fixture(scope="module")
def batch(one_file, tmp_path_factory):
    """What `run` makes of the readings as one file."""
    folder = tmp_path_factory.mktemp("batch")
    (folder / "readings.csv").write_bytes(one_file)
    capture = Capture(frames=[Frame(file="readings.csv")], settings=CRS).at(folder)
    report = execute(
        technique("survey"), "run", {"capture": [capture]}, None, folder / "out", budget=Budget(cores=1)
    )
    return folder / "out", report


def test_the_sealed_stream_gives_the_bits_of_one_file(field, lines, batch, tmp_path):
    intake, _, _, _ = field
    shuffled = random.Random(3).sample(lines, len(lines))
    answers = send(intake, [*shuffled[:9], *shuffled[5:]])
    assert [became for _, became, _ in answers].count("known") == 4
    intake.seal()
    report = execute(
        technique("survey"),
        "run",
        {"capture": [open_capture(intake.folder)]},
        None,
        tmp_path / "out",
        budget=Budget(cores=1),
    )
    assert [(item.name, item.blake3) for item in report.products] == [
        (item.name, item.blake3) for item in batch[1].products
    ]


def test_the_growing_map_is_what_run_makes(field, lines, batch):
    intake, follower, live, _ = field
    for text in lines:
        send(intake, [text])
        assert follower.step()
    with rasterio.open(batch[0] / "processed.tif") as raster:
        whole, bounds = raster.read(1), tuple(raster.bounds)
    _, values = live.map.read(bounds)
    assert values.shape == whole.shape
    assert np.array_equal(values, whole, equal_nan=True)
    assert [(part.name, part.version > 0) for part in follower.told.parts] == [("E4310_N2870", True)]


def test_lines_in_any_order_and_several_at_once_give_the_same_map(field, lines, batch):
    intake, follower, live, _ = field
    order = random.Random(1).sample(lines, len(lines))
    for at in range(0, len(order), 5):
        send(intake, order[at : at + 5])
        follower.step()
    with rasterio.open(batch[0] / "processed.tif") as raster:
        whole, bounds = raster.read(1), tuple(raster.bounds)
    _, values = live.map.read(bounds)
    same = np.isclose(values, whole, atol=1e-4, equal_nan=True)
    assert same.mean() > 0.98


def test_a_line_reads_only_its_neighbours(field, lines):
    """The work of a line does not grow with the survey."""
    intake, follower, live, _ = field
    shifted = [text.replace(b",2870", b",2871") for text in lines]
    wide = [text.replace(b",4310", b",4320") for text in lines]
    send(intake, [*lines, *(renumbered(text, 100) for text in wide)])
    while follower.step() and follower._waiting:
        pass
    live._points.clear()
    send(intake, [renumbered(shifted[0], 500)])
    follower.step()
    assert len(live._points) < 3
    assert live._interval <= 2


def renumbered(text, by):
    rows = [row.split(b",", 1) for row in text.splitlines()[:-1]]
    return b"".join(b"%d,%s\n" % (int(number) + by, rest) for number, rest in rows) + b"end\n"


def test_outlines_come_when_a_square_was_left_alone_and_anew_when_it_changed(field, lines):
    intake, follower, _live, clock = field
    send(intake, lines[:12])
    follower.step()
    assert not follower.step()
    clock.now += 21
    assert follower.step()
    part = next(part for part in follower.told.parts if part.kind is Kind.FEATURES)
    told = json.loads((live_folder(intake.folder) / part.path).read_text())
    assert told["type"] == "FeatureCollection"
    assert not follower.step()
    send(intake, lines[12:])
    follower.step()
    assert not next(part for part in follower.told.parts if part.kind is Kind.GRID).finished
    assert not follower.step()
    intake.seal()
    assert follower.follow().state == "sealed"
    later = next(part for part in follower.told.parts if part.kind is Kind.FEATURES)
    assert later.version > part.version
    assert load_growing(intake.folder).frames == 24


def test_a_line_that_became_longer_takes_the_place_of_the_shorter(field, lines, one_file, tmp_path):
    intake, follower, _, _ = field
    rows = lines[4].splitlines(keepends=True)
    send(intake, lines[:4])
    first = b"".join(rows[:50]) + b"end\n"
    assert send(intake, [first, lines[4], first, lines[4]]) == [
        ("line 4", "kept", ""),
        ("line 4", "longer", ""),
        ("line 4", "known", ""),
        ("line 4", "known", ""),
    ]
    send(intake, lines[5:])
    while follower.step() and follower._waiting:
        pass
    assert follower.told.frames == 24
    capture = gathered(intake.seal(), tmp_path / "gathered")
    rows = capture.path(capture.frames[0]).read_bytes().splitlines()
    assert [row.rsplit(b",", 2)[0] for row in rows] == one_file.splitlines()


def test_other_readings_under_a_known_number_are_refused(field, lines):
    intake, _, _, _ = field
    send(intake, lines[:1])
    other = lines[0].replace(b"end", lines[0].splitlines()[0] + b"9\nend").replace(b",0.", b",1.")
    ((label, became, why),) = send(intake, [other])
    assert (label, became) == ("line 0", "refused")
    assert "other readings" in why


def test_a_line_far_off_is_noted_and_not_laid(field, lines):
    intake, follower, live, _ = field
    send(intake, lines[:3])
    follower.step()
    send(intake, [b"90,9431000,287000,1\n90,9431001,287000,1\n90,9431002,287000,1\nend\n"])
    follower.step()
    assert any("lies far" in note for note in live.notes())
    assert len(follower.told.parts) == 1


def test_squares_keep_what_they_were_given(tmp_path):
    ground = Hectares(tmp_path, 0.25)
    raster = ground.raster_over((-30.0, 90.0, 130.0, 120.0))
    values = np.arange(raster.height * raster.width, dtype=np.float32).reshape(raster.height, raster.width)
    assert len(ground.write(raster, values)) == 6
    assert ground.write(raster, values) == []
    _, again = Hectares.read(ground, (-30.0, 90.0, 130.0, 120.0))
    assert np.array_equal(again, values)
    assert sorted(path.stem for path in tmp_path.glob("*.tif"))[0] == "E-1_N0"
    assert np.isfinite(ground.read((-40.0, 80.0, 140.0, 130.0))[1]).sum() == values.size


def test_lines_that_wander_across_the_axes_make_the_map_that_run_makes(field, tmp_path):
    """A cart that steers by satellite: no line runs along an axis."""
    intake, follower, live, _ = field
    chance, along = np.random.default_rng(2), np.arange(0, 30, 0.25)
    for number in range(16):
        across = number * 0.5 + 0.06 * np.sin(along / 7 + number)
        east, north = 431020 + across - 0.2 * along, 287010 + along + 0.2 * across
        value = 4 * np.exp(-((np.hypot(east - 431022, north - 287022) - 5) ** 2)) + chance.normal(0, 0.1, 120)
        rows = [f"{number},{x:.3f},{y:.3f},{v:.3f}" for x, y, v in zip(east, north, value, strict=True)]
        send(intake, ["\n".join([*rows, "end\n"]).encode()])
        follower.step()
    intake.seal()
    given = {"capture": [open_capture(intake.folder)]}
    execute(technique("survey"), "run", given, None, tmp_path / "out", budget=Budget(cores=1))
    with rasterio.open(tmp_path / "out" / "processed.tif") as raster:
        whole, (west, _, _, north_edge) = raster.read(1), tuple(raster.bounds)
    ground, values = live.map.read(
        (west, north_edge - 0.25 * len(whole), west + 0.25 * whole.shape[1], north_edge)
    )
    down, across = round((ground.north - north_edge) / 0.25), round((west - ground.west) / 0.25)
    seen = values[down : down + whole.shape[0], across : across + whole.shape[1]]
    part = whole[: seen.shape[0], : seen.shape[1]]
    both = np.isfinite(seen) & np.isfinite(part)
    assert both.sum() > 0.93 * np.isfinite(part).sum()
    assert np.corrcoef(seen[both], part[both])[0, 1] > 0.95


def test_slow_work_has_its_turn_where_lines_come_without_a_pause(field, lines, monkeypatch):
    intake, follower, live, clock = field
    send(intake, lines[:3])
    follower.step()
    clock.now += 30
    monkeypatch.setattr("vestige.contract.following.LONGEST_WAIT", -1.0)
    send(intake, lines[3:5])
    follower.step()
    assert {part.kind for part in follower.told.parts} == {Kind.GRID, Kind.FEATURES}
    assert follower.told.frames == 5
    assert live.notes() == []
