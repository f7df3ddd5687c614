"""What computed a result: software, libraries, machine."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import resource
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from blake3 import blake3

import vestige
from vestige.capture import file_digest
from vestige.contract.report import Software


@cache
def software() -> Software:
    """The software of this process: version, commit where run from a checkout, libraries.

    >>> software().vestige == vestige.__version__
    True
    """
    return Software(
        vestige=vestige.__version__,
        commit=_commit(),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        libraries=_libraries(),
    )


def _commit() -> str:
    root = Path(vestige.__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", "src")
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{commit} with changes" if changed else commit


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip()


def _libraries() -> dict[str, str]:
    found = {}
    try:
        declared = requires("vestige") or []
    except PackageNotFoundError:  # run from a checkout that is not installed
        declared = []
    for requirement in declared:
        if "extra ==" in requirement and not any(
            e in requirement for e in ("'learn'", '"learn"', "'cuda'", '"cuda"')
        ):
            continue
        if number := _installed(_name(requirement)):
            found[_name(requirement)] = number
    return dict(sorted(found.items()))


def missing_extra(extra: str) -> list[str]:
    """Names of the packages that an extra of Vestige brings and that are not installed.

    >>> missing_extra("an extra that does not exist")
    []
    """
    try:
        declared = requires("vestige") or []
    except PackageNotFoundError:
        return []
    marks = (f"extra == '{extra}'", f'extra == "{extra}"')
    wanted = [_name(line) for line in declared if any(mark in line for mark in marks)]
    return [name for name in wanted if not _installed(name)]


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def forget_peak() -> None:
    """Begin to measure peak memory anew, where the system can (Linux): a process may do several runs.

    >>> forget_peak()
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_mib() -> float:
    """Peak resident memory of this process, in MiB, since `forget_peak` or its start.

    >>> peak_mib() > 1
    True
    """
    # Linux counts in ru_maxrss also the parent that started this program; its own peak is VmHWM.
    status = Path("/proc/self/status")
    if status.exists():
        own = re.search(r"^VmHWM:\s+(\d+) kB", status.read_text(), re.MULTILINE)
        if own:
            return int(own[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 2**20


def path_digest(path: Path) -> tuple[str, int]:
    """BLAKE3 and size of a file, or of a folder (over the names and digests of what it holds).

    >>> path_digest(Path("no such file"))
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: no such file cannot be read (No such file or directory)
    """
    if not path.is_dir():
        digest = file_digest(path)
        return digest, path.stat().st_size
    whole, size = blake3(), 0
    for item in sorted(path.rglob("*")):
        if item.is_file():
            size += item.stat().st_size
            whole.update(f"{item.relative_to(path).as_posix()}\0{file_digest(item)}\n".encode())
    return whole.hexdigest(), size
