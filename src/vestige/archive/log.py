"""The log: every record of the archive, one JSON line each, chained by hashes, only ever added to.

A segment ``log/000000000001.jsonl`` is named after the first record in it. Each record carries the
SHA-256 of the one before, so that no line can be changed, dropped or slipped in unnoticed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vestige.archive.disk import Disk
from vestige.errors import InputError, OutputError

SEGMENT_BYTES = 16 * 2**20
LINE_BYTES = 2**20
#: How far the clock may lag behind the last record before writing is refused.
LAG = timedelta(minutes=10)
START = "0" * 64


@dataclass(frozen=True)
class Entry:
    """What a record says, before it has its place in the log."""

    kind: str
    body: dict[str, Any] = field(default_factory=dict)
    object: str = ""
    capture: str = ""


@dataclass(frozen=True)
class Record:
    """One record: what was said of which object and capture, when, by whom; and its link in the chain."""

    sequence: int
    time: str
    who: str
    kind: str
    object: str
    capture: str
    body: dict[str, Any]
    previous: str
    hash: str
    line: str = field(repr=False, compare=False, default="")


def sealed(entry: Entry, *, sequence: int, time: str, who: str, previous: str) -> Record:
    """The record of an entry, with its hash and its line.

    >>> record = sealed(Entry("note"), sequence=1, time="2026-01-01T00:00:00Z", who="me", previous=START)
    >>> parse_record(record.line.encode(), Path("log")) == record
    True
    """
    content: dict[str, Any] = {
        "sequence": sequence,
        "time": time,
        "who": who,
        "kind": entry.kind,
        "object": entry.object,
        "capture": entry.capture,
        "body": entry.body,
        "previous": previous,
    }
    digest = hashlib.sha256(_canonical(content).encode()).hexdigest()
    return Record(**content, hash=digest, line=_canonical({**content, "hash": digest}))


def parse_record(line: bytes, path: Path) -> Record:
    """The record on a line.

    Raises
    ------
    InputError
        where the line is not, byte for byte, what Vestige wrote.
    """
    try:
        found = json.loads(line)
        entry = Entry(found["kind"], found["body"], found["object"], found["capture"])
        record = sealed(
            entry,
            sequence=int(found["sequence"]),
            time=found["time"],
            who=found["who"],
            previous=found["previous"],
        )
        if record.line.encode() == line and isinstance(record.body, dict):
            return record
    except (ValueError, KeyError, TypeError, RecursionError):
        pass
    raise InputError(path, "has a damaged line", action="restore it from a copy")


class Log:
    """The log in a folder. One process writes at a time; its caller holds the lock.

    >>> import tempfile
    >>> log = Log(Path(tempfile.mkdtemp()), Disk())
    >>> [record.sequence for record in log.append([Entry("note"), Entry("note")], who="me")]
    [1, 2]
    >>> [record.kind for record in log.records(after=1)]
    ['note']
    """

    def __init__(
        self, folder: Path, disk: Disk, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.folder, self.disk, self.clock = folder, disk, clock
        self._tail: tuple[Path, int, Record] | None = None

    def segments(self) -> list[Path]:
        """The segments, in order."""
        return sorted(self.folder.glob("*.jsonl"))

    def last(self) -> Record | None:
        """The last whole record; a cut line after it was never acknowledged."""
        for path in reversed(self.segments()):
            if self._tail and self._tail[:2] == (path, path.stat().st_size):
                return self._tail[2]
            keep = _whole(path)
            if keep:
                record = parse_record(_tail(path, keep - 1)[1], path)
                self._tail = (path, keep, record)
                return record
        return None

    def mend(self) -> None:
        """Cut what a power cut left of a line that was never acknowledged."""
        for path in self.segments()[-1:]:
            if self._tail and self._tail[:2] == (path, path.stat().st_size):
                return
            keep = _whole(path)
            if keep < path.stat().st_size:
                self.disk.truncate(path, keep)

    def now(self) -> str:
        """The time for the next record.

        Raises
        ------
        OutputError
            where the clock stands clearly before the last record.
        """
        now, last = self.clock(), self.last()
        if last is not None:
            then = datetime.fromisoformat(last.time)
            if now < then - LAG:
                raise OutputError(
                    f"the clock of this machine says {now:%Y-%m-%d %H:%M} and the last record of "
                    f"{self.folder.parent} is of {then:%Y-%m-%d %H:%M}: set the clock right, or accept "
                    "it with vestige archive clock"
                )
            now = max(now, then)
        return moment(now)

    def append(self, entries: Sequence[Entry], *, who: str, time: str = "") -> list[Record]:
        """Add records; they are durable when this returns.

        Raises
        ------
        OutputError
            where the clock was set back or a record is too long; the log is as it was.
        OSError
            where the disk refuses; the log is as it was.
        """
        time = time or self.now()
        last = self.last()
        records: list[Record] = []
        sequence, previous = (last.sequence, last.hash) if last else (0, START)
        for entry in entries:
            sequence += 1
            records.append(sealed(entry, sequence=sequence, time=time, who=who, previous=previous))
            previous = records[-1].hash
            if len(records[-1].line) > LINE_BYTES // 4:
                raise OutputError(
                    f"a record of {entry.object or entry.kind} has {len(records[-1].line)} characters: "
                    f"at most {LINE_BYTES // 4} fit, put long text into a file of a capture"
                )
        if records:
            self._write(records)
        return records

    def _write(self, records: list[Record]) -> None:
        self.mend()
        segments = self.segments()
        data = "".join(record.line + "\n" for record in records).encode()
        if segments and segments[-1].stat().st_size + len(data) <= SEGMENT_BYTES:
            path = segments[-1]
            self.disk.append(path, data)
        else:
            path = self.folder / f"{records[0].sequence:012d}.jsonl"
            try:
                self.disk.write(path, [data], sync=True)
                self.disk.sync(self.folder)
            except OSError:
                self.disk.remove(path)
                raise
        self._tail = (path, path.stat().st_size, records[-1])

    def records(self, after: int = 0, previous: str = "") -> Iterator[Record]:
        """Records in order from the one after `after`, each checked against the one before.

        Raises
        ------
        InputError
            naming the segment and the line that is damaged, missing or out of order.
        """
        segments = self.segments()
        starts = [int(path.stem) for path in segments]
        begin = max((i for i, start in enumerate(starts) if start <= after + 1), default=0)
        expected = starts[begin] if begin < len(starts) else 1
        if after + 1 < expected:
            raise InputError(self.folder, f"has no record {after + 1}", action="restore it from a copy")
        link = START if expected == 1 else ""
        for number, path in enumerate(segments[begin:], start=begin):
            if starts[number] != expected:
                raise InputError(
                    path, f"begins with record {starts[number]}", str(expected), "restore it from a copy"
                )
            skip = max(0, after - starts[number]) if number == begin else 0
            expected += skip
            link = link if not skip else ""
            for record in _read(path, skip, final=number == len(segments) - 1):
                if record.sequence != expected or (link and record.previous != link):
                    raise InputError(path, f"breaks the chain at record {expected}", action="restore it")
                if record.sequence == after and previous and record.hash != previous:
                    raise InputError(path, f"has another record {after} than the catalogue took in")
                link, expected = record.hash, expected + 1
                if record.sequence > after:
                    yield record


def moment(time: datetime) -> str:
    """A time as records write it, in UTC to the microsecond.

    >>> moment(datetime(2026, 1, 2, tzinfo=UTC))
    '2026-01-02T00:00:00.000000Z'
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _read(path: Path, skip: int, *, final: bool) -> Iterator[Record]:
    """The records of a segment from line `skip` on: a line a record, so those known need no parsing."""
    try:
        with open(path, "rb") as stream:
            for number, line in enumerate(iter(lambda: stream.readline(LINE_BYTES + 1), b""), start=1):
                if number <= skip:
                    continue
                if not line.endswith(b"\n"):
                    if final and not stream.read(1):
                        return
                    raise InputError(path, f"has a line {number} without end", action="restore it")
                try:
                    yield parse_record(line[:-1], path)
                except InputError:
                    raise InputError(
                        path, f"has a damaged line {number}", action="restore it from a copy"
                    ) from None
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None


def _whole(path: Path) -> int:
    """The bytes of a segment up to the end of its last whole line."""
    return _tail(path, path.stat().st_size)[0]


def _tail(path: Path, size: int) -> tuple[int, bytes]:
    """Where the last line that ends before `size` ends, and what follows it up to `size`."""
    reach = 4096
    with open(path, "rb") as stream:
        while True:
            start = max(0, size - reach)
            stream.seek(start)
            tail = stream.read(size - start)
            cut = tail.rfind(b"\n") + 1
            if cut or not start:
                return start + cut, tail[cut:]
            reach *= 8


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
