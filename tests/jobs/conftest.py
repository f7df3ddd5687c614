"""A ledger whose clock the test sets, in SQLite and in PostgreSQL; drills to put into it."""

import pytest

from vestige.archive import open_database
from vestige.contract.registry import register, unregister
from vestige.jobs import Ledger, Patience, Resources, Submission, Work
from vestige.testing.drill import Drill, technique


class Clock:
    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def _drill_is_known():
    register(technique)
    yield
    unregister("drill")


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request, tmp_path, clock):
    place = request.getfixturevalue("postgresql") if request.param == "postgresql" else tmp_path / "db"
    engine = open_database(place)
    yield Ledger(engine, clock=clock, patience=Patience())
    engine.dispose()


@pytest.fixture
def drill(tmp_path):
    """A submission of a drill."""

    def make(number=0, *, cores=1, size=2**30, cuda=0, priority=0, after=(), tell=(), **recipe):
        work = Work(
            technique="drill",
            operation="run",
            recipe=Drill(number=number, **recipe).model_dump(mode="json"),
            out=str(tmp_path / f"out{number}"),
        )
        return Submission(
            work, f"drill {number}", Resources(cores, size, cuda), priority, tuple(after), (), tuple(tell)
        )

    return make
