"""Many at once: readers beside a writer, writers in several processes."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vestige.archive import Archive, add, rows, verify
from vestige.archive.search import find, search

Make = Callable[..., Path]

WRITER = """
import sys
from vestige.archive import Archive, add
with Archive(sys.argv[1], who=sys.argv[2]) as archive:
    for number in range(8):
        archive.describe(f"{sys.argv[2]} {number}", {"title": "leaf", "collection": sys.argv[2]})
    add(archive, sys.argv[3])
"""


def test_readers_beside_a_writer(any_archive: Archive, capture_folder: Make) -> None:
    any_archive.describe_all([{"identifier": str(n), "title": f"leaf {n}"} for n in range(50)])
    stop, failed, asked = threading.Event(), [], []

    def reading() -> None:
        while not stop.is_set():
            try:
                assert len(search(any_archive.engine, "leaf", limit=10).objects) == 10
                assert find(any_archive.engine, "7")["title"] == "leaf 7"
                asked.append(1)
                time.sleep(0.05)
            except Exception as error:
                failed.append(error)
                return

    threads = [threading.Thread(target=reading) for _ in range(20)]
    for thread in threads:
        thread.start()
    for number in range(10):
        add(any_archive, capture_folder(f"c{number}", f"MS {number}", seed=number))
    stop.set()
    for thread in threads:
        thread.join()
    assert failed == []
    assert asked


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_writers_in_several_processes(
    tmp_path: Path, capture_folder: Make, database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgresql") if database == "postgresql" else ""
    place = tmp_path / "archive"
    Archive.make(place, catalogue=url).close()
    folders = [capture_folder(f"c{number}", "the same", seed=number % 2) for number in range(3)]
    children = [
        subprocess.Popen([sys.executable, "-c", WRITER, place, f"w{number}", folder], stderr=subprocess.PIPE)
        for number, folder in enumerate(folders)
    ]
    for child in children:
        assert child.wait(60) == 0, child.stderr.read().decode()
        child.stderr.close()
    with Archive(place) as archive:
        assert verify(archive).problems == []
        assert len(archive.show("the same")["captures"]) == 2
        kept = rows(archive.engine)
        assert len(kept["objects"]) == 3 * 8 + 1
    from vestige.archive import rebuild

    rebuild(place)
    with Archive(place) as archive:
        assert rows(archive.engine) == kept
