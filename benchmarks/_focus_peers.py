"""Who is compared: Vestige and the peers that are on this machine, each as its users run it.

focusweave comes with ``pip install 'vestige[bench]'``; enfuse and align_image_stack with
``apt-get install enfuse hugin-tools``; focus-stack is built by hand. A program is looked for beside this
interpreter and on the PATH.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Contender = Callable[[str, str], None]


def program(name: str) -> str | None:
    """Where a program is, or None."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def frames_in(folder: str) -> list[str]:
    return sorted(str(path) for path in Path(folder).iterdir() if path.suffix in (".tif", ".jpg"))


def untiled(folder: str) -> str:
    """The folder, or a copy of its TIFF frames in strips: Hugin's programs read no tiles."""
    import cv2

    plain = Path(folder).with_name(f"{Path(folder).name}-untiled")
    tiled = [path for path in frames_in(folder) if path.endswith(".tif")]
    if not tiled:
        return folder
    if not plain.exists():
        plain.mkdir()
        for path in tiled:
            cv2.imwrite(str(plain / Path(path).name), cv2.imread(path, cv2.IMREAD_UNCHANGED))
    return str(plain)


def vestige(folder: str, out: str) -> None:
    from vestige.capture import open_capture
    from vestige.contract import Budget
    from vestige.contract.registry import technique
    from vestige.contract.runner import execute

    execute(technique("focus"), "run", {"capture": [open_capture(Path(folder))]}, None, out, budget=Budget())


def focusweave(folder: str, out: str) -> None:
    Path(out).mkdir()
    _call([program("focusweave"), folder, "--output", f"{out}/image.tif", "--keep-size"])


def enfuse(folder: str, out: str) -> None:
    """Aligned as Hugin's manual says for focus stacks (-m: the field of view changes), then the hard mask."""
    Path(out).mkdir()
    _call([program("align_image_stack"), "-m", "-a", f"{out}/lie_", *frames_in(untiled(folder))])
    lying = sorted(str(path) for path in Path(out).glob("lie_*.tif"))
    _fuse(lying, out)
    for path in lying:
        Path(path).unlink()


def enfuse_unaligned(folder: str, out: str) -> None:
    Path(out).mkdir()
    _fuse(frames_in(untiled(folder)), out)


def _fuse(frames: list[str], out: str) -> None:
    weights = ["--exposure-weight=0", "--saturation-weight=0", "--contrast-weight=1", "--hard-mask"]
    _call([program("enfuse"), *weights, "-o", f"{out}/image.tif", *frames])


def focus_stack(folder: str, out: str) -> None:
    Path(out).mkdir()
    _call([program("focus-stack"), f"--output={out}/image.tif", *frames_in(folder)])


def sharpest_frame(folder: str, out: str) -> None:
    """The baseline: the one frame with the most detail, as it is."""
    import numpy as np

    from vestige.imaging import read_image, write_image
    from vestige.quality import sharpness_map

    frames = [read_image(path) for path in frames_in(folder)]
    Path(out).mkdir()
    write_image(f"{out}/image.tif", max(frames, key=lambda frame: float(np.mean(sharpness_map(frame)))))


PEERS: dict[str, tuple[Contender, tuple[str, ...]]] = {
    "focusweave": (focusweave, ("focusweave",)),
    "align+enfuse": (enfuse, ("align_image_stack", "enfuse")),
    "enfuse alone": (enfuse_unaligned, ("enfuse",)),
    "focus-stack": (focus_stack, ("focus-stack",)),
}


def peers() -> dict[str, Contender]:
    """The peers that can run here; says which are not here."""
    here = {}
    for label, (function, needed) in PEERS.items():
        if missing := [name for name in needed if program(name) is None]:
            print(f"{label}: not here ({', '.join(missing)})")
        else:
            here[label] = function
    return here


def _call(command: list[str | None]) -> None:
    found = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, check=False, timeout=3600
    )
    if found.returncode:
        raise RuntimeError(f"{command[0]}: {found.stderr.strip()[-300:]}")
