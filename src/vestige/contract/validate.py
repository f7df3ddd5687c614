"""Is a product what its kind says? One check a kind, used on every product before it is published."""

from __future__ import annotations

import csv
import json
import struct
from collections.abc import Callable
from pathlib import Path

from vestige.contract.kinds import Kind
from vestige.contract.product import Product
from vestige.errors import InputError


def validate(product: Product) -> None:
    """Check that a product on disk is what its kind says.

    Raises
    ------
    InputError
        naming the file and what is wrong with it.

    >>> validate(Product("table", Kind.TABLE, Path("none.csv")))
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: none.csv does not exist; expected a product of kind 'table'
    """
    expected = f"a product of kind '{product.kind}'"
    if not product.path.exists():
        raise InputError(product.path, "does not exist", expected)
    if product.path.is_file() and product.path.stat().st_size == 0:
        raise InputError(product.path, "is empty", expected)
    if product.path.is_dir() and product.kind not in _FOLDERS:
        raise InputError(product.path, "is a folder", expected)
    _CHECKS[product.kind](product.path)


#: Kinds that may be a folder of files.
_FOLDERS = frozenset({Kind.IMAGE, Kind.PAGE, Kind.TEXT, Kind.RELIGHTABLE, Kind.TABLE, Kind.REPORT})


def _picture(path: Path) -> None:
    from vestige.imaging import probe

    for file in _files(path, ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2"):
        probe(file)


def _scalar(path: Path) -> None:
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            page = tiff.pages.first
            kind, samples = page.dtype, page.samplesperpixel
    except (OSError, ValueError, tifffile.TiffFileError) as error:
        raise InputError(path, f"cannot be read as TIFF ({error})") from None
    if kind is None or kind.kind != "f" or samples > 2:
        raise InputError(
            path, f"holds {samples} channels of {kind}", "one channel of float32 (and its confidence)"
        )


def _bands(path: Path) -> None:
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            pages = [page for page in tiff.series[0].pages if page is not None]
            shapes = {page.shape for page in pages}
    except (OSError, ValueError, IndexError, tifffile.TiffFileError) as error:
        raise InputError(path, f"cannot be read as TIFF ({error})") from None
    if len(shapes) != 1:
        raise InputError(path, f"holds pages of {len(shapes)} sizes", "bands of one size")


def _normals(path: Path) -> None:
    from vestige.imaging import probe

    info = probe(path)
    if info.channels != 3:
        raise InputError(path, f"has {info.channels} channels", "three, for x, y and z")


def _relightable(path: Path) -> None:
    info = path / "info.json"
    try:
        described = json.loads(info.read_bytes())
        planes = int(described["nplanes"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise InputError(info, f"is no description of a relightable picture ({error})") from None
    for number in range((planes + 2) // 3):
        if not (path / f"plane_{number}.jpg").is_file():
            raise InputError(path / f"plane_{number}.jpg", "is missing", f"{planes} planes, three a file")


def _mesh(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(12)
    if len(head) < 12 or head[:4] != b"glTF":
        raise InputError(path, "is no binary glTF")
    _, version, length = struct.unpack("<4sII", head)
    if version != 2 or length != path.stat().st_size:
        raise InputError(path, f"says {length} bytes and is {path.stat().st_size}", "a whole binary glTF 2.0")


def _text(path: Path) -> None:
    from lxml import etree

    for file in _files(path, ".xml", ".pdf", ".txt"):
        if file.suffix.lower() == ".pdf":
            with file.open("rb") as stream:
                if stream.read(5) != b"%PDF-":
                    raise InputError(file, "is no PDF")
        if file.suffix.lower() == ".xml":
            try:
                etree.parse(file, etree.XMLParser(resolve_entities=False, no_network=True))
            except etree.XMLSyntaxError as error:
                raise InputError(file, f"is no well-formed XML ({error})") from None


def _grid(path: Path) -> None:
    import rasterio

    try:
        with rasterio.open(path) as raster:
            if raster.width < 1 or raster.height < 1:
                raise InputError(path, "holds no cell")
    except rasterio.errors.RasterioError as error:
        raise InputError(path, f"cannot be read as a raster ({error})") from None


def _features(path: Path) -> None:
    import pyogrio

    try:
        layers = {str(name) for name in pyogrio.list_layers(path)[:, 0]}
    except pyogrio.errors.DataSourceError as error:
        raise InputError(path, f"cannot be read as GeoPackage ({error})") from None
    if "features" not in layers:
        raise InputError(path, "has no layer 'features'")


def _model(path: Path) -> None:
    import onnxruntime

    try:
        onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise InputError(path, f"is no ONNX model ({str(error).splitlines()[0][:120]})") from None


def _table(path: Path) -> None:
    for file in _files(path, ".csv", ".json"):
        try:
            if file.suffix.lower() == ".csv":
                with file.open(newline="", encoding="utf-8") as stream:
                    if next(csv.reader(stream), None) is None:
                        raise InputError(file, "has no header line")
            else:
                json.loads(file.read_bytes())
        except (ValueError, RecursionError, csv.Error) as error:
            raise InputError(file, f"is no table ({str(error)[:120]})") from None


def _report(path: Path) -> None:
    _files(path, ".html", ".json", ".pdf")


def _files(path: Path, *suffixes: str) -> list[Path]:
    """The file itself, or the files of a folder; there must be one of a suffix that fits."""
    files = [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file())
    fitting = [file for file in files if file.suffix.lower() in suffixes]
    if not fitting:
        raise InputError(path, "holds no file that fits", f"one of {', '.join(suffixes)}")
    return fitting


_CHECKS: dict[Kind, Callable[[Path], None]] = {
    Kind.IMAGE: _picture,
    Kind.DEPTH: _scalar,
    Kind.BANDS: _bands,
    Kind.RELIGHTABLE: _relightable,
    Kind.NORMALS: _normals,
    Kind.MESH: _mesh,
    Kind.PAGE: _picture,
    Kind.TEXT: _text,
    Kind.GRID: _grid,
    Kind.CLASSES: _grid,
    Kind.FEATURES: _features,
    Kind.MODEL: _model,
    Kind.TABLE: _table,
    Kind.REPORT: _report,
}
