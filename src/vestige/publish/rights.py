"""Rights: what others may do with an object, from the words of its description, and who may see it.

Sources: Creative Commons, https://creativecommons.org/licenses/; RightsStatements.org 1.0,
https://rightsstatements.org/page/1.0/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any

from vestige.archive.embargo import is_public, today

_ADDRESS = re.compile(
    r"https?://(?:www\.)?(creativecommons\.org/(?:licenses|publicdomain)/[a-z+-]+/\d\.\d/"
    r"|rightsstatements\.org/(?:vocab|page)/[A-Za-z-]+/\d\.\d/)"
)
_LICENCE = re.compile(r"\bCC[ -]BY((?:[ -](?:NC|ND|SA))*)(?:[ -](\d\.\d))?\b", re.IGNORECASE)
_ZERO = re.compile(r"\bCC[ -]?0\b", re.IGNORECASE)
_DOMAIN = re.compile(r"\b(?:public domain|gemeinfrei\w*)", re.IGNORECASE)
#: Words that take back what a licence in the same text would grant.
_DENIED = re.compile(r"\b(?:not?|nicht|kein\w*|except|ausgenommen)\b", re.IGNORECASE)
#: Statements that let everybody see an object: no copyright, whatever else is to be heeded.
_OPEN_STATEMENTS = ("NoC-", "NKC", "InC-EDU", "InC-NC")


class Reader(IntEnum):
    """Who asks: anybody at all, somebody who has signed in, somebody who works here."""

    STRANGER = 0
    VISITOR = 1
    STAFF = 2


@dataclass(frozen=True)
class Rights:
    """What the words of a description say: the address of a licence or statement, and whether it is open."""

    uri: str = ""
    open: bool = False


def rights_of(words: str) -> Rights:
    """The licence or statement that `words` name; open are licences and what is free of copyright.

    >>> rights_of("Photo: museum, CC BY-SA 4.0").uri
    'http://creativecommons.org/licenses/by-sa/4.0/'
    >>> rights_of("All rights reserved").open
    False
    """
    if found := _ADDRESS.search(words):
        uri = "http://" + found[1].replace("/page/", "/vocab/")
        statement = uri.partition("/vocab/")[2]
        return Rights(uri, not statement or statement.startswith(_OPEN_STATEMENTS))
    if _DENIED.search(words):
        return Rights()
    if found := _LICENCE.search(words):
        kind = "by" + found[1].lower().replace(" ", "-")
        return Rights(f"http://creativecommons.org/licenses/{kind}/{found[2] or '4.0'}/", open=True)
    if _ZERO.search(words):
        return Rights("http://creativecommons.org/publicdomain/zero/1.0/", open=True)
    if _DOMAIN.search(words):
        return Rights("http://creativecommons.org/publicdomain/mark/1.0/", open=True)
    return Rights()


def may_see(thing: Mapping[str, Any], reader: Reader, day: date | None = None) -> bool:
    """Whether a reader may see an object on a day, otherwise today.

    Staff see everything; whoever has signed in, what is under no embargo; strangers, of that, only what
    carries an open licence or is free of copyright: nothing is public because nobody said anything.

    >>> thing = {"rights": "CC0", "embargo": "2999-01-01"}
    >>> may_see(thing, Reader.STAFF), may_see(thing, Reader.STRANGER)
    (True, False)
    >>> may_see({"rights": "CC BY 4.0", "embargo": None}, Reader.STRANGER)
    True
    """
    if reader is Reader.STAFF:
        return True
    if not is_public(thing, day or today()):
        return False
    return reader is Reader.VISITOR or rights_of(str(thing.get("rights", ""))).open
