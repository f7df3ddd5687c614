"""The report of a run: what it holds, what a person reads, and what is refused."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from vestige.contract import load_report
from vestige.contract.provenance import forget_peak, path_digest, peak_mib, software
from vestige.contract.report import plain
from vestige.contract.report_page import readable, rows
from vestige.contract.runner import execute
from vestige.contract.simulate import simulate
from vestige.errors import InputError, VestigeError
from vestige.testing import mutants


@pytest.fixture(scope="module")
def result(tmp_path_factory, toy_module):
    folder = tmp_path_factory.mktemp("report")
    capture = simulate(toy_module.toy, folder / "in", seed=1)
    execute(toy_module.toy, "run", {"capture": [capture]}, None, folder / "out")
    return folder / "out"


def test_reads_back_as_written(result):
    report = load_report(result)
    assert report.product("image", result).path == result / "image.tif"
    assert report.products[0].blake3 == path_digest(result / "image.tif")[0]
    with pytest.raises(InputError, match="no product 'mesh'; expected one of image"):
        report.product("mesh", result)


def test_mutants_of_a_report_are_one_sentence(result, tmp_path):
    good = (result / "report.json").read_bytes()
    refused = 0
    for mutant in mutants(good, 300):
        (tmp_path / "report.json").write_bytes(mutant)
        try:
            load_report(tmp_path)
        except VestigeError as error:
            refused += 1
            assert "\n" not in str(error)
            assert str(tmp_path / "report.json") in str(error)
    assert refused > 100


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(1.5), 1.5), (np.array([1, np.nan]), [1, None]), ((1, 2), [1, 2]), ({1: np.int64(2)}, {"1": 2}),
        (float("inf"), None), (Path("a/b"), "a/b"), (np.array(3), 3), ("x", "x"), (None, None), (True, True),
    ],
)  # fmt: skip
def test_plain_values_are_json(value, expected):
    assert plain(value) == expected
    json.dumps(plain(value), allow_nan=False)


def test_measurements_for_a_person():
    told = dict(rows({"align": {"shift_px": [1.0] * 20, "done": True}, "name": "x", "none": None}))
    assert told["align · shift px"].endswith("(20 in all)")
    assert told["align · done"] == "yes"
    assert told["none"] == "–"
    assert readable(3) == "3"


def test_software_names_version_libraries_and_commit():
    told = software()
    assert told.libraries["numpy"] == np.__version__
    assert {"click", "pydantic", "opencv-python-headless"} <= set(told.libraries)
    assert not told.commit or len(told.commit.split()[0]) == 40


def test_digest_of_a_folder_follows_names_and_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"1")
    first = path_digest(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = path_digest(tmp_path)
    (tmp_path / "b").write_bytes(b"2")
    assert len({first, second, path_digest(tmp_path)}) == 3
    assert first[1] == 1


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="only Linux measures a run by itself"
)
def test_peak_memory_is_that_of_the_run():
    held = np.ones(60 * 2**20, np.uint8)
    high = peak_mib()
    del held
    forget_peak()
    assert peak_mib() < high - 30
