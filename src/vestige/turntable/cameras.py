"""Cameras: where each view was taken from, and how its lens maps the world on to pixels.

Pixel coordinates count from the top left corner of the frame, so that the centre of the first pixel is
(0.5, 0.5), as COLMAP has it. A camera looks along its +z, x points right and y down.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import numba
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from scipy.linalg import rq

from vestige.errors import InputError

__all__ = ["Camera", "Rig", "read_cameras"]

Floats = NDArray[np.float64]
_LARGEST_FILE = 64 << 20


@dataclass(frozen=True)
class Camera:
    """One calibrated view: a pinhole with one term of radial distortion.

    Attributes
    ----------
    file : name of the frame.
    width, height : pixels of the frame that the calibration is for.
    matrix : (3, 3) intrinsic matrix, pixels.
    rotation, translation : world to camera, ``x_camera = rotation @ x_world + translation``.
    radial : k of ``x_distorted = x (1 + k r^2)`` in normalised image coordinates (COLMAP's SIMPLE_RADIAL).

    >>> lens = np.diag([500.0, 500.0, 1.0])
    >>> camera = Camera("a.jpg", 200, 100, lens, np.eye(3), np.array([0.0, 0.0, 10.0]))
    >>> pixels, depth = camera.project(np.array([[1.0, 0.0, 0.0]]))
    >>> pixels.tolist(), depth.tolist()
    ([[50.0, 0.0]], [10.0])
    """

    file: str
    width: int
    height: int
    matrix: Floats
    rotation: Floats
    translation: Floats
    radial: float = 0.0

    @property
    def centre(self) -> Floats:
        """Where the camera stands in the world, (3,)."""
        return np.asarray(-self.rotation.T @ self.translation)

    @property
    def focal(self) -> float:
        """Mean focal length in pixels."""
        return float(np.sqrt(self.matrix[0, 0] * self.matrix[1, 1]))

    def project(self, points: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Pixels (n, 2) and depths (n,) of world points (n, 3), in the float type of the points.

        Points behind the camera have a depth of 0 or less and no meaningful pixel.
        """
        kind = np.float32 if points.dtype == np.float32 else np.float64
        pose = np.ascontiguousarray(np.column_stack([self.rotation, self.translation]))
        return _projected(  # type: ignore[no-any-return]
            np.ascontiguousarray(points, kind), pose, np.ascontiguousarray(self.matrix), self.radial
        )

    def ray(self, pixel: tuple[float, float]) -> Floats:
        """Unit direction in the world, (3,), of what is seen at a pixel."""
        x, y, _ = np.linalg.solve(self.matrix, [*pixel, 1.0])
        bend = 1.0
        for _ in range(20):
            bend = 1 + self.radial * (x * x + y * y) / (bend * bend)
        direction = self.rotation.T @ np.array([x / bend, y / bend, 1.0])
        return np.asarray(direction / np.linalg.norm(direction))

    def scaled(self, width: int, height: int) -> Camera:
        """The same camera for its frame reduced or enlarged to another size."""
        matrix = np.diag([width / self.width, height / self.height, 1.0]) @ self.matrix
        return replace(self, width=width, height=height, matrix=matrix)


@numba.njit(cache=True, nogil=True)
def _projected(points: Any, pose: Any, lens: Any, radial: float) -> Any:
    pixels = np.empty((points.shape[0], 2), points.dtype)
    depth = np.empty(points.shape[0], points.dtype)
    for n in range(points.shape[0]):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        across = pose[0, 0] * x + pose[0, 1] * y + pose[0, 2] * z + pose[0, 3]
        down = pose[1, 0] * x + pose[1, 1] * y + pose[1, 2] * z + pose[1, 3]
        away = pose[2, 0] * x + pose[2, 1] * y + pose[2, 2] * z + pose[2, 3]
        scale = away if abs(away) > 1e-9 else 1e-9
        u, v = across / scale, down / scale
        bend = 1 + radial * (u * u + v * v)
        pixels[n, 0] = (lens[0, 0] * u + lens[0, 1] * v) * bend + lens[0, 2]
        pixels[n, 1] = (lens[1, 0] * u + lens[1, 1] * v) * bend + lens[1, 2]
        depth[n] = away
    return pixels, depth


@dataclass(frozen=True)
class Rig:
    """All cameras of a capture, and the length of one unit of their world in mm (None: not known)."""

    cameras: tuple[Camera, ...]
    unit_mm: float | None

    def of(self, file: str) -> Camera | None:
        """The camera of a frame, by the name of its file."""
        name = Path(file).name
        return next((camera for camera in self.cameras if Path(camera.file).name == name), None)


_Row3 = tuple[float, float, float]
_Row4 = tuple[float, float, float, float]


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True)


class _Lens(_Model):
    model: Literal["SIMPLE_PINHOLE", "PINHOLE", "SIMPLE_RADIAL"]
    width: int = Field(gt=0, le=200_000)
    height: int = Field(gt=0, le=200_000)
    f: float | None = Field(default=None, gt=0)
    fx: float | None = Field(default=None, gt=0)
    fy: float | None = Field(default=None, gt=0)
    cx: float
    cy: float
    k: float = Field(default=0.0, ge=-10, le=10)

    @model_validator(mode="after")
    def _focal(self) -> Self:
        if self.f is None and (self.fx is None or self.fy is None):
            raise ValueError("a camera needs f, or fx and fy")
        return self

    def matrix(self) -> Floats:
        fx, fy = self.fx or self.f, self.fy or self.f
        return np.array([[fx, 0, self.cx], [0, fy, self.cy], [0, 0, 1]], float)


class _View(_Model):
    file: str = Field(min_length=1)
    camera: _Lens | None = None
    rotation: tuple[_Row3, _Row3, _Row3] | None = Field(default=None, alias="R_cam_from_world")
    translation: _Row3 | None = Field(default=None, alias="t_cam_from_world")
    projection: tuple[_Row4, _Row4, _Row4] | None = Field(default=None, alias="P")

    @model_validator(mode="after")
    def _posed(self) -> Self:
        if self.projection is None and (self.rotation is None or self.translation is None):
            raise ValueError("a frame needs P, or R_cam_from_world and t_cam_from_world")
        return self


class _File(_Model):
    unit: Literal["mm", "cm", "m"] | None = None
    camera: _Lens | None = None
    width: int | None = Field(default=None, gt=0, le=200_000)
    height: int | None = Field(default=None, gt=0, le=200_000)
    frames: tuple[_View, ...] = Field(min_length=1)


def read_cameras(path: str | os.PathLike[str]) -> Rig:
    """Read a ``cameras.json``: one lens and a pose a frame, or a 3 x 4 projection matrix a frame.

    The file holds ``frames``, each with ``file`` and either ``R_cam_from_world`` and ``t_cam_from_world``
    (then ``camera`` stands beside ``frames`` or within the frame: ``model`` SIMPLE_PINHOLE, PINHOLE or
    SIMPLE_RADIAL, ``width``, ``height``, ``f`` or ``fx`` and ``fy``, ``cx``, ``cy``, ``k``) or ``P`` (then
    ``width`` and ``height`` stand beside ``frames``). ``unit`` is mm, cm or m; without it the scale is
    unknown.

    Raises
    ------
    InputError
        where the file is missing or malformed; the sentence names the first fault.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "cameras.json")
    >>> _ = path.write_text('{"width": 200, "height": 100, "unit": "m", "frames": '
    ...     '[{"file": "a.jpg", "P": [[500, 0, 100, 0], [0, 500, 50, 0], [0, 0, 1, 3]]}]}')
    >>> rig = read_cameras(path)
    >>> rig.unit_mm, rig.cameras[0].focal, rig.cameras[0].centre.round(6).tolist()
    (1000.0, 500.0, [0.6, 0.3, -3.0])
    """
    path = Path(path)
    listed = _parsed(path)
    cameras = tuple(_camera(path, listed, view) for view in listed.frames)
    names = [Path(camera.file).name for camera in cameras]
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise InputError(path, f"lists {double} twice", "one camera a frame")
    return Rig(cameras, {None: None, "mm": 1.0, "cm": 10.0, "m": 1000.0}[listed.unit])


def _parsed(path: Path) -> _File:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise InputError(path, "is larger than 64 MiB", "a list of cameras")
        text = path.read_bytes()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})", "a list of cameras") from None
    if not text.strip():
        raise InputError(path, "is empty", "a list of cameras", "export the calibration again")
    try:
        return _File.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        message = first["msg"].removeprefix("Value error, ")
        raise InputError(path, f"is no list of cameras: {where}: {message}") from None


def _camera(path: Path, listed: _File, view: _View) -> Camera:
    if view.projection is not None:
        if listed.width is None or listed.height is None:
            raise InputError(
                path, "gives matrices P without width and height", "the size of the frames in pixels"
            )
        matrix, rotation, translation = _decomposed(path, view)
        return Camera(view.file, listed.width, listed.height, matrix, rotation, translation)
    lens = view.camera or listed.camera
    if lens is None:
        raise InputError(path, f"gives no lens for {view.file}", "'camera' beside the frames or within each")
    rotation = np.array(view.rotation, float)
    if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-3 or np.linalg.det(rotation) < 0:
        raise InputError(
            path, f"has no rotation in R_cam_from_world of {view.file}", "an orthonormal 3 x 3 matrix"
        )
    return Camera(
        view.file, lens.width, lens.height, lens.matrix(), rotation, np.array(view.translation, float), lens.k
    )


def _decomposed(path: Path, view: _View) -> tuple[Floats, Floats, Floats]:
    """Intrinsics and pose of a projection matrix (Hartley and Zisserman 2004, section 6.2.4)."""
    projection = np.array(view.projection, float)
    size = float(np.abs(projection).max())
    if size == 0 or abs(np.linalg.det(projection[:, :3] / size)) < 1e-12:
        raise InputError(path, f"has a singular P for {view.file}", "a 3 x 4 projection matrix of rank 3")
    if np.linalg.det(projection[:, :3]) < 0:
        projection = -projection
    matrix, rotation = rq(projection[:, :3])
    signs = np.diag(np.where(np.diag(matrix) < 0, -1.0, 1.0))
    matrix, rotation = matrix @ signs, signs @ rotation
    translation = np.linalg.solve(matrix, projection[:, 3])
    return matrix / matrix[2, 2], rotation, translation
