"""Addresses of IIIF that somebody made up, to see what is answered."""

from __future__ import annotations

import random
from urllib.parse import quote

PARTS = (
    *(
        "..",
        "%2e%2e%2f",
        "/etc/passwd",
        "file:///etc/passwd",
        "http://127.0.0.1:22/",
        "\0",
        "%00",
        "-1",
        "1e9",
    ),
    *("9" * 30, "full", "max", "^max", "pct:", "pct:0,0,0,0", "!,", "a" * 300, "٣", "😀", "[frob]", "{0}"),
    *(
        "0,0,0,0",
        "0,0,1,1",
        "99999,0,5,5",
        "default.jpg",
        "native.jpg",
        "default.tif",
        "x.gif",
        "!90",
        "22.5",
    ),
    *("361", "NaN", "inf", "square", "512,", ",512", "^9999,", "!1,1", "pct:1", "pct:100", "^pct:200"),
)
RANGES = ("0-10", "-1", "9-1", "0-,5-", "a-b", "99999999999-", ",".join(["0-1"] * 200))
KNOWN = ("*", '"x"', "W/", '"' * 50)
WANTED = ("application/ld+json", "*/*", ";;;", "x" * 500)


def nonsense(chance: random.Random, name: str, number: int) -> tuple[str, dict[str, str]]:
    """An address that somebody made up, and headers; `name` and `number` are of a picture and its object."""

    def part() -> str:
        return quote(chance.choice(PARTS), safe=chance.choice(("", "/%:,")))

    names = (name, name[:-1], name + "0", part(), name.replace("r.", "f.", 1), name[:70] + ".1")
    one, shape = chance.choice(names), chance.randrange(8)
    version = chance.choice(("2", "3", "3", "4", part()))
    if shape < 4:
        box = ",".join(str(chance.randrange(-9, 3000)) for _ in range(4))
        region = chance.choice((box, part(), "full", "0,0,900,700"))
        size = chance.choice((part(), "64,64", "^99,", "max", "pct:3"))
        turned = chance.choice(("0", "!90", part()))
        last = chance.choice(("default.jpg", "gray.png", "bitonal.webp", part()))
        path = f"{version}/{one}/{region}/{size}/{turned}/{last}"
    elif shape == 4:
        path = f"{version}/{one}/info.json"
    elif shape == 5:
        what = chance.choice(("manifest", f"canvas/{one}", f"canvas/{part()}/words", f"scene/{one}"))
        path = f"presentation/{chance.choice((str(number), part()))}/{what}"
    elif shape == 6:
        path = f"search/{number}?q={part()}&start={part()}&motivation={part()}"
    else:
        path = chance.choice((f"file/{one}", f"provenance/{part()}", f"collection/{part()}"))
        path = chance.choice((path, f"open?iiif-content={part()}"))
    plain = "".join(letter if 32 < ord(letter) < 127 else quote(letter) for letter in path)
    return f"/iiif/{plain}", _headers(chance)


def _headers(chance: random.Random) -> dict[str, str]:
    headers = {}
    if chance.random() < 0.3:
        headers["Range"] = f"bytes={chance.choice(RANGES)}"
    if chance.random() < 0.2:
        headers["If-None-Match"] = chance.choice(KNOWN)
    if chance.random() < 0.2:
        headers["Accept"] = chance.choice(WANTED)
    return headers
