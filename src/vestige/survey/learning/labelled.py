"""Tiles cut from real surveys, with the labels that people drew on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestige.capture import file_digest
from vestige.contract import Context, Inputs
from vestige.errors import InputError
from vestige.survey.cleaned import as_cleaned, as_recorded, pieces_of
from vestige.survey.forward.strength import noise_of
from vestige.survey.gridding import Raster, interpolate
from vestige.survey.learning.dataset import write_shard
from vestige.survey.learning.labels import Labels, read_labels
from vestige.survey.learning.made import Made
from vestige.survey.learning.splits import SPLITS, Box, groups_of, leaks_of, splits_of
from vestige.survey.readers.reading import data_frames, read_survey
from vestige.survey.recipe import DatasetRecipe
from vestige.survey.traverses import Survey, Values

__all__ = ["Place", "cut_tile", "make_tiles", "places_of"]

#: Tiles a file.
SHARD = 64
#: Files that belong to one of that ending.
COMPANIONS = {".sgrd": (".sdat", ".prj"), ".shp": (".dbf", ".shx", ".prj"), ".cmp": (".cmd",)}

#: Places tried for one tile without a label.
TRIES = 100


@dataclass(frozen=True)
class Place:
    """Where a tile is cut: number of the survey, its north-west corner (m), and why."""

    survey: int
    west: float
    north: float
    why: str

    def box(self, side: float) -> Box:
        """West, south, east, north of a tile of `side` m."""
        return self.west, self.north - side, self.west + side, self.north


def make_tiles(inputs: Inputs, recipe: DatasetRecipe, folder: Path, context: Context) -> Made:
    """Cut tiles from the surveys and labels given, in such splits that no ground is in two of them."""
    surveys = _surveys(inputs, recipe, context)
    paths = [product.path for name in ("features", "points") for product in inputs.products(name)]
    labels = read_labels(paths, recipe.labels, surveys[0].crs)
    places, beside = places_of(surveys, labels, recipe, context.random(3))
    _tell(labels, beside, context)
    sites = groups_of([(survey.crs or "local", _extent(survey)) for survey in surveys])
    splits, moved = _splits(places, sites, surveys, recipe)
    shares = {"train": 1.0, "validation": recipe.validation, "test": recipe.test}
    if lacking := [split for split, share in shares.items() if share and split not in splits]:
        context.warn(f"no tile is left for {' or '.join(lacking)}: too few share no ground with others")
    counts = ", ".join(f"{count} {name}" for name, count in sorted(labels.counts.items()))
    notes = [
        f"labels: {counts}; {len(labels.rejected)} rejected by a reviewer",
        *context.warnings,
        f"leak check: no ground is in two splits; {moved} tiles were moved to make it so",
    ]
    rows = []
    for first in context.track(range(0, len(places), SHARD), "tiles"):
        rows += _shard(first, places, surveys, sites, labels, recipe, folder)
    for row, split in zip(rows, splits, strict=True):
        row["split"] = split
    measured = {"labels": len(labels.polygons), "repaired": labels.repaired, "labels_beside": beside}
    return Made(rows, _digests(inputs, paths), notes, {**measured, "moved_for_leaks": moved})


def _surveys(inputs: Inputs, recipe: DatasetRecipe, context: Context) -> list[Survey]:
    """The readings of captures, cleaned as `run` does it, and grids as they are."""
    surveys: list[Survey] = []
    if inputs.captures():
        surveys = as_cleaned(pieces_of(*as_recorded(inputs.captures(), recipe, context), recipe))
    surveys += [read_survey(product.path) for product in inputs.products("grid")]
    for survey in surveys:
        if survey.crs != surveys[0].crs:
            raise InputError(
                survey.source,
                f"is in {survey.crs or 'a local grid'}",
                f"{surveys[0].crs or 'a local grid'} as the first file",
            )
    return surveys


def _extent(survey: Survey) -> Box:
    height, width = survey.extent
    return survey.west, survey.north - height, survey.west + width, survey.north


def _tell(labels: Labels, beside: int, context: Context) -> None:
    """Warn of labels that were repaired or left out."""
    if labels.repaired:
        context.warn(f"{labels.repaired} polygons crossed themselves and were repaired")
    if labels.other:
        other = ", ".join(f"{count} {name}" for name, count in sorted(labels.other.items()))
        context.warn(f"polygons of other classes were left out: {other}")
    if beside:
        context.warn(f"{beside} labels lie beside every survey and were left out")


def _splits(
    places: Sequence[Place], sites: Sequence[int], surveys: Sequence[Survey], recipe: DatasetRecipe
) -> tuple[list[str], int]:
    """The split of each tile, and how many were moved because their ground is in another split too."""
    side = recipe.pixels * recipe.cell
    boxes = [(surveys[place.survey].crs or "local", place.box(side)) for place in places]
    if recipe.split_by == "site":
        names = sorted(set(sites))
        by_site = dict(zip(names, splits_of(len(names), recipe.validation, recipe.test), strict=True))
        wanted = [by_site[sites[place.survey]] for place in places]
    else:
        wanted = splits_of(len(places), recipe.validation, recipe.test)
    if recipe.leaks == "refuse" and (leaks := leaks_of(boxes, wanted)):
        raise InputError(
            surveys[0].source or "the survey",
            f"gives {leaks} pairs of tiles that share ground though they are in different splits",
            "splits that share none",
            "split by site, or let the tiles be moved",
        )
    groups = groups_of(boxes)
    chosen: dict[int, Counter[str]] = {}
    for group, split in zip(groups, wanted, strict=True):
        chosen.setdefault(group, Counter())[split] += 1
    best = {group: max(SPLITS, key=counts.__getitem__) for group, counts in chosen.items()}
    kept = [best[group] for group in groups]
    return kept, sum(one != other for one, other in zip(kept, wanted, strict=True))


def _shard(
    first: int,
    places: Sequence[Place],
    surveys: Sequence[Survey],
    sites: Sequence[int],
    labels: Labels,
    recipe: DatasetRecipe,
    folder: Path,
) -> list[dict[str, Any]]:
    """Cut the tiles of one shard and write them; returns their lines of the index, less the split."""
    name, rows = f"shard_{first // SHARD:04d}.npz", []
    tiles = [
        cut_tile(surveys[place.survey], place, labels, recipe) for place in places[first : first + SHARD]
    ]
    for row, (place, (values, classes)) in enumerate(zip(places[first:], tiles, strict=False)):
        survey, known = surveys[place.survey], classes <= len(recipe.labels)
        share = float((classes[known] > 0).sum()) / max(int(known.sum()), 1)
        rows.append(
            {
                "tile": first + row,
                "shard": name,
                "row": row,
                "site": sites[place.survey],
                "cell_m": recipe.cell,
                "rings": int(place.why == "label"),
                "feature_share": round(share, 5),
                "traverse_m": survey.traverse_m,
                "reading_m": survey.reading_m,
                "sensor": survey.instrument,
                "noise_nt": round(noise_of(values), 4),
                "ground": Path(survey.source).name,
            }
        )
    write_shard(
        folder / name,
        np.stack([values for values, _ in tiles]).astype(np.float16),
        np.stack([classes for _, classes in tiles]),
    )
    return rows


def _digests(inputs: Inputs, labels: Sequence[Path]) -> dict[str, str]:
    """Every source by its SHA-256."""
    paths = [capture.path(frame) for capture in inputs.captures() for frame in data_frames(capture)]
    paths += [*(product.path for product in inputs.products("grid")), *labels]
    beside = [path.with_suffix(end) for path in paths for end in COMPANIONS.get(path.suffix.lower(), ())]
    return {path.name: file_digest(path) for path in [*paths, *beside] if path.exists()}


def places_of(
    surveys: Sequence[Survey], labels: Labels, recipe: DatasetRecipe, random: np.random.Generator
) -> tuple[list[Place], int]:
    """Where tiles are cut, and how many labels lie beside every survey.

    One tile on each centre (in the last survey that covers it), one on each rejected label where these are
    wanted as hard negatives, and tiles without any label in the share that the recipe asks for.

    Raises
    ------
    InputError : not one label lies on a survey.
    """
    import shapely

    side = recipe.pixels * recipe.cell
    refused = [(shape.centroid.x, shape.centroid.y) for shape in labels.rejected]
    wanted = [(*centre, "label") for centre in labels.centres]
    if recipe.rejected == "hard-negatives":
        wanted += [(*centre, "rejected") for centre in refused]
    found: list[Place] = []
    for east, north, why in wanted:
        number = _covering(surveys, east, north)
        if number is not None:
            found.append(Place(number, east - side / 2, north + side / 2, why))
    labelled = sum(place.why == "label" for place in found)
    if not labelled:
        raise _beside(surveys, labels)
    drawn = [shape for shape, _ in labels.polygons]
    taken = shapely.STRtree([*drawn, *(() if recipe.rejected == "hard-negatives" else labels.rejected)])
    empty = round(labelled * (1 - recipe.ring_share) / max(recipe.ring_share, 1e-6))
    for _ in range(empty):
        place = _empty(surveys, taken, side, random)
        if place is not None:
            found.append(place)
    return found, len(labels.centres) - labelled


def _covering(surveys: Sequence[Survey], east: float, north: float) -> int | None:
    """The number of the last survey whose extent holds a place."""
    for number in reversed(range(len(surveys))):
        survey = surveys[number]
        height, width = survey.extent
        if 0 <= east - survey.west <= width and 0 <= survey.north - north <= height:
            return number
    return None


def _beside(surveys: Sequence[Survey], labels: Labels) -> InputError:
    """What to say of labels that lie on no survey."""
    east, north = labels.centres[0]
    survey = surveys[0]
    height, width = survey.extent
    away = np.hypot(
        max(survey.west - east, east - survey.west - width, 0),
        max(survey.north - height - north, north - survey.north, 0),
    )
    return InputError(
        survey.source or "the survey",
        f"has no label on it: the first lies {away / 1000:.1f} km beside it",
        f"labels in {survey.crs or 'its local grid'}",
        "see to the reference system of both",
    )


def _empty(
    surveys: Sequence[Survey], taken: object, side: float, random: np.random.Generator
) -> Place | None:
    """A place without a label, most of it surveyed."""
    import shapely

    for _ in range(TRIES):
        number = int(random.integers(len(surveys)))
        survey = surveys[number]
        height, width = survey.extent
        west = survey.west + float(random.uniform(0, max(width - side, 0)))
        north = survey.north - float(random.uniform(0, max(height - side, 0)))
        box = shapely.box(west, north - side, west + side, north)
        read, _, _ = survey.north_up()
        down = slice(*(int(part / height * len(read)) for part in _span(survey.north - north, side, height)))
        across = slice(
            *(int(part / width * read.shape[1]) for part in _span(west - survey.west, side, width))
        )
        if np.isfinite(read[down, across]).mean() > 0.5 and not taken.query(box, "intersects").size:  # type: ignore[attr-defined]
            return Place(number, west, north, "empty")
    return None


def _span(start: float, length: float, limit: float) -> tuple[float, float]:
    return start, min(start + length, limit)


def cut_tile(
    survey: Survey, place: Place, labels: Labels, recipe: DatasetRecipe
) -> tuple[Values, NDArray[np.uint8]]:
    """Values (nT, NaN where not surveyed) and classes of a tile; later labels lie over earlier ones."""
    import rasterio.features
    import shapely
    from affine import Affine

    side = recipe.pixels * recipe.cell
    raster = Raster(place.west, place.north, recipe.cell, recipe.pixels, recipe.pixels)
    values = interpolate(survey, raster, slice(0, recipe.pixels))
    box = shapely.box(*place.box(side))
    shapes = [(shape, number) for shape, number in labels.polygons if shape.intersects(box)]
    classes = np.zeros(values.shape, np.uint8)
    if shapes:
        transform = Affine(recipe.cell, 0, place.west, 0, -recipe.cell, place.north)
        rasterio.features.rasterize(shapes, out=classes, transform=transform)
    classes[~np.isfinite(values)] = len(recipe.labels) + 1
    return values, classes
