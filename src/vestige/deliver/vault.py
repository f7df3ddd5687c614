"""Sessions: what a visitor's scans are kept under, for minutes, in memory, behind 128 bits."""

from __future__ import annotations

import contextlib
import fcntl
import hmac
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Final

from vestige.deliver.scans import Scan, prepared
from vestige.errors import BudgetError, BusyError

#: Bytes of a token: 128 bits.
TOKEN_BYTES: Final = 16
#: More of an address than any token has is not looked at.
_LONGEST: Final = 64
_LOCK: Final = "lock"


@dataclass(eq=False)
class Session:
    """One visitor: the scans so far, how many phones are fetching, and what the machine does for them."""

    token: str
    folder: Path
    scans: tuple[Scan, ...] = ()
    held: int = 0
    touched: float = 0.0
    fetching: int = 0
    fetched: int = 0
    working: int = 0
    alive: bool = True
    clock: Callable[[], float] = time.monotonic
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __repr__(self) -> str:
        """Say nothing: neither a log nor a traceback shall name a token."""
        return "Session(…)"

    def touch(self) -> None:
        """Somebody used the session, or a phone took some more of a file."""
        self.touched = self.clock()

    @contextlib.contextmanager
    def fetch(self) -> Iterator[None]:
        """While a phone fetches; one that has gone away and takes nothing more does not keep the session."""
        self.fetching += 1
        try:
            yield
        finally:
            self.fetching -= 1

    @contextlib.contextmanager
    def work(self) -> Iterator[None]:
        """While scans go to a stick, by mail or into a cloud, the session is not idle."""
        self.working += 1
        try:
            yield
        finally:
            self.working -= 1
            self.touch()


class Vault:
    """All sessions, in a folder in memory that is emptied when the vault opens and when it closes.

    Parameters
    ----------
    folder : see `vestige.deliver.memory_folder`.
    session_bytes, total_bytes : most memory of one session and of all.
    idle : seconds after which a session that nobody uses ends.

    Raises
    ------
    BusyError : another service uses the folder.

    >>> import tempfile
    >>> vault = Vault(tempfile.mkdtemp())
    >>> session = vault.begin()
    >>> vault.find(session.token) is session, vault.find("x" * 22) is None, len(session.token)
    (True, True, 22)
    >>> vault.end(session)
    >>> vault.find(session.token) is None
    True
    >>> vault.close()
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        session_bytes: int = 2 << 30,
        total_bytes: int = 4 << 30,
        idle: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = Path(folder)
        self.session_bytes, self.total_bytes, self.idle, self.clock = session_bytes, total_bytes, idle, clock
        self._secret = secrets.token_bytes(32)
        self._sessions: dict[bytes, Session] = {}
        self._nobody = Session("", Path())
        self._lock = threading.Lock()
        self._held_lock = os.open(self.folder / _LOCK, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(self._held_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._held_lock)
            raise BusyError(f"another hand-off service uses {self.folder}: stop it first") from None
        self._empty()

    def begin(self) -> Session:
        """A new session with a token that was never used before."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        folder = self.folder / secrets.token_hex(8)
        folder.mkdir(mode=0o700)
        session = Session(token, folder, touched=self.clock(), clock=self.clock)
        with self._lock:
            self._sessions[self._key(token)] = session
        return session

    def find(self, token: str) -> Session | None:
        """The session of a token, or None, with the same work either way.

        Sessions are found by a keyed digest of the token, so that no comparison ends sooner the more of a
        guess is right; then the tokens themselves are compared in constant time.
        """
        asked = token[:_LONGEST]
        session = self._sessions.get(self._key(asked), self._nobody)
        same = hmac.compare_digest(self._key(session.token), self._key(asked))
        return session if same and session.alive and session is not self._nobody else None

    def add(self, session: Session, picture: Path, made: datetime) -> Scan:
        """Take a picture into a session.

        Raises
        ------
        BudgetError : the memory granted is used up.
        InputError : the picture cannot be read.
        """
        self.check_room(session, picture.stat().st_size)
        with session.lock:
            scan = prepared(picture, session.folder, len(session.scans) + 1, made)
            if not session.alive:
                shutil.rmtree(session.folder, ignore_errors=True)
                raise BudgetError("the session has ended")
            session.scans = (*session.scans, scan)
            session.held += scan.bytes_held
            session.touch()
        return scan

    def check_room(self, session: Session, more: int) -> None:
        """Refuse what would go beyond the quota of the session or of all."""
        if (
            session.held + more > self.session_bytes
            or sum(one.held for one in self.sessions()) + more > self.total_bytes
        ):
            raise BudgetError("the memory for scans is full: take them with you, then begin again")

    def left(self, session: Session) -> float:
        """Seconds until a session ends by itself; all of them while the machine works for it."""
        if session.working:
            session.touch()
        return session.touched + self.idle - self.clock()

    def sessions(self) -> list[Session]:
        """Those that are open."""
        with self._lock:
            return list(self._sessions.values())

    def end(self, session: Session) -> None:
        """Forget a session and its files at once; what is being fetched breaks off."""
        with self._lock:
            self._sessions.pop(self._key(session.token), None)
        session.alive = False
        session.scans = ()
        session.held = 0
        for path in session.folder.iterdir() if session.folder.is_dir() else ():
            with contextlib.suppress(OSError):
                os.truncate(path, 0)  # a download that hangs would keep a removed file in memory
        shutil.rmtree(session.folder, ignore_errors=True)

    def expire(self) -> list[Session]:
        """End the sessions that nobody used for too long."""
        late = [session for session in self.sessions() if self.left(session) <= 0]
        for session in late:
            self.end(session)
        return late

    def close(self) -> None:
        """End all sessions."""
        for session in self.sessions():
            self.end(session)
        self._empty()
        os.close(self._held_lock)

    def _key(self, token: str) -> bytes:
        return blake2b(token.encode("utf-8", "surrogatepass"), key=self._secret, digest_size=16).digest()

    def _empty(self) -> None:
        for item in self.folder.iterdir():
            if item.name == _LOCK:
                continue
            if item.is_dir() and not item.is_symlink():
                shutil.rmtree(item)
            else:
                item.unlink()
