"""A survey as a folder for an archive of archaeological data, as the Archaeology Data Service asks for it."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vestige.capture.durable import write_atomically
from vestige.errors import InputError, OutputError
from vestige.survey.geotiff import BLOCK, raster_writer
from vestige.survey.gridding import Raster
from vestige.survey.pictures import greyscale
from vestige.survey.recipe import FIELDS
from vestige.survey.traverses import Survey

__all__ = ["Deposit", "write_deposit"]

NOT_RECORDED = "not recorded"
#: Range of values of the archived picture, nT: white to black.
LOW, HIGH = -1.0, 2.0


@dataclass(frozen=True)
class Deposit:
    """What goes into a deposit: names of its levels, readings, the files they came from, the final grid (nT),
    the interpretation and what a person says of the work, by the guide's names of fields.
    """

    project: str
    site: str
    block: str
    surveys: Sequence[Survey]
    working: Sequence[Path]
    grid: Path
    features: Path | None
    metadata: Mapping[str, str]


def write_deposit(folder: Path, deposit: Deposit) -> list[str]:
    """Write Project/Site/Block/Technique/Format as the guide's sections 4 to 7 ask [1]_; returns the fields
    that nobody has filled in.

    Raises
    ------
    InputError : the grid or the interpretation cannot be read, or they are in different reference systems.
    OutputError : the disk refuses.

    References
    ----------
    .. [1] Schmidt, A., Ernenwein, E. Geophysical Data in Archaeology: A Guide to Good Practice, 2nd edition.
       Archaeology Data Service.

    >>> import tempfile
    >>> write_deposit(Path(tempfile.mkdtemp()), Deposit("P", "S", "B", [], [], Path("none.tif"), None, {}))
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.tif cannot be read as GeoTIFF (No such file or directory)
    """
    from vestige.survey.mapping.source import grid_raster

    raster = grid_raster(deposit.grid, _cell(deposit.grid))
    project = folder / _name(deposit.project)
    block = project / _name(deposit.site) / _name(deposit.block) / "Mag"
    try:
        for place in ("Working", "PRESERVE_XYZ", "PRESERVE_XYZ_MapCoords", "PRESERVE_Images", "GIS"):
            (block / place).mkdir(parents=True)
        for path in _with_companions(deposit.working):
            shutil.copyfile(path, _free(block / "Working" / path.name))
        raw = [_write_raw(block / "PRESERVE_XYZ", survey, n) for n, survey in enumerate(deposit.surveys, 1)]
        _write_final(block / "PRESERVE_XYZ_MapCoords" / "final.xyz", deposit.grid, raster)
        _write_image(block / "PRESERVE_Images", deposit.grid, raster)
        shutil.copyfile(deposit.grid, block / "GIS" / "processed.tif")
        if deposit.features is not None:
            _write_interpretation(block, deposit.features, raster)
        values = {**_known(deposit, raster), **deposit.metadata}
        missing = _write_metadata(project / "Project" / "Metadata", values)
        _text(project / "Project" / "Georeferencing" / "georeferencing.txt", _georeferencing(deposit, raster))
        _text(project / "File_Description_Document.txt", _description(project, block, raw, raster))
    except OSError as error:
        raise OutputError(f"{folder} cannot be written ({error.strerror}): make room on the disk") from None
    return missing


def _cell(grid: Path) -> float:
    """The cell of a grid, as it is."""
    import rasterio
    from rasterio.errors import RasterioError

    try:
        with rasterio.open(grid) as raster:
            return float(raster.transform.a)
    except RasterioError as error:
        reason = "No such file or directory" if not grid.exists() else str(error).splitlines()[0]
        raise InputError(grid, f"cannot be read as GeoTIFF ({reason})") from None


def _name(text: str) -> str:
    """A name as that of a folder: letters, digits and underscores."""
    return "_".join("".join(c if c.isalnum() or c in "-" else " " for c in text).split()) or "unnamed"


def _with_companions(paths: Sequence[Path]) -> list[Path]:
    """Files and those beside them that differ in the suffix alone: a Geoplot composite is two or three."""
    found = {
        beside: None
        for path in paths
        for beside in sorted(path.parent.iterdir())
        if beside.is_file() and beside.stem.lower() == path.stem.lower()
    }
    return list(found)


def _free(path: Path) -> Path:
    """A name that is not taken: files of one name can come from several folders."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_stem(f"{path.stem}_{number}")
    return free


def _write_raw(folder: Path, survey: Survey, number: int) -> tuple[str, Survey]:
    """The readings of a file as recorded, in the coordinates of the geophysics grid; those of a cart where
    each was read.
    """
    name = f"{number:02d}_{_name(Path(survey.source).stem or 'survey')}_raw.xyz"
    traverses, readings = survey.values.shape
    along = (np.arange(readings) + 0.5) * survey.reading_m
    with (folder / name).open("w", encoding="ascii", newline="\r\n") as stream:
        stream.write("X_m,Y_m,V_nT\n")
        for line in range(traverses):
            values = survey.values[line]
            known = np.isfinite(values)
            if survey.places is None:
                across = np.full(int(known.sum()), (line + 0.5) * survey.traverse_m)
                at = np.column_stack([along[known], across])
            else:
                at = survey.places[line][known]
            np.savetxt(stream, np.column_stack([at, values[known]]), "%.3f,%.3f,%.3f")
    return name, survey


def _write_final(path: Path, grid: Path, raster: Raster) -> None:
    """The final grid in map coordinates, cell by cell, strip by strip."""
    import rasterio

    east = raster.west + (np.arange(raster.width) + 0.5) * raster.cell
    with (
        rasterio.open(grid) as band,
        path.open("w", encoding="ascii", newline="\r\n") as stream,
    ):
        stream.write("X_m,Y_m,V_nT\n")
        for first in range(0, raster.height, BLOCK):
            last = min(first + BLOCK, raster.height)
            values = band.read(1, window=((first, last), (0, raster.width)), masked=True)
            values = values.astype(np.float32).filled(np.nan)
            down, across = np.nonzero(np.isfinite(values))
            north = raster.north - (first + down + 0.5) * raster.cell
            rows = np.column_stack([east[across], north, values[down, across]])
            np.savetxt(stream, rows, "%.3f,%.3f,%.3f")


def _write_image(folder: Path, grid: Path, raster: Raster) -> None:
    """A lossless greyscale picture with its place and its range of values."""
    import rasterio

    tags = {"NT_WHITE": f"{LOW:g}", "NT_BLACK": f"{HIGH:g}", "NOT_SURVEYED": "255"}
    with (
        rasterio.open(grid) as band,
        raster_writer(
            folder / "final_greyscale.tif", raster, np.uint8, nodata=None, description="greyscale", tags=tags
        ) as writer,
    ):
        for first in range(0, raster.height, BLOCK):
            last = min(first + BLOCK, raster.height)
            values = band.read(1, window=((first, last), (0, raster.width)), masked=True)
            values = values.astype(np.float32).filled(np.nan)
            grey = greyscale(values, LOW, HIGH)[..., 0]
            writer.write(first, np.where(np.isfinite(values), grey, np.uint8(255)))
    half = raster.cell / 2
    world = [raster.cell, 0.0, 0.0, -raster.cell, raster.west + half, raster.north - half]
    _text(folder / "final_greyscale.tfw", "".join(f"{number:.6f}\r\n" for number in world))
    wide, high = raster.width * raster.cell, raster.height * raster.cell
    _text(
        folder / "final_greyscale.txt",
        f"{LOW:g} nT white to +{HIGH:g} nT black; not surveyed: white.\r\n"
        f"{wide:g} m x {high:g} m, pixels of {raster.cell:g} m.\r\n",
    )


def _write_interpretation(block: Path, features: Path, raster: Raster) -> None:
    """The interpretation as Shapefile, drawing and GeoPackage."""
    import geopandas
    import pyogrio

    from vestige.survey.mapping.vectors import LAYER, write_drawing, write_table

    try:
        table = geopandas.read_file(features, layer=LAYER, engine="pyogrio")
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(features, f"cannot be read as features ({reason})", "a features.gpkg") from None
    if "class" not in table.columns:
        raise InputError(features, "has no column 'class'", "a features.gpkg that run or predict made")
    if table.crs is not None and raster.crs and table.crs != raster.crs:
        raise InputError(features, f"is in {table.crs.to_string()}", f"{raster.crs} as the grid")
    for name in ("PRESERVE_SHP", "PRESERVE_DXF"):
        (block / name).mkdir()
    write_table(block / "PRESERVE_SHP" / "interpretation.shp", table)
    write_drawing(block / "PRESERVE_DXF" / "interpretation.dxf", table.geometry, table["class"])
    shutil.copyfile(features, block / "GIS" / "features.gpkg")


def _known(deposit: Deposit, raster: Raster) -> dict[str, str]:
    """What the files themselves say."""
    west, south, east, north = raster.bounds
    surveys = deposit.surveys

    def each(values: Sequence[str]) -> str:
        return ", ".join(sorted({value for value in values if value})) or NOT_RECORDED

    hectares = sum(float(np.isfinite(s.values).sum()) * s.traverse_m * s.reading_m for s in surveys) / 1e4
    grids = [f"{s.grid[0] * s.reading_m:g} m x {s.grid[1] * s.traverse_m:g} m" for s in surveys if s.grid]
    return {
        "Survey name": deposit.project,
        "Spatial coverage": f"SW {west:.2f} {south:.2f}, NE {east:.2f} {north:.2f} "
        f"({raster.crs or 'local grid, m'})",
        "Monument type": NOT_RECORDED,
        "Survey type": "magnetometer survey (land based)",
        "Instrumentation": each([survey.instrument for survey in surveys]),
        "Area surveyed": f"{hectares:.2f} ha",
        "Method of coverage": "gridded data" if any(survey.grid for survey in surveys) else "line data",
        "Traverse separation": each([f"{survey.traverse_m:g} m" for survey in surveys]),
        "Line separation": each([f"{survey.traverse_m:g} m" for survey in surveys]),
        "Reading interval": each([f"{survey.reading_m:g} m" for survey in surveys]),
        "Sampling position": "centre of each cell: half an interval from the edges of the grid",
        "Data grid size": each(grids),
        "Resolution": f"raw: {each([f'{s.traverse_m:g} m x {s.reading_m:g} m' for s in surveys])}; "
        f"final: {raster.cell:g} m",
        "Survey direction": each([f"{survey.bearing} degrees from grid north" for survey in surveys]),
    }


def _write_metadata(folder: Path, values: Mapping[str, str]) -> list[str]:
    """The guide's fields, group by group, and which of them stay empty."""
    missing: list[str] = []
    for group, names in FIELDS.items():
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["Field name", "Value"])
        for name in names:
            value = values.get(name, "") or NOT_RECORDED
            writer.writerow([name, value])
            if value == NOT_RECORDED:
                missing.append(name)
        _text(folder / f"{group}.csv", text.getvalue())
    return missing


def _georeferencing(deposit: Deposit, raster: Raster) -> str:
    """Where the geophysics grids lie on the map: corners in both systems."""
    lines = [
        f"Map coordinates: {raster.crs or 'a local grid; no reference system was given'}, in metres.",
        "Geophysics coordinates: metres from the corner at which the first traverse begins; X along the "
        "traverses, Y from traverse to traverse.",
        "",
        "file, geophysics X, geophysics Y, map X, map Y (first and last reading, at their centres)",
    ]
    for survey in deposit.surveys:
        name = Path(survey.source).name
        for own, place in _ends(survey):
            lines.append(f"{name}, {own[0]:.3f}, {own[1]:.3f}, {place[0]:.3f}, {place[1]:.3f}")
    return "\r\n".join([*lines, ""])


def _ends(survey: Survey) -> Iterator[tuple[Any, Any]]:
    """The first and the last reading in the coordinates of its file, and on the map."""
    if survey.places is not None:
        known = survey.places[np.isfinite(survey.places).all(axis=-1)]
        yield from ((known[end], known[end]) for end in (0, -1))
        return
    traverses, readings = survey.values.shape
    ahead = np.radians(survey.bearing)
    step_along = np.array([np.sin(ahead), np.cos(ahead)]) * survey.reading_m
    step_across = np.array([np.cos(ahead), -np.sin(ahead)]) * survey.traverse_m
    for line, reading in ((0, 0), (traverses - 1, readings - 1)):
        place = (survey.easting, survey.northing) + reading * step_along + line * step_across
        yield ((reading + 0.5) * survey.reading_m, (line + 0.5) * survey.traverse_m), place


def _description(project: Path, block: Path, raw: Sequence[tuple[str, Survey]], raster: Raster) -> str:
    """The File Description Document."""
    told = {
        "Working": "files as recorded or exported by the survey software; files of one name belong together",
        "PRESERVE_XYZ": "raw data, geophysics coordinates, prior to data improvement",
        "PRESERVE_XYZ_MapCoords": "final processed data, map coordinates",
        "PRESERVE_Images": "lossless greyscale picture, georeferenced (GeoTIFF, world file); range in .txt",
        "PRESERVE_SHP": "interpretation as Shapefile, map coordinates (.shp .shx .dbf .prj .cpg: one layer)",
        "PRESERVE_DXF": "interpretation as drawing, map coordinates, a layer a class",
        "GIS": "final grid (GeoTIFF, nT) and interpretation (GeoPackage with its style)",
    }
    lines = [
        "File Description Document",
        "",
        "Folders: Project / Site / Survey block / Technique / Format; PRESERVE marks preservation formats.",
        "XYZ files: header line, then X, Y and value separated by commas; X and Y in metres, V in nanotesla "
        "(nT).",
        "X and Y are those of the centre of the cell of a reading, not of a corner. Where nothing was read "
        "there is no line.",
        f"Map coordinates: {raster.crs or 'local grid'}.",
        "",
        *(
            f"{(block / name).relative_to(project).as_posix()}: {what}"
            for name, what in told.items()
            if (block / name).is_dir()
        ),
        "Project/Metadata: project, geophysics, methodology and report fields of the guide",
        "Project/Georeferencing: the same points in both coordinate systems",
        "",
        *(
            f"{name}: {survey.values.shape[0]} traverses of {survey.values.shape[1]} readings, "
            f"{survey.traverse_m:g} m x {survey.reading_m:g} m, {survey.instrument or 'instrument unknown'}"
            for name, survey in raw
        ),
    ]
    return "\r\n".join([*lines, ""])


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text.encode())
