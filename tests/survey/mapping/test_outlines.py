"""Outlines: whole over seams, without stairs, valid, as large as their cells."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from vestige.survey.mapping.outlines import cell_outlines
from vestige.survey.mapping.smoothing import smooth_outline


def blobs(seed, shape=(90, 120), share=0.45):
    import cv2

    noise = np.random.default_rng(seed).random(shape).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2.0)
    return (smooth > np.quantile(smooth, 1 - share)).astype(np.uint8)


@pytest.mark.parametrize("rows", [1, 7, 32])
def test_outlines_do_not_depend_on_the_strips(on_disk, rows):
    classes, *_ = on_disk(blobs(1))
    whole = cell_outlines(classes, 1, rows=1000)
    parts = cell_outlines(classes, 1, rows=rows)
    assert len(whole) == len(parts) > 10
    assert all(shapely.equals(one, other) for one, other in zip(whole, parts, strict=True))


def test_one_outline_a_connected_feature_with_its_cells(on_disk):
    from scipy import ndimage

    wanted = blobs(2)
    found = cell_outlines(on_disk(wanted)[0], 1, rows=16)
    labels, count = ndimage.label(wanted)
    assert len(found) == count
    assert sorted(int(polygon.area) for polygon in found) == sorted(np.bincount(labels.ravel())[1:].tolist())


@given(st.integers(0, 10_000))
@settings(max_examples=12, deadline=None)
def test_smooth_outlines_are_valid_near_and_of_the_same_area(seed):
    import rasterio.features

    mask = blobs(seed, (48, 48), 0.5)
    for geometry, _ in rasterio.features.shapes(mask, mask=mask == 1, connectivity=4):
        cells = shapely.geometry.shape(geometry)
        if not cells.is_valid or cells.area < 30:
            continue
        smooth = smooth_outline(cells)
        assert smooth.is_valid
        assert smooth.area == pytest.approx(cells.area, rel=0.02)
        corners = shapely.points(shapely.get_coordinates(smooth))
        assert shapely.distance(corners, cells.boundary).max() <= 0.75


def test_a_ring_shows_no_stairs(on_disk, ring):
    mask = ring(np.zeros((120, 120), np.uint8), (15, 15), 9, 2)
    cells = cell_outlines(on_disk(mask)[0], 1)[0]
    smooth = smooth_outline(cells)
    for line, radius in ((smooth.exterior, 40), (smooth.interiors[0], 32)):
        points = np.asarray(line.coords)
        assert np.abs(np.hypot(*(points - 60).T) - radius).max() < 0.6
        steps = np.diff(points, axis=0)
        turns = np.diff(np.unwrap(np.arctan2(steps[:, 1], steps[:, 0])))
        assert np.abs(turns).max() < np.radians(35), "stairs turn by 90 degrees"
    assert shapely.get_num_coordinates(smooth) < shapely.get_num_coordinates(cells) / 3
