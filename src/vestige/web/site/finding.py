"""Search without a server: words in small scripts by their first two letters, each with the objects it is in.

`folded` and ``static/js/site/search.js`` take a word apart in the same way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from vestige.web.site.data import script

#: Objects are told in scripts of so many.
PORTION = 200
_WORD = re.compile(r"[^\W_]+")


def folded(text: str) -> list[str]:
    """The words of a text as they are searched for: small letters without marks.

    >>> folded("Straße nach Évreux, 1842")
    ['strasse', 'nach', 'evreux', '1842']
    """
    apart = unicodedata.normalize("NFKD", text.lower().replace("ß", "ss"))
    return _WORD.findall("".join(letter for letter in apart if not unicodedata.combining(letter)))


def shard(word: str) -> str:
    """The name of the script that holds a word: the numbers of its first two letters.

    >>> shard("strasse"), shard("x")
    ('73-74', '78')
    """
    return "-".join(f"{ord(letter):x}" for letter in word[:2])


def write_index(folder: Path, words: Sequence[Iterable[str]], cards: Sequence[Mapping[str, Any]]) -> None:
    """Write the index of objects, given in their order by their words and their cards."""
    shards: dict[str, dict[str, list[int]]] = {}
    for number, said in enumerate(words):
        for word in said:
            shards.setdefault(shard(word), {}).setdefault(word, []).append(number)
    folder.mkdir(parents=True)
    for name, found in sorted(shards.items()):
        (folder / f"{name}.js").write_bytes(script(dict(sorted(found.items()))))
    for start in range(0, len(cards), PORTION):
        part = list(cards[start : start + PORTION])
        (folder / f"objects-{start // PORTION}.js").write_bytes(script(part))
    (folder / "shards.js").write_bytes(script(sorted(shards)))
