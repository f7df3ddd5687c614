"""Parts of a run on disk: what goes in comes out, and damage is noticed."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestige.contract import Context
from vestige.contract.parts import PartStore
from vestige.testing import mutants

trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=12,
)


@given(trees)
def test_what_goes_in_comes_out(tmp_path_factory, tree):
    store = PartStore(tmp_path_factory.mktemp("parts"))
    store.write("key", tree, roots=())
    assert store.read("key", roots=()) == tree


def test_arrays_and_paths(tmp_path):
    store = PartStore(tmp_path / "parts")
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    (tmp_path / "x.bin").write_bytes(b"x")
    store.write(
        "k", {"array": [array, array + 1], "file": tmp_path / "x.bin", "n": np.int64(3)}, roots=(tmp_path,)
    )
    found = store.read("k", roots=(tmp_path,))
    assert found["file"] == tmp_path / "x.bin"
    assert found["n"] == 3
    np.testing.assert_array_equal(found["array"][1], array + 1)
    (tmp_path / "x.bin").unlink()
    with pytest.raises(LookupError):
        store.read("k", roots=(tmp_path,))


def test_more_than_ten_arrays_keep_their_order(tmp_path):
    store = PartStore(tmp_path)
    store.write("k", [np.full(2, number) for number in range(25)], roots=())
    assert [int(array[0]) for array in store.read("k", roots=())] == list(range(25))


def test_path_outside_is_refused(tmp_path):
    with pytest.raises(TypeError):
        PartStore(tmp_path).write("k", Path("/etc/passwd"), roots=(tmp_path,))


def test_damaged_parts_are_redone(tmp_path):
    store = PartStore(tmp_path)
    store.write("k", {"a": np.arange(10), "b": "text"}, roots=())
    good = store.path("k").read_bytes()
    for mutant in mutants(good, 300):
        store.path("k").write_bytes(mutant)
        try:
            found = store.read("k", roots=())
        except LookupError:
            continue
        assert found["a"].tolist() == list(range(10))
        assert found["b"] == "text"


def test_part_runs_once(tmp_path):
    calls = []
    for _ in range(2):
        context = Context(tmp_path / "work")
        assert context.part("a", lambda: calls.append(1) or 7) == 7
        assert context.map("b", lambda x: calls.append(x) or x + 1, [1, 2, 3]) == [2, 3, 4]
    assert len(calls) == 4


def test_map_gives_the_first_failure_and_keeps_the_rest(tmp_path):
    context = Context(tmp_path)

    def fail(x):
        if x == 2:
            raise ValueError("two")
        return x

    with pytest.raises(ValueError, match="two"):
        context.map("k", fail, [1, 2, 3])
    assert context.parts.holds("k/0")
