"""IIIF without a server: manifests, and pictures of level 0, as files for any web host.

Sources: IIIF Image API 3.0, level 0 and its implementation notes (section 5); Presentation API 3.0.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import vestige
from vestige.archive import Archive, embargo, refuse_unchecked, search
from vestige.archive.crate import METADATA
from vestige.archive.kept import ocfl_identifier
from vestige.errors import InputError, OutputError, UsageError
from vestige.publish.iiif.addresses import Addresses
from vestige.publish.iiif.annotations import remark_page, word_page
from vestige.publish.iiif.images import ImageService, facts
from vestige.publish.iiif.labels import own, said
from vestige.publish.iiif.leaves import TAKEN, files_beside
from vestige.publish.iiif.manifests import CONTEXT, Work, manifest, scene
from vestige.publish.iiif.pyramids import TILE
from vestige.publish.rights import rights_of
from vestige.publish.staging import Published, Staging, digest_of, refuse_embargoed


@dataclass(frozen=True)
class StillAddresses(Addresses):
    """Addresses of files beneath `base`.

    >>> StillAddresses("https://example.org").manifest(7)
    'https://example.org/objects/7/manifest.json'
    """

    def image(self, name: str) -> str:
        """The folder of a picture."""
        return f"{self.base}/images/{name}"

    def manifest(self, number: int) -> str:
        """The manifest of an object."""
        return f"{self.base}/objects/{number}/manifest.json"

    def canvas(self, number: int, name: str) -> str:
        """A canvas, which stands in the manifest."""
        return f"{self.base}/objects/{number}/canvas/{name}"

    def scene(self, number: int, name: str) -> str:
        """The manifest of a scene."""
        return f"{self.base}/objects/{number}/scene-{name}.json"

    def file(self, name: str) -> str:
        """A file of a product, without its ending."""
        return f"{self.base}/files/{name}"

    def provenance(self, capture: str) -> str:
        """How everything of a capture was made."""
        return f"{self.base}/provenance/{capture}.json"

    def proof(self, result: str, index: int) -> str:
        """There is none beside the files."""
        return ""

    def collection(self, project: str | None = None, after: int | None = None) -> str:
        """The collection of everything that is published."""
        return f"{self.base}/collection.json"

    @property
    def root(self) -> str:
        """The same."""
        return self.collection()


def publish_still(
    archive: Archive,
    names: Iterable[str],
    out: Path,
    *,
    url: str,
    title: str = "",
    today: date | None = None,
    progress: Callable[[float, str], None] = lambda done, label: None,
) -> Published:
    """Write the IIIF of exactly these objects to `out`, to stand at `url`; what fails is refused alone.

    Raises
    ------
    UsageError
        where `url` is no address on the web.
    OutputError
        where `out` holds something else, or the disk refuses.
    """
    if not url.startswith(("https://", "http://")):
        raise UsageError("IIIF needs --url: where the folder will stand on the web, https://…")
    staging, images = Staging(out, "iiif"), ImageService(archive)
    addresses = StillAddresses(url.rstrip("/"))
    day = today or embargo.today()
    items: list[dict[str, Any]] = []
    try:
        for done, name in enumerate(names):
            progress(done, "objects")
            staging.take(partial(_take, staging, images, addresses, name, day, items))
        staging.write("collection.json", _plain(_collection(addresses, title, items)))
        staging.finish(("objects", "images", "files", "provenance"))
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}): free some space") from None
    finally:
        images.close()
    return staging.done


def _take(
    staging: Staging,
    images: ImageService,
    addresses: StillAddresses,
    name: str,
    day: date,
    items: list[dict[str, Any]],
) -> None:
    thing = search.find(images.archive.engine, name)
    refuse_embargoed(thing, day)
    refuse_unchecked(images.archive, name)
    work = Work(images.archive, images, addresses, thing)
    if str(work.number) in staging.names:
        return
    if not work.leaves:
        raise InputError(str(thing["identifier"]), "has no picture to publish")
    versions = [(row["key"], row["version"]) for row in work.captures]
    key = digest_of([thing, versions, str(work.remarks), addresses.base, vestige.__version__])
    if staging.known(str(work.number), key) is None:
        files = dict(_files(work))
        pictures = [view.name for leaf in work.leaves for view in leaf.views]
        made = [*files, *(place for picture in pictures for place in _picture(staging, work, picture))]
        for place, data in files.items():
            staging.write(place, data)
        staging.keep(str(work.number), {"key": key, "files": made})
    items.append({"id": addresses.manifest(work.number), "type": "Manifest", "label": own(work.title)})


def _collection(addresses: StillAddresses, title: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    label = own(title) if title else said("everything")
    told = {"@context": CONTEXT, "id": addresses.root, "type": "Collection", "label": label}
    return told | {"items": items}


def _files(work: Work) -> Iterator[tuple[str, bytes]]:
    """The files of an object but for its pictures: name and bytes."""
    home, kept = f"objects/{work.number}", {}
    for name, record, path in files_beside(work.results):
        if record.kind in TAKEN:
            kept[work.addresses.file(name)] = f"{work.addresses.file(name)}{path.suffix.lower()}"
            yield f"files/{name}{path.suffix.lower()}", path.read_bytes()
            if path.suffix.lower() == ".glb":
                yield f"{home}/scene-{name}.json", _plain(_settled(scene(work, name), kept))
    for leaf in work.leaves:
        if leaf.sheet:
            address = f"{work.addresses.canvas(work.number, leaf.name)}/alto"
            kept[address] = f"{work.addresses.base}/{home}/alto/{leaf.name}.xml"
            yield f"{home}/alto/{leaf.name}.xml", leaf.sheet.read_bytes()
    for row in work.captures:
        path = work.archive.store.path(ocfl_identifier(row["key"]), METADATA)
        yield f"provenance/{row['key']}.json", path.read_bytes()
    yield f"{home}/manifest.json", _plain(_settled(_whole(work), kept))


def _whole(work: Work) -> dict[str, Any]:
    """The manifest with the annotations in it, and without what needs a server."""
    told = manifest(work)
    for gone in ("service", "homepage"):
        told.pop(gone, None)
    leaves = {work.addresses.canvas(work.number, leaf.name): leaf for leaf in work.leaves}
    for canvas in told["items"]:
        leaf = leaves[canvas["id"]]
        pages = {"words": word_page, "remarks": remark_page}
        for page in canvas.get("annotations", []):
            made = pages[page["id"].rsplit("/", 1)[1]](work, leaf)
            page["items"] = made["items"]
    return told


def _settled(value: Any, kept: dict[str, str]) -> Any:
    """Everything with the addresses of files as they are, and services of the level that files have."""
    if isinstance(value, dict):
        found = {name: _settled(item, kept) for name, item in value.items()}
        return found | _level_0(found) if found.get("type") == "ImageService3" else found
    if isinstance(value, list):
        return [_settled(item, kept) for item in value]
    return kept.get(value, value) if isinstance(value, str) else value


def _level_0(service: dict[str, Any]) -> dict[str, Any]:
    """What is otherwise said of a picture that lies in files: what one tile holds is there whole."""
    small = [size for size in service.get("sizes", ()) if max(size["width"], size["height"]) <= TILE]
    return {"profile": "level0"} | ({"sizes": small} if "sizes" in service else {})


def _picture(staging: Staging, work: Work, name: str) -> list[str]:
    """The files of a picture: what is known of it, its tiles, and it whole in several sizes."""
    width, height = size = work.images.size(name)
    work.images.pyramids.stored(work.images.picture(name), wait=True)
    told = facts(size, 3, work.addresses.image(name), rights_of(str(work.thing["rights"])).uri)
    shown = ("@context", "id", "type", "protocol", "width", "height", "sizes", "tiles", "rights")
    info = {key: told[key] for key in shown if key in told} | _level_0(told)
    home, files = f"images/{name}", [f"images/{name}/info.json"]
    staging.write(files[0], _plain(info))
    asked = {("full", "max")} | set(_tiles(width, height, told["tiles"][0]["scaleFactors"]))
    scale = min(1.0, 400 / max(size))
    asked.add(("full", f"{max(1, round(width * scale))},{max(1, round(height * scale))}"))
    for region, wanted in sorted(asked):
        answer = work.images.answer(name, 3, region, wanted, "0", "default.jpg")
        files.append(f"{home}/{region}/{wanted}/0/default.jpg")
        staging.write(files[-1], answer.data)
    return files


def _tiles(width: int, height: int, scales: Iterable[int]) -> Iterator[tuple[str, str]]:
    """Region and size of every tile, as viewers ask for them; what one tile holds is asked for whole.

    >>> list(_tiles(600, 400, [1, 2]))[:2]
    [('0,0,512,400', '512,400'), ('512,0,88,400', '88,400')]
    """
    for scale in scales:
        reach = TILE * scale
        if width <= reach and height <= reach:
            # Viewers round the size of the whole differently.
            for rounded in (math.ceil, math.floor, round):
                yield "full", f"{max(1, rounded(width / scale))},{max(1, rounded(height / scale))}"
            if scale > 1:
                continue
        for top in range(0, height, reach):
            for left in range(0, width, reach):
                across, down = min(reach, width - left), min(reach, height - top)
                size = f"{math.ceil(across / scale)},{math.ceil(down / scale)}"
                whole = (across, down) == (width, height)
                yield "full" if whole else f"{left},{top},{across},{down}", size


def _plain(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
