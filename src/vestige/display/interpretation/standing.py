"""What each interpreter's entries come to: a fold over an append-only log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

Outline = list[list[list[tuple[float, float]]]]
#: The review that says there is nothing, and those that say there is something.
REJECTED = "rejected"
POSITIVE = frozenset({"accepted", "edited", "added"})


@dataclass(frozen=True)
class Entry:
    """One line of the log: its number, time and author, what was said of which feature.

    `entry` is one of accept, reject, edit, draw, class, remark, undo; `text` a class or a remark; `undone`
    the number of the entry that an undo takes back. A drawn feature is named ``d`` and its entry's number.
    """

    number: int
    time: str
    who: str
    entry: str
    feature: str = ""
    outline: Outline | None = None
    text: str = ""
    undone: int = 0

    @property
    def about(self) -> str:
        """The name of the feature it is about."""
        return f"d{self.number}" if self.entry == "draw" else self.feature


@dataclass(frozen=True)
class Standing:
    """What one interpreter says of one feature by now.

    `class_name` and `outline` are None where the interpreter left them as they were found; `version` is the
    number of their last entry on it.
    """

    review: str = "unreviewed"
    class_name: str | None = None
    outline: Outline | None = None
    remark: str = ""
    version: int = 0
    time: str = ""


@dataclass(frozen=True)
class Drawn:
    """A feature that a person drew: by whom, its first outline and class."""

    who: str
    outline: Outline
    class_name: str


@dataclass
class Interpretation:
    """Every interpreter's standings on one set of features, as the log has them up to `last`.

    >>> said = Interpretation()
    >>> said.take(Entry(1, "", "eva", "accept", "7"))
    >>> said.take(Entry(2, "", "otto", "reject", "7"))
    >>> said.of("7")["eva"].review, said.of("7")["otto"].review
    ('accepted', 'rejected')
    >>> said.take(Entry(3, "", "otto", "undo", undone=2))
    >>> sorted(said.of("7"))
    ['eva']
    """

    last: int = 0
    drawn: dict[str, Drawn] = field(default_factory=dict)
    _entries: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)
    _standings: dict[str, dict[str, Standing]] = field(default_factory=dict)
    _about: dict[int, tuple[str, str]] = field(default_factory=dict)
    _said: dict[str, list[int]] = field(default_factory=dict)
    _versions: dict[tuple[str, str], int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        """One more entry; those known already are passed over."""
        if entry.number <= self.last:
            return
        self.last = entry.number
        if entry.entry == "undo":
            key = self._about.pop(entry.undone, None)
            if key is None or key[0] != entry.who:
                return
            self._entries[key] = [item for item in self._entries[key] if item.number != entry.undone]
            self._said[entry.who].remove(entry.undone)
        else:
            key = (entry.who, entry.about)
            self._entries.setdefault(key, []).append(entry)
            self._about[entry.number] = key
            self._said.setdefault(entry.who, []).append(entry.number)
            if entry.entry == "draw" and entry.outline:
                self.drawn[entry.about] = Drawn(entry.who, entry.outline, entry.text)
        self._versions[key] = entry.number
        self._fold(key)

    def _fold(self, key: tuple[str, str]) -> None:
        who, feature = key
        found = Standing()
        for entry in self._entries[key]:
            found = _after(found, entry, own=feature in self.drawn and self.drawn[feature].who == who)
        standings = self._standings.setdefault(feature, {})
        standings.pop(who, None)
        if self._entries[key]:
            standings[who] = replace(found, version=self._versions[key])
        self.changed[feature] = self.last

    def of(self, feature: str) -> Mapping[str, Standing]:
        """What everybody who said something says of a feature, by name."""
        return self._standings.get(feature, {})

    def version(self, who: str, feature: str) -> int:
        """The number of a person's last entry on a feature, also where that was taken back; 0 for none."""
        return self._versions.get((who, feature), 0)

    def undoable(self, who: str) -> Entry | None:
        """The last entry of a person that stands."""
        numbers = self._said.get(who)
        if not numbers:
            return None
        key = self._about[numbers[-1]]
        return next(item for item in self._entries[key] if item.number == numbers[-1])

    def judged(self) -> list[str]:
        """The features of which somebody says something."""
        return [feature for feature, standings in self._standings.items() if standings]

    def additions(self) -> dict[str, Drawn]:
        """Drawn features that somebody still holds to be there: one that is taken back stays while another
        person has judged it.
        """
        return {name: drawn for name, drawn in self.drawn.items() if self._standings.get(name)}

    def interpreters(self) -> list[str]:
        """Who says something, in alphabetical order."""
        return sorted({who for standings in self._standings.values() for who in standings})


def _after(found: Standing, entry: Entry, *, own: bool) -> Standing:
    """A standing after one more entry of the same person on the same feature."""
    found = replace(found, time=entry.time)
    present = "added" if own else "edited"
    match entry.entry:
        case "reject":
            return replace(found, review=REJECTED)
        case "accept":
            changed = own or found.outline is not None or found.class_name is not None
            return replace(found, review=present if changed else "accepted")
        case "draw":
            return replace(found, review="added", outline=entry.outline, class_name=entry.text or None)
        case "edit":
            return replace(found, review=present, outline=entry.outline)
        case "class":
            return replace(found, review=present, class_name=entry.text)
        case "remark":
            return replace(found, remark=entry.text)
    return found


def told(records: Iterable[Mapping[str, Any]], features: str) -> list[Entry]:
    """The entries of an archive's records on the file of features with the digest `features`."""
    return [
        Entry(
            record["sequence"],
            record["time"],
            record["who"],
            record["body"]["entry"],
            record["body"]["feature"],
            [[[(x, y) for x, y in ring] for ring in part] for part in record["body"]["outline"]] or None,
            record["body"]["text"],
            record["body"]["undone"],
        )
        for record in records
        if record["body"]["features"] == features
    ]
