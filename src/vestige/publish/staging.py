"""Publications as folders: written beside their place, put there whole, never written twice."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from vestige.archive.disk import Disk
from vestige.archive.embargo import is_public
from vestige.errors import InputError, OutputError, VestigeError

#: Beneath a publication: what was made of each object, by its name.
MADE = "made"


@dataclass
class Published:
    """What came of it: how many objects were written, how many were there unchanged, which were refused."""

    written: int = 0
    unchanged: int = 0
    refused: list[str] = field(default_factory=list)
    bytes: int = 0


def refuse_embargoed(description: Mapping[str, Any], today: date) -> None:
    """Refuse an object whose embargo has not passed.

    Raises
    ------
    InputError
        where the object is not to be published before a later day.

    >>> refuse_embargoed({"identifier": "MS 42", "embargo": "2030-01-01"}, date(2026, 1, 1))
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: MS 42 is under embargo until 2030-01-01: publish it then, or end the embargo
    """
    if not is_public(description, today):
        raise InputError(
            str(description["identifier"]),
            f"is under embargo until {description['embargo']}",
            action="publish it then, or end the embargo",
        )


def digest_of(value: Any) -> str:
    """A digest of what a publication depends on.

    >>> digest_of({"a": 1}) == digest_of({"a": 1}), digest_of([1]) == digest_of([2])
    (True, False)
    """
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class Staging:
    """A publication on its way: a folder beside `out` that takes its place in one step.

    For each object a record says what was made of it, from what (its key), and in which files. It is
    written last, so that what was stopped is known to be unfinished.

    Raises
    ------
    OutputError
        where `out` holds something that is no publication of this form, or cannot be written.
    """

    def __init__(self, out: Path, form: str) -> None:
        self.out, self.form = out, form
        self.folder = out.with_name(f".{out.name}.unfinished")
        self.done = Published()
        self.names: list[str] = []
        self._disk = Disk()
        if out.exists() and (not out.is_dir() or any(out.iterdir())) and self._form(out) != form:
            raise OutputError(f"{out} holds something that is no published {form}: name another folder")
        try:
            if self._form(self.folder) != form:
                shutil.rmtree(self.folder, ignore_errors=True)
            (self.folder / MADE).mkdir(parents=True, exist_ok=True)
            (self.folder / MADE / "form").write_text(form)
        except OSError as error:
            raise OutputError(f"{out} cannot be written ({error.strerror}): choose another folder") from None

    def take(self, publish: Callable[[], None]) -> None:
        """Publish one object; where that fails, it alone is refused, in one sentence."""
        try:
            publish()
        except VestigeError as error:
            self.done.refused.append(str(error))

    def known(self, name: str, key: str) -> dict[str, Any] | None:
        """What was made of an object from the very same things; its files are brought along."""
        for place in (self.folder, self.out):
            found = _read(place / MADE / f"{name}.json")
            if found and found["key"] == key and self.brought(place, found["files"]):
                self._note(name, found)
                self.done.unchanged += 1
                return found
        return None

    def older(self, name: str) -> tuple[Path, dict[str, Any]]:
        """What was made of an object before, from whatever it then was, and where that lies."""
        for place in (self.out, self.folder):
            if found := _read(place / MADE / f"{name}.json"):
                return place, found
        return self.folder, {}

    def keep(self, name: str, made: Mapping[str, Any]) -> None:
        """Say that an object is written: `made` holds its key and its files."""
        self._note(name, made)
        self.done.written += 1

    def _note(self, name: str, made: Mapping[str, Any]) -> None:
        self.write(f"{MADE}/{name}.json", json.dumps(made, ensure_ascii=False, default=str).encode())
        self.names.append(name)

    def write(self, name: str, data: bytes) -> None:
        """Write a file of the publication."""
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        # What lies there may be a file of the publication at `out` by another name.
        target.unlink(missing_ok=True)
        target.write_bytes(data)

    def brought(self, place: Path, files: Iterable[str]) -> bool:
        """Whether files written before, at `place`, are all there; each gets a second name here."""
        for name in files:
            source, target = place / name, self.folder / name
            if not source.is_file():
                return False
            if source == target:
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            self._disk.link(source, target)
        return True

    def finish(self, parts: Iterable[str]) -> None:
        """Take out of these folders what belongs to no object, and put the publication in its place."""
        kept = {f"{MADE}/form", *(f"{MADE}/{name}.json" for name in self.names)}
        for name in self.names:
            kept.update((_read(self.folder / MADE / f"{name}.json") or {"files": ()})["files"])
        for part in (MADE, *parts):
            for path in (self.folder / part).rglob("*"):
                if path.is_file() and path.relative_to(self.folder).as_posix() not in kept:
                    path.unlink()
        self.done.bytes = sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())
        if self.out.exists():
            self._disk.exchange(self.folder, self.out)
            shutil.rmtree(self.folder)
        else:
            self.folder.rename(self.out)

    def _form(self, place: Path) -> str:
        path = place / MADE / "form"
        return path.read_text() if path.is_file() else ""


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and {"key", "files"} <= found.keys() else None
