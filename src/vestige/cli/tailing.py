"""A folder into which a logger writes: files that come and grow are taken in while they do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vestige.contract.intake import Intake, take_all
from vestige.contract.stream import Piece, Refused, Splitter
from vestige.errors import VestigeError

#: Seconds between two looks; bytes read of one file in one look; files that are no text of a logger.
LOOK, CHUNK = 0.5, 1 << 20
SUFFIXES = frozenset({".csv", ".txt", ".dat", ".xyz", ".asc", ".log", ".nmea"})


@dataclass
class _File:
    """How far a file was read, and when it last grew."""

    splitter: Splitter
    read: int = 0
    grew: float = 0.0
    ended: bool = False


class Tail:
    """Looks at a folder; each file in it is a sender.

    A file that has not grown for `quiet` seconds has ended, and with it its last piece. Where it grows after
    all it is read anew: what is known is not kept twice, and a piece that has become longer takes the
    place of the shorter one.
    """

    def __init__(
        self, intake: Intake, folder: Path, told: Callable[[str], None], *, quiet: float = 30.0
    ) -> None:
        self.intake, self.folder, self.told, self.quiet = intake, folder, told, quiet
        self._files: dict[Path, _File] = {}
        self._stop = threading.Event()

    def start(self) -> None:
        """Look in a thread of its own."""
        threading.Thread(target=self._work, name="tail", daemon=True).start()

    def close(self) -> None:
        """Look no more."""
        self._stop.set()

    def _work(self) -> None:
        while not self._stop.wait(LOOK):
            try:
                self.look()
            except (VestigeError, OSError) as error:
                self.told(f"{self.folder}: {error}")
                return

    def look(self) -> int:
        """Look once; how many pieces were kept."""
        kept = 0
        for path in sorted(self.folder.iterdir()):
            if path.suffix.lower() in SUFFIXES and not path.name.startswith(".") and path.is_file():
                kept += self._read(path)
        return kept

    def _read(self, path: Path) -> int:
        size, now = path.stat().st_size, time.monotonic()
        known = self._files.get(path)
        if known is None or size < known.read or (known.ended and size > known.read):
            known = self._files[path] = _File(self.intake.splitter(), grew=now)
        kept = 0
        with open(path, "rb") as stream:
            stream.seek(known.read)
            while data := stream.read(CHUNK):
                known.read += len(data)
                known.grew = now
                kept += self._take(path, known.splitter.feed(data))
        if not known.ended and now - known.grew >= self.quiet:
            known.ended = True
            kept += self._take(path, known.splitter.close(whole=True))
        return kept

    def _take(self, path: Path, pieces: list[Piece | Refused]) -> int:
        kept = 0
        for label, became, why in take_all(self.intake, pieces):
            kept += became in ("kept", "longer")
            if why:
                self.told(f"{path.name}: {label} {why}")
        return kept
