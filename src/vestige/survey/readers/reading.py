"""One way in for survey data files, whatever their format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vestige.capture import Capture, Frame
from vestige.errors import InputError
from vestige.survey.traverses import Survey

__all__ = ["data_frames", "read_survey"]

GEOPLOT = frozenset({".cmp", ".cmd"})
SAGA = frozenset({".sgrd", ".sdat"})
GEOTIFF = frozenset({".tif", ".tiff"})
DELIMITED = frozenset({".dat", ".csv", ".xyz", ".txt", ".asc"})


def read_survey(path: str | Path, *, column: str = "") -> Survey:
    """Read a survey data file by its suffix: Geoplot, SAGA, GeoTIFF, or delimited text.

    Raises
    ------
    InputError : the suffix is not known, or the file is not what its suffix says.

    >>> read_survey("photo.jpg")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: photo.jpg has the suffix '.jpg'; expected .asc, .cmd, .cmp, .csv, .dat,
    .sdat, ...
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in GEOPLOT:
        from vestige.survey.readers.geoplot import read_geoplot

        return read_geoplot(path)
    if suffix in SAGA | GEOTIFF:
        from vestige.survey.readers.rasters import read_geotiff, read_saga

        return read_saga(path) if suffix in SAGA else read_geotiff(path)
    if suffix in DELIMITED:
        from vestige.survey.readers.delimited import read_delimited

        return read_delimited(path, column=column)
    known = ", ".join(sorted(GEOPLOT | SAGA | GEOTIFF | DELIMITED))
    raise InputError(path, f"has the suffix '{path.suffix}'", known, "export the survey in one of these")


def data_frames(capture: Capture) -> Sequence[Frame]:
    """The frames of a capture that hold readings: a header beside its data counts once.

    >>> capture = Capture(frames=[Frame(file="a.CMD"), Frame(file="a.CMP"), Frame(file="b.csv")])
    >>> [frame.file for frame in data_frames(capture)]
    ['a.CMP', 'b.csv']
    """
    frames = capture.select()
    data = {str(Path(frame.file).with_suffix("")) for frame in frames if not _is_header(frame)}
    return [f for f in frames if not _is_header(f) or str(Path(f.file).with_suffix("")) not in data]


def _is_header(frame: Frame) -> bool:
    return Path(frame.file).suffix.lower() in (".cmd", ".sgrd")
