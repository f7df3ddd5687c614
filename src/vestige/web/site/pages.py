"""The pages of a published site in every language: ``NAME.html`` in English, ``NAME.de.html`` in German."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from jinja2 import Environment

from vestige.contract.report_page import readable, rows
from vestige.web.collection.biography import field_name
from vestige.web.language import LANGUAGES, catalogue
from vestige.web.site import proof
from vestige.web.site.proof import Fixity
from vestige.web.site.things import Origin, Thing
from vestige.web.templating import environment
from vestige.web.views import size, spoken

#: The fields of an object in the order a person reads them.
_FACTS = (
    "identifier", "person", "place", "date", "collection", "institution", "taxon", "collector", "number",
)  # fmt: skip
#: As many objects stand on one page of the site.
SHEET = 60


@dataclass(frozen=True)
class Site:
    """What every page says of the whole site."""

    title: str
    url: str
    day: str
    version: str


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return environment(size=size, readable=readable, spoken=spoken)


def ending(language: str) -> str:
    """What the files of a language end with.

    >>> ending("en"), ending("de")
    ('.html', '.de.html')
    """
    return ".html" if language == "en" else f".{language}.html"


def rendered(template: str, site: Site, place: str, **told: Any) -> dict[str, bytes]:
    """A page in all languages; `place` is where it lies in the site, without its ending."""
    found = {}
    root = "../" * place.count("/")
    name = place.rsplit("/", 1)[-1]
    for language in LANGUAGES:
        words = catalogue(language)
        frame = {
            "site": site,
            "root": root,
            "language": language,
            "languages": LANGUAGES,
            "elsewhere": {code: f"{name}{ending(code)}" for code in LANGUAGES},
            "ending": ending(language),
            "link": partial(_linked, ending(language)),
            "words": words,
            "t": words.__getitem__,
        }
        text = _environment().get_template(template).render(frame | _spoken(told, words))
        found[f"{place}{ending(language)}"] = text.encode()
    return found


def _linked(end: str, address: str) -> str:
    return f"{address}{end}"


def _spoken(told: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """What is told, and what of it depends on the language."""
    found = dict(told)
    if "facts" in found:
        found["facts"] = [(field_name(name, words), value) for name, value in found["facts"]]
    if "spoken" in found:
        found["spoken"] = {name: words[key] for name, key in found["spoken"].items()}
    return found


def object_pages(
    site: Site, thing: Thing, results: Sequence[Mapping[str, Any]], fixities: Sequence[Fixity | None]
) -> dict[str, bytes]:
    """All pages of one object: its own, one for each product, and its proofs."""
    home = f"objects/{thing.slug}"
    known = thing.description
    facts = [(name, known[name]) for name in _FACTS if known.get(name)]
    facts += [(f"other.{name}", value) for name, value in sorted(known.get("other", {}).items()) if value]
    pages = rendered(
        "site/object.html", site, f"{home}/index", thing=thing, results=results, facts=facts, lead=lead(thing)
    )
    for origin, result, fixity in zip(thing.origins, results, fixities, strict=True):
        for product in result["products"]:
            pages |= _product_pages(site, thing, origin, result, product, fixity)
    return pages


def _product_pages(
    site: Site,
    thing: Thing,
    origin: Origin,
    result: Mapping[str, Any],
    product: Mapping[str, Any],
    fixity: Fixity | None,
) -> dict[str, bytes]:
    report = origin.entry.report
    if report is None:
        return {}
    home = f"objects/{thing.slug}"
    page = f"{home}/{result['folder']}/{product['index']}/index"
    record = report.products[product["index"]]
    pages = rendered(
        "site/product.html",
        site,
        page,
        thing=thing,
        result=result,
        product=product,
        told=product["told"],
        record=record,
        report=report,
        measurements=list(rows(report.measurements)),
    )
    place = f"proof/{product['proof']}"
    address = f"{site.url}/{place}.html" if site.url else ""
    proved = proof.told(thing, origin, product["index"], fixity=fixity, url=address)
    return pages | rendered(
        "site/proof.html", site, place, **proved, object=f"../{home}/index", page=f"../{page}"
    )


def lead(thing: Thing) -> str:
    """The line beneath the title of an object."""
    known = thing.description
    return " · ".join(
        str(known[name]) for name in ("identifier", "person", "place", "date") if known.get(name)
    )


def index_pages(site: Site, cards: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """The first pages of the site: all objects, a sheet at a time, and the search."""
    pages: dict[str, bytes] = {}
    count = max(1, -(-len(cards) // SHEET))
    kinds = sorted({kind for card in cards for kind in card["kinds"]})
    keys = {"found": "site_found", "found_one": "site_found_one", "first": "site_first"}
    keys |= {f"kind_{kind}": f"kind_{kind}" for kind in kinds}
    for number in range(1, count + 1):
        pages |= rendered(
            "site/index.html",
            site,
            sheet_name(number),
            cards=cards[(number - 1) * SHEET : number * SHEET],
            number=number,
            pages=count,
            count=len(cards),
            sheet=sheet_name,
            spoken=keys,
        )
    return pages


def sheet_name(number: int) -> str:
    """The name of a sheet of the first page.

    >>> sheet_name(1), sheet_name(2)
    ('index', 'page-2')
    """
    return "index" if number == 1 else f"page-{number}"
