"""The local executor conforms; killed runners and power cuts lose nothing."""

from vestige.jobs import LocalExecutor
from vestige.testing.executor import ExecutorConformance

PRELOAD = ["vestige.testing.drill:make_known"]


class TestLocal(ExecutorConformance):
    def make_executor(self, database, resources):
        return LocalExecutor(database, resources, preload=PRELOAD)
