"""OCFL 1.1: the inventory of an object, its sidecar, and where objects lie in the storage root.

Source: Oxford Common File Layout Specification 1.1, https://ocfl.io/1.1/spec/, and its extension
0004 (hashed n-tuple storage layout).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vestige.errors import InputError

ROOT_MARK = ("0=ocfl_1.1", b"ocfl_1.1\n")
OBJECT_MARK = ("0=ocfl_object_1.1", b"ocfl_object_1.1\n")
INVENTORY = "inventory.json"
SIDECAR = "inventory.json.sha512"
SUMS = "b3sums.txt"
LAYOUT = "0004-hashed-n-tuple-storage-layout"
_LAYOUT = {
    "extension": LAYOUT,
    "description": "SHA-256 of the object's identifier: two tuples of two characters, then the whole digest",
}
_LAYOUT_CONFIG = {
    "extensionName": LAYOUT,
    "digestAlgorithm": "sha256",
    "tupleSize": 2,
    "numberOfTuples": 2,
    "shortObjectRoot": False,
}
_DIGEST = re.compile(r"[0-9a-f]{128}")
_CONTENT = re.compile(r"v[1-9][0-9]*/content/.+", re.DOTALL)


def root_files() -> dict[str, bytes]:
    """The files that make a folder an OCFL storage root, by path: always these very bytes."""
    return {
        ROOT_MARK[0]: ROOT_MARK[1],
        "ocfl_layout.json": _json(_LAYOUT),
        f"extensions/{LAYOUT}/config.json": _json(_LAYOUT_CONFIG),
    }


def place(identifier: str) -> PurePosixPath:
    """Where the object of that identifier lies in the storage root.

    >>> str(place("object-01"))[:18]
    '3c/0f/3c0ff4240c1e'
    """
    digest = hashlib.sha256(identifier.encode()).hexdigest()
    return PurePosixPath(digest[:2], digest[2:4], digest)


class User(BaseModel):
    """Who made a version."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    address: str | None = None


class Version(BaseModel):
    """One version: when, why, and which bytes stand under which path."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    created: str
    state: dict[str, list[str]]
    message: str = ""
    user: User | None = None


class Inventory(BaseModel):
    """The inventory of an OCFL object, as Vestige writes it: SHA-512, versions v1, v2, …"""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1)
    type: str = Field(pattern=r"^https://ocfl\.io/1\.1/spec/#inventory$")
    digestAlgorithm: str = Field(pattern=r"^sha512$")  # noqa: N815 - the name the specification gives
    head: str = Field(pattern=r"^v[1-9][0-9]{0,8}$")
    manifest: dict[str, list[str]]
    versions: dict[str, Version]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if list(self.versions) != [f"v{number}" for number in range(1, int(self.head[1:]) + 1)]:
            raise ValueError(f"the versions do not run from v1 to {self.head}")
        stored = [path for paths in self.manifest.values() for path in paths]
        if len(set(stored)) < len(stored) or not all(map(_safe_content, stored)):
            raise ValueError("the manifest names a path twice, or one outside the object")
        used = {digest for version in self.versions.values() for digest in version.state}
        if used != set(self.manifest) or not all(map(_DIGEST.fullmatch, used)):
            raise ValueError("the versions and the manifest name different digests")
        if not all(self.manifest.values()):
            raise ValueError("the manifest has a digest without a file")
        for version in self.versions.values():
            names = [path for paths in version.state.values() for path in paths]
            if len(set(names)) < len(names) or not all(map(safe_path, names)):
                raise ValueError("a version names a path twice, or one outside the object")
        return self

    @property
    def number(self) -> int:
        """The number of the newest version."""
        return int(self.head[1:])

    def files(self, version: int | None = None) -> dict[str, str]:
        """Path in a version (the newest by default) → path of its bytes within the object."""
        state = self.versions[f"v{version or self.number}"].state
        return {path: self.manifest[digest][0] for digest, paths in state.items() for path in paths}

    def digests(self, version: int | None = None) -> dict[str, str]:
        """Path in a version → SHA-512."""
        state = self.versions[f"v{version or self.number}"].state
        return {path: digest for digest, paths in state.items() for path in paths}

    def to_json(self) -> bytes:
        """The inventory as written to ``inventory.json``."""
        return _json(self.model_dump(mode="json", exclude_none=True))

    def next(self, added: Mapping[str, str], *, created: str, message: str, who: str) -> Inventory:
        """The inventory with one version more: `added` (path → SHA-512) laid over the newest."""
        number = self.number + 1
        manifest = {digest: list(paths) for digest, paths in self.manifest.items()}
        for path, digest in added.items():
            manifest.setdefault(digest, []).append(f"v{number}/content/{path}")
        state = self.digests() | dict(added) if self.versions else dict(added)
        version = Version(
            created=created, state=_by_digest(state), message=message, user=User(name=who or "vestige")
        )
        return Inventory(
            id=self.id,
            type=self.type,
            digestAlgorithm=self.digestAlgorithm,
            head=f"v{number}",
            manifest=dict(sorted(manifest.items())),
            versions=self.versions | {f"v{number}": version},
        )


def first(identifier: str, added: Mapping[str, str], *, created: str, message: str, who: str) -> Inventory:
    """The inventory of a new object.

    >>> made = first("a", {"x.txt": "0" * 128}, created="2026-01-01T00:00:00Z", message="", who="me")
    >>> made.head, made.files()
    ('v1', {'x.txt': 'v1/content/x.txt'})
    """
    empty = Inventory.model_construct(
        id=identifier,
        type="https://ocfl.io/1.1/spec/#inventory",
        digestAlgorithm="sha512",
        head="v0",
        manifest={},
        versions={},
    )
    return empty.next(added, created=created, message=message, who=who)


def sidecar(inventory: bytes) -> bytes:
    """The sidecar of an inventory."""
    return f"{hashlib.sha512(inventory).hexdigest()} {INVENTORY}\n".encode()


@dataclass(frozen=True)
class Read:
    """An inventory as read, with the digest its sidecar gives."""

    inventory: Inventory
    digest: str


def read_inventory(folder: Path) -> Read:
    """The inventory in `folder`, checked against its sidecar.

    Raises
    ------
    InputError
        where it is missing, damaged, or no inventory of OCFL 1.1 with SHA-512.

    >>> read_inventory(Path("nowhere"))
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: nowhere/inventory.json cannot be read (No such file or directory)
    """
    path = folder / INVENTORY
    try:
        data = path.read_bytes()
        noted = (folder / SIDECAR).read_bytes()
    except OSError as error:
        raise InputError(error.filename or path, f"cannot be read ({error.strerror})") from None
    if noted != sidecar(data):
        raise InputError(path, f"does not match {SIDECAR}", action="restore the object from a copy")
    return Read(parse_inventory(data, path), noted[:128].decode())


def parse_inventory(data: bytes, path: Path) -> Inventory:
    """The inventory in `data`; `path` is its name in messages."""
    try:
        return Inventory.model_validate(json.loads(data, object_pairs_hook=_distinct))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the file"
        raise InputError(path, f"is no inventory: {where[:80]}: {fault['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(path, f"is no inventory ({error})") from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object whose names differ: a repeated name would hide a file."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def _by_digest(files: Mapping[str, str]) -> dict[str, list[str]]:
    state: dict[str, list[str]] = {}
    for path, digest in sorted(files.items()):
        state.setdefault(digest, []).append(path)
    return dict(sorted(state.items()))


def safe_path(path: str) -> bool:
    """Whether a path stays within its object.

    >>> safe_path("a/b.tif"), safe_path("../b.tif"), safe_path("/b.tif")
    (True, False, False)
    """
    parts = path.split("/")
    return "\0" not in path and not any(part in ("", ".", "..") for part in parts)


def _safe_content(path: str) -> bool:
    return safe_path(path) and _CONTENT.fullmatch(path) is not None


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
