"""An exhibit: one product as a viewer is given it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestige.contract.kinds import Kind
from vestige.contract.report import ProductRecord
from vestige.display.entries import ResultEntry
from vestige.display.opening import open_pyramid
from vestige.display.pyramid import TILE, Pyramid
from vestige.errors import InputError
from vestige.web.faults import Absent

_IMAGES = frozenset({".tif", ".tiff", ".png", ".jpg", ".jpeg", ".jp2"})


@dataclass(frozen=True)
class Exhibit:
    """One product as a viewer is given it."""

    result: ResultEntry
    index: int
    cache: Path

    @property
    def record(self) -> ProductRecord:
        """What the report says of it."""
        return self.result.record(self.index)

    @property
    def about(self) -> Mapping[str, Any]:
        """What the technique told for viewers."""
        return self.record.about

    @property
    def towards_viewer(self) -> int:
        """1 where larger values come towards the viewer, -1 where they are distances from the camera."""
        return -1 if self.record.kind is Kind.DEPTH and not self.about.get("towards_viewer") else 1

    def address(self, what: str, *more: object) -> str:
        """The address of something of this product."""
        tail = "".join(f"/{part}" for part in more)
        return f"/{what}/{self.result.key}/{self.index}{tail}"

    def sibling(self, *kinds: Kind) -> Exhibit | None:
        """The first other product of a kind in the same folder."""
        records = self.result.report.products if self.result.report else []
        for kind in kinds:
            for place, record in enumerate(records):
                if record.kind == kind and place != self.index:
                    return Exhibit(self.result, place, self.cache)
        return None

    def pictures(self) -> list[tuple[int, Path]]:
        """The picture files of the product with their place among its files."""
        found = [(n, p) for n, p in enumerate(self.files()) if p.suffix.lower() in _IMAGES]
        if not found:
            raise InputError(self.record.path, "holds no picture")
        return found

    def files(self) -> list[Path]:
        """All files of the product."""
        return self.result.files(self.index)

    def pyramid(self, item: int) -> Pyramid:
        """The raster of one of its files."""
        files = self.files()
        if not 0 <= item < len(files):
            raise Absent(item)
        return open_pyramid(files[item], self.cache)

    def raster(self, item: int) -> dict[str, Any]:
        """What a deep-zoom viewer must know of one of its files."""
        pyramid, path = self.pyramid(item), self.files()[item]
        return {
            "label": path.stem,
            "width": pyramid.width,
            "height": pyramid.height,
            "deepest": pyramid.deepest,
            "tile": TILE,
            "tiles": self.address("tiles", item),
            "version": self.version(item),
        }

    def version(self, item: int) -> str:
        """What changes when one of its files does: tiles carry it, so that a browser may keep them."""
        return f"{self.record.blake3[:8]}{self.files()[item].stat().st_mtime_ns:x}"[-20:]

    def sheets(self) -> list[tuple[int, Path]]:
        """The files of words with their boxes, with their place among its files."""
        return [(n, path) for n, path in enumerate(self.files()) if path.suffix.lower() == ".xml"]
