"""The ledger against its model."""

from hypothesis import HealthCheck, settings

from vestige.testing.ledger import LedgerMachine

TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(
    max_examples=200, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
