"""What a hand-off offers, read from one TOML file; everything that is not set up is off."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vestige.capture.manifest import first_fault
from vestige.deliver.cloud import Store
from vestige.deliver.mail import Mail
from vestige.errors import InputError


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class WifiSettings(_Model):
    """The network: ``managed`` gives a new password to each visitor, ``given`` shows one that exists."""

    mode: Literal["managed", "given"] = "managed"
    name: str = Field(default="Scans", min_length=1, max_length=32)
    password_file: Path | None = None
    device: str = ""


class MailSettings(_Model):
    """A mail server."""

    host: str
    sender: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["tls", "starttls", "none"] = "starttls"
    user: str = ""
    password_file: Path | None = None
    most_bytes: int = Field(default=20_000_000, ge=100_000)


class CloudSettings(_Model):
    """`webdav` lets visitors name a folder of their own; `store` is one of the house, by fsspec."""

    webdav: bool = False
    store: str = ""
    options: dict[str, Any] = Field(default_factory=dict)


class Settings(_Model):
    """All of it; sizes in bytes, times in seconds.

    >>> Settings().idle, Settings().mail is None
    (300.0, True)
    """

    idle: float = Field(default=300.0, ge=30, le=3600)
    warning: float = Field(default=60.0, ge=10, le=600)
    session_bytes: int = Field(default=2 << 30, ge=1 << 20)
    total_bytes: int = Field(default=4 << 30, ge=1 << 20)
    stick: bool = False
    wifi: WifiSettings | None = None
    mail: MailSettings | None = None
    cloud: CloudSettings = CloudSettings()

    def mail_server(self) -> Mail | None:
        """The mail server with its password, where one is set up."""
        if self.mail is None:
            return None
        told = self.mail.model_dump(exclude={"password_file"})
        return Mail(**told, password=secret(self.mail.password_file))

    def store(self) -> Store | None:
        """The house's store, where one is set up."""
        return Store(self.cloud.store, self.cloud.options) if self.cloud.store else None


def load_settings(path: str | os.PathLike[str]) -> Settings:
    """Settings of a TOML file.

    Raises
    ------
    InputError : the file cannot be read, or says what is not known.

    >>> load_settings("nowhere.toml")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: nowhere.toml cannot be read (No such file or directory)
    """
    try:
        told = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        return Settings.model_validate(told)
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(path, f"is no TOML file ({error})") from None
    except ValidationError as error:
        raise InputError(path, first_fault(error)) from None


def secret(path: Path | None) -> str:
    """A password from a file that systemd or the administrator put there; '' without one."""
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
