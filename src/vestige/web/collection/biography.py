"""The history of an object in words, and what of it can be put back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vestige.archive.chronicle import Change, Happening
from vestige.web.collection.dates import spoken_time

Words = Mapping[str, str]


@dataclass(frozen=True)
class Line:
    """One thing that happened: a sentence, and the field that its undoing would set, where there is one."""

    sequence: int
    when: str
    iso: str
    who: str
    sentence: str
    field: str = ""
    before: str = ""
    undoes: bool = False


def lines(happenings: Sequence[Happening], known: Mapping[str, Any], words: Words) -> list[Line]:
    """What happened, the newest first.

    An edit can be undone where the field stands otherwise now; the first words on an object cannot.
    """
    found: list[Line] = []
    first = next((item for item in happenings if item.changes), None)
    for item in reversed(happenings):
        told: list[tuple[str, Change | None]] = (
            [(_changed(change, words), change) for change in item.changes]
            if item.kind == "object.described"
            else [(_said(item, words), None)]
        )
        for sentence, change in told:
            undoes = (
                change is not None and item is not first and value_of(known, change.field) != change.before
            )
            found.append(
                Line(
                    item.sequence,
                    spoken_time(item.time, words),
                    item.time.isoformat(),
                    item.who,
                    sentence,
                    change.field if change else "",
                    change.before if change else "",
                    undoes,
                )
            )
    return found


def value_of(known: Mapping[str, Any], field: str) -> str:
    """A field of an object as text; ``other.NAME`` for the institution's own.

    >>> value_of({"place": "Rome", "embargo": None, "other": {"shelf": "3"}}, "other.shelf")
    '3'
    """
    outer, _, inner = field.partition(".")
    value = (known.get("other") or {}).get(inner, "") if outer == "other" and inner else known.get(field)
    return "" if value is None else str(value)


def field_name(field: str, words: Words) -> str:
    """What a field is called; the institution's own as it called them."""
    return words.get(f"collection_field_{field}", field.partition(".")[2] or field)


def _changed(change: Change, words: Words) -> str:
    key = "set" if not change.before else "cleared" if not change.after else "changed"
    return words[f"collection_history_{key}"].format(
        field=field_name(change.field, words), before=_short(change.before), after=_short(change.after)
    )


def _said(item: Happening, words: Words) -> str:
    body = item.body
    match item.kind:
        case "capture.added":
            return words["collection_history_capture"].format(n=body["frames"])
        case "products.published":
            kinds = [words.get(f"kind_{product['kind']}", product["kind"]) for product in body["products"]]
            made = f"{body['technique']} {body['operation']}"
            return words["collection_history_products"].format(
                kinds=", ".join(dict.fromkeys(kinds)), made=made
            )
        case "annotation.made":
            key = "reworded" if body.get("replaces") else "remark"
            return words[f"collection_history_{key}"].format(text=_short(body["text"]))
        case "annotation.withdrawn":
            return words["collection_history_withdrawn"].format(n=body["annotation"])
        case "review.made":
            said = words[f"collection_history_{body['verdict']}"].format(check=body["check"])
            return f"{said} {_short(body['note'])}".strip()
        case "publication.allowed":
            checks = ", ".join(dict.fromkeys(check for _, check in body["missing"]))
            return words["collection_history_let_pass"].format(checks=checks, reason=_short(body["reason"]))
        case "result.reproduced":
            return words["collection_history_equal" if body["equal"] else "collection_history_differs"]
    return item.kind


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
