"""The context: a run that goes on is the same as one never stopped; warnings, chance and stops."""

import threading

import numpy as np
import pytest

from vestige.contract import Budget, Context
from vestige.errors import Cancelled, UsageError


def test_first_time_and_again_are_the_same_value_and_type(tmp_path):
    made = {
        "single": np.float32(0.1), "pair": (1, np.int64(2)), 3: "an int key", (1, 2): [None], "view": np.arange(9)[::2]
    }  # fmt: skip
    first = Context(tmp_path).part("k", lambda: made)
    again = Context(tmp_path).part("k", lambda: pytest.fail("done again"))
    for value in (first, again):
        assert type(value["single"]) is float
        assert value["single"] == float(np.float32(0.1))
        assert value[3] == "an int key"
        assert value[1, 2] == [None]
        assert value["pair"] == (1, 2)
        assert value["view"].flags.c_contiguous
        np.testing.assert_array_equal(value["view"], [0, 2, 4, 6, 8])


def test_objects_cannot_be_kept(tmp_path):
    for value in (object(), np.array([{}]), {"a": {1, 2}}):
        with pytest.raises(TypeError, match="cannot return"):
            Context(tmp_path).part("k", lambda value=value: value)


def test_warnings_of_a_part_outlast_a_kill(tmp_path):
    def noisy(number):
        context.warn(f"frame {number} is dark")
        return number

    context = Context(tmp_path, budget=Budget(cores=2))
    context.map("look", noisy, [1, 2, 3])
    told = set(context.warnings)
    context = Context(tmp_path, budget=Budget(cores=2))
    context.map("look", noisy, [1, 2, 3])
    assert set(context.warnings) == told == {f"frame {number} is dark" for number in (1, 2, 3)}


def test_warnings_of_a_part_within_a_part(tmp_path):
    def outer(context):
        context.warn("outer")
        context.part("inner", context.warn, "inner")

    first = Context(tmp_path)
    first.part("outer", outer, first)
    first.warn("after")
    again = Context(tmp_path)
    again.part("outer", outer, again)
    assert first.warnings == ["outer", "inner", "after"]
    assert again.warnings == ["outer", "inner"]


def test_chance_depends_on_seed_and_whole_path():
    drawn = {
        Context(seed=seed).random(*path).random()
        for seed, path in [(1, ()), (1, (0,)), (1, (0, 0)), (1, (1,)), (2, (0,))]
    }
    assert len(drawn) == 5


def test_a_stop_is_heard_in_every_part(tmp_path):
    stop = threading.Event()
    context = Context(tmp_path, budget=Budget(cores=2), cancelled=stop.is_set)

    def work(number):
        if number == 3:
            stop.set()
        return number

    with pytest.raises(Cancelled):
        context.map("work", work, list(range(40)))
    assert not context.parts.holds("work/39")


@pytest.mark.parametrize("text", ["", "M", "lots", "nan", "inf", "-1G", "0", "1X", "1e999G"])
def test_what_is_no_memory_is_refused(text):
    with pytest.raises(UsageError):
        Budget.parse(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("800M", 800 * 2**20), ("2GiB", 2**31), ("1.5g", 3 * 2**29), (" 7 ", 7), ("64kb", 65536)],
)
def test_memory_in_words(text, size):
    assert Budget.parse(text, cores=1).bytes == size
