"""``vestige simulate``: a capture with exact truth from a technique's forward model."""

from __future__ import annotations

from pathlib import Path

import click

from vestige.cli.console import ON_DISK, show_json
from vestige.cli.techniques import fields_help, preset_option, seed_option, set_option
from vestige.contract.names import summaries
from vestige.contract.registry import technique as find_technique
from vestige.contract.simulate import simulate as run_simulation


class Models(click.Group):
    """One command a technique, derived from its forward model."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All techniques."""
        return list(summaries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The forward model of one technique."""
        return _command(cmd_name) if cmd_name in summaries() else None


@click.command(cls=Models)
def simulate() -> None:
    """Make a capture with exact truth beneath truth/."""


def _command(name: str) -> click.Command:
    found = find_technique(name)
    recipe = found.forward.recipe

    def run(out: Path, seed: int, preset: str | None, settings: tuple[str, ...], *, as_json: bool) -> None:
        capture = run_simulation(found, out, recipe.make(preset, settings), seed=seed)
        if as_json:
            show_json(capture.model_dump(mode="json"))
        else:
            click.echo(f"{out}: {len(capture.frames)} frames, truth in {out / 'truth'}")

    parameters = [
        click.Argument(["out"], type=ON_DISK),
        preset_option(recipe, "A named scene"),
        set_option(recipe, "A field of the scene; may be repeated"),
        seed_option(),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the manifest as JSON"),
    ]
    summary = found.forward.summary
    return click.Command(
        name,
        params=parameters,
        callback=run,
        help=summary,
        short_help=summary,
        epilog=fields_help(recipe),
    )
