"""The report of a run: what was done, from what, with what, and what came of it.

``report.json`` is the record (provenance included), ``report.html`` the same for a person.
"""

from __future__ import annotations

import json
import math
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vestige.capture import first_fault
from vestige.contract.kinds import Kind
from vestige.contract.product import Product
from vestige.errors import InputError

REPORT = "report.json"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProductRecord(_Model):
    """One product as it lies beside the report."""

    name: str
    kind: Kind
    path: str
    bytes: int
    blake3: str
    about: dict[str, Any] = Field(default_factory=dict)


class InputRecord(_Model):
    """One thing the run was given, by its digest."""

    name: str
    what: str
    path: str
    blake3: str


class Software(_Model):
    """What computed: enough to build the same environment again."""

    vestige: str
    commit: str
    python: str
    machine: str
    libraries: dict[str, str]


class Report(_Model):
    """The record of one run. Enough to run it again and compare."""

    version: Literal["vestige-report-1"] = "vestige-report-1"
    technique: str
    operation: str
    operation_version: str
    title: str
    key: str
    inputs: list[InputRecord]
    recipe: dict[str, Any]
    seed: int
    started: datetime
    seconds: float
    peak_mib: float
    budget: dict[str, Any]
    software: Software
    products: list[ProductRecord]
    measurements: dict[str, Any] = Field(default_factory=dict)
    frames: list[dict[str, Any]] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    answer: list[str] = Field(default_factory=list)
    tables: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)

    def product(self, name: str, folder: Path) -> Product:
        """A product of this run, found under `folder`; an InputError where there is none of that name."""
        for record in self.products:
            if record.name == name:
                return Product(record.name, record.kind, folder / record.path, record.about)
        known = ", ".join(record.name for record in self.products)
        raise InputError(folder, f"holds no product '{name}'", f"one of {known}")


def load_report(folder: str | Path) -> Report:
    """Read the report of a product folder.

    Raises
    ------
    InputError
        where there is none, or it cannot be read.

    >>> load_report("nowhere")
    Traceback (most recent call last):
    ...
    vestige.errors.InputError: nowhere/report.json cannot be read (No such file or directory)
    """
    path = Path(folder) / REPORT
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(path, f"cannot be read ({error.strerror})") from None
    except ValidationError as error:
        raise InputError(path, f"is no report: {first_fault(error)}") from None


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: NumPy numbers and arrays become lists, NaN and infinity None.

    >>> plain({"a": float("nan"), "b": (1, 2)})
    {'a': None, 'b': [1, 2]}
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Path):
        return value.as_posix()
    return value


def to_json(report: Report) -> bytes:
    """The report as written to ``report.json``."""
    return (json.dumps(report.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n").encode()
