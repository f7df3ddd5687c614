"""Killed workers, killed runners, a stopped runner: nothing is lost, nothing finished is done again."""

import os
import signal
import subprocess
import sys
import time

import pytest

from vestige.archive import open_database
from vestige.jobs import Ledger, Resources, State, Submission, prepare
from vestige.testing.drill import Drill
from vestige.testing.torture import Torture


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_kill_after_kill(tmp_path, database, request):
    place = request.getfixturevalue("postgresql") if database == "postgresql" else ""
    torture = Torture(tmp_path, seed=3, database=place)
    damage = torture.run(8)
    torture.ledger.engine.dispose()
    assert damage.kills == 8
    assert damage.runner_kills >= 2
    assert (damage.lost, damage.redone, damage.twice_at_once, damage.orphans) == ([], [], [], [])
    assert damage.done >= 4


def test_a_runner_that_is_asked_to_go_gives_its_work_back(tmp_path):
    """Ctrl-C, or the machine being shut down: nobody is blamed, finished parts are kept."""
    ledger = Ledger(open_database(tmp_path / "db"))
    recipe = Drill(parts=200, seconds=0.05)
    ledger.submit(
        [
            Submission(
                prepare("drill", "run", [], tmp_path / "out", recipe=recipe), resources=Resources(1, 2**30)
            )
        ]
    )
    program = (
        "import signal, sys\n"
        "from vestige.archive import open_database\n"
        "from vestige.jobs import Dispatcher, Ledger, LocalExecutor, Resources\n"
        "place, asked = sys.argv[1], []\n"
        "signal.signal(signal.SIGTERM, lambda *_: asked.append(1))\n"
        "executor = LocalExecutor(place, Resources(1, 2**30), preload=['vestige.testing.drill:make_known'])\n"
        "Dispatcher(Ledger(open_database(place)), executor).run(stop=lambda: bool(asked))\n"
        "executor.close()\n"
    )
    runner = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "db")])
    end = time.monotonic() + 60
    while not (tmp_path / ".out.vestige").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(0.5)
    os.kill(runner.pid, signal.SIGTERM)
    assert runner.wait(30) == 0
    job = ledger.job(1)
    assert (job.state, job.deaths, job.interruptions, job.owner) == (State.WAITING, 0, 0, "")
    assert list((tmp_path / ".out.vestige" / "parts").rglob("*.part"))
