"""The audit log is a chain: whoever changes, drops or slips in a line is found out."""

import threading

import pytest

from vestige.errors import InputError
from vestige.web.access import Audit


@pytest.fixture
def audit(tmp_path):
    made = Audit(tmp_path)
    for number in range(4):
        made.note("POST", who="eva", address="192.0.2.7", path=f"/object/{number}/edit", status=303)
    return made


def lines(audit):
    path = next(audit.folder.glob("*.jsonl"))
    return path, path.read_text().splitlines(keepends=True)


def test_the_chain_is_whole(audit):
    assert [record.sequence for record in audit.records()] == [1, 2, 3, 4]
    assert lines(audit)[0].stat().st_mode & 0o077 == 0 or audit.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("how", ["changed", "dropped", "slipped in", "swapped"])
def test_what_was_done_to_it_is_found(audit, how):
    path, told = lines(audit)
    spoilt = {
        "changed": [told[0], told[1].replace("eva", "eve"), *told[2:]],
        "dropped": [told[0], *told[2:]],
        "slipped in": [told[0], told[0], *told[1:]],
        "swapped": [told[0], told[2], told[1], told[3]],
    }
    path.write_text("".join(spoilt[how]))
    with pytest.raises(InputError):
        list(audit.records())


def test_two_that_write_at_once_keep_one_chain(tmp_path):
    writers = [Audit(tmp_path) for _ in range(4)]
    notes = [threading.Thread(target=lambda one=one: [one.note("x") for _ in range(5)]) for one in writers]
    for one in notes:
        one.start()
    for one in notes:
        one.join()
    assert len(list(Audit(tmp_path).records())) == 20


def test_a_cut_line_is_mended(audit):
    path, told = lines(audit)
    path.write_text("".join(told) + told[3][:40])
    audit.note("GET")
    assert [record.kind for record in audit.records()] == ["POST"] * 4 + ["GET"]
