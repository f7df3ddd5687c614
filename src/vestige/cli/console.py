"""What the command line shows: errors in one sentence, progress with the time left, JSON on request."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

import click

from vestige.errors import Cancelled, VestigeError


def guarded(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Run a command and turn every error into one sentence and an exit code."""
    listed = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = command.main(listed, prog_name="vestige", standalone_mode=False)
    except VestigeError as error:
        return _fail(str(error), error.exit_code, listed)
    except click.exceptions.Abort:
        return _fail("stopped; run the same command again to go on", 1, listed)
    except click.ClickException as error:
        hint = (
            f" (see {error.ctx.command_path} --help)"
            if isinstance(error, click.UsageError) and error.ctx
            else ""
        )
        return _fail(f"{error.format_message()}{hint}", error.exit_code, listed)
    except (KeyboardInterrupt, Cancelled):
        return _fail("stopped; run the same command again to go on", 1, listed)
    except MemoryError:
        return _fail(
            "the machine has no memory left: close other programs or grant less with --memory", 1, listed
        )
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    return code if isinstance(code, int) else 0


def _fail(sentence: str, code: int, arguments: Sequence[str]) -> int:
    if "--json" in arguments:
        show_json({"error": sentence, "exit_code": code})
    click.echo(f"vestige: {sentence}", err=True)
    return code


def show_json(value: Any) -> None:
    """Print a value as JSON on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=1))


def stop_on_terminate() -> Callable[[], bool]:
    """Answer True once this process was asked to stop by SIGTERM; finished parts are kept."""
    asked: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    signal.signal(signal.SIGTERM, hear)
    return lambda: bool(asked)


class Watch:
    """Progress on standard error with the time left: a bar on a terminal, a line now and then elsewhere.

    Nothing shows during the first two seconds.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.start = self.last = time.monotonic()
        self.label = ""
        self.stage = self.start

    def __call__(self, done: float, total: float, label: str) -> None:
        """Take note of progress."""
        now = time.monotonic()
        if label != self.label:
            self.label, self.stage = label, now
        pause = 0.2 if sys.stderr.isatty() else 5.0
        if self.quiet or now - self.start < 2 or now - self.last < pause:
            return
        self.last = now
        share = done / total if total else 0.0
        left = (now - self.stage) * (1 - share) / share if share > 0 else None
        text = f"{label}: {done:g} of {total:g}" + (
            f", about {duration(left)} left" if left is not None else ""
        )
        if sys.stderr.isatty():
            bar = "█" * round(24 * share) + "·" * (24 - round(24 * share))
            click.echo(f"\r\x1b[K{bar} {text}", err=True, nl=False)
        else:
            click.echo(text, err=True)

    def close(self) -> None:
        """Clear the line."""
        if sys.stderr.isatty() and not self.quiet:
            click.echo("\r\x1b[K", err=True, nl=False)


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(42), duration(150), duration(7300)
    ('42 s', '2 min 30 s', '2 h 2 min')
    """
    whole = max(0, round(seconds))
    if whole < 100:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
