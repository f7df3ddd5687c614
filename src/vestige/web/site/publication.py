"""Publishing a site: written beside its place and put there whole; what is unchanged is not written again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import vestige
from vestige.archive import embargo
from vestige.contract.kinds import Kind
from vestige.errors import OutputError, VestigeError
from vestige.publish.staging import Published, Staging, digest_of, refuse_embargoed
from vestige.web.cards import telling
from vestige.web.documents import sheet
from vestige.web.exhibit import Exhibit
from vestige.web.faults import fault
from vestige.web.site import proof
from vestige.web.site.assets import making, write_assets
from vestige.web.site.data import Shelved
from vestige.web.site.finding import folded, write_index
from vestige.web.site.pages import Site, index_pages, lead, object_pages
from vestige.web.site.things import Origin, Thing


def publish_site(
    things: Iterable[Callable[[], Thing]],
    out: Path,
    *,
    title: str = "",
    url: str = "",
    originals: bool = False,
    today: date | None = None,
    progress: Callable[[float, str], None] = lambda done, label: None,
) -> Published:
    """Write a site of exactly these objects to `out`; an object that cannot be published is refused alone.

    Each object is read when its turn comes. The site is written beside `out` and takes its place in one
    step; a stopped publication goes on where it was.

    Raises
    ------
    OutputError
        where `out` holds something that is no site, or the disk refuses.
    """
    day = (today or embargo.today()).isoformat()
    site = Site(title or "Vestige", url.rstrip("/"), day, vestige.__version__)
    press = Press(Staging(out, "site"), site, originals=originals)
    try:
        for number, thing in enumerate(things):
            progress(number, "objects")
            press.staging.take(partial(press.take, thing))
        press.finish()
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}): free some space") from None
    return press.staging.done


class Press:
    """One site on its way."""

    def __init__(self, staging: Staging, site: Site, *, originals: bool) -> None:
        self.staging, self.site, self.originals = staging, site, originals
        self.cards: list[dict[str, Any]] = []
        self.words: list[list[str]] = []

    def take(self, offered: Callable[[], Thing]) -> None:
        """Publish one object: as it was written before, or anew.

        Raises
        ------
        InputError
            where it is under embargo, not there, or broken.
        """
        thing = offered()
        refuse_embargoed(thing.description, date.fromisoformat(self.site.day))
        if thing.slug in self.staging.names:
            return
        key = _key(thing, self.site, originals=self.originals)
        made = self.staging.known(thing.slug, key)
        if made is None:
            made = self._write(thing, key)
            self.staging.keep(thing.slug, made)
        self.cards.append(made["card"])
        self.words.append(made["words"])

    def _write(self, thing: Thing, key: str) -> dict[str, Any]:
        files: list[str] = []
        results: dict[str, Any] = {}
        for origin in thing.origins:
            results[origin.mark] = self._result(thing, origin)
            files += results[origin.mark]["files"]
        fixities = [
            proof.checked(origin.stored, self.site.day) if origin.stored else None for origin in thing.origins
        ]
        pages = object_pages(self.site, thing, list(results.values()), fixities)
        for name, data in pages.items():
            self.staging.write(name, data)
        card = _card(thing, results)
        words = sorted(_words(thing))
        return {"key": key, "card": card, "words": words, "results": results, "files": [*files, *pages]}

    def _result(self, thing: Thing, origin: Origin) -> dict[str, Any]:
        """The data of one result, written once for what it holds."""
        report = origin.entry.report
        if report is None:
            raise OutputError(f"{thing.identifier} has a result that cannot be read: {origin.entry.problem}")
        told = [(item.blake3, item.kind, item.name, item.about) for item in report.products]
        key = digest_of([told, self.originals, making()])
        home = f"objects/{thing.slug}/{origin.mark}"
        place, before = self.staging.older(thing.slug)
        older = before.get("results", {}).get(origin.mark)
        if older and older["key"] == key and self.staging.brought(place, older["files"]):
            return dict(older)
        folder = self.staging.folder / home
        shutil.rmtree(folder, ignore_errors=True)
        shelved = Shelved(folder)
        products = [
            self._product(shelved, Exhibit(origin.entry, index, thing.cache), origin)
            for index in range(len(report.products))
        ]
        files = sorted(
            p.relative_to(self.staging.folder).as_posix() for p in folder.rglob("*") if p.is_file()
        )
        first = telling(origin.entry)
        return {
            "key": key,
            "folder": origin.mark,
            "title": report.title,
            "products": products,
            "first": first,
            "files": files,
        }

    def _product(self, shelved: Shelved, exhibit: Exhibit, origin: Origin) -> dict[str, Any]:
        record = exhibit.record
        found: dict[str, Any] = {
            "index": exhibit.index,
            "name": record.name,
            "kind": record.kind.value,
            "proof": f"{origin.mark}-{exhibit.index}",
            "picture": shelved.thumbnail(exhibit),
            "problem": "",
            "downloads": [],
            "told": {},
            "template": "",
            "script": "",
        }
        try:
            found |= shelved.product(exhibit)
            found["downloads"] = shelved.downloads(exhibit, originals=self.originals)
        except VestigeError as error:
            found |= {"problem": fault(error), "script": ""}
        return found

    def finish(self) -> None:
        """Write what the whole site shares and put it in its place."""
        folder = self.staging.folder
        shutil.rmtree(folder / "assets", ignore_errors=True)
        write_assets(folder / "assets")
        for name, data in index_pages(self.site, self.cards).items():
            self.staging.write(name, data)
        shutil.rmtree(folder / "search", ignore_errors=True)
        write_index(folder / "search", self.words, self.cards)
        self.staging.finish(("objects", "proof"))


def _key(thing: Thing, site: Site, *, originals: bool) -> str:
    """What changes when anything on the pages of an object would."""
    results = [
        (origin.mark, origin.version, str(origin.again), origin.entry.report and origin.entry.report.key)
        for origin in thing.origins
    ]
    return digest_of(
        [dict(thing.description), thing.rights, results, site.url, site.title, originals, making()]
    )


def _card(thing: Thing, results: Mapping[str, Any]) -> dict[str, Any]:
    picture = ""
    kinds: dict[str, None] = {}
    for result in results.values():
        for product in result["products"]:
            kinds[product["kind"]] = None
        first = result["first"]
        if not picture and first is not None and result["products"][first]["picture"]:
            picture = (
                f"objects/{thing.slug}/{result['folder']}/{first}/{result['products'][first]['picture']}"
            )
    return {
        "page": f"objects/{thing.slug}/index",
        "title": thing.title,
        "lead": lead(thing),
        "picture": picture,
        "kinds": list(kinds),
    }


def _words(thing: Thing) -> set[str]:
    """Every word by which an object is found: what is said of it, and what is written on it."""
    known = thing.description
    said = [str(value) for name, value in known.items() if name not in ("embargo", "other") and value]
    said += [f"{name} {value}" for name, value in known.get("other", {}).items()]
    for origin in thing.origins:
        report = origin.entry.report
        for index, record in enumerate(report.products if report else []):
            said.append(record.name.replace("_", " "))
            if record.kind is Kind.TEXT:
                exhibit = Exhibit(origin.entry, index, thing.cache)
                said += [word.text for number, _ in exhibit.sheets() for word in sheet(exhibit, number).words]
    return {word for text in said for word in folded(text)}
