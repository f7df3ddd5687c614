"""Which archive a folder is, and how a person reads it without Vestige."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from vestige.errors import InputError

SETTINGS = "archive.json"
README = b"""This folder is an archive of captures of heritage objects and of the products made from them.
It can be read without any special program.

ocfl/       one folder a capture, laid out by the Oxford Common File Layout 1.1 (https://ocfl.io):
            vN/content/ holds the files that version N added, inventory.json says which stand where,
            ro-crate-metadata.json tells what they are (https://w3id.org/ro/crate/1.1).
            Check sums: SHA-512 in inventory.json, BLAKE3 in vN/content/b3sums.txt (program b3sum).
log/        everything said of the objects, one line of JSON a record, in the order it was said;
            each record carries the SHA-256 of the one before.
catalogue/  a database made from the above; it can be deleted and made again.
work/       files on their way in.
"""


class Settings(BaseModel):
    """What ``archive.json`` says: which archive this is and where its catalogue lies.

    `catalogue` is empty for ``catalogue/`` in the archive, or the address of a PostgreSQL database
    (leave the password to ``~/.pgpass``).
    """

    model_config = ConfigDict(extra="forbid")

    version: Literal["vestige-archive-1"] = "vestige-archive-1"
    identifier: str
    made: str
    catalogue: str = ""

    def to_json(self) -> bytes:
        """The settings as written."""
        return (json.dumps(self.model_dump(), indent=1, ensure_ascii=False) + "\n").encode()


def load_settings(folder: Path) -> Settings:
    """The settings of an archive.

    Raises
    ------
    InputError
        where the folder is no archive.

    >>> load_settings(Path("nowhere"))
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: nowhere is no archive; expected a folder that vestige archive init made
    """
    path = folder / SETTINGS
    try:
        return Settings.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise InputError(folder, "is no archive", "a folder that vestige archive init made") from None
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]["msg"]
        raise InputError(path, f"is damaged ({fault})", action="restore it from a copy") from None
