"""``vestige quality``: what a lab must prove of its frames."""

from __future__ import annotations

import json
from pathlib import Path

import click

from vestige.cli.console import ON_DISK, show_json
from vestige.cli.quality_history import history
from vestige.cli.quality_profile import embed, profile
from vestige.errors import OutputError, UsageError, VestigeError


@click.group()
def quality() -> None:
    """What a lab must prove: check frames, simulate targets, profile cameras."""


@quality.command()
@click.argument("frames", nargs=-1, required=True, type=ON_DISK)
@click.option("--target", "expected", help="The target that should be there, such as colorchecker-sg")
@click.option("--claimed-ppi", type=float, help="Resolution that is promised; else what the file states")
@click.option("--report", type=ON_DISK, help="Write a page with pictures of what was seen")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON")
def check(
    frames: tuple[Path, ...],
    expected: str | None,
    claimed_ppi: float | None,
    report: Path | None,
    *,
    as_json: bool,
) -> None:
    """Find the targets of frames by themselves and measure what they show."""
    from vestige.quality.check import check as check_frame
    from vestige.quality.report_page import report_page

    checked = [check_frame(frame, expected=expected, claimed_ppi=claimed_ppi) for frame in frames]
    if as_json:
        show_json([one.plain() for one in checked])
    else:
        for one in checked:
            click.echo(f"{one.name}: {', '.join(target.kind for target in one.targets) or 'no target'}")
            for figure in one.summary():
                click.echo(f"  {figure.where:20} {figure.name:26} {figure.value:10.4g} {figure.unit}")
            for sentence in one.remarks:
                click.echo(f"  {sentence}")
    if report:
        _write(report, report_page(checked))
    if not all(one.targets for one in checked):
        raise VestigeError(
            "a frame has no target: " + ", ".join(one.name for one in checked if not one.targets)
        )


@quality.command()
@click.argument("out", type=ON_DISK)
@click.option(
    "--target", "kinds", multiple=True, help="A target, such as colorchecker-classic; may be repeated"
)
@click.option("--camera", default="nikon-5100", show_default=True, help="Spectral sensitivities")
@click.option("--illuminant", default="D50", show_default=True, help="Spectrum of the light")
@click.option(
    "--ppi", default=100.0, show_default=True, type=click.FloatRange(20, 1200), help="Pixels an inch"
)
@click.option("--angle", default=0.0, show_default=True, help="Degrees by which the targets are turned")
@click.option(
    "--tilt", default=0.0, show_default=True, type=click.FloatRange(-30, 30), help="Degrees off parallel"
)
@click.option(
    "--blur", default=0.5, show_default=True, type=click.FloatRange(0, 20), help="Lens spread, pixels"
)
@click.option(
    "--distortion", default=0.0, show_default=True, type=click.FloatRange(-0.1, 0.1), help="At the corner"
)
@click.option(
    "--vignetting", default=0.0, show_default=True, type=click.FloatRange(0, 0.9), help="At the corner"
)
@click.option(
    "--stray", default=0.0, show_default=True, type=click.FloatRange(0, 0.5), help="Share of stray light"
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of the noise")
@click.option("--json", "as_json", is_flag=True, help="Print the truth as JSON")
def simulate(
    out: Path, kinds: tuple[str, ...], camera: str, illuminant: str, ppi: float, angle: float, tilt: float,
    blur: float, distortion: float, vignetting: float, stray: float, seed: int, *, as_json: bool,
) -> None:  # fmt: skip
    """Photograph targets with known spectra: OUT (a TIFF of 16 bit), and its truth beside it as JSON."""
    from vestige.imaging import write_image
    from vestige.quality.targets.camera import Camera
    from vestige.quality.targets.render import render
    from vestige.quality.targets.scene import Lens, Scene, row_of_targets

    if out.suffix.lower() not in (".tif", ".tiff", ".png"):
        raise UsageError(f"{out} must end in .tif or .png")
    placed, width, height = row_of_targets(kinds or ("colorchecker-classic", "object-strip"), ppi, angle)
    lens = Lens(blur, distortion, vignetting, stray)
    scene = Scene(
        placed, width, height, ppi, angle, tilt, camera=Camera(camera, illuminant), lens=lens, seed=seed
    )
    rendered = render(scene)
    write_image(out, rendered.light, depth=16, ppi=ppi)
    truth = out.with_suffix(".truth.json")
    _write(truth, json.dumps(rendered.truth, indent=1))
    if as_json:
        show_json(rendered.truth)
    else:
        click.echo(f"{out}: {width} x {height} pixels, truth in {truth}")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}): choose another folder") from error


for command in (profile, embed, history):
    quality.add_command(command)
