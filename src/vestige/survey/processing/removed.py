"""What each step removed: a picture of the whole site for the report, and removed.tif."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vestige.contract import Context, Picture
from vestige.errors import OutputError
from vestige.survey.geotiff import BLOCK
from vestige.survey.gridding import Raster, interpolate, raster_of
from vestige.survey.pictures import greyscale
from vestige.survey.processing.steps import Look
from vestige.survey.traverses import Survey, Values

__all__ = ["Removals"]

#: Longest side of a picture (px).
SIDE = 800


class Removals:
    """Takes what each step removed from each survey of a site.

    Parameters
    ----------
    surveys : all surveys of the site, as read.
    folder : where whole readings are kept for `write`; None keeps the pictures only.

    >>> survey = Survey(np.zeros((8, 32), np.float32), 1.0, 0.25)
    >>> removals = Removals([survey])
    >>> removals.of(0, survey)("clip", np.ones_like(survey.values))
    >>> [picture.title for picture in removals.pictures()]
    ['Removed by clip']
    """

    def __init__(self, surveys: Sequence[Survey], folder: Path | None = None) -> None:
        cell = min(min(survey.traverse_m, survey.reading_m) for survey in surveys)
        whole = raster_of(surveys, cell)
        self._raster = raster_of(surveys, cell * max(1.0, max(whole.height, whole.width) / SIDE))
        self._surveys, self._folder = surveys, folder
        self._seen: dict[str, Values] = {}

    def of(self, number: int, survey: Survey) -> Look:
        """For `process`: takes what is removed from one survey."""

        def look(step: str, removed: Values) -> None:
            coarse = interpolate(survey.with_values(removed), self._raster, slice(0, self._raster.height))
            before = self._seen.get(step)
            known = np.isfinite(coarse)
            self._seen[step] = coarse if before is None else np.where(known, coarse, before)
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
                np.save(self._file(step, number), removed)

        return look

    def pictures(self) -> list[Picture]:
        """A picture a step: positive readings that went dark, with their own contrast."""
        found = []
        for step, removed in self._seen.items():
            known = removed[np.isfinite(removed) & (removed != 0)]
            strength = max(round(float(np.percentile(np.abs(known), 95)), 2) if known.size else 0.0, 0.05)
            found.append(
                Picture(
                    f"Removed by {step}",
                    greyscale(removed, -strength, strength),
                    f"Before less after, -{strength:g} to {strength:g} nT",
                )
            )
        return found

    def write(self, raster: Raster, path: Path, context: Context) -> Path:
        """removed.tif: float32 nT on the raster of processed.tif, a band a step with the step's name.

        Raises
        ------
        OutputError : the disk refuses.
        """
        import rasterio
        from affine import Affine
        from rasterio.errors import RasterioError

        rows = max(BLOCK, context.budget.working() // (40 * raster.width) // BLOCK * BLOCK)
        try:
            with rasterio.open(
                path,
                "w",
                driver="GTiff",
                width=raster.width,
                height=raster.height,
                count=max(1, len(self._seen)),
                dtype="float32",
                crs=raster.crs or None,
                transform=Affine(raster.cell, 0.0, raster.west, 0.0, -raster.cell, raster.north),
                nodata=float("nan"),
                tiled=True,
                blockxsize=BLOCK,
                blockysize=BLOCK,
                compress="deflate",
                predictor=3,
                interleave="band",
                bigtiff="if_safer",
            ) as dataset:
                for number, step in enumerate(self._seen, 1):
                    dataset.set_band_description(number, step)
                    dataset.set_band_unit(number, "nT")
                    for first in range(0, raster.height, rows):
                        wanted = slice(first, min(first + rows, raster.height))
                        window = ((wanted.start, wanted.stop), (0, raster.width))
                        dataset.write(self._strip(step, raster, wanted), number, window=window)
        except (RasterioError, OSError) as error:
            path.unlink(missing_ok=True)
            raise OutputError(
                f"{path} cannot be written ({str(error).splitlines()[0]}): make room on the disk"
            ) from None
        return path

    def _strip(self, step: str, raster: Raster, rows: slice) -> Values:
        strip = np.full((rows.stop - rows.start, raster.width), np.nan, np.float32)
        for number, survey in enumerate(self._surveys):
            file = self._file(step, number)
            if file.exists():
                values = interpolate(survey.with_values(np.load(file, mmap_mode="r")), raster, rows)
                strip = np.where(np.isfinite(values), values, strip)
        return strip

    def _file(self, step: str, number: int) -> Path:
        assert self._folder is not None
        return self._folder / f"{step}-{number:04d}.npy"
