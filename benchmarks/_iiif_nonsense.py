"""Addresses of IIIF that somebody made up, to see what is answered."""

from __future__ import annotations

import random
from urllib.parse import quote

NONSENSE = ("..", "%2e%2e%2f", "/etc/passwd", "file:///etc/passwd", "http://127.0.0.1:22/", "\0", "%00", "-1", "1e9",
            "9" * 30, "full", "max", "^max", "pct:", "pct:0,0,0,0", "!,", "a" * 300, "٣", "😀", "[frob]", "{0}",
            "0,0,0,0", "0,0,1,1", "99999,0,5,5", "default.jpg", "native.jpg", "default.tif", "x.gif", "!90", "22.5",
            "361", "NaN", "inf", "square", "512,", ",512", "^9999,", "!1,1", "pct:1", "pct:100", "^pct:200")  # fmt: skip


def nonsense(chance: random.Random, name: str, number: int) -> tuple[str, dict[str, str]]:
    """An address that somebody made up, and headers."""
    part = lambda: quote(chance.choice(NONSENSE), safe=chance.choice(("", "/%:,")))  # noqa: E731
    box = ",".join(str(chance.randrange(-9, 3000)) for _ in range(4))
    ids = [name, name[:-1], name + "0", part(), name.replace("r.", "f.", 1), name[:70] + ".1"]
    shape = chance.randrange(8)
    version = chance.choice(("2", "3", "3", "4", part()))
    if shape < 4:
        region, size = (
            chance.choice((box, part(), "full")),
            chance.choice((part(), "64,64", "^99,", "max", "pct:3")),
        )
        last = chance.choice(("default.jpg", "gray.png", "bitonal.webp", part()))
        path = f"/iiif/{version}/{chance.choice(ids)}/{region}/{size}/{chance.choice(('0', '!90', part()))}/{last}"
    elif shape == 4:
        path = f"/iiif/{version}/{chance.choice(ids)}/info.json"
    elif shape == 5:
        path = f"/iiif/presentation/{chance.choice((str(number), part()))}/{chance.choice(('manifest', 'canvas/' + chance.choice(ids), 'canvas/' + part() + '/words'))}"
    elif shape == 6:
        path = f"/iiif/search/{number}?q={part()}&start={part()}&motivation={part()}"
    else:
        ending = chance.choice(
            (
                "file/" + chance.choice(ids),
                "provenance/" + part(),
                "open?iiif-content=" + part(),
                "collection/" + part(),
            )
        )
        path = f"/iiif/{ending}"
    headers = {}
    if chance.random() < 0.3:
        headers["Range"] = chance.choice(("bytes=0-10", "bytes=-1", "bytes=9-1", "bytes=0-,5-", "bytes=a-b", "bytes=99999999999-", "lines=1-2", "bytes=" + ",".join(["0-1"] * 200)))  # fmt: skip
    if chance.random() < 0.2:
        headers["If-None-Match"] = chance.choice(("*", '"x"', "W/", '"' * 50))
    if chance.random() < 0.2:
        headers["Accept"] = chance.choice(("application/ld+json", "*/*", ";;;", "x" * 500))
    path = "".join(letter if 32 < ord(letter) < 127 else quote(letter) for letter in path)
    return path, headers
