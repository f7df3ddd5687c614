"""Grades: what the thresholds say, and what is missing."""

from itertools import pairwise

import pytest

from vestige.errors import UsageError
from vestige.quality.grading.grades import graded, standard, standards
from vestige.quality.measures.report import NAMES, Measured


def test_the_lowest_grade_counts_and_what_is_missing_is_told():
    found = graded({"delta_e_2000_mean": 1.0, "noise_l": 2.5, "ppi": 400}, "fadgi")
    assert found.overall == "2-star"
    assert {one.measure: one.grade for one in found.criteria} == {
        "ppi": "4-star",
        "delta_e_2000_mean": "4-star",
        "noise_l": "2-star",
    }
    assert "sampling efficiency (MTF10), %" in found.missing


def test_of_several_places_the_worst_counts():
    measures = [Measured("noise_l", value, "L*", "corner", "ISO 15739") for value in (0.5, 1.8, 1.0)]
    found = graded(measures, "iso-19264-1")
    assert (found.overall, found.criteria[0].value) == ("B", 1.8)


@pytest.mark.parametrize(("value", "grade"), [(1.99, "4-star"), (2.0, "3-star"), (6.5, ""), (9, "")])
def test_a_limit_that_says_below_means_below(value, grade):
    assert graded({"delta_e_2000_mean": value}, "fadgi").overall == grade


def test_nothing_measured_is_no_grade():
    assert graded({}, "metamorfoze").overall == ""


def test_an_unknown_standard_is_named():
    with pytest.raises(UsageError, match="name one of fadgi"):
        graded({}, "fadgy")


@pytest.mark.parametrize("name", standards())
def test_every_threshold_has_a_source_and_a_measure(name):
    for item in standard(name).criteria:
        assert item.measure in NAMES
        assert item.source.startswith("http")
        assert set(item.limits) <= set(standard(name).grades)
        # A better grade never asks for less.
        limits = [item.limits[grade] for grade in standard(name).grades if grade in item.limits]
        for better, worse in pairwise(limits):
            assert better[0] is None or worse[0] is None or better[0] >= worse[0]
            assert better[1] is None or worse[1] is None or better[1] <= worse[1]
