"""Addresses of one server: where its images, manifests and pages are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Addresses:
    """Addresses beneath `base`, that of the server without a slash at its end.

    >>> Addresses("https://example.org").manifest(7)
    'https://example.org/iiif/presentation/7/manifest'
    """

    base: str

    def image(self, name: str) -> str:
        """A picture, as a service of version 3."""
        return f"{self.base}/iiif/3/{name}"

    def manifest(self, number: int) -> str:
        """The manifest of an object."""
        return f"{self.base}/iiif/presentation/{number}/manifest"

    def canvas(self, number: int, name: str) -> str:
        """The canvas of a picture."""
        return f"{self.base}/iiif/presentation/{number}/canvas/{name}"

    def scene(self, number: int, name: str) -> str:
        """The manifest of a scene in three dimensions, by the draft of version 4."""
        return f"{self.base}/iiif/presentation/{number}/scene/{name}"

    def file(self, name: str) -> str:
        """A file of a product, as it is kept."""
        return f"{self.base}/iiif/file/{name}"

    def provenance(self, capture: str) -> str:
        """How everything of a capture was made."""
        return f"{self.base}/iiif/provenance/{capture}"

    def search(self, number: int) -> str:
        """The search in the text of an object."""
        return f"{self.base}/iiif/search/{number}"

    def collection(self, project: str | None = None, after: int | None = None) -> str:
        """The collection of everything, or of a project; a page of it."""
        name = "all" if project is None else mark_of(project)
        return f"{self.base}/iiif/collection/{name}" + ("" if after is None else f"?after={after}")

    @property
    def root(self) -> str:
        """The collection of collections."""
        return f"{self.base}/iiif/collection"

    def proof(self, result: str, index: int) -> str:
        """The page that proves how a product was made; empty where there is none."""
        return f"{self.base}/proof/{result}/{index}"

    def page(self, number: int) -> str:
        """The page of an object."""
        return f"{self.base}/object/{number}"


def mark_of(project: str) -> str:
    """How a project is named in an address: by a digest, whatever its name holds.

    >>> mark_of("herbarium")
    'p-2a0651eb3ba5'
    """
    return f"p-{hashlib.sha256(quote(project).encode()).hexdigest()[:12]}"
