"""One way in for survey data files, whatever their format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vestige.capture import Capture, Frame
from vestige.errors import InputError
from vestige.survey.readers.dummies import without_dummies
from vestige.survey.traverses import Survey

__all__ = ["data_frames", "read_survey"]

GEOPLOT = frozenset({".cmp", ".cmd"})
SAGA = frozenset({".sgrd", ".sdat"})
GEOTIFF = frozenset({".tif", ".tiff"})
TEXT = frozenset({".dat", ".csv", ".xyz", ".txt", ".asc"})
OTHER = frozenset({".hdr", ".prm", ".xgd", ".mgr", ".grd"})


def read_survey(path: str | Path, *, column: str = "", dummy: float | None = None) -> Survey:
    """Read a survey data file by its suffix, and by its first lines where several formats share one.

    `column` names the gradient of a delimited file; `dummy` is a value that stands for no reading, beside
    those that the format has.

    Raises
    ------
    InputError : the suffix is not known, the file is not what its suffix says, or a dummy was left in it.

    >>> read_survey("photo.jpg")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: photo.jpg has the suffix '.jpg'; expected .asc, .cmd, .cmp, .csv, .dat,
    .grd, ...
    """
    path = Path(path)
    return without_dummies(path, _read(path, column), dummy)


def _read(path: Path, column: str) -> Survey:
    suffix = path.suffix.lower()
    if suffix in GEOPLOT:
        from vestige.survey.readers.geoplot import read_geoplot

        return read_geoplot(path)
    if suffix in SAGA | GEOTIFF:
        from vestige.survey.readers.rasters import read_geotiff, read_saga

        return read_saga(path) if suffix in SAGA else read_geotiff(path)
    if suffix in TEXT:
        return _read_text(path, suffix, column)
    if suffix in OTHER:
        return _read_other(path, suffix, column)
    known = ", ".join(sorted(GEOPLOT | SAGA | GEOTIFF | TEXT | OTHER))
    raise InputError(path, f"has the suffix '{path.suffix}'", known, "export the survey in one of these")


def _read_text(path: Path, suffix: str, column: str) -> Survey:
    """Text of a Grad601 or a Sensys cart is known by its first lines, a header beside it by its name."""
    from vestige.survey.readers.bartington import is_bartington, read_bartington
    from vestige.survey.readers.sensys import is_sensys, read_sensys_asc
    from vestige.survey.readers.text import sibling

    header = sibling(path, ".hdr")
    if is_bartington(path) or (header is not None and is_bartington(header)):
        return read_bartington(path)
    if suffix == ".asc" and not column and is_sensys(path):
        return read_sensys_asc(path)
    from vestige.survey.readers.delimited import read_delimited

    return read_delimited(path, column=column)


def _read_other(path: Path, suffix: str, column: str) -> Survey:
    """The formats that have a suffix of their own."""
    if suffix == ".hdr":
        from vestige.survey.readers.bartington import read_bartington

        return read_bartington(path)
    if suffix == ".prm":
        from vestige.survey.readers.sensys_prm import read_sensys_prm

        return read_sensys_prm(path)
    if suffix == ".xgd":
        from vestige.survey.readers.terrasurveyor import read_terrasurveyor

        return read_terrasurveyor(path)
    if suffix == ".mgr":
        from vestige.survey.readers.geomar import read_geomar

        return read_geomar(path, column=column)
    from vestige.survey.readers.surfer import read_surfer

    return read_surfer(path)


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
    return Path(frame.file).suffix.lower() in (".cmd", ".sgrd", ".hdr", ".cms")
