"""The run: silhouettes, hull, surface, colours, model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Capture
from vestige.contract import Context, Inputs, Kind, Outcome, Picture, Product
from vestige.errors import InputError
from vestige.turntable.cameras import Camera
from vestige.turntable.colour import ViewColours, colours_from_view, vertex_colours, view_gains
from vestige.turntable.gltf import write_glb
from vestige.turntable.hull import largest_resolution, visual_hull
from vestige.turntable.outlines import Outline, Outlines, find_outlines
from vestige.turntable.pictures import beside_frames, from_all_sides
from vestige.turntable.placement import Placing, placing
from vestige.turntable.recipe import TurntableRecipe
from vestige.turntable.rendering import rasterise
from vestige.turntable.surfaces import Surface, smooth, surface
from vestige.turntable.views import capture_rig, capture_views, pixels
from vestige.turntable.volume import Volume, working_volume

__all__ = ["run"]

Floats = NDArray[np.float32]

#: Below this overlap of model and silhouettes (median over the views) there is no telling what was modelled.
_LEAST_AGREEMENT = 0.5
_DOUBTFUL_AGREEMENT = 0.85
_MUCH_UNSEEN = 0.2


@dataclass(frozen=True)
class _Shape:
    """The surface in the world of the cameras, and the voxel it was carved with."""

    body: Surface
    voxel: float
    resolution: int


@dataclass(frozen=True)
class _Colours:
    """Linear colours of the vertices, which of them a view saw, and for each view how much of its silhouette
    the model meets and the factor by which it was made brighter.
    """

    linear: Floats
    seen: NDArray[np.bool_]
    overlaps: list[float]
    gains: Floats


def run(inputs: Inputs, recipe: TurntableRecipe, context: Context) -> Outcome:
    """Make a coloured model of the object of a capture.

    Raises
    ------
    InputError
        where the capture has no cameras, a frame cannot be used, or the silhouettes agree on no body.
    """
    capture = inputs.capture()
    rig = capture_rig(capture)
    outlines = find_outlines(capture, capture_views(capture, rig, recipe, context), recipe, context)
    shape = _shape(outlines, recipe, context)
    colours = _colours(capture, outlines, shape, recipe, context)
    _check_agreement(capture, outlines, colours.overlaps, context)
    if (unseen := float(1 - colours.seen.mean())) > _MUCH_UNSEEN:
        context.warn(
            f"no view sees {unseen:.0%} of the surface, which is closed there by guess: "
            "add views from that side"
        )
    unit_mm = recipe.unit_mm or rig.unit_mm
    if unit_mm is None:
        context.warn(
            "the cameras state no unit, so the size of the model is unknown: "
            "set unit_mm, or 'unit' in cameras.json"
        )
    cameras = [outline.view.camera for outline in outlines.items]
    place = placing(shape.body, cameras, unit_mm)
    product = _written(shape.body, colours.linear, place, unit_mm, context)
    context.progress(1, 1, "pictures")
    return Outcome(
        products=[product],
        measurements=_measurements(shape, place, unit_mm, outlines, colours),
        pictures=_pictures(capture, outlines, shape.body, colours.linear, place),
        frames=_rows(outlines, colours),
    )


def _shape(outlines: Outlines, recipe: TurntableRecipe, context: Context) -> _Shape:
    cameras = [outline.view.camera for outline in outlines.items]
    context.progress(0, 3, "working volume")
    low, high = context.part("volume", _box, cameras, outlines, recipe.seen)
    volume = Volume(low, high)
    resolution = min(recipe.resolution, largest_resolution(volume, context.budget.working()))
    if resolution < recipe.resolution:
        context.warn(
            f"carved at {resolution} instead of {recipe.resolution} voxels, to stay within the memory granted"
        )
    context.progress(1, 3, "carving")
    vertices, faces, voxel = context.part(
        "surface", _carved, cameras, outlines, volume, resolution, recipe, context
    )
    context.progress(3, 3, "carving")
    return _Shape(Surface(vertices, faces), voxel, resolution)


_Triple = tuple[float, float, float]


def _box(cameras: Sequence[Camera], outlines: Outlines, seen: float) -> tuple[_Triple, _Triple]:
    volume = working_volume(cameras, outlines.mask, misses=outlines.misses, seen=seen)
    return volume.low, volume.high


def _carved(
    cameras: Sequence[Camera],
    outlines: Outlines,
    volume: Volume,
    resolution: int,
    recipe: TurntableRecipe,
    context: Context,
) -> tuple[Floats, NDArray[np.int32], float]:
    hull = visual_hull(
        cameras, outlines.mask, volume,
        resolution=resolution, misses=outlines.misses, seen=recipe.seen, context=context,
    )  # fmt: skip
    context.progress(2, 3, "surface")
    body = smooth(surface(hull), recipe.smoothing)
    return body.vertices, body.faces, hull.voxel


def _colours(
    capture: Capture, outlines: Outlines, shape: _Shape, recipe: TurntableRecipe, context: Context
) -> _Colours:
    """Colours of the vertices from all views, one view at a time."""
    normals = shape.body.normals()

    def part(number: int) -> tuple[NDArray[np.int32], Floats, Floats, float]:
        outline = outlines.items[number]
        return context.part(f"colours/{number:04d}", _colours_of, capture, outline, shape, normals)

    numbers = range(len(outlines.items))
    overlaps = [part(number)[3] for number in context.track(numbers, "colours")]

    def views() -> Iterator[ViewColours]:
        return (ViewColours(*part(number)[:3]) for number in numbers)

    gains = np.ones(len(numbers), np.float32)
    if recipe.even_exposure:
        gains = context.part("gains", view_gains, len(shape.body.vertices), views)
    evened = (replace(view, colours=view.colours * gain) for view, gain in zip(views(), gains, strict=True))
    colours, seen = vertex_colours(shape.body, evened, blend=recipe.blend)
    return _Colours(colours, seen, overlaps, gains)


def _colours_of(
    capture: Capture, outline: Outline, shape: _Shape, normals: Floats
) -> tuple[NDArray[np.int32], Floats, Floats, float]:
    camera, mask = outline.view.camera, outline.mask()
    image = pixels(capture, outline.view.frame, outline.view)
    depth, face = rasterise(shape.body, camera)
    found = colours_from_view(shape.body, normals, camera, image, mask, depth, tolerance=2 * shape.voxel)
    covered = face >= 0
    overlap = float((covered & mask).sum() / max(int((covered | mask).sum()), 1))
    return found.vertices, found.weights, found.colours, overlap


def _check_agreement(
    capture: Capture, outlines: Outlines, overlaps: Sequence[float], context: Context
) -> None:
    typical, worst = float(np.median(overlaps)), int(np.argmin(overlaps))
    name = outlines.items[worst].view.frame.file
    if typical < _LEAST_AGREEMENT:
        raise InputError(
            capture.root,
            f"has silhouettes that contradict one another: the best common body covers {typical:.0%} of them "
            f"({name}: {overlaps[worst]:.0%})",
            action="record a clean plate (role 'background') or use a dark cloth, and check cameras.json",
        )
    if typical < _DOUBTFUL_AGREEMENT or overlaps[worst] < _LEAST_AGREEMENT:
        context.warn(
            f"the silhouettes agree only in part: the model covers {typical:.0%} of a typical one and "
            f"{overlaps[worst]:.0%} of that of {name}"
        )


def _written(
    body: Surface, colours: Floats, place: Placing, unit_mm: float | None, context: Context
) -> Product:
    model = place.placed(body)
    about = {
        "unit": "m",
        "metric": unit_mm is not None,
        "unit_mm": unit_mm,
        "model_from_world": place.matrix.tolist(),
        "vertices": len(model.vertices),
        "faces": len(model.faces),
    }
    path = context.output / "model.glb"
    write_glb(path, model, model.normals(), colours, extras={"vestige": about})
    return Product("model", Kind.MESH, path, about)


def _measurements(
    shape: _Shape,
    place: Placing,
    unit_mm: float | None,
    outlines: Outlines,
    colours: _Colours,
) -> dict[str, Any]:
    turned = shape.body.vertices.astype(float) @ place.rotation.T
    sides = turned.max(axis=0) - turned.min(axis=0)
    found: dict[str, Any] = {
        "views": len(outlines.items),
        "silhouettes": outlines.method,
        "misses": outlines.misses,
        "resolution": shape.resolution,
        "vertices": len(shape.body.vertices),
        "faces": len(shape.body.faces),
        "open_edges": shape.body.open_edges(),
        "agreement_median": float(np.median(colours.overlaps)),
        "agreement_worst": float(np.min(colours.overlaps)),
        "vertices_without_colour": float(1 - colours.seen.mean()),
    }
    if unit_mm is None:
        return {**found, "size_units": sides.tolist(), "voxel_units": shape.voxel}
    return {
        **found,
        "size_mm": (sides * unit_mm).tolist(),
        "voxel_mm": shape.voxel * unit_mm,
        "volume_cm3": shape.body.volume * unit_mm**3 / 1000,
        "area_cm2": shape.body.area * unit_mm**2 / 100,
    }


def _pictures(
    capture: Capture, outlines: Outlines, body: Surface, colours: Floats, place: Placing
) -> list[Picture]:
    chosen = outlines.items[:: max(1, -(-len(outlines.items) // 5))]
    rows = [
        (o.view.frame.file, o.view.camera, pixels(capture, o.view.frame, o.view), o.mask()) for o in chosen
    ]
    return [*from_all_sides(place.placed(body), colours), beside_frames(rows, body, colours)]


def _rows(outlines: Outlines, colours: _Colours) -> list[dict[str, Any]]:
    return [
        {
            "file": outline.view.frame.file,
            "silhouette": outline.method,
            "share": round(outline.share, 4),
            "cut_off": round(outline.cut_off, 4),
            "contrast": round(outline.contrast, 2),
            "agreement": round(overlap, 4),
            "gain": round(float(gain), 3),
        }
        for outline, overlap, gain in zip(outlines.items, colours.overlaps, colours.gains, strict=True)
    ]
