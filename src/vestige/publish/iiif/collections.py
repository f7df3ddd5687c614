"""Collections: everything in an archive, and each project, a page at a time.

Source: IIIF Presentation API 3.0. A page ends with the collection that goes on where it ends.
"""

from __future__ import annotations

from typing import Any

from vestige.archive import Archive, search
from vestige.archive.gallery import holdings_of
from vestige.display.absence import Absent
from vestige.publish.iiif.addresses import Addresses, mark_of
from vestige.publish.iiif.labels import own, said
from vestige.publish.iiif.manifests import CONTEXT
from vestige.publish.rights import Reader, may_see

PAGE = 200


def root(archive: Archive, addresses: Addresses) -> dict[str, Any]:
    """The collection of collections: everything, and each project."""
    items = [{"id": addresses.collection(), "type": "Collection", "label": said("everything")}]
    items += [
        {
            "id": addresses.collection(project["name"]),
            "type": "Collection",
            "label": own(project["title"] or project["name"]),
        }
        for project in search.project_list(archive.engine)
    ]
    return {
        "@context": CONTEXT,
        "id": addresses.root,
        "type": "Collection",
        "label": said("collection_root"),
        "items": items,
    }


def page(
    archive: Archive, addresses: Addresses, reader: Reader, mark: str = "all", after: int | None = None
) -> dict[str, Any]:
    """A page of a collection, the newest object first; of that, what the reader may see.

    Raises
    ------
    Absent
        where there is no such collection.
    """
    project = None if mark == "all" else _project(archive, mark)
    fields = {"project": project["name"]} if project else None
    found = search.search(archive.engine, fields=fields, after=after, limit=PAGE)
    held = holdings_of(archive.engine, [thing["id"] for thing in found.objects])
    items: list[dict[str, Any]] = [
        {
            "id": addresses.manifest(thing["id"]),
            "type": "Manifest",
            "label": own(thing["title"] or thing["taxon"] or thing["identifier"]),
        }
        for thing in found.objects
        if thing["id"] in held and may_see(thing, reader)
    ]
    name = project["name"] if project else None
    if found.after is not None:
        more = addresses.collection(name, found.after)
        items.append({"id": more, "type": "Collection", "label": said("older")})
    label = own(project["title"] or project["name"]) if project else said("everything")
    return {
        "@context": CONTEXT,
        "id": addresses.collection(name, after),
        "type": "Collection",
        "label": label,
        "partOf": [{"id": addresses.root, "type": "Collection", "label": said("collection_root")}],
        "items": items,
    }


def _project(archive: Archive, mark: str) -> dict[str, Any]:
    for project in search.project_list(archive.engine):
        if mark_of(project["name"]) == mark:
            return project
    raise Absent(mark)
