"""Killed at any moment: nothing acknowledged is lost, nothing is half there, no part is done again."""

from pathlib import Path

import pytest

from vestige.testing.killing import kill_again_and_again


@pytest.mark.parametrize("catalogue", ["sqlite", "postgresql"])
def test_kills(tmp_path: Path, catalogue: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgresql") if catalogue == "postgresql" else ""
    found = kill_again_and_again(tmp_path, 12, seed=3, life=0.3, catalogue=url)
    assert found.acknowledged >= 3
    assert found.lost == []
    assert found.invalid == []
    assert found.redone == []
    assert found.slowest_resume < 10
