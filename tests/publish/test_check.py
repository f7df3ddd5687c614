"""One verdict for a volume: each rule can pass, fail, and say that nothing proves it."""

import json
from functools import partial

import numpy as np
import pytest
import tifffile

from vestige.archive import Archive, add_capture
from vestige.capture import Capture, Frame, load_manifest, seal
from vestige.capture.manifest import Thing, save
from vestige.cli.console import guarded
from vestige.cli.root import root
from vestige.errors import InputError, UsageError
from vestige.imaging import write_image
from vestige.publish.check.verdict import check
from vestige.publish.check.volume import kept_volume, read_volume
from vestige.quality.measures.report import Measured

GOOD = {
    "ppi": 400.0,
    "tone_delta_l_max": 1.0,
    "gain": 1.0,
    "white_balance": 1.0,
    "delta_e_2000_mean": 1.0,
    "delta_e_2000_p90": 2.0,
    "delta_e_2000_max": 3.0,
    "noise_l": 0.5,
    "sampling_efficiency": 95.0,
}


def measures(**changed):
    return [Measured(name, value, "", "target.tif", "") for name, value in (GOOD | changed).items()]


@pytest.fixture
def volume(tmp_path):
    folder = tmp_path / "Ms 17"
    folder.mkdir()
    for name in ("ms_0001", "ms_0002", "ms_0003", "target"):
        write_image(folder / f"{name}.tif", np.full((8, 6, 3), 0.3, np.float32), ppi=400)
    frames = [Frame(file=f"ms_000{number}.tif") for number in (1, 2, 3)]
    capture = Capture(
        thing=Thing(identifier="Ms 17"), frames=[*frames, Frame(file="target.tif", role="target")]
    )
    save(seal(capture.at(folder)), folder)
    return folder


def states(verdict):
    return {one.rule: one.state for one in verdict.rules}


@pytest.mark.parametrize("profile", ["dfg", "fadgi-4", "iso-19264-a"])
def test_a_good_volume_passes(volume, profile):
    verdict = check(read_volume(volume), profile, measures())
    assert verdict.passed, verdict.rules
    assert "3 pages, passes" in verdict.summary


def test_what_nobody_measured_is_not_proven(volume):
    verdict = check(read_volume(volume), "fadgi-4")
    assert states(verdict)["grade"] == states(verdict)["target"] == "unknown"
    assert not verdict.passed
    assert "not proven" in verdict.summary


def test_metamorfoze_asks_for_its_own_colour_space(volume):
    verdict = check(read_volume(volume), "metamorfoze", measures())
    assert [one.rule for one in verdict.rules if one.state == "failed"] == ["profile"]
    assert "ms_0001.tif (sRGB)" in next(one.sentence for one in verdict.rules if one.rule == "profile")


@pytest.mark.parametrize(
    ("rule", "broken", "words"),
    [
        ("resolution", {"ppi": 250.0}, "the target shows 250"),
        ("resolution", {"ppi": 440.0}, "the files say: ms_0001.tif (400)"),
        ("grade", {"noise_l": 1.4}, "noise, L*: 1.4"),
    ],
)
def test_what_the_target_shows_counts(volume, rule, broken, words):
    found = {one.rule: one for one in check(read_volume(volume), "fadgi-4", measures(**broken)).rules}
    assert found[rule].state == "failed"
    assert words in found[rule].sentence


def loose(folder, *names, **options):
    folder.mkdir()
    for name in names:
        write_image(folder / name, np.full((8, 6, 3), 0.3, np.float32), **options)
    return check(read_volume(folder), "dfg")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a_1.png", "a_3.png"), "a number is left out: 2"),
        (("a_1.png", "a_02.png"), "several patterns"),
        (("Seite 1.png",), "not letters, digits"),
    ],
)
def test_names_follow_one_pattern_without_gaps(tmp_path, names, words):
    found = {one.rule: one for one in loose(tmp_path / "v", *names).rules}
    assert found["names"].state == "failed"
    assert words in found["names"].sentence


def test_headers_are_looked_at(tmp_path):
    found = {one.rule: one for one in loose(tmp_path / "v", "a_1.jpg", profile=None).rules}
    assert found["format"].sentence == "not TIFF or JP2: a_1.jpg"
    assert found["profile"].state == "failed"
    assert found["resolution"].state == "unknown"
    assert found["target"].state == "failed"
    assert not found["target"].required
    assert found["fixity"].state == "unknown"


def test_loss_hides_in_a_tiff_and_is_found(tmp_path):
    pixels = np.full((32, 32, 3), 90, np.uint8)
    tifffile.imwrite(tmp_path / "a_1.tif", pixels, compression="jpeg", photometric="rgb")
    found = {one.rule: one for one in check(read_volume(tmp_path), "dfg").rules}
    assert found["format"].sentence == "compressed with loss: a_1.tif"


def test_a_changed_and_a_broken_page_are_named(volume):
    (volume / "ms_0002.tif").write_bytes(b"nothing")
    verdict = check(read_volume(volume), "dfg")
    found = {one.rule: one for one in verdict.rules}
    assert "ms_0002.tif is no longer what was recorded" in found["fixity"].sentence
    assert "ms_0002.tif" in found["readable"].sentence
    assert str(volume) not in json.dumps(verdict.plain())


def test_an_archive_is_asked_by_the_name_of_the_object(volume, tmp_path):
    Archive.make(tmp_path / "archive")
    with Archive(tmp_path / "archive", who="tester") as archive:
        add_capture(archive, load_manifest(volume / "capture.json"))
        kept = kept_volume(archive, "Ms 17")
        assert check(kept, "dfg").passed
        kept.targets[0].chmod(0o644)
        kept.targets[0].write_bytes(b"spoilt")
        assert states(check(kept_volume(archive, "Ms 17"), "dfg"))["fixity"] == "failed"


def test_wrong_calls_are_told(tmp_path):
    with pytest.raises(InputError, match="holds no picture"):
        read_volume(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        read_volume(tmp_path / "nowhere")


def test_an_unknown_profile_is_told(volume):
    with pytest.raises(UsageError, match="name one of dfg"):
        check(read_volume(volume), "dgf")


def test_the_command_says_it_in_words_json_and_a_page(volume, tmp_path, capsys):
    run = partial(guarded, root)
    figures, page = tmp_path / "figures.json", tmp_path / "verdict.html"
    figures.write_text(json.dumps({"frames": [{"measures": [one.plain() for one in measures()]}]}))
    call = ["publish", "check", str(volume), "--measures", str(figures), "--report", str(page)]
    assert run([*call, "--profile", "fadgi-4"]) == 0
    assert "[the rule was read in a secondary source only]" in capsys.readouterr().out
    assert "unverified" in page.read_text()
    assert run([*call, "--profile", "metamorfoze", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["passed"] is False
    figures.write_text("{}")
    assert run([*call, "--profile", "dfg"]) == 1
    assert "holds no measured figures" in capsys.readouterr().err
