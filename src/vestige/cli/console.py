"""What the command line shows: errors in one sentence, progress with the time left, JSON on request."""

from __future__ import annotations

import contextlib
import json
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import click

from vestige.errors import VestigeError

#: A path as the commands take it; what is wrong with it is told by the function that opens it.
ON_DISK = click.Path(readable=False, path_type=Path)
_STOPPED = "stopped; run the same command again to go on"


def guarded(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Run a command and turn every error into one sentence and an exit code.

    >>> guarded(click.Command("nothing", callback=lambda: None), [])
    0
    """
    listed = list(sys.argv[1:] if arguments is None else arguments)
    asked: list[int] = []
    try:
        with _terminate_as_interrupt(asked):
            code = command.main(listed, prog_name="vestige", standalone_mode=False)
    except VestigeError as error:
        if asked:  # what stopped with this process failed because of it
            return _fail(_STOPPED, 1, listed)
        return _fail(str(error), error.exit_code, listed)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _fail(_STOPPED, 1, listed)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        hint = (
            f" (see {error.ctx.command_path} --help)"
            if isinstance(error, click.UsageError) and error.ctx
            else ""
        )
        return _fail(f"{error.format_message()}{hint}", error.exit_code, listed)
    except MemoryError:
        return _fail(
            "the machine has no memory left: close other programs or grant less with --memory", 1, listed
        )
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _fail(f"{place}{error.strerror or error}", 1, listed)
    return code if isinstance(code, int) else 0


def _fail(sentence: str, code: int, arguments: Sequence[str]) -> int:
    line = " ".join(sentence.split("\n"))
    if "--json" in arguments:
        show_json({"error": line, "exit_code": code})
    tell(f"vestige: {line}")
    return code


def tell(sentence: str) -> None:
    """A line on standard error; where nobody reads it any more, nothing happens."""
    with contextlib.suppress(OSError, ValueError):
        click.echo(sentence, err=True)


def fail_in_part(sentence: str, answer: Mapping[str, Any], *, as_json: bool) -> NoReturn:
    """End a command some of whose work failed: with ``--json`` the answer and the error are one document."""
    if not as_json:
        raise VestigeError(sentence)
    show_json({**answer, "error": sentence, "exit_code": 1})
    tell(f"vestige: {sentence}")
    raise click.exceptions.Exit(1)


def show_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


@contextlib.contextmanager
def _terminate_as_interrupt(asked: list[int]) -> Iterator[None]:
    """SIGTERM stops a command as Ctrl-C does: what is half-made is cleared away, finished parts stay."""

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        asked.append(number)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Watch:
    """Progress on standard error with the time left: a bar on a terminal, a line now and then elsewhere.

    Nothing shows during the first two seconds.
    """

    def __init__(self) -> None:
        self.start = self.last = time.monotonic()
        self.label = ""
        self.stage = self.start

    def __call__(self, done: float, total: float, label: str) -> None:
        """Take note of progress."""
        now = time.monotonic()
        if label != self.label:
            self.label, self.stage = label, now
        pause = 0.2 if _on_terminal() else 5.0
        if now - self.start < 2 or now - self.last < pause:
            return
        self.last = now
        share = done / total if total else 0.0
        left = (now - self.stage) * (1 - share) / share if share > 0 else None
        text = f"{label}: {done:g} of {total:g}" + (
            f", about {duration(left)} left" if left is not None else ""
        )
        if _on_terminal():
            full = round(24 * min(max(share, 0), 1))
            _draw(f"{'█' * full}{'·' * (24 - full)} {text}")
        else:
            tell(text)

    def close(self) -> None:
        """Clear the line."""
        if _on_terminal():
            _draw("")


def _on_terminal() -> bool:
    return not sys.stderr.closed and sys.stderr.isatty()


def _draw(text: str) -> None:
    """Draw the line anew, cut to the width of the terminal."""
    width = shutil.get_terminal_size().columns - 1
    with contextlib.suppress(OSError, ValueError):
        click.echo(f"\r\x1b[K{text[:width]}", err=True, nl=False)


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(42), duration(150), duration(7300)
    ('42 s', '2 min 30 s', '2 h 1 min')
    """
    whole = max(0, round(seconds))
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
