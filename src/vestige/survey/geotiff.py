"""GeoTIFF products, written strip by strip: values in nT, classes with their names, confidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from vestige.errors import OutputError
from vestige.survey.gridding import Raster

__all__ = ["RasterWriter", "cloud_optimised", "raster_writer", "read_window"]

#: Side of the tiles in the file; strips that are multiples of it are compressed once.
BLOCK = 256


class RasterWriter:
    """Takes rows of one raster in any order; made by `raster_writer`."""

    def __init__(self, dataset: Any, width: int) -> None:
        self._dataset = dataset
        self._width = width

    def write(self, first_row: int, rows: NDArray[Any]) -> None:
        """Write rows (count, width) from `first_row` on."""
        from rasterio.windows import Window

        self._dataset.write(rows, 1, window=Window(0, first_row, self._width, rows.shape[0]))


@contextmanager
def raster_writer(
    path: Path,
    raster: Raster,
    dtype: DTypeLike,
    *,
    nodata: float | None,
    unit: str = "",
    description: str = "",
    colours: Mapping[int, tuple[int, int, int, int]] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterator[RasterWriter]:
    """Open a tiled, compressed GeoTIFF for writing.

    Raises
    ------
    OutputError : the disk refuses.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "grid.tif")
    >>> with raster_writer(path, Raster(0, 10, 1.0, 10, 20), np.float32, nodata=np.nan, unit="nT") as writer:
    ...     writer.write(0, np.ones((10, 20), np.float32))
    >>> read_window(path, slice(0, 2), slice(0, 2)).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    import rasterio
    from affine import Affine
    from rasterio.errors import RasterioError

    dtype = np.dtype(dtype)
    try:
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=raster.width,
            height=raster.height,
            count=1,
            dtype=dtype.name,
            crs=raster.crs or None,
            transform=Affine(raster.cell, 0.0, raster.west, 0.0, -raster.cell, raster.north),
            nodata=nodata,
            tiled=True,
            blockxsize=BLOCK,
            blockysize=BLOCK,
            compress="deflate",
            predictor=3 if dtype.kind == "f" else 1,
            bigtiff="if_safer",
        ) as dataset:
            dataset.set_band_description(1, description or path.stem)
            if unit:
                dataset.set_band_unit(1, unit)
            if colours:
                dataset.write_colormap(1, dict(colours))
            if tags:
                dataset.update_tags(1, **tags)
            yield RasterWriter(dataset, raster.width)
    except (RasterioError, OSError) as error:
        path.unlink(missing_ok=True)
        raise OutputError(
            f"{path} cannot be written ({str(error).splitlines()[0]}): make room on the disk"
        ) from None


def cloud_optimised(source: Path, target: Path, *, overviews: str = "average") -> Path:
    """Write a GeoTIFF anew as cloud-optimised GeoTIFF (OGC 21-026 [1]_): tiles, and smaller copies of itself
    made by `overviews` (``average`` for values, ``mode`` for classes), laid out for reading over a network.

    Raises
    ------
    OutputError : the disk refuses.

    References
    ----------
    .. [1] OGC Cloud Optimized GeoTIFF standard 1.0 (2023), OGC 21-026.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with raster_writer(folder / "a.tif", Raster(0, 10, 1.0, 10, 20), np.uint8, nodata=None) as writer:
    ...     writer.write(0, np.ones((10, 20), np.uint8))
    >>> cloud_optimised(folder / "a.tif", folder / "b.tif", overviews="mode").name
    'b.tif'
    """
    import rasterio.shutil
    from rasterio.errors import RasterioError

    target.unlink(missing_ok=True)
    try:
        rasterio.shutil.copy(
            source,
            target,
            driver="COG",
            compress="DEFLATE",
            predictor="YES" if overviews == "average" else "NO",
            blocksize=2 * BLOCK,
            overviews="IGNORE_EXISTING",
            overview_resampling=overviews,
            bigtiff="IF_SAFER",
        )
    except (RasterioError, OSError) as error:
        target.unlink(missing_ok=True)
        raise OutputError(
            f"{target} cannot be written ({str(error).splitlines()[0]}): make room on the disk"
        ) from None
    return target


def read_window(path: Path, rows: slice, columns: slice) -> NDArray[Any]:
    """Rows and columns of a GeoTIFF's band, as they are stored (see `raster_writer`)."""
    import rasterio

    with rasterio.open(path) as dataset:
        window = (
            (rows.start, min(rows.stop, dataset.height)),
            (columns.start, min(columns.stop, dataset.width)),
        )
        values: NDArray[Any] = dataset.read(1, window=window)
    return values
