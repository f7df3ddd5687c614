"""Chains: what does not fit is named before anything runs."""

import pytest

from vestige.capture import open_capture
from vestige.contract import load_chain, run_chain, simulate
from vestige.errors import InputError, VestigeError
from vestige.testing import mutants

GOOD = """name = "Twice"
[[step]]
name = "once"
operation = "toy.run"
each = "page"
[[step]]
name = "twice"
operation = "toy.run"
input = "once.image"
recipe = {gain = 1.0}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "Twice"', "name = ", "is no TOML"),
        ("toy.run", "tyo.run", "there is no technique 'tyo'"),
        ("toy.run", "toy.fly", "has no operation 'fly'"),
        ("gain = 1.0", "gian = 1.0", "did you mean 'gain'"),
        ("gain = 1.0", "gain = -1", "greater than 0"),
        ("once.image", "once.mesh", "takes 'once.mesh'"),
        ("once.image", "later.image", "takes 'later.image'"),
        ('name = "twice"', 'name = "once"', "two steps called 'once'"),
        ('name = "twice"', 'name = "../x"', "step.1.name"),
        ("each", "eahc", "eahc"),
    ],
)
def test_what_does_not_fit_is_named(toy, tmp_path, old, new, words):
    path = tmp_path / "chain.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(InputError, match=words) as caught:
        load_chain(path)
    assert "\n" not in str(caught.value)


def test_mutants_of_a_chain(toy, tmp_path):
    path = tmp_path / "chain.toml"
    refused = 0
    for mutant in mutants(GOOD.encode(), 300):
        path.write_bytes(mutant)
        try:
            load_chain(path)
        except VestigeError as error:
            refused += 1
            assert str(path) in str(error)
    assert refused > 100


def test_a_chain_goes_on_where_it_stopped(toy, tmp_path):
    path = tmp_path / "chain.toml"
    path.write_text(GOOD)
    simulate(toy, tmp_path / "in", seed=2)
    capture = open_capture(tmp_path / "in")
    told = []

    def stop(done, total, label):
        told.append(label)
        if len(told) == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_chain(load_chain(path), capture, tmp_path / "out", progress=stop)
    done = sorted((tmp_path / "out" / "once").glob("[0-9]*"))
    assert 0 < len(done) < 4
    before = [(folder / "report.json").stat().st_mtime_ns for folder in done]
    reports = run_chain(load_chain(path), capture, tmp_path / "out")
    assert [(folder / "report.json").stat().st_mtime_ns for folder in done] == before
    assert len(reports["once"]) == 4
    assert len(open_capture(tmp_path / "out" / "once.image").axes()) == 1
