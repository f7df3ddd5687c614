"""The kinds of product. Viewers, validators and publishing rules switch on these, never on a technique."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a product is.

    >>> Kind("depth").what
    'distance from the camera for each pixel, with its unit'
    """

    IMAGE = "image"
    DEPTH = "depth"
    BANDS = "bands"
    RELIGHTABLE = "relightable"
    NORMALS = "normals"
    MESH = "mesh"
    PAGE = "page"
    TEXT = "text"
    GRID = "grid"
    CLASSES = "classes"
    FEATURES = "features"
    MODEL = "model"
    TABLE = "table"
    REPORT = "report"

    @property
    def what(self) -> str:
        """One line of help."""
        return _WHAT[self]


_WHAT = {
    Kind.IMAGE: "a picture (TIFF, PNG, JPEG; 8, 16 or 32 bit), or a folder of pictures",
    Kind.DEPTH: "distance from the camera for each pixel, with its unit",
    Kind.BANDS: "registered pictures of one view at several wavelengths (OME-TIFF)",
    Kind.RELIGHTABLE: "a picture whose light can be moved (Relight web format)",
    Kind.NORMALS: "the direction of the surface at each pixel",
    Kind.MESH: "a surface in three dimensions (binary glTF)",
    Kind.PAGE: "single pages in reading order (a folder of TIFF files)",
    Kind.TEXT: "words with their boxes (ALTO), or a searchable document (PDF)",
    Kind.GRID: "measured values on a regular ground grid (GeoTIFF)",
    Kind.CLASSES: "a class for each cell of a grid (GeoTIFF with names)",
    Kind.FEATURES: "mapped outlines with attributes (GeoPackage)",
    Kind.MODEL: "a trained model (ONNX)",
    Kind.TABLE: "rows and columns (CSV), or a data set with its index",
    Kind.REPORT: "what was done, measured and noticed",
}
