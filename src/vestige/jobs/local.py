"""The local executor: worker processes on this machine, forked from a server that has its imports done."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess

from vestige.errors import OutputError
from vestige.jobs import worker
from vestige.jobs.executor import Ended, News, Told
from vestige.jobs.job import Attempt
from vestige.jobs.limits import resident
from vestige.jobs.resources import Resources, machine, usable_cores
from vestige.jobs.states import Ending, How

#: Imported once, in the server that workers are forked from. None of these starts a thread.
PRELOAD = ("vestige.jobs.worker", "numpy", "cv2", "numba", "scipy.ndimage", "vestige.contract.runner")
#: Bytes of stderr that are kept of an attempt.
_TAIL = 4000
#: A job may go this much beyond the memory granted before it is ended.
_LENIENCE = 1.1
#: Seconds between looks at the memory of workers, and for which an idle worker is kept.
_LOOK, _IDLE = 0.25, 60.0


@dataclass
class _Worker:
    process: ForkServerProcess
    channel: Connection
    errors: Connection
    cores: tuple[int, ...] = ()
    device: int | None = None
    attempt: Attempt | None = None
    tail: bytearray = field(default_factory=bytearray)
    over: int = 0
    jobs: int = 0
    since: float = 0.0


class LocalExecutor:
    """Worker processes on this machine.

    A worker takes one job after another and is replaced after `recycle` of them, after any that did
    not end well, or when it has grown. It is held to the cores (by affinity) and to the memory
    granted, is the first to go where the machine runs out of memory, and dies with this process.

    Parameters
    ----------
    database : where the ledger is (a folder or URL): a worker asks it before it publishes.
    resources : what may be used in all; the whole machine by default.
    preload : further modules to import in each worker; with ``module:function``, to call as well, such as
        one that registers a technique.

    >>> executor = LocalExecutor("archive", Resources(cores=1, bytes=2**30))
    >>> executor.capacity().cores, executor.news(0)
    (1, [])
    >>> executor.close()
    """

    def __init__(
        self,
        database: str | os.PathLike[str],
        resources: Resources | None = None,
        *,
        preload: Sequence[str] = (),
        recycle: int = 20,
    ) -> None:
        self._database = str(database)
        self._resources = resources or machine()
        self._preload, self._recycle = tuple(preload), recycle
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*PRELOAD, *(name.partition(":")[0] for name in preload)])
        self._workers: list[_Worker] = []
        self._looked = 0.0

    def capacity(self) -> Resources:
        """What it can give in all."""
        return self._resources

    def start(self, attempt: Attempt) -> None:
        """Give an attempt to an idle worker, or to a new one."""
        found = next((one for one in self._workers if one.attempt is None and one.process.is_alive()), None)
        if found is None or attempt.resources.cuda:
            found = self._hire()
        found.attempt, found.jobs, found.over = attempt, found.jobs + 1, 0
        found.tail.clear()
        found.cores, found.device = self._cores(attempt.resources.cores), self._device(attempt)
        devices = "" if found.device is None else str(found.device)
        with contextlib.suppress(OSError):  # a worker that died this moment is found dead by `news`
            found.channel.send((attempt, found.cores, devices, self._database))

    def news(self, timeout: float) -> list[News]:
        """What happened since the last call; waits up to `timeout` seconds for something."""
        end, found = time.monotonic() + timeout, list[News]()
        while not found:
            self._watch_memory()
            left = end - time.monotonic()
            pause = max(0.0, min(left, _LOOK))
            handles: list[Connection | int] = [
                handle
                for one in self._workers
                for handle in (one.channel, one.errors, one.process.sentinel)
                if handle is not one.errors or not one.errors.closed
            ]
            if handles:
                wait(handles, pause)
            else:
                time.sleep(pause)
            for one in list(self._workers):
                found += self._hear(one)
            if left <= 0:
                break
        self._let_go()
        return found

    def stop(self, attempt: str, *, kill: bool = False) -> None:
        """Ask an attempt to stop, or end it now."""
        for one in self._workers:
            if one.attempt is not None and one.attempt.name == attempt:
                if kill:
                    _kill(one)
                else:
                    with contextlib.suppress(OSError):
                        one.channel.send("stop")

    def close(self) -> None:
        """End all workers."""
        for one in self._workers:
            _kill(one)
        for one in self._workers:
            one.process.join()
            _close(one)
        self._workers.clear()

    def _hire(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        errors, their_errors = self._context.Pipe(duplex=False)
        process = self._context.Process(target=worker.main, args=(theirs, their_errors, self._preload))
        try:
            process.start()
        except OSError as error:
            raise OutputError(f"no worker process can be started ({error.strerror})") from None
        theirs.close()
        their_errors.close()
        os.set_blocking(errors.fileno(), False)
        made = _Worker(process, ours, errors, since=time.monotonic())
        self._workers.append(made)
        return made

    def _hear(self, one: _Worker) -> list[News]:
        """All that a worker said; its death, where it said nothing."""
        _read_tail(one)
        alive, found = one.process.is_alive(), list[News]()
        with contextlib.suppress(EOFError, OSError):
            while one.channel.poll():
                message = one.channel.recv()
                if message[0] == "told":
                    found.append(Told(*message[1:]))
                    continue
                _, name, ending, fresh = message
                _read_tail(one)
                found.append(Ended(name, _with_tail(ending, one.tail)))
                one.attempt, one.since = None, time.monotonic()
                if fresh or one.jobs >= self._recycle or (one.device is not None):
                    self._dismiss(one)
                    return found
        if not alive:
            one.process.join()
            _read_tail(one)
            if one.attempt is not None:
                found.append(Ended(one.attempt.name, _death(one)))
            self._workers.remove(one)
            _kill(one)
            _close(one)
        return found

    def _watch_memory(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked = now
        for one in self._workers:
            if one.attempt is None or one.process.pid is None:
                continue
            held = resident(one.process.pid)
            if held > one.attempt.resources.bytes * _LENIENCE:
                one.over = held
                _kill(one)

    def _let_go(self) -> None:
        """Idle workers hold memory: keep them only for a while."""
        now = time.monotonic()
        for one in list(self._workers):
            if one.attempt is None and now - one.since > _IDLE:
                self._dismiss(one)

    def _dismiss(self, one: _Worker) -> None:
        self._workers.remove(one)
        _kill(one)
        one.process.join()
        _close(one)

    def _cores(self, wanted: int) -> tuple[int, ...]:
        """Cores for an attempt, those that no other attempt has first."""
        taken = [core for one in self._workers if one.attempt is not None for core in one.cores]
        ranked = sorted(usable_cores(), key=lambda core: (taken.count(core), core))
        return tuple(ranked[:wanted])

    def _device(self, attempt: Attempt) -> int | None:
        if not attempt.resources.cuda:
            return None
        taken = {one.device for one in self._workers if one.attempt is not None}
        return next((number for number in range(self._resources.cuda) if number not in taken), 0)


def _read_tail(one: _Worker) -> None:
    """Empty the pipe of a worker's stderr, and keep the end of it."""
    if one.errors.closed:
        return
    with contextlib.suppress(BlockingIOError):
        while data := os.read(one.errors.fileno(), 1 << 16):
            one.tail += data
            del one.tail[:-_TAIL]
        one.errors.close()


def _with_tail(ending: Ending, tail: bytearray) -> Ending:
    if ending.how is How.DONE or ending.stderr:
        return ending
    return Ending(ending.how, ending.sentence, stderr=tail.decode(errors="replace"))


def _death(one: _Worker) -> Ending:
    code, stderr = one.process.exitcode, one.tail.decode(errors="replace")
    number = -code if code is not None and code < 0 else None
    assert one.attempt is not None
    if one.over:
        used, granted = one.over / 2**30, one.attempt.resources.bytes / 2**30
        sentence = f"used {used:.2f} GiB of the {granted:.2f} GiB granted and was ended: grant more"
    elif number == signal.SIGKILL:
        sentence = "its process was killed (signal 9, SIGKILL): by somebody, or for want of memory"
    elif number is not None:
        sentence = f"its process was ended by signal {number} ({signal.strsignal(number)})"
    else:
        sentence = f"its process ended by itself with exit code {code}"
    return Ending(
        How.DIED, sentence, signal=number, exit_code=code if number is None else None, stderr=stderr
    )


def _kill(one: _Worker) -> None:
    """End a worker and the processes it started: they form one group."""
    if one.process.pid is not None:
        with contextlib.suppress(OSError):
            os.killpg(one.process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            if one.process.is_alive():
                one.process.kill()


def _close(one: _Worker) -> None:
    one.channel.close()
    one.errors.close()
    one.process.close()
