"""The toy technique, loaded from its one file."""

import importlib.util
from pathlib import Path

import pytest

from vestige.contract.registry import register, unregister


def load_toy():
    spec = importlib.util.spec_from_file_location("toy", Path(__file__).with_name("toy.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def toy_module():
    return load_toy()


@pytest.fixture
def toy(toy_module):
    register(toy_module.toy)
    yield toy_module.toy
    unregister("toy")
