"""The counter: one scanner, one visitor after another, and all that happens between them."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vestige.deliver.arrivals import Source
from vestige.deliver.hotspot import Hotspot
from vestige.deliver.scans import Scan
from vestige.deliver.vault import Session, Vault
from vestige.deliver.wifi import WifiAccess
from vestige.errors import BudgetError, InputError, VestigeError


@dataclass(frozen=True)
class State:
    """What the screen is told: `version` changes whenever a page must be drawn anew."""

    open: bool
    version: int
    scans: tuple[Scan, ...] = ()
    left: float = 0.0
    fetching: int = 0
    fetched: int = 0
    trouble: str = ""
    wifi: str = "off"


class Counter:
    """One visitor at a time: begins, scans, takes away, is done.

    Parameters
    ----------
    vault : where sessions live.
    source : where scans come from.
    hotspot : raises the Wi-Fi with a new password for each visitor; None where the house has its own.
    access : network that phones join: its name, and the password where that stays the same.

    >>> import tempfile
    >>> from vestige.deliver import GrowingFolder
    >>> counter = Counter(Vault(tempfile.mkdtemp()), GrowingFolder(tempfile.mkdtemp()))
    >>> counter.state().open, len(counter.begin().token), counter.state().open
    (False, 22, True)
    >>> counter.done()
    >>> counter.state().open
    False
    >>> counter.close()
    """

    def __init__(
        self,
        vault: Vault,
        source: Source,
        *,
        hotspot: Hotspot | None = None,
        access: WifiAccess | None = None,
        pause: float = 0.3,
    ) -> None:
        self.vault, self.source, self.hotspot = vault, source, hotspot
        self._access, self._pause = access, pause
        self._session: Session | None = None
        self._version, self._trouble = 0, ""
        self._wifi = "off" if access is None else "starting" if hotspot else "ready"
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None
        source.clear()

    @property
    def session(self) -> Session | None:
        """The visitor who is here."""
        return self._session if self._session and self._session.alive else None

    @property
    def access(self) -> WifiAccess | None:
        """The network to join, once it is there."""
        return self._access if self._wifi == "ready" else None

    def open(self) -> None:
        """Watch for scans from now on."""
        self._watcher = threading.Thread(target=self._watch, name="handoff", daemon=True)
        self._watcher.start()

    def close(self) -> None:
        """Stop watching, and forget everything."""
        self._stop.set()
        if self._watcher:
            self._watcher.join(30)
        self.done()
        if self.hotspot:
            with contextlib.suppress(VestigeError):
                self.hotspot.down()
        self.vault.close()

    def begin(self) -> Session:
        """A visitor begins; whoever was here before is gone, with what lies in the scanner's folder."""
        with self._lock:
            self.done()
            self._session = self.vault.begin()
            self._changed("")
            if self.hotspot and self._access:
                self._wifi = "starting"
                self._access = WifiAccess.fresh(self._access.name)
                threading.Thread(target=self._raise, args=(self._access,), daemon=True).start()
            return self._session

    def done(self) -> None:
        """A visitor is done: nothing of theirs stays."""
        with self._lock:
            session, self._session = self._session, None
            if session:
                self.vault.end(session)
            self.source.clear()
            self._changed("")

    def touch(self) -> None:
        """Somebody is at the screen."""
        if session := self.session:
            session.touch()

    def state(self) -> State:
        """What the screen is told."""
        session = self.session
        if session is None:
            return State(False, self._version, wifi=self._wifi)
        left = self.vault.left(session)
        return State(
            True,
            self._version,
            session.scans,
            left,
            session.fetching,
            session.fetched,
            self._trouble,
            self._wifi,
        )

    def step(self) -> None:
        """Look once: scans that came, sessions that are over."""
        with self._lock:
            for session in self.vault.expire():
                if session is self._session:
                    self.done()
            session_now = self.session
            if session_now is None:
                self.source.clear()
                return
            for picture in self.source.arrived():
                self._take(session_now, picture)

    def _take(self, session: Session, picture: Path) -> None:
        trouble = ""
        try:
            self.vault.add(session, picture, datetime.now().astimezone())
        except BudgetError:
            trouble = "full"
        except (InputError, OSError):
            trouble = "unreadable"
        except VestigeError:
            trouble = "failed"
        self.source.taken(picture)
        self._changed(trouble)

    def _changed(self, trouble: str) -> None:
        self._version += 1
        self._trouble = trouble

    def _watch(self) -> None:
        while not self._stop.wait(self._pause):
            try:
                self.step()
            except (VestigeError, OSError):
                self._changed("scanner")

    def _raise(self, access: WifiAccess) -> None:
        try:
            if self.hotspot:
                self.hotspot.up(access)
            told = "ready"
        except VestigeError:
            told = "failed"
        with self._lock:
            if access is self._access:
                self._wifi = told
                self._version += 1
