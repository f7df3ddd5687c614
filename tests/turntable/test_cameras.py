"""Cameras: projection against analytic truth, both file formats, broken files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vestige.errors import InputError
from vestige.testing import mutants
from vestige.turntable import Camera, read_cameras

POSES: dict[str, Any] = {
    "unit": "mm",
    "camera": {
        "model": "SIMPLE_RADIAL",
        "width": 200,
        "height": 100,
        "f": 300.0,
        "cx": 100.0,
        "cy": 50.0,
        "k": 0.1,
    },
    "frames": [
        {
            "file": f"{name}.jpg",
            "R_cam_from_world": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
            "t_cam_from_world": [0, 0, 10],
        }
        for name in "ab"
    ],
}


def written(folder: Path, content: Any) -> Path:
    path = folder / "cameras.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def turned(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])


def test_distortion_follows_the_formula(tmp_path: Path) -> None:
    camera = read_cameras(written(tmp_path, POSES)).cameras[0]
    pixels, depth = camera.project(np.array([[2.0, 1.0, 0.0]]))
    bend = 1 + 0.1 * (0.2**2 + 0.1**2)
    assert pixels[0] == pytest.approx([300 * 0.2 * bend + 100, 300 * 0.1 * bend + 50])
    assert depth[0] == 10


def test_ray_undoes_project(tmp_path: Path) -> None:
    lens = np.array([[300.0, 0, 110], [0, 310, 45], [0, 0, 1]])
    camera = Camera("a", 200, 100, lens, turned(0.7), np.array([1.0, -2, 30]), radial=-0.2)
    point = np.array([3.0, 2.0, -1.0])
    pixels, _ = camera.project(point[None])
    away = np.linalg.norm(point - camera.centre)
    assert camera.centre + away * camera.ray((pixels[0, 0], pixels[0, 1])) == pytest.approx(point, abs=1e-6)


def test_projection_matrix_means_the_same_as_lens_and_pose(tmp_path: Path) -> None:
    lens = np.array([[300.0, 0, 110], [0, 310, 45], [0, 0, 1]])
    rotation, translation = turned(0.4), np.array([1.0, 2.0, 20.0])
    matrix = -2.5 * lens @ np.column_stack([rotation, translation])
    listed = {"width": 200, "height": 100, "frames": [{"file": "a.jpg", "P": matrix.tolist()}]}
    camera = read_cameras(written(tmp_path, listed)).cameras[0]
    assert camera.matrix == pytest.approx(lens, abs=1e-6)
    assert camera.rotation == pytest.approx(rotation, abs=1e-9)
    assert camera.translation == pytest.approx(translation, abs=1e-6)


def test_reduced_camera_sees_the_same(tmp_path: Path) -> None:
    camera = read_cameras(written(tmp_path, POSES)).cameras[0]
    points = np.array([[1.0, 1.0, 0.0], [-2.0, 0.5, 3.0]])
    assert camera.scaled(100, 50).project(points)[0] == pytest.approx(camera.project(points)[0] / 2)


@pytest.mark.parametrize(("unit", "expected"), [("mm", 1.0), ("cm", 10.0), ("m", 1000.0), (None, None)])
def test_unit(tmp_path: Path, unit: str | None, expected: float | None) -> None:
    assert read_cameras(written(tmp_path, {**POSES, "unit": unit})).unit_mm == expected


BROKEN = {
    "empty": "",
    "cut off": json.dumps(POSES)[:80],
    "no JSON": "\x89PNG not at all",
    "a list": [],
    "no frames": {**POSES, "frames": []},
    "no pose": {**POSES, "frames": [{"file": "a.jpg"}]},
    "no lens": {"frames": POSES["frames"]},
    "no focal length": {**POSES, "camera": {**POSES["camera"], "f": None}},
    "unknown model": {**POSES, "camera": {**POSES["camera"], "model": "FISHEYE"}},
    "not a number": json.dumps(POSES).replace("300.0", "NaN"),
    "no rotation": {**POSES, "frames": [{**POSES["frames"][0], "R_cam_from_world": [[1, 0, 0]] * 3}]},
    "twice": {**POSES, "frames": [POSES["frames"][0]] * 2},
    "P without size": {"frames": [{"file": "a.jpg", "P": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]]}]},
    "singular P": {"width": 9, "height": 9, "frames": [{"file": "a.jpg", "P": [[1, 0, 0, 0]] * 3}]},
    "zero P": {"width": 9, "height": 9, "frames": [{"file": "a.jpg", "P": [[0, 0, 0, 0]] * 3}]},
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_broken_file_is_one_sentence(tmp_path: Path, content: Any) -> None:
    with pytest.raises(InputError, match=r"cameras\.json") as caught:
        read_cameras(written(tmp_path, content))
    assert "\n" not in str(caught.value)


def test_missing_and_unreadable(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_cameras(tmp_path / "cameras.json")
    with pytest.raises(InputError, match="cannot be read"):
        read_cameras(tmp_path)


def test_mutants_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "cameras.json"
    for mutant in mutants(json.dumps(POSES).encode(), count=300):
        path.write_bytes(mutant)
        try:
            cameras = read_cameras(path).cameras
        except InputError as error:
            assert "\n" not in str(error)
        else:
            assert cameras
