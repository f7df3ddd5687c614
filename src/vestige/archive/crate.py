"""RO-Crate: each version tells in JSON-LD what it holds, how it was made, and by what.

Source: RO-Crate 1.1, https://w3id.org/ro/crate/1.1, and the Process Run Crate profile 0.5,
https://w3id.org/ro/wfrun/process/0.5.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from vestige.capture import Capture
from vestige.contract.report import Report

METADATA = "ro-crate-metadata.json"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"


@dataclass(frozen=True)
class Result:
    """The result of a run as it lies in the archive: its folder there, and its report."""

    folder: str
    report: Report


def crate(
    description: Mapping[str, Any],
    capture: Capture,
    files: Mapping[str, int],
    results: Sequence[Result],
    *,
    published: str,
    digests: Mapping[str, str] | None = None,
) -> bytes:
    """The metadata of one version; `files` maps each path to its size in bytes, `digests` to its SHA-512.

    >>> made = crate({"identifier": "MS 42"}, Capture(), {"capture/a.tif": 5}, [], published="2026-01-01")
    >>> json.loads(made)["@graph"][1]["identifier"]
    'MS 42'
    """
    graph: list[dict[str, Any]] = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        },
        _root(description, capture, files, results, published),
        {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
    ]
    graph += [_file(path, size, (digests or {}).get(path, "")) for path, size in sorted(files.items())]
    for result in results:
        graph += _run(result, files)
    graph += _software(results)
    context = [
        "https://w3id.org/ro/crate/1.1/context",
        {"sha512": "https://w3id.org/ro/terms/workflow-run#sha512"},
    ]
    return (json.dumps({"@context": context, "@graph": graph}, ensure_ascii=False, indent=1) + "\n").encode()


def _root(
    description: Mapping[str, Any],
    capture: Capture,
    files: Iterable[str],
    results: Sequence[Result],
    published: str,
) -> dict[str, Any]:
    title = description.get("title") or capture.thing.title or description.get("identifier", "")
    rights = description.get("rights") or capture.rights.licence or capture.rights.statement
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": title,
        "description": description.get("description")
        or f"Capture of {title} in {len(capture.frames)} frames",
        "identifier": description.get("identifier", ""),
        "datePublished": published,
        "license": rights or "All rights reserved unless stated otherwise by the holder",
        "conformsTo": {"@id": _PROFILE},
        "hasPart": [{"@id": quote(path)} for path in sorted(files)],
    }
    told = {
        "creator": capture.rights.creator,
        "isPartOf": description.get("collection", ""),
        "temporal": description.get("date", ""),
        "contentLocation": description.get("place", ""),
        "about": description.get("taxon", ""),
    }
    root |= {name: value for name, value in told.items() if value}
    if results:
        root["mentions"] = [{"@id": f"#run-{result.report.key[:16]}"} for result in results]
    return root


def _file(path: str, size: int, sha512: str) -> dict[str, Any]:
    entity = {
        "@id": quote(path),
        "@type": "File",
        "name": path.rsplit("/", 1)[-1],
        "contentSize": str(size),
        "encodingFormat": mimetypes.guess_type(path)[0] or "application/octet-stream",
    }
    return entity | ({"sha512": sha512} if sha512 else {})


def _run(result: Result, files: Iterable[str]) -> list[dict[str, Any]]:
    """The action that made a result, and the values of its recipe."""
    report, mark = result.report, f"#run-{result.report.key[:16]}"
    values = [
        {
            "@id": f"{mark}-{name}",
            "@type": "PropertyValue",
            "name": name,
            "value": value if isinstance(value, str | int | float) else json.dumps(value),
        }
        for name, value in sorted({**report.recipe, "seed": report.seed}.items())
    ]
    made = [
        path
        for path in sorted(files)
        for item in report.products
        if path == f"{result.folder}/{item.path}" or path.startswith(f"{result.folder}/{item.path}/")
    ]
    used = [path for path in sorted(files) if path.startswith(f"{result.folder}/inputs/")]
    made_of = [] if any(path.endswith("/capture.json") for path in used) else ["capture/capture.json"]
    action = {
        "@id": mark,
        "@type": "CreateAction",
        "name": f"{report.technique} {report.operation}",
        "startTime": report.started.isoformat(),
        "endTime": (report.started + timedelta(seconds=report.seconds)).isoformat(),
        "instrument": {"@id": _software_id(report)},
        "object": [
            *({"@id": quote(path)} for path in [*made_of, *used]),
            *({"@id": value["@id"]} for value in values),
        ],
        "result": [{"@id": quote(path)} for path in made],
    }
    return [action, *values]


def _software(results: Sequence[Result]) -> list[dict[str, Any]]:
    made = {}
    for result in results:
        software = result.report.software
        made[_software_id(result.report)] = {
            "@id": _software_id(result.report),
            "@type": "SoftwareApplication",
            "name": "Vestige",
            "softwareVersion": f"{software.vestige} {software.commit[:12]}".strip(),
            "softwareRequirements": [f"{name} {version}" for name, version in software.libraries.items()],
        }
    return list(made.values())


def _software_id(report: Report) -> str:
    return f"#vestige-{report.software.vestige}-{report.software.commit[:12]}".rstrip("-")
