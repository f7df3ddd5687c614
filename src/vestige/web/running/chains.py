"""Chains over captures: those that are known here and fit, or one that a person brings as TOML."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vestige.capture import Capture
from vestige.contract.chain import Chain, load_chain
from vestige.errors import InputError, VestigeError
from vestige.jobs import Job, Ledger, Planned, Resources, Submission, plan
from vestige.web.running.benchwork import RESULTS, Subject
from vestige.web.running.choice import techniques, varying

#: A chain may be this long.
MOST_BYTES = 64 * 1024
#: Where an archive keeps the chains of its house, one TOML file each.
FOLDER = "chains"


@dataclass(frozen=True)
class Known:
    """A chain that a person can choose: an opaque name, the chain, and its text."""

    key: str
    chain: Chain
    text: str

    @property
    def steps(self) -> list[str]:
        """The operations in order, in words."""
        return [f"{step.found()[0].title}" for step in self.chain.step]


def read_chain(text: str) -> Chain:
    """A chain from the text that a person brought.

    Raises
    ------
    InputError
        naming what is wrong with it.
    """
    if len(text.encode()) > MOST_BYTES:
        raise InputError("the chain", f"is longer than {MOST_BYTES} bytes")
    with tempfile.TemporaryDirectory(prefix="vestige-chain-") as folder:
        path = Path(folder) / "chain.toml"
        path.write_text(text, encoding="utf-8")
        try:
            return load_chain(path)
        except InputError as error:
            raise InputError("the chain", error.found, error.expected, error.action) from None


def fitting_chains(capture: Capture) -> list[Known]:
    """Chains for a capture that varies along axes of two techniques: one for each value of the other's.

    >>> fitting_chains(Capture())
    []
    """
    axes = set(varying(capture))
    able = [one for one in techniques() if set(one.varies) & axes and one.varies != ("page", "side")]
    found = []
    for first in able:
        for second in able:
            inner, outer = set(first.varies) & axes, set(second.varies) & axes
            product = next((item for item in first.operation("run").outputs if item.kind == "image"), None)
            if first is second or inner & outer or product is None:
                continue
            text = _pair(
                first.name, second.name, product.name, sorted(outer), f"{first.title}, {second.title}"
            )
            found += _known(f"{first.name}-{second.name}", text)
    return found


def kept_chains(desk: Path) -> list[Known]:
    """The chains of the house: those that an administrator put into the archive's desk."""
    found = []
    for path in sorted((desk / FOLDER).glob("*.toml"))[:200]:
        try:
            found += _known(path.stem, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    return found


def submit_chain(
    ledger: Ledger, desk: Path, chain: Chain, subjects: Iterable[Subject], granted: Resources, batch: str
) -> list[Job]:
    """Queue a chain on each capture, all together as one batch.

    Raises
    ------
    InputError, UsageError
        where the chain does not fit a capture; then nothing is queued.
    """
    submissions: list[Submission] = []
    for given in subjects:
        place = desk / RESULTS / f"chain-{uuid.uuid4().hex[:16]}"
        place.parent.mkdir(parents=True, exist_ok=True)
        planned: list[Planned] = plan(chain, given.capture, given.capture.root, place)
        start = len(submissions)
        submissions += [
            Submission(
                one.work,
                title=given.identifier,
                resources=granted,
                needs=tuple(start + number for number in one.needs),
            )
            for one in planned
        ]
    return ledger.submit(submissions, batch=batch)


def _pair(first: str, second: str, product: str, each: list[str], name: str) -> str:
    axes = ", ".join(f'"{axis}"' for axis in each)
    return (
        f'name = "{name}"\n\n[[step]]\nname = "first"\noperation = "{first}.run"\neach = [{axes}]\n\n'
        f'[[step]]\nname = "second"\noperation = "{second}.run"\ninput = "first.{product}"\n'
    )


def _known(key: str, text: str) -> list[Known]:
    try:
        return [Known(key, read_chain(text), text)]
    except VestigeError:
        return []
