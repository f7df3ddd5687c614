"""The interpretations of an archive, folded from its log and kept up to date while the workbench serves."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from vestige.archive import Archive, search
from vestige.contract.kinds import Kind
from vestige.display.ground import extent
from vestige.display.interpretation.found import Found, read_found
from vestige.display.interpretation.reviewed import Reviewed
from vestige.display.interpretation.standing import Interpretation, Standing, told
from vestige.errors import UsageError
from vestige.web.exhibit import Exhibit
from vestige.web.faults import Absent

#: So many maps are kept in memory with what was said of them.
HELD = 8


class OvertakenError(Exception):
    """The same person has said something else of a feature meanwhile, in another window."""

    def __init__(self, name: str, standing: Standing) -> None:
        super().__init__(name)
        self.name, self.standing = name, standing


@dataclass
class _Held:
    said: Interpretation
    to: int = 0


class Interpretations:
    """Everybody's interpretations, by the object and the digest of the features they are about."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self._lock = threading.RLock()
        self._held: OrderedDict[tuple[str, str], _Held] = OrderedDict()

    @contextmanager
    def of(self, exhibit: Exhibit) -> Iterator[Reviewed]:
        """The features of a kept result with all that was said of them; nobody changes it meanwhile.

        Raises
        ------
        Absent
            where the product holds no features, or the archive does not keep it.
        """
        subject(exhibit)
        found = found_in(exhibit)
        with self._lock:
            yield Reviewed(found, self._caught_up(exhibit))

    def judge(self, exhibit: Exhibit, who: str, values: Mapping[str, Any]) -> int:
        """Add what `who` says of a feature; the number of the record, which is durable when this returns.

        Raises
        ------
        OvertakenError
            where `who` has said something of the feature since ``values["seen"]``.
        UsageError
            where there is no such feature, or nothing to take back.
        """
        identifier, digest = subject(exhibit)
        with self.of(exhibit) as reviewed:
            said = reviewed.said
            entry, name = values.get("entry"), str(values.get("feature", ""))
            if name and not reviewed.known(name):
                raise UsageError(f"there is no feature {name[:20]} on this map")
            if entry == "undo":
                last = said.undoable(who)
                if last is None or last.number != values.get("undone"):
                    raise OvertakenError(last.about if last else "", Standing())
            elif name and said.version(who, name) != values.get("seen", 0):
                raise OvertakenError(name, said.of(name).get(who, Standing()))
            writer = self._writer(who)
            record = writer.judge(
                identifier, {**values, "features": digest}, capture=exhibit.result.key.partition("-")[0]
            )
            self._caught_up(exhibit)
            return record.sequence

    def _writer(self, who: str) -> Archive:
        import copy

        archive = copy.copy(self.archive)
        archive.who = who or self.archive.who
        return archive

    def _caught_up(self, exhibit: Exhibit) -> Interpretation:
        identifier, digest = subject(exhibit)
        key = (identifier, digest)
        held = self._held.setdefault(key, _Held(Interpretation()))
        self._held.move_to_end(key)
        while len(self._held) > HELD:
            self._held.popitem(last=False)
        records = search.history(self.archive.engine, object=identifier, after=held.to, only="feature.judged")
        for entry in told(records, digest):
            held.said.take(entry)
        if records:
            held.to = records[-1]["sequence"]
        return held.said


def subject(exhibit: Exhibit) -> tuple[str, str]:
    """The object and the digest of the features, of a product that can be interpreted.

    Raises
    ------
    Absent
        for any other.
    """
    if exhibit.record.kind is not Kind.FEATURES or not exhibit.result.home:
        raise Absent(exhibit.index)
    return exhibit.result.where, exhibit.record.blake3


def found_in(exhibit: Exhibit) -> Found:
    """The features of a product, in the reference system of the grid they lie on."""
    path, under = exhibit.result.path(exhibit.index), exhibit.sibling(Kind.GRID)
    reference = extent(under.pictures()[0][1]).reference if under else ""
    return _found(path, path.stat().st_mtime_ns, reference)


@lru_cache(maxsize=HELD)
def _found(path: Path, changed: int, reference: str) -> Found:
    return read_found(path, reference)
