"""The ledger against its model, in SQLite and in PostgreSQL; and the model against planted faults."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from vestige.archive import open_database
from vestige.testing.ledger import LedgerMachine
from vestige.testing.planted import FAULTS

#: Without shrinking, which takes minutes: a failure is told as it was met, in seconds.
BRISK = settings(
    max_examples=200,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
    report_multiple_bugs=False,
    derandomize=True,
)

TestLedger = LedgerMachine.TestCase
TestLedger.settings = BRISK


def test_in_postgresql(postgresql):
    class Machine(LedgerMachine):
        def open_engine(self):
            return open_database(postgresql)

    run_state_machine_as_test(Machine, settings=settings(BRISK, max_examples=40))
    Machine._engine.dispose()


@pytest.mark.parametrize("fault", FAULTS)
def test_each_planted_fault_is_found(fault, monkeypatch):
    FAULTS[fault](monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(LedgerMachine, settings=BRISK)
