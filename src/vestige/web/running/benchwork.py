"""Work on the bench: what a person wants made of a capture becomes a job whose result lies on the desk."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestige.archive import search
from vestige.archive.archive import Archive
from vestige.archive.ingest import publish
from vestige.archive.kept import kept_capture
from vestige.archive.reproduction import product_path
from vestige.capture import Capture
from vestige.capture.durable import write_atomically
from vestige.contract.operation import Input, Operation, Technique
from vestige.contract.recipe import Recipe
from vestige.contract.report import REPORT
from vestige.errors import UsageError
from vestige.jobs import Job, Ledger, Resources, Source, State, Submission, Work
from vestige.web.faults import Absent

#: Beneath the desk: a folder a result, named after the key of its job.
RESULTS = "results"
_KEPT = "kept.json"


@dataclass(frozen=True)
class Kept:
    """Where a result went when a person kept it."""

    identifier: str
    capture: str


@dataclass(frozen=True)
class Subject:
    """A capture of the archive that something is to be made of."""

    key: str
    identifier: str
    title: str
    capture: Capture
    products: Sequence[Mapping[str, Any]]

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.title or self.identifier


@dataclass(frozen=True)
class Offer:
    """A product of the archive to choose, and what its object is called."""

    of: str
    product: Mapping[str, Any]


def subject(archive: Archive, key: str) -> Subject:
    """The capture of that key; an Absent where there is none."""
    found = search.capture(archive.engine, key)
    if found is None:
        raise Absent(key)
    known = search.by_identifier(archive.engine, found["identifier"]) or {}
    return Subject(
        found["key"],
        found["identifier"],
        known.get("title") or found["title"],
        kept_capture(archive, found["key"]),
        found["products"],
    )


def fitting(given: Subject, item: Input) -> list[Mapping[str, Any]]:
    """The products of a capture that an input of an operation takes."""
    return [product for product in given.products if product["kind"] == item.kind]


def elsewhere(archive: Archive, item: Input, words: str = "", most: int = 24) -> list[Offer]:
    """Products of the archive that an input takes, those of the newest objects first."""
    found = search.search(archive.engine, words, fields={"kind": str(item.kind)}, limit=most)
    return [
        Offer(thing["title"] or thing["identifier"], product)
        for thing in found.objects
        for capture in search.captures_of(archive.engine, thing["id"])
        for product in capture["products"]
        if product["kind"] == item.kind
    ]


def place_of(archive: Archive, item: Input, digest: str) -> str:
    """Where the product of that digest lies in the archive; empty where none fits the input."""
    key = search.product_origin(archive.engine, digest) if digest else ""
    found = search.capture(archive.engine, key) if key else None
    rows = found["products"] if found else []
    product = next((one for one in rows if one["blake3"] == digest and one["kind"] == item.kind), None)
    return str(product_path(archive, key, product)) if product is not None else ""


def work_of(
    archive: Archive,
    desk: Path,
    given: Subject | None,
    wanted: tuple[Technique, Operation],
    recipe: Recipe,
    named: Mapping[str, str] | None = None,
) -> Work:
    """The work of an operation on a capture of the archive, or on none; digests are keys, so nothing is read.

    `named` gives the BLAKE3 of a product of the archive for each input that is one.

    Raises
    ------
    UsageError
        where an input that is needed is not chosen.
    """
    found, operation = wanted
    sources = []
    for item in operation.inputs:
        if item.takes_capture and given is not None:
            path, digest = str(given.capture.root), given.key
        else:
            digest = "" if item.takes_capture else (named or {}).get(item.name, "")
            path = place_of(archive, item, digest)
        if path:
            sources.append(Source(name=item.name, paths=(path,), digests=(digest,)))
        elif not item.optional:
            raise UsageError(f"{item.name} is needed: {item.help}")
    work = Work(
        technique=found.name,
        operation=operation.name,
        sources=tuple(sources),
        recipe=recipe.model_dump(mode="json"),
        out="",
    )
    return work.model_copy(update={"out": str(desk / RESULTS / work.key()[:24])})


def submit(
    ledger: Ledger,
    works: Sequence[tuple[str, Work]],
    granted: Resources,
    *,
    batch: str = "",
    priority: int = 0,
) -> list[Job]:
    """Queue works, each with its title; the same work again is the job that is there."""
    for _, work in works:
        Path(work.out).parent.mkdir(parents=True, exist_ok=True)
    return ledger.submit(
        [Submission(work, title=title, resources=granted, priority=priority) for title, work in works],
        batch=batch,
    )


def has_result(job: Job) -> bool:
    """Whether the result of a job lies on the desk."""
    return job.state is State.DONE and (Path(job.out) / REPORT).is_file()


def keep(archive: Archive, job: Job) -> Kept:
    """Publish the result of a job into the archive; once, however often asked.

    Raises
    ------
    UsageError
        where there is no result.
    InputError
        where the result is made from nothing in the archive.
    """
    if known := kept(job):
        return known
    if not has_result(job):
        raise UsageError(f"job {job.id} has no result to keep")
    added = publish(archive, Path(job.out))
    found = Kept(added.identifier, added.capture)
    write_atomically(_marker(job), json.dumps(found.__dict__).encode())
    return found


def kept(job: Job) -> Kept | None:
    """Where the result of a job was kept; None where it was not."""
    try:
        return Kept(**json.loads(_marker(job).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def clear(desk: Path, job: Job) -> None:
    """Take the result of a job off the desk; only what lies on the desk is ever taken away."""
    place = Path(job.out)
    if (desk / RESULTS).resolve() not in place.resolve().parents:
        raise UsageError(f"job {job.id} does not lie on the desk: remove its folder by hand")
    shutil.rmtree(place, ignore_errors=True)


def _marker(job: Job) -> Path:
    place = Path(job.out)
    return place.with_name(f"{place.name}.{_KEPT}")


def batch_name(what: str) -> str:
    """A name for jobs that are queued together: what is done, and when."""
    return f"{what} {time.strftime('%Y-%m-%d %H:%M:%S')}"
