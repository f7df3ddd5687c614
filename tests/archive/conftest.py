"""Small captures and results, made by hand: no technique runs."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from vestige.archive import Archive
from vestige.capture import Capture, Frame, Rights, Thing, coordinates, save
from vestige.contract.kinds import Kind
from vestige.contract.provenance import path_digest
from vestige.contract.report import InputRecord, ProductRecord, Report, Software, to_json


def make_capture(folder: Path, identifier: str = "MS 42", *, frames: int = 2, seed: int = 0) -> Path:
    """A capture of `frames` small files."""
    folder.mkdir(parents=True)
    for number in range(frames):
        (folder / f"frame {number}.tif").write_bytes(f"{identifier} {seed} {number} ".encode() * 50)
    made = Capture(
        thing=Thing(identifier=identifier, title=f"Psalter {identifier}"),
        frames=[Frame(file=f"frame {n}.tif", coordinates=coordinates(focus=float(n))) for n in range(frames)],
        rights=Rights(creator="The lab", licence="CC0-1.0"),
        settings={"seed": seed},
    )
    save(made.at(folder), folder)
    return folder


def make_result(capture: Path, folder: Path, *, text: str = "a,b\n1,2\n", used: Path | None = None) -> Path:
    """A result of a run on a capture: a table, and a folder of pages."""
    from vestige.capture import open_capture

    folder.mkdir(parents=True)
    (folder / "table.csv").write_text(text)
    (folder / "pages").mkdir()
    (folder / "pages" / "1.txt").write_text(text * 3)
    digest = open_capture(capture).digest()
    inputs = [InputRecord(name="capture", what="capture", path=str(capture), blake3=digest)]
    if used:
        inputs.append(InputRecord(name="model", what="model", path=str(used), blake3=path_digest(used)[0]))
    products = []
    for name, kind, path in (("table", Kind.TABLE, "table.csv"), ("pages", Kind.TEXT, "pages")):
        blake3, size = path_digest(folder / path)
        products.append(ProductRecord(name=name, kind=kind, path=path, bytes=size, blake3=blake3))
    report = Report(
        technique="pages",
        operation="run",
        operation_version="1",
        title="Made by hand",
        key=path_digest(folder / "table.csv")[0],
        inputs=inputs,
        recipe={"levels": 3, "words": ["a"]},
        seed=5,
        started=datetime(2026, 1, 2, tzinfo=UTC),
        seconds=1.5,
        peak_mib=10.0,
        budget={"cores": 1, "bytes": 1, "device": "cpu"},
        software=Software(vestige="0", commit="", python="3", machine="m", libraries={"numpy": "2"}),
        products=products,
        measurements={"n": 1},
    )
    (folder / "report.json").write_bytes(to_json(report))
    (folder / "report.html").write_text("<p>report</p>")
    return folder


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.time = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty archive with SQLite."""
    with Archive.make(tmp_path / "archive", who="Anna") as made:
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_archive(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Archive]:
    """An empty archive with each of the databases."""
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else ""
    with Archive.make(tmp_path / "archive", who="Anna", catalogue=url) as made:
        yield made


@pytest.fixture
def capture_folder(tmp_path: Path) -> Callable[..., Path]:
    """Make captures under the test's folder."""

    def make(name: str = "capture", *rest: Any, **named: Any) -> Path:
        return make_capture(tmp_path / name, *rest, **named)

    return make


@pytest.fixture
def result_folder(tmp_path: Path) -> Callable[..., Path]:
    """Make results under the test's folder."""

    def make(capture: Path, name: str = "result", **named: Any) -> Path:
        return make_result(capture, tmp_path / name, **named)

    return make
