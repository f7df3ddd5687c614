"""Inventories and logs from a stranger: 300 mutants each, one sentence or the same meaning."""

import json
from pathlib import Path

import pytest

from vestige.archive.disk import Disk
from vestige.archive.inventory import (
    INVENTORY,
    SIDECAR,
    first,
    parse_inventory,
    place,
    read_inventory,
    sidecar,
)
from vestige.archive.log import LINE_BYTES, Entry, Log
from vestige.errors import InputError, OutputError
from vestige.testing import mutants

GOOD = first(
    "urn:a", {"a.txt": "0" * 128, "b/c.txt": "1" * 128}, created="2026-01-01T00:00:00Z", message="m", who="w"
)
GOOD = GOOD.next({"a.txt": "2" * 128}, created="2026-01-02T00:00:00Z", message="n", who="w")


def test_versions() -> None:
    assert GOOD.files() == {"a.txt": "v2/content/a.txt", "b/c.txt": "v1/content/b/c.txt"}
    assert GOOD.files(1)["a.txt"] == "v1/content/a.txt"
    assert parse_inventory(GOOD.to_json(), Path("i")) == GOOD
    assert [len(part) for part in place("x").parts] == [2, 2, 64]


def test_mutated_inventories(tmp_path: Path) -> None:
    for mutant in mutants(GOOD.to_json()):
        (tmp_path / INVENTORY).write_bytes(mutant)
        (tmp_path / SIDECAR).write_bytes(sidecar(GOOD.to_json()))
        with pytest.raises(InputError, match="does not match"):
            read_inventory(tmp_path)
        (tmp_path / SIDECAR).write_bytes(sidecar(mutant))
        try:
            found = read_inventory(tmp_path).inventory
        except InputError as error:
            assert "\n" not in str(error)
            continue
        for path in found.files().values():
            assert (tmp_path / path).resolve().is_relative_to(tmp_path.resolve())


@pytest.mark.parametrize(
    "edit",
    [
        lambda raw: raw["manifest"].update({"0" * 128: ["../../etc/passwd"]}),
        lambda raw: raw["manifest"].update({"0" * 128: ["v1/content/../../x"]}),
        lambda raw: raw["versions"]["v2"]["state"].update({"0" * 128: ["/etc/passwd"]}),
        lambda raw: raw["versions"].pop("v1"),
        lambda raw: raw.update(head="v9"),
        lambda raw: raw.update(digestAlgorithm="md5"),
        lambda raw: raw["manifest"].pop("0" * 128),
        lambda raw: raw["manifest"].update({"0" * 128: []}),
        lambda raw: raw.update(more=1),
    ],
)
def test_inventories_that_lie(edit: object) -> None:
    raw = json.loads(GOOD.to_json())
    edit(raw)
    with pytest.raises(InputError, match="is no inventory"):
        parse_inventory(json.dumps(raw).encode(), Path("inventory.json"))


def test_a_name_twice_hides_nothing() -> None:
    text = GOOD.to_json().decode().replace('"head"', '"head": "v1", "head"')
    with pytest.raises(InputError, match="stands twice"):
        parse_inventory(text.encode(), Path("inventory.json"))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    made = Log(tmp_path, Disk())
    for number in range(5):
        made.append([Entry("note", {"n": number, "ü": [1, None, 2.5]}, object="a")], who="ä")
    return made


def test_mutated_logs(log: Log) -> None:
    """No changed byte of a whole line is believed."""
    path = log.segments()[0]
    good = path.read_bytes()
    whole = list(log.records())
    for mutant in mutants(good):
        path.write_bytes(mutant)
        fresh = Log(log.folder, Disk())
        try:
            found = list(fresh.records())
        except InputError as error:
            assert "\n" not in str(error)
            continue
        assert found == whole[: len(found)], "a record was believed that nobody wrote"
        assert good.startswith(mutant[: mutant.rfind(b"\n") + 1])


def test_a_cut_line_is_cut_off(log: Log) -> None:
    path = log.segments()[0]
    path.write_bytes(path.read_bytes()[:-7])
    fresh = Log(log.folder, Disk())
    assert fresh.last().sequence == 4
    assert fresh.append([Entry("note")], who="me")[0].sequence == 5
    assert [record.sequence for record in fresh.records()] == [1, 2, 3, 4, 5]


def test_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vestige.archive.log.SEGMENT_BYTES", 1000)
    log = Log(tmp_path, Disk())
    for number in range(20):
        log.append([Entry("note", {"n": number})], who="me")
    assert len(log.segments()) > 3
    assert [record.body["n"] for record in log.records()] == list(range(20))
    for after in range(21):
        assert [record.sequence for record in log.records(after)] == list(range(after + 1, 21))
    middle = log.segments()[1]
    middle.rename(tmp_path / "gone")
    with pytest.raises(InputError, match="begins with record"):
        list(log.records())


def test_a_record_has_an_end(log: Log) -> None:
    with pytest.raises(OutputError, match="characters"):
        log.append([Entry("note", {"text": "x" * LINE_BYTES})], who="me")
    assert log.last().sequence == 5


def test_another_history_is_seen(log: Log) -> None:
    with pytest.raises(InputError, match="another record"):
        list(log.records(after=3, previous="0" * 64))
