"""Commands of a technique, derived from its operations: nothing here knows any technique by name."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from vestige.cli.console import ON_DISK, Watch, fail_in_part, show_json, tell
from vestige.contract import Budget, Operation, Recipe, Technique, describe
from vestige.contract.recipe import write_value
from vestige.contract.registry import technique as find_technique
from vestige.contract.report import Report
from vestige.contract.runner import execute
from vestige.contract.source import open_inputs
from vestige.errors import Cancelled, UsageError, VestigeError


def technique_group(name: str) -> click.Group:
    """The command group of a technique: one command an operation, and ``recipes``."""
    found = find_technique(name)
    group = click.Group(name, help=f"{found.title}: {found.summary}")
    for operation in found.operations:
        group.add_command(operation_command(found, operation))
    if found.stream is not None:
        from vestige.cli.streaming import stream_command

        group.add_command(stream_command(found, found.stream))
    group.add_command(_recipes_command(found))
    return group


def operation_command(technique: Technique, operation: Operation) -> click.Command:
    """The command of one operation: inputs, ``--out``, recipe, budget."""
    first, others = operation.inputs[:1], operation.inputs[1:]
    parameters: list[click.Parameter] = [
        click.Argument(
            ["inputs"],
            nargs=-1,
            required=not item.optional,
            type=ON_DISK,
            metavar=f"{item.name.upper()}…",
        )
        for item in first
    ]
    parameters += [
        click.Option([f"--{item.name}"], type=ON_DISK, required=not item.optional, help=item.help)
        for item in others
    ]
    parameters += common_options(operation.recipe, out_needed=not operation.answers)
    command = click.Command(
        operation.name,
        params=parameters,
        callback=_callback(technique, operation),
        help=f"{operation.summary}.\n\n{products_help(operation)}",
        short_help=operation.summary,
    )
    command.epilog = fields_help(operation.recipe)
    return command


def common_options(recipe: type[Recipe], *, out_needed: bool = True) -> list[click.Parameter]:
    """The options that each operation has."""
    return [
        click.Option(["--out"], type=ON_DISK, required=out_needed, help="Folder for the products"),
        preset_option(recipe, "A named recipe"),
        set_option(recipe, "A field of the recipe; may be repeated"),
        seed_option(),
        click.Option(["--memory"], default="2G", show_default=True, help="Memory granted, such as 800M"),
        click.Option(["--cores"], type=click.IntRange(1), help="Cores granted; all by default"),
        click.Option(
            ["--device"],
            type=click.Choice(["cpu", "cuda"]),
            default="cpu",
            show_default=True,
            help="Where to compute",
        ),
        click.Option(
            ["--each"],
            is_flag=True,
            help="Run once for each input, into OUT/NAME; go on with the rest where one fails",
        ),
        click.Option(["--replace"], is_flag=True, help="Put the new result in the place of an older one"),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the report as JSON"),
    ]


def preset_option(recipe: type[Recipe], text: str) -> click.Option:
    """``--preset`` of a recipe."""
    kind = click.Choice(list(recipe.presets)) if recipe.presets else None
    return click.Option(["--preset"], type=kind, help=text)


def set_option(recipe: type[Recipe], text: str) -> click.Option:
    """``--set FIELD=VALUE`` of a recipe; a shell completes the names of its fields."""

    def complete(_ctx: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
        return [f"{row['name']}=" for row in describe(recipe) if row["name"].startswith(incomplete)]

    return click.Option(
        ["--set", "settings"], multiple=True, metavar="FIELD=VALUE", shell_complete=complete, help=text
    )


def seed_option() -> click.Option:
    """``--seed``."""
    return click.Option(
        ["--seed"], type=click.IntRange(0), default=0, show_default=True, help="Where chance comes from"
    )


def products_help(operation: Operation) -> str:
    """The products of an operation as lines of help."""
    lines = [
        f"  {item.path}  {item.kind.value}{': ' + item.help if item.help else ''}"
        for item in operation.outputs
    ]
    needed = ["", f"Needs the extra [{operation.extra}]: pip install 'vestige[{operation.extra}]'."]
    return "\n".join(
        ["\b", "Products:", *lines, "  report.json, report.html", *(needed if operation.extra else [])]
    )


def fields_help(recipe: type[Recipe]) -> str:
    """The fields of a recipe as lines of help."""
    lines = []
    for row in describe(recipe):
        unit = f" {row['unit']}" if row["unit"] else ""
        choices = f" [{'|'.join(map(str, row['choices']))}]" if row["choices"] else ""
        lines.append(f"  {row['name']}={write_value(row['default'])}{unit}{choices}  {row['help']}")
    return "\n".join(["\b", "Fields for --set:", *lines])


def _callback(technique: Technique, operation: Operation) -> Callable[..., None]:
    named = [item.name for item in operation.inputs[1:]]

    def run(out: Path | None, inputs: tuple[Path, ...] = (), **options: Any) -> None:
        settings, inputs_set = _apart(options["settings"], named)
        recipe = operation.recipe.make(options["preset"], settings)
        budget = Budget.parse(options["memory"], options["cores"], options["device"])
        others = {name: options[name] for name in named if options[name] is not None} | inputs_set
        watch = Watch()

        def one(paths: tuple[Path, ...], folder: Path) -> Report:
            given = open_inputs(operation, paths, others)
            _refuse_several(operation, given)
            return execute(
                technique,
                operation.name,
                given,
                recipe,
                folder,
                budget=budget,
                seed=options["seed"],
                progress=watch,
                replace=options["replace"],
            )

        try:
            if out is None:
                with tempfile.TemporaryDirectory() as temporary:
                    _show(one(inputs, Path(temporary, "answer")), out, as_json=options["as_json"])
            elif options["each"]:
                _batch(one, inputs, out, as_json=options["as_json"])
            else:
                _show(one(inputs, out), out, as_json=options["as_json"])
        finally:
            watch.close()

    return run


def _apart(settings: Sequence[str], named: Sequence[str]) -> tuple[list[str], dict[str, Path]]:
    """``--set NAME=PATH`` names an input as ``--NAME PATH`` does: its digest, not its path, is kept."""
    paths = {
        name: Path(value) for name, _, value in (text.partition("=") for text in settings) if name in named
    }
    return [text for text in settings if text.partition("=")[0] not in paths], paths


def _refuse_several(operation: Operation, given: Mapping[str, Sequence[Any]]) -> None:
    for item in operation.inputs[:1]:
        count = len(given.get(item.name, ()))
        if count > 1 and not item.many:
            raise UsageError(f"{count} inputs were given and one is needed: add --each to run once for each")


def _batch(
    one: Callable[[tuple[Path, ...], Path], Report], inputs: tuple[Path, ...], out: Path, *, as_json: bool
) -> None:
    """Run once for each input; name those that fail and go on."""
    if not inputs:
        raise UsageError("--each needs one input or more")
    names = [path.stem if path.is_file() else path.resolve().name for path in inputs]
    if doubles := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"two inputs are called '{doubles[0]}': run them apart, into folders of their own")
    rows: list[dict[str, Any]] = []
    for name, path in zip(names, inputs, strict=True):
        try:
            report = one((path,), out / name)
            rows.append({"input": str(path), "out": str(out / name), "seconds": report.seconds})
            if not as_json:
                _show(report, out / name, as_json=False)
        except Cancelled:
            raise
        except VestigeError as error:
            rows.append({"input": str(path), "error": str(error)})
            tell(f"vestige: {path}: {error}")
    failed = sum("error" in row for row in rows)
    if failed:
        sentence = f"{failed} of {len(rows)} inputs failed; the others are done"
        fail_in_part(sentence, {"runs": rows}, as_json=as_json)
    if as_json:
        show_json({"runs": rows})


def _show(report: Report, out: Path | None, *, as_json: bool) -> None:
    if as_json:
        show_json(report.model_dump(mode="json"))
        return
    for sentence in report.answer:
        click.echo(sentence)
    for warning in report.warnings:
        tell(f"note: {warning}")
    if out is None:
        return
    for product in report.products:
        click.echo(f"{out / product.path}  {product.kind.value}")
    click.echo(f"{out / 'report.html'}  {report.seconds:.1f} s")


def _recipes_command(technique: Technique) -> click.Command:
    @click.command("recipes", help="The fields and presets of each operation")
    @click.option("--json", "as_json", is_flag=True, help="Print them as JSON with their schema")
    def recipes(*, as_json: bool) -> None:
        if as_json:
            show_json(
                {
                    operation.name: {
                        "fields": describe(operation.recipe),
                        "presets": {name: dict(values) for name, values in operation.recipe.presets.items()},
                        "schema": operation.recipe.model_json_schema(),
                    }
                    for operation in technique.operations
                }
            )
            return
        for operation in technique.operations:
            _show_recipe(technique, operation)

    return recipes


def _show_recipe(technique: Technique, operation: Operation) -> None:
    click.secho(f"{technique.name} {operation.name}: {operation.summary}", bold=True)
    for row in describe(operation.recipe):
        about = ", ".join(
            filter(None, [row["type"], row["unit"], row["bounds"], "|".join(map(str, row["choices"]))])
        )
        click.echo(f"  {row['name']} = {write_value(row['default'])}  ({about})\n      {row['help']}")
    for name, values in operation.recipe.presets.items():
        click.echo(
            f"  --preset {name}: "
            + (", ".join(f"{key}={write_value(value)}" for key, value in values.items()) or "the defaults")
        )
    click.echo()
