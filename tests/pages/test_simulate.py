"""The forward model: what it claims to be the truth is what its pixels show."""

import json

import numpy as np
import pytest

from vestige.imaging import read_image
from vestige.pages.book import Camera, Leaf
from vestige.pages.recipe import SceneRecipe
from vestige.pages.simulate import make
from vestige.pages.typesetting import PAGE_MM, body_pages, title_page


def test_words_are_dark_where_the_truth_puts_them(book):
    for number, frame in enumerate(book.truth.values()):
        image = book.image(number).mean(axis=2)
        for page in frame["pages"]:
            paper = np.median(image[image > np.median(image)])
            for line in page["lines"]:
                for word in line:
                    corners = np.array(word["corners"])
                    (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
                    box = image[int(top) : int(bottom) + 1, int(left) : int(right) + 1]
                    assert box.min() < 0.6 * paper, word["text"]


def test_fold_is_the_darkest_of_the_paper(book):
    image, truth = book.image(1).mean(axis=2), book.truth["frame_002.jpg"]
    row = image.shape[0] // 12 + image.shape[0] // 20
    x = truth["fold"]["top"] + (truth["fold"]["bottom"] - truth["fold"]["top"]) * row / image.shape[0]
    profile = image[row - 4 : row + 5].mean(axis=0)
    near = slice(int(x) - 40, int(x) + 40)
    assert abs(near.start + profile[near].argmin() - x) < 8


def test_flat_page_under_a_level_camera_keeps_its_measures(tmp_path):
    recipe = SceneRecipe.make("flat", values={"offset": 0.0, "width": 800, "singles": 0, "spreads": 1})
    make(recipe, tmp_path, 0)
    frame = json.loads((tmp_path / "truth" / "truth.json").read_text())["frames"][0]
    scale = 800 / 292
    assert frame["fold"]["top"] == pytest.approx(400, abs=0.6)
    for page in frame["pages"]:
        corners = np.array(page["corners"])
        assert np.hypot(*(corners[1] - corners[0])) == pytest.approx(PAGE_MM[0] * scale, rel=1e-3)
        assert np.hypot(*(corners[3] - corners[0])) == pytest.approx(PAGE_MM[1] * scale, rel=1e-3)
        assert page["angle"] == pytest.approx(0, abs=0.01)


def test_what_is_projected_is_what_the_ray_meets():
    camera = Camera((3.0, 90.0), 5.0, 1.3, (0.7, -0.4), (300, 500))
    rays = camera.rays(slice(100, 101))
    place = camera.reach(rays, 4.0)[0, 77]
    assert np.allclose(camera.project(np.array([*place, 4.0])), [77, 100], atol=1e-6)


def test_sheet_is_bent_not_stretched():
    leaf = Leaf(1, 60.0, 2.0)
    s = np.linspace(0, PAGE_MM[0], 4000)
    length = np.hypot(*np.diff(leaf.point(s, np.zeros_like(s))[:, [0, 2]], axis=0).T).sum()
    assert length == pytest.approx(PAGE_MM[0], rel=1e-3)
    middle = np.array([30.0, 90.0])
    assert np.allclose(leaf.along(leaf.point(middle, 0.0)[:, 0]), middle, atol=0.01)


def test_no_ink_beyond_the_page():
    for page in [title_page(3.0), *body_pages(3, 3.0)]:
        boxes = np.array([box for line in page.lines for _, box in line])
        assert boxes.min() > 5
        assert (boxes[:, 2] < PAGE_MM[0] - 5).all()
        assert (boxes[:, 3] < PAGE_MM[1] - 5).all()


def test_tiff_frames_have_sixteen_bits(tmp_path):
    recipe = SceneRecipe(width=300, singles=1, spreads=0, format="tiff", table="felt")
    capture = make(recipe, tmp_path, 1)
    assert capture.frames[0].file.endswith(".tif")
    assert len(np.unique(read_image(capture.path(capture.frames[0])))) > 300
