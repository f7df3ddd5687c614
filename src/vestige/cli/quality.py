"""``vestige quality``: its commands, each loaded when it is called."""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
    "history": "vestige.cli.quality_history:history",
    "profile": "vestige.cli.quality_profile:profile",
    "embed": "vestige.cli.quality_profile:embed",
}


class Lazy(click.Group):
    """Commands by name, from the table above."""

    beneath = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        found: click.Command = getattr(import_module(module), name)
        return found


@click.group(cls=Lazy)
def quality() -> None:
    """What a lab must prove of its images."""
