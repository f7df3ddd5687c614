"""Fold, page, slope: against the truth of the forward model, and by the laws they must obey."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestige.pages import Box, Fold, Placement, crop_box, deskew, find_fold, paper_mask, skew_angle, split
from vestige.pages.cropping import source_rows
from vestige.pages.frames import find_pages
from vestige.pages.geometry import upright_matrix
from vestige.pages.recipe import PagesRecipe


def small(image, side=1200):
    scale = side / max(image.shape[:2])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), 1 / scale


def filled(shape, corners):
    return cv2.fillPoly(np.zeros(shape[:2], np.uint8), [np.rint(corners).astype(np.int32)], 1) > 0


def overlap(one, other):
    return (one & other).sum() / (one | other).sum()


def test_fold_of_a_double_page(book):
    image, factor = small(book.image(1))
    fold = find_fold(image).scaled(factor)
    truth = book.truth["frame_002.jpg"]["fold"]
    assert fold.top == pytest.approx(truth["top"], abs=0.012 * 1500)
    assert fold.bottom == pytest.approx(truth["bottom"], abs=0.012 * 1500)


def test_single_page_is_left_whole(book):
    assert find_fold(small(book.image(0))[0]) is None


def test_blank_or_black_frame_has_no_fold():
    assert find_fold(np.ones((200, 300, 3), np.float32)) is None
    assert find_fold(np.zeros((200, 300), np.float32)) is None


def test_printed_rule_is_no_fold():
    frame = np.full((400, 600), 0.7, np.float32)
    frame[:, 299:301] = 0.05
    frame[40:360:10, 40:280] = frame[45:360:10, 320:560] = 0.05
    assert find_fold(frame) is None


@pytest.mark.parametrize("number", [0, 1])
def test_paper_is_where_the_pages_are(book, number):
    image = book.image(number)
    found = paper_mask(image)
    pages = book.truth[book.capture.frames[number].file]["pages"]
    truth = np.any([filled(image.shape, page["corners"]) for page in pages], axis=0)
    assert overlap(found, truth) > 0.95


@pytest.mark.parametrize("number", [0, 1])
def test_pages_are_cut_out_and_their_slope_found(book, number):
    image = book.image(number)
    found = find_pages(small(image)[0], PagesRecipe(), image.shape[:2])
    truth = book.truth[book.capture.frames[number].file]["pages"]
    assert [page.side for page in found.pages] == [page["side"] for page in truth]
    for page, expected in zip(found.pages, truth, strict=True):
        assert page.angle == pytest.approx(expected["angle"], abs=0.3)
        height, width = page.shape
        corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]])
        seen = (page.matrix(image.shape[:2]) @ corners.T)[:2].T
        assert overlap(filled(image.shape, seen), filled(image.shape, expected["corners"])) > 0.94


def test_no_word_is_cut_off(book):
    image = book.image(1)
    found = find_pages(small(image)[0], PagesRecipe(), image.shape[:2])
    for page, truth in zip(found.pages, book.truth["frame_002.jpg"]["pages"], strict=True):
        frame_to_page = np.linalg.inv(page.matrix(image.shape[:2]))
        words = np.array([word["corners"] for line in truth["lines"] for word in line]).reshape(-1, 2)
        x, y, _ = frame_to_page @ np.column_stack([words, np.ones(len(words))]).T
        assert x.min() > 0
        assert y.min() > 0
        assert x.max() < page.shape[1]
        assert y.max() < page.shape[0]


def test_what_is_set_by_hand_is_taken(book):
    recipe = PagesRecipe(fold=(0.4, 0.5), angle=1.5, crop=(0.1, 0.2, 0.3, 0.9), crop_right=(0.6, 0, 1, 1))
    found = find_pages(small(book.image(1))[0], recipe, (1083, 1500))
    assert found.fold == Fold(600.0, 750.0)
    left, right = found.pages
    assert left.angle == 1.5
    assert left.box.left == pytest.approx(150)
    assert left.box.bottom == pytest.approx(0.9 * 1083, abs=1)
    assert right.box.right == pytest.approx(1500)


def test_right_page_first(book):
    found = find_pages(small(book.image(1))[0], PagesRecipe(order="right first"), (1083, 1500))
    assert [page.side for page in found.pages] == ["right", "left"]


def test_frame_of_one_side_is_never_split(book):
    found = find_pages(small(book.image(1))[0], PagesRecipe(), (1083, 1500), side="left")
    assert [page.side for page in found.pages] == ["single"]


def lines(angle, side=900):
    page = np.full((side, side), 0.8, np.float32)
    y, x = np.mgrid[0:side, 0:side]
    turn = np.radians(angle)
    row = (y - side / 2) * np.cos(turn) - (x - side / 2) * np.sin(turn)
    written = (row % 26 < 9) & (abs(row) < 0.35 * side) & (abs(x - side / 2) < 0.35 * side) & (x % 17 < 12)
    page[written] = 0.05
    return page


@settings(max_examples=12, deadline=None)
@given(st.floats(-7, 7))
def test_slope_of_lines_is_found(angle):
    assert skew_angle(lines(angle)).angle == pytest.approx(angle, abs=0.12)


def test_no_lines_no_turn():
    noise = np.random.default_rng(0).uniform(0, 1, (300, 300)).astype(np.float32)
    y, x = np.mgrid[-150:150, -150:150]
    noise[np.hypot(x, y) > 140] = 1
    assert skew_angle(noise).angle == 0
    assert skew_angle(np.ones((300, 300), np.float32)).angle == 0


@settings(max_examples=25, deadline=None)
@given(st.floats(-180, 180), st.integers(1, 90), st.integers(1, 90))
def test_turning_there_and_back_is_nothing(angle, height, width):
    there = upright_matrix(angle, (height, width)) @ upright_matrix(-angle, (height, width))
    assert np.allclose(there, np.eye(3), atol=1e-9)


def test_deskewed_lines_are_level():
    page = lines(3.0)
    upright = deskew(page, Placement("single", 3.0, Box(0, 0, 900, 900)), tone=0.8)
    assert abs(skew_angle(upright).angle) < 0.1


def test_strips_of_a_page_are_the_page():
    frame = np.random.default_rng(1).uniform(0, 1, (120, 90, 3)).astype(np.float32)
    placement, fold = Placement("left", 4.0, Box(5, 8, 70, 110)), Fold(60, 66)
    whole = deskew(frame, placement, fold, tone=0.5)
    for first in range(0, 102, 17):
        rows = slice(first, first + 17)
        touched = source_rows(placement, (120, 90), rows)
        part = deskew(
            frame[touched], placement, fold, tone=0.5, frame=(120, 90), first=touched.start, rows=rows
        )
        assert np.allclose(part, whole[rows], atol=1e-5)


def test_what_lies_beyond_the_fold_is_painted():
    page = deskew(
        np.zeros((10, 10), np.float32), Placement("left", 0.0, Box(0, 0, 10, 10)), Fold(6, 6), tone=0.7
    )
    assert (page[:, :6] == 0).all()
    assert np.allclose(page[:, 6:], 0.7)


def test_halves_make_the_whole():
    paper = np.random.default_rng(2).random((40, 60)) > 0.3
    halves = split(paper, Fold(20, 45))
    assert not (halves["left"] & halves["right"]).any()
    assert ((halves["left"] | halves["right"]) == paper).all()


def test_box_of_nothing_is_the_frame():
    assert crop_box(np.zeros((30, 40), bool)) == Box(0, 0, 40, 30)
