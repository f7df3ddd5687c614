"""Manifests: an object of the archive, as viewers of other libraries show it.

Source: IIIF Presentation API 3.0, https://iiif.io/api/presentation/3.0/. Things in three dimensions stand in
the manifest as a picture and a file, and in a manifest of their own as a scene, by the draft of version 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vestige.archive import Archive, search
from vestige.archive.chronicle import Remark, chronicle, remarks
from vestige.contract.kinds import Kind
from vestige.display.absence import Absent
from vestige.display.entries import ResultEntry
from vestige.errors import VestigeError
from vestige.publish.iiif.addresses import Addresses
from vestige.publish.iiif.images import ImageService, facts
from vestige.publish.iiif.labels import LANGUAGES, Labels, own, said
from vestige.publish.iiif.leaves import MEDIA, Leaf, files_beside, frame_leaves, product_leaves
from vestige.publish.iiif.names import product_of
from vestige.publish.kept import kept_capture, kept_result, result_key
from vestige.publish.rights import rights_of

CONTEXT = "http://iiif.io/api/presentation/3/context.json"
CONTEXT_4 = "http://iiif.io/api/presentation/4/context.json"
CRATE = "https://w3id.org/ro/crate/1.1"
ALTO = "http://www.loc.gov/standards/alto/"
#: The fields of a description that are told, in the order in which a person reads them.
_FIELDS = ("identifier", "person", "place", "date", "collection", "project", "institution")
_OF_SPECIMENS = ("taxon", "collector", "number")
_SMALL = 400


@dataclass(frozen=True)
class Work:
    """An object that is published: what is said of it, and everything the archive keeps of it."""

    archive: Archive
    images: ImageService
    addresses: Addresses
    thing: Mapping[str, Any]

    @property
    def number(self) -> int:
        """The number of the object in its archive."""
        return int(self.thing["id"])

    @property
    def title(self) -> str:
        """What a person calls it."""
        return str(self.thing["title"] or self.thing["taxon"] or self.thing["identifier"])

    @cached_property
    def captures(self) -> list[dict[str, Any]]:
        """Its captures with their products."""
        return search.captures_of(self.archive.engine, self.number)

    @cached_property
    def results(self) -> list[ResultEntry]:
        """Its results, the newest of each capture first."""
        found: dict[str, ResultEntry] = {}
        for row in self.captures:
            for item in reversed(row["products"]):
                key = result_key(row["key"], item["run"])
                if key not in found:
                    found[key] = kept_result(self.archive, key)
        return list(found.values())

    @cached_property
    def leaves(self) -> list[Leaf]:
        """All that gets a canvas: products first, then what was recorded."""
        found = [leaf for entry in self.results for leaf in product_leaves(entry)]
        for row in self.captures:
            capture = kept_capture(self.archive, row["key"]).capture
            if capture is not None:
                found += frame_leaves(row["key"], capture)
        return found

    @cached_property
    def remarks(self) -> list[Remark]:
        """The annotations that stand."""
        return remarks(chronicle(self.archive.engine, self.thing["identifier"]))

    def leaf(self, name: str) -> Leaf:
        """The leaf of a name; an Absent where there is none."""
        for leaf in self.leaves:
            if leaf.name == name:
                return leaf
        raise Absent(name)

    def about(self, leaf: Leaf) -> list[Remark]:
        """The annotations on a leaf."""
        places = {leaf.place, leaf.whole}
        return [item for item in self.remarks if item.capture == leaf.capture and item.target in places]


def manifest(work: Work) -> dict[str, Any]:
    """The manifest of an object.

    Raises
    ------
    Absent
        where nothing of it can be shown.
    """
    address, thing = work.addresses.manifest(work.number), work.thing
    canvases = [item for leaf in work.leaves if (item := canvas(work, leaf))]
    if not canvases:
        raise Absent(work.number)
    told: dict[str, Any] = {
        "@context": CONTEXT,
        "id": address,
        "type": "Manifest",
        "label": own(work.title),
        "metadata": _metadata(thing),
    }
    if thing["description"]:
        told["summary"] = own(thing["description"])
    told |= _terms(thing)
    told["provider"] = [_provider(work)]
    told["homepage"] = [
        {"id": work.addresses.page(work.number), "type": "Text", "format": "text/html"}
        | {"label": said("object_page"), "language": list(LANGUAGES)}
    ]
    told["thumbnail"] = canvases[0]["thumbnail"]
    told["seeAlso"] = _provenance(work) + _scenes(work)
    if rendering := _renderings(work):
        told["rendering"] = rendering
    if any(leaf.sheet for leaf in work.leaves):
        told["service"] = [{"id": work.addresses.search(work.number), "type": "SearchService2"}]
    if sum(leaf.sheet is not None for leaf in work.leaves) > 1:
        told["behavior"] = ["individuals"]
    return told | {"items": canvases}


def canvas(work: Work, leaf: Leaf) -> dict[str, Any] | None:
    """The canvas of a leaf; None where its picture cannot be read."""
    try:
        width, height = work.images.size(leaf.name)
    except (VestigeError, Absent):
        return None
    address = work.addresses.canvas(work.number, leaf.name)
    bodies = [_image(work, view.name, (width, height)) | {"label": view.label} for view in leaf.views]
    painted = bodies[0] if len(bodies) == 1 else {"type": "Choice", "items": bodies}
    painting = {
        "id": f"{address}/painting",
        "type": "Annotation",
        "motivation": "painting",
        "body": painted,
        "target": address,
    }
    page = {"id": f"{address}/page", "type": "AnnotationPage", "items": [painting]}
    told: dict[str, Any] = {
        "id": address,
        "type": "Canvas",
        "label": leaf.label,
        "width": width,
        "height": height,
        "thumbnail": [_small(work, leaf.name, (width, height))],
        "items": [page],
    }
    if leaf.name.startswith("r.") and (proof := _proof(work, leaf)):
        told["homepage"] = [proof]
    if beside := _beside(work, leaf, address):
        told["annotations"] = beside
    if leaf.sheet:
        told["seeAlso"] = [
            {"id": f"{address}/alto", "type": "Dataset", "format": "application/xml", "profile": ALTO}
            | {"label": said("words")}
        ]
    return told


def _proof(work: Work, leaf: Leaf) -> dict[str, Any] | None:
    """The page that proves how a product was made, where there is one."""
    result, index, _ = product_of(leaf.name)
    address = work.addresses.proof(result, index)
    told = {"id": address, "type": "Text", "format": "text/html"}
    return told | {"label": said("proof"), "language": list(LANGUAGES)} if address else None


def _beside(work: Work, leaf: Leaf, address: str) -> list[dict[str, Any]]:
    """The pages of annotations of a leaf: its words, and what people said of it."""
    found: list[dict[str, Any]] = []
    if leaf.sheet:
        found.append({"id": f"{address}/words", "type": "AnnotationPage", "label": said("words")})
    if work.about(leaf):
        found.append({"id": f"{address}/remarks", "type": "AnnotationPage", "label": said("remarks")})
    return found


def _image(work: Work, name: str, size: tuple[int, int]) -> dict[str, Any]:
    """A picture with its service."""
    address = work.addresses.image(name)
    return {
        "id": f"{address}/full/max/0/default.jpg",
        "type": "Image",
        "format": "image/jpeg",
        "width": size[0],
        "height": size[1],
        "service": [_service(address, size)],
    }


def _service(address: str, size: tuple[int, int]) -> dict[str, Any]:
    told = facts(size, 3, address)
    return {key: told[key] for key in ("id", "type", "profile", "width", "height", "tiles", "sizes")}


def _small(work: Work, name: str, size: tuple[int, int]) -> dict[str, Any]:
    scale = min(1.0, _SMALL / max(size))
    width, height = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    address = work.addresses.image(name)
    return {
        "id": f"{address}/full/{width},{height}/0/default.jpg",
        "type": "Image",
        "format": "image/jpeg",
        "width": width,
        "height": height,
        "service": [{"id": address, "type": "ImageService3", "profile": "level2"}],
    }


def _metadata(thing: Mapping[str, Any]) -> list[dict[str, Labels]]:
    """What is said of an object; the institution's own fields come last."""
    found = [
        {"label": said(name), "value": own(str(thing[name]))}
        for name in (*_FIELDS, *_OF_SPECIMENS)
        if thing.get(name)
    ]
    return found + [
        {"label": own(str(name)), "value": own(str(value))} for name, value in sorted(thing["other"].items())
    ]


def _terms(thing: Mapping[str, Any]) -> dict[str, Any]:
    """What others may do with it, for machines and for people."""
    words, uri = str(thing["rights"]), rights_of(str(thing["rights"])).uri
    statement = own(words) if words else said("all_rights")
    if holder := str(thing["institution"]):
        statement = {language: [holder, *lines] for language, lines in statement.items()}
    told: dict[str, Any] = {"requiredStatement": {"label": said("rights"), "value": statement}}
    return ({"rights": uri} if uri else {}) | told


def _provider(work: Work) -> dict[str, Any]:
    name = str(work.thing["institution"])
    return {
        "id": f"{work.addresses.base}/",
        "type": "Agent",
        "label": own(name) if name else said("collection_root"),
        "homepage": [
            {"id": f"{work.addresses.base}/", "type": "Text", "format": "text/html"}
            | {"label": own(name) if name else said("collection_root")}
        ],
    }


def _provenance(work: Work) -> list[dict[str, Any]]:
    """Each capture's own account of how everything in it was made."""
    return [
        {
            "id": work.addresses.provenance(row["key"]),
            "type": "Dataset",
            "format": "application/ld+json",
            "profile": CRATE,
            "label": said("provenance"),
        }
        for row in work.captures
    ]


def _renderings(work: Work) -> list[dict[str, Any]]:
    """What a person takes home: models, documents, tables."""
    found = []
    for name, record, path in files_beside(work.results):
        media, kind = MEDIA[path.suffix.lower()]
        if kind == "Text" and path.suffix.lower() == ".xml":
            continue
        word = "model_file" if record.kind is Kind.MESH else "document"
        label = said(word, label=record.name.replace("_", " "))
        found.append({"id": work.addresses.file(name), "type": kind, "format": media, "label": label})
    return found


def _scenes(work: Work) -> list[dict[str, Any]]:
    """The same thing as a scene, for viewers that know the draft."""
    return [
        {
            "id": work.addresses.scene(work.number, name),
            "type": "Dataset",
            "format": "application/ld+json",
            "profile": CONTEXT_4,
            "label": said("scene", label=record.name.replace("_", " ")),
        }
        for name, record, path in files_beside(work.results)
        if record.kind is Kind.MESH and path.suffix.lower() == ".glb"
    ]


def scene(work: Work, name: str) -> dict[str, Any]:
    """A thing in three dimensions as a manifest with a scene, by the draft of version 4.

    Raises
    ------
    Absent
        where the name is not that of a model of this object.
    """
    for known, record, path in files_beside(work.results):
        if known == name and record.kind is Kind.MESH and path.suffix.lower() == ".glb":
            break
    else:
        raise Absent(name)
    address = work.addresses.scene(work.number, name)
    model = {"id": work.addresses.file(name), "type": "Model", "format": "model/gltf-binary"}
    placed = {
        "id": f"{address}/scene/painting",
        "type": "Annotation",
        "motivation": ["painting"],
        "body": model | {"label": own(record.name.replace("_", " "))},
        "target": {"id": f"{address}/scene", "type": "Scene"},
    }
    page = {"id": f"{address}/scene/page", "type": "AnnotationPage", "items": [placed]}
    stage = {"id": f"{address}/scene", "type": "Scene", "label": own(work.title), "items": [page]}
    told = {"@context": CONTEXT_4, "id": address, "type": "Manifest", "label": own(work.title)}
    return told | {"metadata": _metadata(work.thing)} | _terms(work.thing) | {"items": [stage]}
