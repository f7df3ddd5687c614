"""The forward model: a site with ring ditches, walked with a gradiometer, written as a logger writes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture import Calibration, Capture, Frame, Thing, coordinates, save
from vestige.contract import Recipe
from vestige.survey.forward.acquisition import Walk, Walked, walk
from vestige.survey.forward.gradiometer import Gradiometer
from vestige.survey.forward.kinds import GROUND_KINDS
from vestige.survey.forward.site import Anomaly, Site, draw_site, field_of
from vestige.survey.recipe import SceneRecipe

__all__ = ["make"]

#: North-west corner of the simulated site on the British National Grid.
EASTING, NORTHING, CRS = 431200.0, 287300.0, "EPSG:27700"
DUMMY = 2047.5


def make(recipe: Recipe, folder: Path, seed: int) -> Capture:
    """Write a simulated survey and its truth into `folder`; returns the capture.

    ``truth/truth.npz`` holds ``classes`` (0 no feature, 1 ring ditch, 2 out of bounds) and ``field`` (nT,
    free of noise) on square cells, ``clean`` and ``stripes`` for each reading; ``truth/rings.json`` lists
    the rings.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as name:
    ...     capture = make(SceneRecipe(width=20, height=20, rings=1, cell=0.25), Path(name), seed=1)
    ...     [frame.file for frame in capture.frames]
    ['site.cmp']
    """
    scene = SceneRecipe.model_validate(recipe.model_dump())
    random = np.random.default_rng([seed, 0x5E])
    instrument = Gradiometer(
        scene.field, scene.inclination, scene.declination, scene.sensor_height, scene.separation, scene.sensor
    )
    site = draw_site(
        scene.width,
        scene.height,
        scene.cell,
        instrument,
        random,
        rings=scene.rings,
        kind=GROUND_KINDS[scene.ground],
        contrast=scene.contrast,
        iron=scene.ferrous,
        furrows=scene.furrows,
    )
    made = field_of(site, random)
    plan = Walk(
        scene.traverse_interval,
        scene.reading_interval,
        scene.grid,
        scene.noise,
        scene.stripes,
        stagger=scene.stagger,
        missing=scene.missing,
        drift=scene.drift,
        sway=scene.sway,
    )
    walked = walk(made.field, scene.cell, plan, random)
    _write_truth(folder / "truth", site, made, walked, plan)
    files = (
        _write_geoplot(folder, scene, walked)
        if scene.file_format == "geoplot"
        else _write_xyz(folder, scene, walked)
    )
    return _write_manifest(folder, files, scene, seed)


def _write_manifest(folder: Path, files: list[str], scene: SceneRecipe, seed: int) -> Capture:
    place = coordinates(easting=EASTING, northing=NORTHING) if scene.file_format == "geoplot" else {}
    capture = Capture(
        thing=Thing(identifier=f"simulated-barrow-field-{seed}", title="Simulated barrow field"),
        frames=[Frame(file=files[0], coordinates=place)],
        calibration=[Calibration(kind="header", file=name) for name in files[1:]],
        settings={"crs": CRS, "instrument": scene.sensor, "separation_m": scene.separation},
        notes=["Simulated; the truth lies beneath truth/"],
    ).at(folder)
    save(capture, folder)
    return capture


def _write_truth(
    folder: Path,
    site: Site,
    made: Anomaly,
    walked: Walked,
    plan: Walk,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    field, cell = made.field, site.cell
    classes = (made.classes == 1).astype(np.uint8)
    rows = np.minimum(
        (np.arange(field.shape[0]) + 0.5) * cell // plan.traverse_interval, walked.clean.shape[0] - 1
    )
    columns = np.minimum(
        (np.arange(field.shape[1]) + 0.5) * cell // plan.reading_interval, walked.clean.shape[1] - 1
    )
    unread = np.isnan(walked.recorded)[np.ix_(rows.astype(int), columns.astype(int))]
    classes[unread] = 2
    np.savez_compressed(
        folder / "truth.npz",
        classes=classes,
        ground=made.classes,
        field=field,
        clean=walked.clean,
        stripes=walked.stripes,
        cell=cell,
    )
    rings = [_ring_record(site, number, cell, field, classes) for number in range(len(site.rings))]
    (folder / "rings.json").write_text(json.dumps(rings, indent=1) + "\n", encoding="utf-8")


def _ring_record(
    site: Site, number: int, cell: float, field: NDArray[np.float32], classes: NDArray[np.uint8]
) -> dict[str, Any]:
    """A ring as drawn, its place on the map, its strength, and how much of it was surveyed."""
    ring = site.rings[number]
    reach = 0.6 * ring.diameter + ring.width
    top, left = (site.height - ring.north - reach) / cell, (ring.east - reach) / cell
    window = (
        slice(max(0, int(top)), max(0, int(top + 2 * reach / cell))),
        slice(max(0, int(left)), max(0, int(left + 2 * reach / cell))),
    )
    ditch = classes[window] == 1
    values = field[window][ditch]
    return {
        **asdict(ring),
        "map_easting": EASTING + ring.east,
        "map_northing": NORTHING - site.height + ring.north,
        "peak_nt": round(float(np.percentile(values, 90)), 3) if values.size else None,
        "surveyed_m2": round(float(ditch.sum()) * cell**2, 2),
        "circumference_kept": round(ring.circumference_kept, 3),
    }


def _write_geoplot(folder: Path, scene: SceneRecipe, walked: Walked) -> list[str]:
    values = np.where(np.isnan(walked.recorded), np.float32(DUMMY), walked.recorded)
    (folder / "site.cmp").write_bytes(values.astype("<f4").tobytes())
    traverses, readings = values.shape
    header = [
        "SIM",
        "site",
        "01-06-24",
        "10:00:00",
        "E",
        f"{readings * scene.reading_interval:g} m",
        f"{traverses * scene.traverse_interval:g} m",
        f"{scene.traverse_interval:g} m",
        f"{scene.reading_interval:g} m",
        "Gradiom.",
        "FM256" if scene.sensor == "fluxgate" else "G-858",
        "simulated",
        f"{scene.grid:g} m",
        f"{scene.grid:g} m",
        "On",
        "Data",
        "1",
        "nT",
        "3.01",
        " 0",
    ]
    lines = [*header, *[""] * 80]
    (folder / "site.cmd").write_bytes("".join(f'"{line}"\r\n' for line in lines).encode("ascii"))
    return ["site.cmp", "site.cmd"]


def _write_xyz(folder: Path, scene: SceneRecipe, walked: Walked) -> list[str]:
    """Readings in the order walked: out along one traverse, back along the next."""
    lines = ["easting,northing,gradient_nT"]
    for number, traverse in enumerate(walked.recorded):
        northing = NORTHING - (number + 0.5) * scene.traverse_interval
        order = np.arange(traverse.size)[:: -1 if number % 2 else 1]
        lines += [
            f"{EASTING + (place + 0.5) * scene.reading_interval:.3f},{northing:.3f},{traverse[place]:.3f}"
            for place in order
            if np.isfinite(traverse[place])
        ]
    (folder / "site.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return ["site.csv"]
