"""``vestige chain``: operations one after another."""

from __future__ import annotations

from pathlib import Path

import click

from vestige.capture import open_capture
from vestige.cli.console import ON_DISK, Watch, show_json, tell
from vestige.contract import Budget
from vestige.contract.chain import load_chain, run_chain


@click.group()
def chain() -> None:
    """Operations one after another, written in TOML."""


@chain.command()
@click.argument("file", type=ON_DISK)
@click.argument("capture", type=ON_DISK)
@click.option("--out", type=ON_DISK, required=True, help="Folder for the results of each step")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Where chance comes from")
@click.option("--memory", default="2G", show_default=True, help="Memory granted, such as 800M")
@click.option("--cores", type=click.IntRange(1), help="Cores granted; all by default")
@click.option(
    "--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where to compute"
)
@click.option("--replace", is_flag=True, help="Put new results in the place of older ones")
@click.option("--json", "as_json", is_flag=True, help="Print the reports as JSON")
def run(
    file: Path,
    capture: Path,
    out: Path,
    seed: int,
    memory: str,
    cores: int | None,
    device: str,
    *,
    replace: bool,
    as_json: bool,
) -> None:
    """Run the chain FILE on CAPTURE; results of each step go to OUT/STEP."""
    steps = load_chain(file)
    budget = Budget.parse(memory, cores, device)
    watch = Watch()
    try:
        reports = run_chain(
            steps, open_capture(capture), out, budget=budget, seed=seed, progress=watch, replace=replace
        )
    finally:
        watch.close()
    if as_json:
        show_json(
            {name: [report.model_dump(mode="json") for report in made] for name, made in reports.items()}
        )
        return
    for name, made in reports.items():
        for warning in dict.fromkeys(warning for report in made for warning in report.warnings):
            tell(f"note: {name}: {warning}")
        seconds = sum(report.seconds for report in made)
        click.echo(f"{out / name}  {len(made)} run{'s' if len(made) > 1 else ''}, {seconds:.1f} s")
