"""``vestige quality profile`` and ``embed``: make the ICC profile of a camera, and put it into frames."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click

from vestige.cli.archive_checks import AS_JSON, say
from vestige.cli.console import ON_DISK, tell
from vestige.errors import InputError, UsageError

LIGHT = click.option(
    "--light", required=True, help="What the frame is lit with, in your words: 'LED panels, 5000 K'"
)


@click.command()
@click.argument("frame", type=ON_DISK)
@click.option("--target", "kind", default="", help="Which target: colorchecker-sg, colorchecker-classic")
@click.option(
    "--corners",
    help="Where it lies, if it is not found: its corners as printed, 'x,y x,y x,y x,y' from top left",
)
@LIGHT
@click.option("--out", type=ON_DISK, required=True, help="The profile to write: camera.icc")
@click.option("--form", type=click.Choice(["lut", "matrix"]), default="lut", help="A table, or a matrix")
@click.option(
    "--reference", type=ON_DISK, help="Colours measured on this very target: CSV with patch, L, a, b (D50)"
)
@click.option("--icc", "version", type=click.Choice(["4", "2"]), default="4", help="Version of ICC")
@click.option(
    "--encoding",
    type=click.Choice(["auto", "srgb", "linear"]),
    default="auto",
    help="How the frame is stored, where that is not plain from the file",
)
@AS_JSON
def profile(
    frame: Path,
    kind: str,
    corners: str | None,
    light: str,
    out: Path,
    form: Literal["lut", "matrix"],
    reference: Path | None,
    version: str,
    encoding: Literal["auto", "srgb", "linear"],
    *,
    as_json: bool,
) -> None:
    """Make the ICC profile of the camera that took FRAME, from the target in it.

    The profile is judged by patches that took no part in it, and knows camera, lens, light and date.
    """
    from vestige.capture.durable import write_atomically
    from vestige.quality.colour.profile import profile_from_frame
    from vestige.quality.colour.reference import found_patches, patches_within, read_reference
    from vestige.quality.targets.layout import layout

    if corners:
        patches = patches_within(layout(kind), _places(corners))
    else:
        kind, patches = found_patches(frame, kind)
    made = profile_from_frame(
        frame,
        patches,
        read_reference(reference) if reference else layout(kind).lab,
        target=kind,
        light=light,
        kind=form,
        encoding=encoding,
    )
    write_atomically(out, made.to_icc(version=4 if version == "4" else 2))
    if not reference:
        tell("note: judged by the maker's colours of this target; those measured on your copy are better")
    if not made.conditions.camera:
        tell("note: the frame does not say its camera, so the profile will be refused by every frame")
    judged, known = made.judged, made.conditions
    answer = {"profile": str(out), "left_out": asdict(judged), "conditions": asdict(known)}
    said = f"{out}: dE2000 of left-out patches: mean {judged.mean:.2f}, 95 % below {judged.p95:.2f}"
    say(answer, f"{said}, worst {judged.worst:.2f} ({judged.patches} patches)", as_json=as_json)


@click.command()
@click.argument("frame", type=ON_DISK)
@click.option("--profile", "icc", type=ON_DISK, required=True, help="The profile: camera.icc")
@LIGHT
@click.option("--out", type=ON_DISK, required=True, help="The frame to write: a .tif or .png")
@click.option(
    "--regardless", is_flag=True, help="Even where camera, lens or light are others, or nobody says them"
)
@AS_JSON
def embed(frame: Path, icc: Path, light: str, out: Path, *, regardless: bool, as_json: bool) -> None:
    """Write FRAME again with the profile of its camera embedded; its values stay as they are."""
    from vestige.quality.colour.profile import embed_profile

    try:
        data = icc.read_bytes()
    except OSError as error:
        raise InputError(icc, f"cannot be read ({error.strerror})") from None
    wrong = embed_profile(frame, out, data, light=light, regardless=regardless)
    for sentence in wrong:
        tell(f"warning: {sentence}")
    say({"frame": str(out), "warnings": wrong}, f"{out}: profile embedded", as_json=as_json)


def _places(text: str) -> list[tuple[float, float]]:
    try:
        split = (place.split(",") for place in text.split())
        return [(float(x), float(y)) for x, y in split]
    except ValueError:
        raise UsageError(f"--corners is 'x,y x,y x,y x,y' in pixels, not {text!r}") from None
