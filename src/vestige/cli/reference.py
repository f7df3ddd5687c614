"""``vestige reference``: the reference pages of the manual, made from the operations themselves."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from vestige.capture import Capture
from vestige.capture.durable import write_atomically
from vestige.cli.console import ON_DISK, show_json
from vestige.contract import Operation, Recipe, Technique, describe
from vestige.contract.names import BUILT_IN
from vestige.contract.recipe import write_value
from vestige.contract.registry import technique as find_technique


@click.command()
@click.argument("folder", type=ON_DISK)
@click.option("--json", "as_json", is_flag=True, help="Answer as JSON")
def reference(folder: Path, *, as_json: bool) -> None:
    """Write one page a technique and one of all commands into FOLDER."""
    written = []
    made = pages()
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        write_atomically(folder / name, text.encode())
        written.append(str(folder / name))
    if as_json:
        show_json({"pages": written})
    else:
        click.echo("\n".join(written))


def pages() -> dict[str, str]:
    """The reference pages by file name."""
    found = {f"{name}.md": technique_page(find_technique(name)) for name in BUILT_IN}
    schema = json.dumps(Capture.model_json_schema(), indent=1) + "\n"
    return {**found, "commands.md": commands_page(), "capture.schema.json": schema}


def technique_page(technique: Technique) -> str:
    """The reference page of a technique: operations, inputs, products, fields, presets, scene."""
    parts = [
        f"# {technique.title}: reference",
        technique.summary,
        f"Made by `vestige reference`; see [{technique.name}](../{technique.name}.md) for how it works.",
    ]
    for operation in technique.operations:
        parts += operation_section(technique, operation)
    parts += [
        f"## `vestige simulate {technique.name} OUT`",
        technique.forward.summary + ".",
        fields_table(technique.forward.recipe),
    ]
    parts += presets(technique.forward.recipe)
    return "\n\n".join(parts) + "\n"


def operation_section(technique: Technique, operation: Operation) -> list[str]:
    """One operation as Markdown."""
    positional = f" {operation.inputs[0].name.upper()}…" if operation.inputs else ""
    parts = [f"## `vestige {technique.name} {operation.name}{positional} --out DIR`", operation.summary + "."]
    if operation.extra:
        parts.append(f"Needs the extra `[{operation.extra}]`: `pip install 'vestige[{operation.extra}]'`.")
    if operation.inputs:
        rows = [
            [
                f"`{item.name}`",
                "capture" if item.kind is None else item.kind.value,
                ", ".join(item.axes) or "–",
                item.help,
            ]
            for item in operation.inputs
        ]
        parts.append(table(["Input", "Kind", "Axes needed", ""], rows))
    parts.append(
        table(
            ["Product", "Kind", "File", ""],
            [[f"`{o.name}`", o.kind.value, f"`{o.path}`", o.help] for o in operation.outputs],
        )
    )
    parts.append(fields_table(operation.recipe))
    return parts + presets(operation.recipe)


def fields_table(recipe: type[Recipe]) -> str:
    """The fields of a recipe as a Markdown table."""
    rows = [
        [
            f"`{row['name']}`",
            row["type"],
            f"`{write_value(row['default'])}`",
            row["unit"] or "–",
            _bounds(row),
            row["help"],
        ]
        for row in describe(recipe)
    ]
    return table(["Field", "Type", "Default", "Unit", "Bounds", ""], rows)


def _bounds(row: dict[str, Any]) -> str:
    return row["bounds"] or ", ".join(f"`{choice}`" for choice in row["choices"]) or "–"


def presets(recipe: type[Recipe]) -> list[str]:
    """The presets of a recipe as Markdown."""
    if not recipe.presets:
        return []
    rows = [
        [
            f"`{name}`",
            ", ".join(f"`{key}={write_value(value)}`" for key, value in values.items()) or "the defaults",
        ]
        for name, values in recipe.presets.items()
    ]
    return [table(["Preset", "Sets"], rows)]


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; pipes in cells are escaped.

    >>> table(["a"], [["b"]]).splitlines()
    ['| a |', '| --- |', '| b |']
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def commands_page() -> str:
    """Every command that belongs to no technique, with its own help text."""
    from vestige.cli.root import COMMANDS, root

    parts = ["# Commands", "Made by `vestige reference`. Those of the techniques stand on their own pages."]
    with click.Context(root, info_name="vestige", **root.context_settings) as context:
        for name in COMMANDS:
            command = root.get_command(context, name)
            assert command is not None
            parts += _command_help(command, click.Context(command, info_name=name, parent=context))
    return "\n\n".join(parts) + "\n"


def _command_help(command: click.Command, context: click.Context) -> list[str]:
    if isinstance(command, click.Group) and command.commands:
        listed: list[str] = []
        for name, sub in command.commands.items():
            listed += _command_help(sub, click.Context(sub, info_name=name, parent=context))
        return listed
    context.terminal_width = 100
    beneath: dict[str, str] = getattr(command, "beneath", {})
    shown = [f"## `{context.command_path}`", f"```\n{command.get_help(context)}\n```"]
    if isinstance(command, click.Group) and beneath:
        shown = []
    for name, place in beneath.items():
        module, _, attribute = place.partition(":")
        sub = getattr(import_module(module), attribute)
        inner = click.Context(sub, info_name=f"{context.info_name} {name}", parent=context.parent)
        shown += _command_help(sub, inner)
    return shown
