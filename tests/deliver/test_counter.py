"""One visitor after another: what comes is theirs, and nothing of it stays."""

import os
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from vestige.deliver import Counter, GrowingFolder, Inbox, Vault, WifiAccess, memory_folder
from vestige.deliver.memory import SHARED_MEMORY, in_memory
from vestige.errors import BudgetError, BusyError, UsageError, VestigeError

MADE = datetime(2026, 11, 23, tzinfo=UTC)
PICTURE = cv2.imencode(".jpg", np.full((50, 40, 3), 200, np.uint8))[1].tobytes()


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def memory():
    if not SHARED_MEMORY.is_dir() or not in_memory(SHARED_MEMORY):
        pytest.skip("a folder in memory is not here: mount a tmpfs on /dev/shm")
    folder = Path(tempfile.mkdtemp(dir=SHARED_MEMORY))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def counter(memory, clock):
    (memory / "in").mkdir()
    (memory / "vault").mkdir()
    made = Counter(Vault(memory / "vault", idle=60, clock=clock), Inbox(memory / "in"))
    yield made
    made.close()


def scan(counter, data=PICTURE, name="scan.jpg"):
    (counter.source.folder / name).write_bytes(data)
    counter.step()
    counter.step()


def test_what_comes_appears_and_leaves_the_scanners_folder(counter):
    session = counter.begin()
    scan(counter)
    scan(counter)
    assert [one.name for one in session.scans] == ["scan-01.jpg", "scan-02.jpg"]
    assert session.scans[0].file.read_bytes() == PICTURE
    assert not list(counter.source.folder.iterdir())


def test_done_leaves_nothing(counter, memory):
    session = counter.begin()
    scan(counter)
    (counter.source.folder / "half.jpg").write_bytes(PICTURE[:9])
    counter.done()
    assert counter.vault.find(session.token) is None
    assert [path.name for path in memory.rglob("*") if path.is_file()] == ["lock"]


def test_what_comes_between_visitors_is_for_nobody(counter):
    counter.begin()
    counter.done()
    scan(counter)
    assert counter.begin().scans == ()
    assert not list(counter.source.folder.iterdir())


def test_nobody_there_ends_the_session(counter, clock):
    counter.begin()
    scan(counter)
    clock.now = 50
    assert counter.state().left == pytest.approx(10)
    counter.touch()
    clock.now = 109
    counter.step()
    assert counter.session
    clock.now = 111
    counter.step()
    assert counter.session is None


def test_a_phone_that_fetches_keeps_the_session(counter, clock):
    session = counter.begin()
    with session.fetch():
        for clock.now in (50, 100, 150):
            session.touch()  # some more was taken
            counter.step()
            assert counter.session is session
        clock.now = 211  # carried away in the middle of a file
        counter.step()
        assert counter.session is None


def test_a_long_copy_keeps_the_session(counter, clock):
    session = counter.begin()
    with session.work():
        clock.now = 5000
        counter.step()
        assert counter.session is session


def test_a_file_that_a_phone_still_holds_open_is_empty(counter):
    session = counter.begin()
    scan(counter)
    with session.scans[0].file.open("rb") as held:
        counter.done()
        assert held.read() == b""


@pytest.mark.parametrize(("data", "trouble"), [(b"GIF89a", "unreadable"), (PICTURE[:-100], "unreadable")])
def test_what_is_no_picture_is_told_and_removed(counter, data, trouble):
    counter.begin()
    scan(counter, data)
    assert counter.state().trouble == trouble
    assert not list(counter.source.folder.iterdir())
    scan(counter)
    assert counter.state().trouble == ""


def test_a_full_memory_is_told(counter):
    counter.vault.session_bytes = 10
    counter.begin()
    scan(counter)
    assert counter.state().trouble == "full"
    assert counter.session.held == 0


def test_all_sessions_together_have_a_quota(memory):
    vault = Vault(memory, total_bytes=4 * len(PICTURE))
    (memory / "a.jpg").write_bytes(PICTURE)
    first, second = vault.begin(), vault.begin()
    vault.add(first, memory / "a.jpg", MADE)
    vault.add(second, memory / "a.jpg", MADE)
    with pytest.raises(BudgetError):
        vault.add(second, memory / "a.jpg", MADE)
    vault.close()


def test_a_start_finds_nothing_of_before(memory):
    killed = Vault(memory)
    (killed.begin().folder / "scan.jpg").write_bytes(PICTURE)
    (memory / "spool").write_bytes(PICTURE)
    os.close(killed._held_lock)
    Vault(memory).close()
    assert [path.name for path in memory.rglob("*") if path.is_file()] == ["lock"]


def test_two_services_do_not_share_a_folder(memory):
    vault = Vault(memory)
    with pytest.raises(BusyError):
        Vault(memory)
    vault.close()


def test_a_disk_is_refused(tmp_path):
    if in_memory(tmp_path):
        pytest.skip("a folder on a disk is not here: set TMPDIR to one")
    with pytest.raises(UsageError, match="not in memory"):
        memory_folder(tmp_path)
    with pytest.raises(UsageError, match="is on a disk"):
        Inbox(tmp_path)


def test_swap_and_strangers_are_refused(memory, tmp_path):
    tables = tmp_path / "proc"
    (tables / "self").mkdir(parents=True)
    (tables / "self/mountinfo").write_text(f"1 1 0:1 / {memory} rw - tmpfs tmpfs rw\n")
    head = "Filename Type Size Used Priority\n"
    (tables / "swaps").write_text(head + "/dev/sda2 partition 1 0 -2\n")
    with pytest.raises(UsageError, match="swaps to /dev/sda2"):
        memory_folder(memory, tables=tables)
    assert memory_folder(memory, tables=tables, swap=True).stat().st_mode & 0o777 == 0o700
    (tables / "swaps").write_text(head + "/dev/zram0 partition 1 0 -2\n")
    memory_folder(memory, tables=tables)
    (memory / "open").mkdir()
    (memory / "open").chmod(0o755)
    with pytest.raises(UsageError, match="ours alone"):
        memory_folder(memory, name="open", tables=tables)


def test_a_folder_that_keeps_gives_each_visitor_their_own(memory, tmp_path):
    source = GrowingFolder(tmp_path)
    counter = Counter(Vault(memory), source)
    counter.begin()
    scan(counter, name="first.jpg")
    assert len(counter.session.scans) == 1
    counter.begin()
    scan(counter, name="second.jpg")
    assert len(counter.session.scans) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.jpg", "second.jpg"]
    counter.close()


class FakeRadio:
    def __init__(self, fails=False):
        self.passwords, self.fails, self.is_down = [], fails, False

    def up(self, access):
        if self.fails:
            raise VestigeError("no radio")
        self.passwords.append(access.password)

    def down(self):
        self.is_down = True


def test_each_visitor_gets_a_password_of_their_own(memory):
    radio = FakeRadio()
    counter = Counter(Vault(memory), GrowingFolder(memory), hotspot=radio, access=WifiAccess.fresh("Scans"))
    shown = set()
    for _ in range(3):
        counter.begin()
        end = time.monotonic() + 5
        while not counter.access and time.monotonic() < end:
            time.sleep(0.01)
        shown.add(counter.access.password)
    assert shown == set(radio.passwords)
    assert len(shown) == 3
    counter.close()
    assert radio.is_down


def test_a_radio_that_fails_is_told(memory):
    counter = Counter(
        Vault(memory), GrowingFolder(memory), hotspot=FakeRadio(True), access=WifiAccess.fresh("Scans")
    )
    counter.begin()
    end = time.monotonic() + 5
    while counter.state().wifi == "starting" and time.monotonic() < end:
        time.sleep(0.01)
    assert counter.state().wifi == "failed"
    assert counter.access is None
    counter.close()


def test_nothing_that_is_printed_holds_a_secret(counter):
    session = counter.begin()
    access = WifiAccess.fresh("Scans")
    assert session.token not in repr(session)
    assert access.password not in repr(access)
