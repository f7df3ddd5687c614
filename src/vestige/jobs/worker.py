"""The worker: a process that carries attempts out, one after another, until it is told to go."""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from vestige.archive.database import open_database
from vestige.capture.durable import publish_folder, sync_tree
from vestige.contract.context import Progress
from vestige.contract.registry import technique
from vestige.contract.report import load_report
from vestige.contract.runner import execute
from vestige.errors import BusyError, Cancelled, InputError, SupersededError, VestigeError
from vestige.jobs import limits
from vestige.jobs.job import Attempt
from vestige.jobs.leases import Leases
from vestige.jobs.ledger import Ledger
from vestige.jobs.states import Ending, How

#: Progress is told at most this often, in seconds.
PAUSE = 0.5
#: A worker that holds more than this between jobs is replaced by a fresh one.
IDLE_BYTES = 2**30


def main(channel: Connection, errors: Connection, preload: Sequence[str]) -> None:
    """Carry out what comes through `channel` (attempt, cores, devices, database); say how it went."""
    limits.die_with_parent()
    # A lock that Numba would share with forked children outlives a killed worker; there are none.
    multiprocessing.set_start_method("spawn", force=True)
    limits.first_to_go()
    os.setsid()
    os.dup2(errors.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    errors.close()
    sys.stdout = sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115 - for good
    faulthandler.enable(sys.stderr)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for name in preload:
        module, _, function = name.partition(":")
        loaded = import_module(module)
        if function:
            getattr(loaded, function)()
    inbox: queue.Queue[Any] = queue.Queue()
    stopped = threading.Event()
    threading.Thread(target=_listen, args=(channel, inbox, stopped), daemon=True).start()
    while (order := inbox.get()) is not None:
        attempt, cores, devices, database = order
        limits.grant(attempt.resources.bytes, cores, devices)
        tell = _throttled(channel, attempt.name)
        ending = carry_out(attempt, database, tell, stopped.is_set)
        sys.stderr.flush()
        fresh = ending.how is not How.DONE or limits.resident(os.getpid()) > IDLE_BYTES
        channel.send(("ended", attempt.name, ending, fresh))
        if fresh:
            return


def carry_out(
    attempt: Attempt, database: str, tell: Progress, cancelled: Callable[[], bool] = lambda: False
) -> Ending:
    """Run an attempt here and now. Its result is published only while it holds the job's lease."""
    try:
        _run(attempt, database, tell, cancelled)
    except Cancelled:
        return Ending(How.CANCELLED, "stopped by request")
    except BusyError as error:
        return Ending(How.BUSY, str(error))
    except SupersededError as error:
        return Ending(How.SUPERSEDED, str(error))
    except VestigeError as error:
        return Ending(How.FAILED, str(error))
    except MemoryError:
        granted = attempt.resources.bytes / 2**30
        sentence = f"{attempt.work.label} needs more memory than the {granted:.2g} GiB granted: grant more"
        return Ending(How.FAILED, sentence, stderr=traceback.format_exc()[-4000:])
    except Exception as error:  # an operation may raise anything; the job fails, the worker does not
        sentence = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        return Ending(How.FAILED, sentence, stderr=traceback.format_exc()[-4000:])
    return Ending(How.DONE)


def _run(attempt: Attempt, database: str, tell: Progress, cancelled: Callable[[], bool]) -> None:
    work, resources = attempt.work, attempt.resources
    found = technique(work.technique)

    def publish(staged: Path, final: Path) -> None:
        key = load_report(staged).key
        if work.is_given and key != attempt.key:
            raise InputError(
                final.name,
                "would not be the result that was asked for: an input, or the operation, has changed since",
                action="submit the job again",
            )
        sync_tree(staged)  # what takes long comes first: others wait to write while the lease is checked
        engine = open_database(database)
        try:
            with Leases(Ledger(engine)).publishing(attempt):
                publish_folder(staged, final)
        finally:
            engine.dispose()

    execute(
        found,
        work.operation,
        work.inputs(),
        found.operation(work.operation).recipe.make(values=work.recipe),
        work.out,
        budget=resources.budget,
        seed=work.seed,
        progress=tell,
        cancelled=cancelled,
        replace=work.replace,
        publish=publish,
    )


def _listen(channel: Connection, inbox: queue.Queue[Any], stopped: threading.Event) -> None:
    """Hear orders while the main thread works; end at once when nobody is left to give any."""
    while True:
        try:
            order = channel.recv()
        except (EOFError, OSError):
            with contextlib.suppress(OSError):
                os.killpg(0, signal.SIGKILL)
            os._exit(1)
        heed(order, inbox, stopped)


def heed(order: Any, inbox: queue.Queue[Any], stopped: threading.Event) -> None:
    """Take one order, in the order they come: a stop right behind an attempt is for that attempt."""
    if order == "stop":
        stopped.set()
    else:
        stopped.clear()
        inbox.put(order)


def _throttled(channel: Connection, name: str) -> Progress:
    """Send progress on, at most twice a second."""
    last, lock = [0.0], threading.Lock()

    def tell(done: float, total: float, label: str) -> None:
        with lock:
            now = time.monotonic()
            if now - last[0] >= PAUSE:
                last[0] = now
                channel.send(("told", name, done, total, label))

    return tell
