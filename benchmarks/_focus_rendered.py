"""A cross-check on a renderer that is not ours: bristles, beads, wing and label, path-traced by Mitsuba 3.

Mitsuba's `thinlens` is an ideal lens of finite aperture; its `perspective` camera is the truth. Set *R*
shifts the focus of a lens that does not breathe, set *RS* moves the camera on a slider.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from _focus_peers import Contender
from _focus_truth import quality
from _harness import measure

#: Millimetres: the field's width and height at the table, the camera above it, the lens's radius.
FIELD, CAMERA, APERTURE = (16.0, 12.0), 110.0, 4.4
NEAREST, FARTHEST = 4.6, -0.2


def rendered(contenders: dict[str, Contender], work: Path, *, quick: bool) -> list[dict[str, Any]]:
    """One row a set and contender."""
    if importlib.util.find_spec("mitsuba") is None:
        print("rendered: not here (pip install mitsuba)")
        return []
    rows = []
    for name in ("R",) if quick else ("R", "RS"):
        folder = work / f"rendered-{name}"
        measure("render", render, str(folder), name == "RS", quick)
        for label, function in contenders.items():
            out = work / f"{folder.name}-{label.replace(' ', '-')}"
            row = measure(label, function, str(folder), str(out))
            figures = quality(str(folder), str(out))
            rows.append({"set": name, "contender": label, **figures, "s": row.seconds, "peak": row.peak_mib})
    return rows


def render(folder: str, slider: bool, quick: bool) -> None:
    """Write frames, manifest and truth."""
    import mitsuba

    from vestige.capture import Capture, Frame, coordinates, save
    from vestige.imaging import write_image

    # The compiled variants abort where the system's LLVM is not theirs; this one asks for nothing.
    mitsuba.set_variant("scalar_rgb")
    place = Path(folder)
    shutil.rmtree(place, ignore_errors=True)
    (place / "truth").mkdir(parents=True)
    size, count, samples = ((240, 180), 8, 144) if quick else ((360, 270), 10, 324)
    heights = np.linspace(NEAREST, FARTHEST, count)
    middle = float(heights[count // 2])
    things = _things(mitsuba, np.random.default_rng(5))
    # With few rays through the lens what is out of focus is grainy, as in no camera, and the contest is who
    # smooths most: at 48 independent rays the sharp frame of the true depth itself lost to all.
    frames, record = [], []
    for number, height in enumerate(heights.tolist(), start=1):
        # A slider moves the camera and keeps the distance in focus; a lens the other way round.
        above = CAMERA + (height - middle if slider else 0.0)
        camera = _camera(above, above - height, size, CAMERA)
        light = _shoot(mitsuba, things, camera, samples, number)
        noisy = light + np.random.default_rng(number).normal(0, 0.002, light.shape)
        name = f"focus_{number:03d}.tif"
        write_image(place / name, np.clip(noisy, 0, 1).astype(np.float32), depth=16, profile="srgb")
        frames.append(Frame(file=name, coordinates=coordinates(focus=round(60 - height, 4))))
        record.append(
            {"file": name, "matrix": _scale((CAMERA - height) / (above - height), size), "gain": 1.0}
        )
    view = _camera(CAMERA, None, size, CAMERA)
    write_image(place / "truth" / "image.tif", _shoot(mitsuba, things, view, 4 * samples, 0), depth=16)
    surface = _shoot(mitsuba, things, view, 16, 0, depth=True)
    write_image(place / "truth" / "depth.tif", (60 - surface).astype(np.float32), depth=32)
    step = float(heights[0] - heights[1])
    told = {"step_mm": step, "frames": record}
    (place / "truth" / "frames.json").write_text(json.dumps(told))
    save(Capture(frames=frames).at(place), place)


def _scale(factor: float, size: tuple[int, int]) -> list[list[float]]:
    """Growth by `factor` about the centre of the picture."""
    x, y = ((side - 1) / 2 * (1 - factor) for side in size)
    return [[factor, 0, x], [0, factor, y], [0, 0, 1]]


def _camera(above: float, focus: float | None, size: tuple[int, int], distance: float) -> dict[str, Any]:
    """Looking straight down; `focus` is the distance in focus, None for a pinhole."""
    import mitsuba

    transform = mitsuba.ScalarTransform4f().look_at(origin=[0, 0, above], target=[0, 0, 0], up=[0, 1, 0])
    camera: dict[str, Any] = {
        "type": "perspective" if focus is None else "thinlens",
        "fov": float(2 * np.degrees(np.arctan(FIELD[0] / 2 / distance))),
        "fov_axis": "x",
        "near_clip": 1.0,
        "to_world": transform,
        "film": {
            "type": "hdrfilm", "width": size[0], "height": size[1], "pixel_format": "rgb",
            "rfilter": {"type": "gaussian", "stddev": 0.5},
        },
    }  # fmt: skip
    if focus is not None:
        camera |= {"aperture_radius": APERTURE, "focus_distance": focus}
    return camera


def _shoot(
    mitsuba: Any,
    things: dict[str, Any],
    camera: dict[str, Any],
    samples: int,
    seed: int,
    *,
    depth: bool = False,
) -> np.ndarray[Any, Any]:
    """The picture (height, width, 3), or the height of what each pixel shows."""
    integrator = {"type": "aov", "aovs": "place:position"} if depth else {"type": "volpath", "max_depth": 5}
    sampler = {"type": "multijitter", "sample_count": samples}
    if depth:
        camera = {**camera, "film": {**camera["film"], "rfilter": {"type": "box"}}}
        things = {name: thing for name, thing in things.items() if name != "wing"}
    scene = mitsuba.load_dict(
        {"type": "scene", "integrator": integrator, "sensor": {**camera, "sampler": sampler}, **things}
    )
    picture = np.array(mitsuba.render(scene, spp=samples, seed=seed))
    picture = picture[:, ::-1]  # its x axis runs to the left
    return picture[..., 2] if depth else picture[..., :3].astype(np.float32)


def _things(mitsuba: Any, random: np.random.Generator) -> dict[str, Any]:
    """Label, beads, crossing bristles and a see-through wing, under sky and sun."""
    turned = mitsuba.ScalarTransform4f
    sun = {"type": "rgb", "value": 1.2}
    things: dict[str, Any] = {
        "sky": {"type": "constant", "radiance": {"type": "rgb", "value": 0.55}},
        "sun": {"type": "directional", "direction": [0.5, -0.5, -0.8], "irradiance": sun},
        "label": {
            "type": "rectangle",
            "to_world": turned().translate([0, 0, 0.3]).rotate([0, 1, 0], 1.5).scale([10, 8, 1]),
            "bsdf": _matt(mitsuba, _label(random)),
        },
        "wing": {
            "type": "rectangle",
            "to_world": turned().translate([2.5, -2.4, 2.2]).rotate([0, 1, 0], -14).scale([4.5, 1.8, 1]),
            "bsdf": _wing(mitsuba, random),
        },
    }  # fmt: skip
    for number, (x, y, radius) in enumerate(
        ((-5, 2.6, 1.3), (-2.2, 3.6, 0.9), (4.6, 3.2, 1.5), (-4.6, -3, 1.0))
    ):
        things[f"bead_{number}"] = {
            "type": "sphere",
            "to_world": turned().translate([x, y, radius + 0.2]).rotate([1, 0, 0], 70).scale(radius),
            "bsdf": _matt(mitsuba, _mottled(random)),
        }
    for number in range(70):
        start = random.uniform((-8, -6, 0.4), (8, 6, 4.2))
        angle = random.uniform(0, 2 * np.pi)
        reach = random.uniform(1.5, 4.0)
        end = start + np.array([reach * np.cos(angle), reach * np.sin(angle), random.uniform(-1.0, 1.0)])
        tone = float(random.uniform(0.05, 0.7))
        things[f"bristle_{number}"] = {
            "type": "cylinder",
            "p0": start.tolist(),
            "p1": [*end[:2].tolist(), float(np.clip(end[2], 0.4, 4.4))],
            "radius": float(random.uniform(0.03, 0.08)),
            "bsdf": {
                "type": "twosided",
                "inner": {
                    "type": "diffuse",
                    "reflectance": {"type": "rgb", "value": [tone, 0.8 * tone, 0.5 * tone]},
                },
            },
        }
    return things


def _matt(mitsuba: Any, colour: np.ndarray[Any, Any]) -> dict[str, Any]:
    bitmap = mitsuba.Bitmap(np.ascontiguousarray(colour, np.float32))
    texture = {"type": "bitmap", "bitmap": bitmap, "raw": True}
    return {"type": "twosided", "inner": {"type": "diffuse", "reflectance": texture}}


def _wing(mitsuba: Any, random: np.random.Generator) -> dict[str, Any]:
    """Veins on a film that lets most light through, cut to an ellipse."""
    y, x = np.mgrid[-1:1:256j, -1:1:512j]
    veins = cv2.GaussianBlur(random.standard_normal((256, 512)), (0, 0), 9)
    veins = np.exp(-((veins / veins.std() / 0.10) ** 2))
    inside = np.clip((1 - np.hypot(x, y)) * 100, 0, 1)
    opacity = np.asarray((inside * (0.15 + 0.8 * np.clip(veins, 0, 1)))[..., None], np.float32)
    film = {"type": "bitmap", "bitmap": mitsuba.Bitmap(opacity), "raw": True}
    brown = {"type": "diffuse", "reflectance": {"type": "rgb", "value": [0.25, 0.17, 0.08]}}
    return {"type": "mask", "opacity": film, "inner": {"type": "twosided", "inner": brown}}


def _label(random: np.random.Generator) -> np.ndarray[Any, Any]:
    """Grained card with print all over."""
    grain = cv2.GaussianBlur(random.standard_normal((1600, 2000)), (0, 0), 2)
    ink = np.zeros((1600, 2000), np.uint8)
    for row in range(14):
        place = (90 + 40 * (row % 3), 120 + 110 * row)
        cv2.putText(
            ink, "Herbarium  No. 1811  Pisa", place, cv2.FONT_HERSHEY_COMPLEX, 2.6, 255, 6, cv2.LINE_AA
        )
    card = (0.62 + 0.12 * grain) * (1 - ink / 255) + 0.05 * (ink / 255)
    return np.clip(card[..., None] * np.array([1.0, 0.95, 0.8]), 0.02, 0.9)


def _mottled(random: np.random.Generator) -> np.ndarray[Any, Any]:
    coat = cv2.GaussianBlur(random.standard_normal((256, 512)), (0, 0), 2.5)
    spots = np.where(coat > 0.6 * coat.std(), 0.7, 0.22) + 0.25 * random.standard_normal((256, 512)) * 0.2
    return np.clip(spots[..., None] * random.uniform(0.4, 1.0, 3), 0.02, 0.9)
