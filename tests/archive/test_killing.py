"""Killed at any moment: nothing acknowledged is lost, nothing is half there, no part is done again."""

from pathlib import Path

from vestige.testing.killing import kill_again_and_again


def test_kills(tmp_path: Path) -> None:
    found = kill_again_and_again(tmp_path, 12, seed=3, life=0.3)
    assert found.acknowledged >= 3
    assert found.lost == []
    assert found.invalid == []
    assert found.redone == []
    assert found.slowest_resume < 10
