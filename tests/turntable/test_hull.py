"""Volume, hull and surface: a ball whose silhouettes are known exactly."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vestige.contract import Budget, Context
from vestige.errors import BudgetError, InputError
from vestige.turntable import Camera, Hull, Surface, Volume, smooth, surface, visual_hull, working_volume
from vestige.turntable.hull import largest_resolution

RADIUS = 20.0
CENTRE = np.array([3.0, -2.0, 5.0])


def ring(count: int = 16, distance: float = 300.0, size: int = 160) -> list[Camera]:
    """Cameras on two rings round the ball."""
    lens = np.array([[900.0, 0, size / 2], [0, 900, size / 2], [0, 0, 1]])
    cameras = []
    for number in range(count):
        angle, height = 2 * np.pi * number / count, (-0.5, 0.4)[number % 2]
        away = np.array([np.cos(angle), np.sin(angle), height])
        away /= np.linalg.norm(away)
        right = np.cross(-away, [0, 0, 1.0])
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(-away, right), -away])
        target = CENTRE + np.array([2.0, 0, 1.0])
        cameras.append(
            Camera(f"{number}", size, size, lens, rotation, -rotation @ (target + distance * away))
        )
    return cameras


def ball_masks(cameras: list[Camera]) -> list[np.ndarray]:
    """Exact silhouettes: rays that pass the centre within the radius."""
    masks = []
    for camera in cameras:
        v, u = np.mgrid[0.5 : camera.height, 0.5 : camera.width]
        rays = np.stack([u, v, np.ones_like(u)], -1) @ np.linalg.inv(camera.matrix).T @ camera.rotation
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        passing = np.linalg.norm(np.cross(rays, CENTRE - camera.centre), axis=-1)
        masks.append(passing < RADIUS)
    return masks


@pytest.fixture(scope="module")
def cameras() -> list[Camera]:
    return ring()


@pytest.fixture(scope="module")
def masks(cameras: list[Camera]) -> Callable[[int], np.ndarray]:
    return ball_masks(cameras).__getitem__


@pytest.fixture(scope="module")
def ball(cameras: list[Camera], masks: Callable[[int], np.ndarray]) -> Hull:
    return visual_hull(cameras, masks, working_volume(cameras, masks), resolution=128)


def test_volume_holds_the_ball_tightly(cameras: list[Camera], masks: Callable[[int], np.ndarray]) -> None:
    box = working_volume(cameras, masks)
    assert (np.array(box.low) < CENTRE - RADIUS).all()
    assert (np.array(box.high) > CENTRE + RADIUS).all()
    assert max(box.extent) < 1.5 * 2 * RADIUS


def test_hull_holds_the_ball_and_little_more(ball: Hull) -> None:
    assert 4 / 3 * np.pi * RADIUS**3 * 0.99 < ball.volume < 4 / 3 * np.pi * RADIUS**3 * 1.12


def test_no_point_of_the_surface_lies_within_the_ball(ball: Hull) -> None:
    away = np.linalg.norm(surface(ball).vertices - CENTRE, axis=1) - RADIUS
    assert away.min() > -0.35
    assert np.median(away) < 0.5


def test_refining_gives_what_carving_every_voxel_gives(
    cameras: list[Camera], masks: Callable[[int], np.ndarray], ball: Hull
) -> None:
    from vestige.turntable.votes import votes

    places = np.argwhere(np.ones(ball.distance.shape, bool))[::997]
    points = places * ball.voxel + np.array(ball.origin)
    found = votes(cameras, masks, points).distance
    assert ((found >= 0) == (ball.distance[tuple(places.T)] >= 0)).all()


def test_surface_is_watertight_and_one_body(ball: Hull) -> None:
    found = surface(ball)
    assert found.open_edges() == 0
    assert len(found.vertices) - len(found.faces) * 3 // 2 + len(found.faces) == 2
    assert found.volume == pytest.approx(ball.volume, rel=0.02)


def test_slabs_are_joined_and_specks_dropped() -> None:
    x, y, z = np.mgrid[0:80, 0:30, 0:30]
    rod = np.where((x > 4) & (x < 76) & ((y - 15) ** 2 + (z - 15) ** 2 < 50), 127, -128).astype(np.int8)
    rod[1:3, 1:3, 1:3] = 127
    found = surface(Hull(rod, (0.0, 0.0, 0.0), 1.0))
    assert found.open_edges() == 0
    assert found.vertices[:, 1].min() > 5


def test_hull_at_the_edge_of_its_box_is_closed() -> None:
    found = surface(Hull(np.full((8, 8, 8), 127, np.int8), (0.0, 0.0, 0.0), 0.5))
    assert found.open_edges() == 0


def test_empty_hull_is_refused() -> None:
    with pytest.raises(InputError, match="empty"):
        surface(Hull(np.full((8, 8, 8), -128, np.int8), (0.0, 0.0, 0.0), 1.0))


def test_smoothing_keeps_the_volume(ball: Hull) -> None:
    rough = surface(ball)
    found = smooth(rough, 20)
    assert found.volume == pytest.approx(rough.volume, rel=0.005)
    assert found.open_edges() == 0
    assert smooth(rough, 0) is rough


def test_normals_point_outwards(ball: Hull) -> None:
    found = smooth(surface(ball), 10)
    outward = found.vertices - CENTRE
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    assert np.median(np.einsum("ij,ij->i", outward, found.normals())) > 0.98


def test_one_lost_silhouette_is_forgiven_by_one_miss(cameras: list[Camera], ball: Hull) -> None:
    lost = ball_masks(cameras)
    lost[3] = np.zeros_like(lost[3])
    lost[3][80:90, 80:90] = True
    box = Volume(tuple(CENTRE - 26), tuple(CENTRE + 26))
    strict = visual_hull(cameras, lost.__getitem__, box, resolution=64)
    tolerant = visual_hull(cameras, lost.__getitem__, box, resolution=64, misses=1)
    assert strict.volume < 0.5 * ball.volume
    assert tolerant.volume > 0.97 * ball.volume


def test_what_lies_outside_a_frame_is_not_carved_by_it(cameras: list[Camera], ball: Hull) -> None:
    cut = [mask[:, :80] for mask in ball_masks(cameras[:1])]
    narrow = Camera("n", 80, 160, cameras[0].matrix, cameras[0].rotation, cameras[0].translation)
    masks = [*cut, *ball_masks(cameras[1:])]
    box = Volume(tuple(CENTRE - 26), tuple(CENTRE + 26))
    found = visual_hull([narrow, *cameras[1:]], masks.__getitem__, box, resolution=64)
    assert found.volume == pytest.approx(ball.volume, rel=0.05)


def test_contradicting_silhouettes_are_one_sentence(cameras: list[Camera]) -> None:
    apart = [np.zeros((160, 160), bool) for _ in cameras]
    for number, mask in enumerate(apart):
        corner = 10 if number % 3 else 130
        mask[corner : corner + 15, corner : corner + 15] = True
    with pytest.raises(InputError, match="agree on no volume"):
        working_volume(cameras, apart.__getitem__)
    with pytest.raises(InputError, match="leave nothing"):
        visual_hull(cameras, apart.__getitem__, Volume((-9.0,) * 3, (9.0,) * 3), resolution=64)


def test_finished_levels_are_not_carved_again(
    cameras: list[Camera], masks: Callable[[int], np.ndarray], tmp_path: Path
) -> None:
    box = Volume(tuple(CENTRE - 26), tuple(CENTRE + 26))
    asked: list[int] = []

    def counting(number: int) -> np.ndarray:
        asked.append(number)
        return masks(number)

    first = visual_hull(cameras, counting, box, resolution=128, context=Context(tmp_path))
    before = len(asked)
    again = visual_hull(cameras, counting, box, resolution=128, context=Context(tmp_path))
    assert len(asked) == before
    assert (first.distance == again.distance).all()


def test_memory_bounds_the_resolution() -> None:
    box = Volume((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    assert largest_resolution(box, 2**26) < largest_resolution(box, 2**30)
    with pytest.raises(BudgetError, match="MiB"):
        largest_resolution(box, 2**14)


def test_small_memory_gives_the_same_hull(
    cameras: list[Camera], masks: Callable[[int], np.ndarray], ball: Hull, tmp_path: Path
) -> None:
    context = Context(tmp_path, budget=Budget(bytes=1))
    found = visual_hull(cameras, masks, working_volume(cameras, masks), resolution=128, context=context)
    assert (found.distance == ball.distance).all()


def test_triangle_area_and_volume() -> None:
    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    tetrahedron = Surface(corners, np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32))
    assert tetrahedron.volume == pytest.approx(1 / 6)
    assert tetrahedron.area == pytest.approx(1.5 + np.sqrt(3) / 2)
    assert tetrahedron.open_edges() == 0
    assert Surface(corners, tetrahedron.faces[:3]).open_edges() == 6
