"""``vestige completion``: the script that lets a shell complete commands and fields."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from vestige.cli.console import show_json

_BASH_WORD = "            COMPREPLY+=($value)"
_BASH_NO_SPACE = "            [[ $value == *= ]] && compopt -o nospace"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON")
@click.pass_context
def completion(context: click.Context, shell: str, *, as_json: bool) -> None:
    """Print the completion script: eval "$(vestige completion bash)"."""
    found = get_completion_class(shell)
    assert found is not None
    script = found(context.find_root().command, {}, "vestige", "_VESTIGE_COMPLETE").source()
    # In bash a field ('levels=') must not be followed by a space: its value comes next.
    script = script.replace(_BASH_WORD, f"{_BASH_WORD}\n{_BASH_NO_SPACE}")
    if as_json:
        show_json({"shell": shell, "script": script})
    else:
        click.echo(script)
