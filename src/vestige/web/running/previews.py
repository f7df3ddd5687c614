"""Live previews: Sessions of operations, held open in one limited process beside the server.

A picture that nobody waits for any more is not made: of all that one page asks for, only the newest
question is answered.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
from collections import OrderedDict
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

from vestige.contract.budget import Budget
from vestige.contract.context import Context
from vestige.contract.operation import Inputs, Refining, Session
from vestige.contract.registry import technique
from vestige.errors import BudgetError, VestigeError
from vestige.jobs import Work, limits
from vestige.jobs.local import PRELOAD
from vestige.jobs.resources import usable_cores

#: Memory for all sessions together, how many are held open, and seconds after which an idle process goes.
_BYTES, _SESSIONS, _IDLE = 2 * 2**30, 2, 180.0
#: Seconds that one picture may take; the first one opens all frames.
_PATIENCE = 60.0
_JPEG = 88


class Stale(Exception):  # noqa: N818 - not a fault: somebody asked again meanwhile
    """The same page has asked for another picture since."""


@dataclass(frozen=True)
class Look:
    """What a person wants to see: the work with its recipe, which part of it, how large."""

    work: Work
    region: tuple[int, int, int, int] | None = None
    size: int = 1000
    frame: int | None = None


@dataclass(frozen=True)
class Shown:
    """A JPEG, and whether a better one follows: it is made of a part of what there is."""

    jpeg: bytes
    provisional: bool


class Previews:
    """One process with the sessions that people look through, one picture at a time."""

    def __init__(self, *, idle: float = _IDLE) -> None:
        self._idle = idle
        self._turn, self._asking, self._warming = threading.Lock(), threading.Lock(), threading.Lock()
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._process: ForkServerProcess | None = None
        self._channel: Connection | None = None
        self._timer: threading.Timer | None = None

    def picture(self, page: str, look: Look) -> Shown:
        """The picture of a look, for a page that asks for one after another.

        Raises
        ------
        Stale
            where the page has asked for another one since.
        VestigeError
            what the session says, or that the picture takes too much memory or time.
        """
        number = self._asked(page)
        with self._turn:
            if self._newest.get(page) != number:
                raise Stale
            self._rest(None)
            try:
                return self._answer(look)
            finally:
                self._rest(self._idle)

    def warm(self, look: Look) -> None:
        """Open a session ahead of the first question, in the background; nothing while that is going on."""
        if self._warming.acquire(blocking=False):
            threading.Thread(target=self._warm, args=(look,), name="previews", daemon=True).start()

    def _warm(self, look: Look) -> None:
        try:
            with contextlib.suppress(VestigeError, Stale):  # who asks will be told
                self.picture("", look)
        finally:
            self._warming.release()

    def close(self) -> None:
        """End the process and all its sessions."""
        with self._turn:
            self._rest(None)
            self._end()

    def _asked(self, page: str) -> int:
        with self._asking:
            number = self._newest.pop(page, 0) + 1
            self._newest[page] = number
            while len(self._newest) > 1000:
                self._newest.popitem(last=False)
            return number

    def _answer(self, look: Look) -> Shown:
        for attempt in (1, 2):  # a process that died in the meantime is replaced once
            channel = self._begun()
            try:
                channel.send(look)
                if not channel.poll(_PATIENCE):
                    self._end()
                    raise BudgetError("the preview takes too long: run the operation instead")
                answer = channel.recv()
            except (OSError, EOFError):
                self._end()
                if attempt == 1:
                    continue
                raise BudgetError("the preview needs more memory than it may use: run it instead") from None
            if isinstance(answer, VestigeError):
                raise answer
            assert isinstance(answer, Shown)
            return answer
        raise AssertionError

    def _begun(self) -> Connection:
        if self._channel is None or self._process is None or not self._process.is_alive():
            self._end()
            context: ForkServerContext = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(list(PRELOAD))
            self._channel, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        return self._channel

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._channel is not None:
            self._channel.close()
        self._process = self._channel = None

    def _rest(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None:
            self._timer = threading.Timer(seconds, self.close)
            self._timer.daemon = True
            self._timer.start()


def _serve(channel: Connection) -> None:
    """The process: keeps the latest sessions open and answers one look after another."""
    limits.die_with_parent()
    limits.first_to_go()
    cores = usable_cores()
    limits.grant(_BYTES, cores, "")
    sessions: OrderedDict[str, tuple[Session, Context]] = OrderedDict()
    with contextlib.suppress(EOFError, OSError):
        while True:
            answer = _rendered(channel.recv(), sessions, len(cores))
            channel.send(answer)


def _rendered(look: Look, sessions: OrderedDict[str, tuple[Session, Context]], cores: int) -> Any:
    from vestige.imaging import jpeg_bytes

    work = look.work
    name = work.model_copy(update={"recipe": {}, "out": ""}).model_dump_json()
    try:
        operation = technique(work.technique).operation(work.operation)
        if name not in sessions:
            assert operation.open is not None
            while len(sessions) >= _SESSIONS:
                _, (older, room) = sessions.popitem(last=False)
                older.close()
                room.__exit__()
            context = Context(budget=Budget(cores=cores, bytes=_BYTES))
            sessions[name] = operation.open(Inputs(work.inputs()), context), context
        sessions.move_to_end(name)
        recipe = operation.recipe.make(values=work.recipe)
        session = sessions[name][0]
        pixels = session.render(recipe, look.region, look.size, look.frame)
        provisional = isinstance(session, Refining) and session.provisional
        return Shown(jpeg_bytes(pixels, quality=_JPEG), provisional)
    except VestigeError as error:
        return error
    except MemoryError:
        return BudgetError("the preview needs more memory than it may use: run the operation instead")
    except Exception as error:  # a session of another package may fail in any way; the process goes on
        return BudgetError(f"the preview failed ({type(error).__name__}: {str(error)[:120]})")
