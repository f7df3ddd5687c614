"""``vestige``: its commands, each loaded when it is called, so that help answers at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

import click

import vestige

#: Command, the module and name it lives under, and its line of help.
COMMANDS = {
    "capture": ("vestige.cli.captures:capture", "Captures: new, show, check, seal, schema"),
    "simulate": (
        "vestige.cli.simulating:simulate",
        "Make a capture with exact truth: simulate TECHNIQUE OUT",
    ),
    "chain": ("vestige.cli.chains:chain", "Operations one after another: chain run FILE INPUT --out DIR"),
    "jobs": ("vestige.cli.jobs:jobs", "Queued work: submit, list, show, run, cancel, retry, watch"),
    "archive": ("vestige.cli.archiving:archive", "Keep captures and products for good, with proof"),
    "quality": (
        "vestige.cli.quality:quality",
        "What a lab must prove: check, simulate, profile, embed, history",
    ),
    "publish": (
        "vestige.cli.publish:publish",
        "Objects for others: a website of files, IIIF, bags, crates",
    ),
    "serve": ("vestige.cli.serving:serve", "Open the workbench on a folder of captures and products"),
    "handoff": ("vestige.cli.handoff:handoff", "Scans onto the visitor's phone: serve, hotspot"),
    "accounts": (
        "vestige.cli.accounts:accounts",
        "Who may sign in to the workbench: add, list, role, remove",
    ),
    "demo": ("vestige.cli.serving:demo", "Simulate and process one capture a technique before your eyes"),
    "reference": ("vestige.cli.reference:reference", "Write the reference pages of the manual"),
    "completion": ("vestige.cli.completion:completion", "Print the completion script for bash, zsh or fish"),
}


class Root(click.Group):
    """Commands by name: techniques derive theirs from the contract, the others are listed above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Techniques first, then everything else."""
        from vestige.contract.names import summaries

        return [*summaries(), *COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name in COMMANDS:
            module, _, name = COMMANDS[cmd_name][0].partition(":")
            found: click.Command = getattr(import_module(module), name)
            return found
        from vestige.contract.names import summaries

        if cmd_name not in summaries():
            return None
        from vestige.cli.techniques import technique_group

        return technique_group(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Help from one-line summaries alone: nothing is imported."""
        from vestige.contract.names import summaries

        with formatter.section("Techniques"):
            formatter.write_dl(list(summaries().items()))
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.command(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(vestige.__version__, prog_name="vestige")
def root() -> None:
    """From frames of a heritage object or site to finished, measured, publishable results.

    \b
    Try:  vestige simulate focus coin && vestige focus run coin --out coin-sharp
    """  # noqa: D301 - click reads the backspace


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; exit with 0 done, 1 failed, 2 wrong use."""
    from vestige.cli.console import guarded

    if isinstance(sys.stdout, TextIOWrapper):  # a name that is no text must not stop an answer
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(guarded(root, arguments))
