"""What the forward model photographs: targets on a plane, a lens, a sensor; all of it stated, nothing drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vestige.quality.targets.camera import Camera
from vestige.quality.targets.layout import Layout, layout

__all__ = ["Lens", "Placed", "Scene", "Sensor"]

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Placed:
    """A target on the plane: its centre at (x, y) mm from the middle, turned clockwise by `angle` degrees.

    >>> Placed("scale-bar").on_plane(np.array([[64.0, 9.0]])).tolist()
    [[0.0, 0.0]]
    """

    kind: str
    x: float = 0.0
    y: float = 0.0
    angle: float = 0.0

    @property
    def layout(self) -> Layout:
        """How it is printed."""
        return layout(self.kind)

    def on_plane(self, points: Points) -> Points:
        """Millimetres of the target (n, 2) to millimetres of the plane."""
        turn = np.radians(self.angle)
        matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        centred = np.asarray(points, np.float64) - np.array(self.layout.size) / 2
        return np.asarray(centred @ matrix.T + (self.x, self.y), np.float64)


@dataclass(frozen=True)
class Lens:
    """What the optics do.

    Attributes
    ----------
    blur : standard deviation of the Gaussian spread, pixels.
    distortion : radial, share of the radius at the corner of the frame; above 0 is pincushion.
    vignetting : share of the light that is missing at the corner.
    stray : share of the mean light of the frame that lies over all of it.

    >>> Lens().blur
    0.5
    """

    blur: float = 0.5
    distortion: float = 0.0
    vignetting: float = 0.0
    stray: float = 0.0


@dataclass(frozen=True)
class Sensor:
    """What the sensor adds: photon noise of `electrons` at white, `read` electrons of read noise.

    >>> round(float(Sensor(electrons=10000, read=0).variance(np.array(1.0))), 6)
    0.0001
    """

    electrons: float = 40_000.0
    read: float = 10.0

    def variance(self, raw: NDArray[np.floating]) -> NDArray[np.floating]:
        """Variance of the noise where a channel reads `raw` (white is 1)."""
        return np.maximum(raw, 0) / self.electrons + (self.read / self.electrons) ** 2


@dataclass(frozen=True)
class Scene:
    """Targets, seen by a camera that stands over them.

    Attributes
    ----------
    targets : what lies on the plane.
    width, height : of the frame, pixels.
    ppi : pixels an inch at the middle of the frame.
    angle : degrees by which the whole plane is turned, clockwise.
    tilt_x, tilt_y : degrees by which the sensor is not parallel to the plane.
    distance : of the plane, in diagonals of the frame on it; a small one makes the perspective strong.
    exposure : reading of the perfect diffuser.
    surround : L* of the plane.
    clutter : coloured pieces of paper about the targets.

    >>> Scene((Placed("ruler"),)).pixels(np.zeros((1, 2))).tolist()
    [[599.5, 449.5]]
    """

    targets: tuple[Placed, ...]
    width: int = 1200
    height: int = 900
    ppi: float = 100.0
    angle: float = 0.0
    tilt_x: float = 0.0
    tilt_y: float = 0.0
    distance: float = 2.0
    exposure: float = 1.0
    surround: float = 55.0
    clutter: int = 0
    camera: Camera = field(default_factory=Camera)
    lens: Lens = field(default_factory=Lens)
    sensor: Sensor = field(default_factory=Sensor)
    seed: int = 0

    @property
    def middle(self) -> Points:
        """Centre of the frame, pixels."""
        return np.array([(self.width - 1) / 2, (self.height - 1) / 2])

    @property
    def half_diagonal(self) -> float:
        """Pixels from the middle to a corner."""
        return float(np.hypot(self.width, self.height) / 2)

    def pixels(self, plane: Points) -> Points:
        """Where points (n, 2) of the plane, in mm, appear in the frame: a pinhole, then the lens."""
        scale = self.ppi / 25.4
        far = self.distance * 2 * self.half_diagonal / scale
        a, b, c = np.radians([self.angle, self.tilt_x, self.tilt_y])
        in_plane = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
        about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
        about_y = np.array([[np.cos(c), 0, np.sin(c)], [0, 1, 0], [-np.sin(c), 0, np.cos(c)]])
        points = np.asarray(plane, np.float64)
        seen = np.column_stack([points, np.zeros(len(points))]) @ (about_y @ about_x @ in_plane).T
        flat = seen[:, :2] * (scale * far / (far + seen[:, 2:]))
        radius = (flat**2).sum(axis=1, keepdims=True) / self.half_diagonal**2
        return np.asarray(self.middle + flat * (1 + self.lens.distortion * radius), np.float64)

    def where(self, target: Placed, points: Points) -> Points:
        """Where points (n, 2) of a target, in its mm, appear in the frame."""
        return self.pixels(target.on_plane(points))
