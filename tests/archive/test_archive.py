"""Objects, captures, results; what a stranger or a bad day may bring."""

import errno
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from ocfl.validator import Validator

from vestige.archive import Archive, add, import_table, verify
from vestige.archive.descriptions import read_table, write_table
from vestige.archive.kept import ocfl_identifier
from vestige.archive.settings import SETTINGS
from vestige.capture import open_capture
from vestige.errors import InputError, OutputError, UsageError, VestigeError
from vestige.testing import mutants
from vestige.testing.faults import faults

Make = Callable[..., Path]


def test_a_capture_is_sealed_and_kept(archive: Archive, capture_folder: Make) -> None:
    folder = capture_folder()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    added = add(archive, folder, {"collection": "Manuscripts"})
    assert added.new
    assert (added.identifier, added.files, added.version) == ("MS 42", 2, 1)
    assert added.capture == open_capture(folder).digest()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before, "originals are untouched"
    kept = archive.store.path(ocfl_identifier(added.capture), "capture/capture.json")
    assert open_capture(kept.parent).state == "sealed"
    assert (kept.parent / "frame 1.tif").read_bytes() == before["frame 1.tif"]
    shown = archive.show("MS 42")
    assert (shown["title"], shown["collection"], shown["rights"]) == (
        "Psalter MS 42",
        "Manuscripts",
        "CC0-1.0",
    )
    assert Validator().validate_object(str(archive.store.object(ocfl_identifier(added.capture))))


def test_added_twice_is_there_once(archive: Archive, capture_folder: Make, result_folder: Make) -> None:
    folder = capture_folder()
    result = result_folder(folder)
    first = [add(archive, path) for path in (folder, result)]
    count = archive.store.last().sequence
    again = [add(archive, path) for path in (folder, result)]
    assert [item.new for item in first + again] == [True, True, False, False]
    assert archive.store.last().sequence == count
    assert again[1].version == 2


def test_a_result_is_the_next_version(archive: Archive, capture_folder: Make, result_folder: Make) -> None:
    folder = capture_folder()
    model = folder.parent / "model.onnx"
    model.write_bytes(b"weights")
    add(archive, folder)
    archive.annotate("MS 42", {"text": "torn at the fold"})
    added = add(archive, result_folder(folder, used=model), {"place": "Leipzig"})
    assert added.version == 2
    read = archive.store.read(ocfl_identifier(added.capture)).inventory
    files = read.files()
    place = next(path for path in files if path.endswith("report.json")).rsplit("/", 1)[0]
    assert {path.removeprefix(f"{place}/") for path in files if path.startswith(place)} == {
        "report.json",
        "report.html",
        "table.csv",
        "pages/1.txt",
        "inputs/1/model.onnx",
    }
    records = archive.store.path(ocfl_identifier(added.capture), "records.jsonl").read_text().splitlines()
    assert [json.loads(line)["kind"] for line in records] == [
        "object.described",
        "capture.added",
        "annotation.made",
    ]
    told = json.loads(
        archive.store.path(ocfl_identifier(added.capture), "ro-crate-metadata.json").read_bytes()
    )
    actions = [entity for entity in told["@graph"] if entity["@type"] == "CreateAction"]
    assert len(actions[0]["result"]) == 2
    assert archive.show("MS 42")["place"] == "Leipzig"
    assert verify(archive).problems == []


def test_results_that_do_not_fit(archive: Archive, capture_folder: Make, result_folder: Make) -> None:
    folder = capture_folder()
    result = result_folder(folder)
    with pytest.raises(InputError, match="no capture in this archive"):
        add(archive, result)
    add(archive, folder)
    (result / "table.csv").write_text("changed")
    with pytest.raises(InputError, match="has changed since it was recorded"):
        add(archive, result)
    used = folder.parent / "model.onnx"
    used.write_bytes(b"weights")
    other = result_folder(folder, "other", text="x\n", used=used)
    used.write_bytes(b"other weights")
    with pytest.raises(InputError, match="no more the model"):
        add(archive, other)
    assert archive.store.read(ocfl_identifier(open_capture(folder).digest())).inventory.number == 1


def test_a_disk_that_reads_back_otherwise(
    archive: Archive, capture_folder: Make, result_folder: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = capture_folder()
    add(archive, folder)
    monkeypatch.setattr("vestige.archive.staging.blake3_of", lambda handle: "0" * 64)
    with pytest.raises(OutputError, match="reads back otherwise"):
        add(archive, result_folder(folder))
    monkeypatch.undo()
    assert archive.show("MS 42")["captures"][0]["products"] == []


@pytest.mark.parametrize("fault", ["missing", "changed", "no object", "empty"])
def test_captures_that_do_not_fit(archive: Archive, capture_folder: Make, fault: str) -> None:
    folder = capture_folder(identifier="" if fault == "no object" else "MS 42")
    frame = folder / "frame 1.tif"
    match fault:
        case "missing":
            frame.unlink()
        case "changed":
            manifest = json.loads((folder / "capture.json").read_bytes())
            manifest["frames"][1]["blake3"] = "0" * 64
            (folder / "capture.json").write_text(json.dumps(manifest))
        case "empty":
            folder = folder.parent / "nothing"
            folder.mkdir()
    with pytest.raises((InputError, UsageError), match=r"frame 1\.tif|which object|holds no frame"):
        add(archive, folder)
    assert archive.store.last().sequence == 1
    assert archive.search().objects == []


def test_words_of_the_manifest_give_way(archive: Archive, capture_folder: Make) -> None:
    add(archive, capture_folder("a"), {"title": "The psalter of St Gall"})
    add(archive, capture_folder("b", seed=2))
    assert archive.show("MS 42")["title"] == "The psalter of St Gall"
    assert len(archive.show("MS 42")["captures"]) == 2


def test_saying_the_same_twice_is_no_record(archive: Archive) -> None:
    archive.describe("a", {"title": "T", "other": {"shelf": "3"}, "embargo": "2030-01-01"})
    count = archive.store.last().sequence
    archive.describe("a", {"title": "T", "other": {"shelf": "3"}, "embargo": "2030-01-01"})
    assert archive.store.last().sequence == count
    archive.describe("a", {"other": {"shelf": ""}})
    assert archive.show("a")["other"] == {}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"titel": "x"}, "titel"),
        ({"embargo": "soon"}, "embargo"),
        ({"title": "a\x00b"}, "control character"),
        ({"title": "x" * 3000}, "title"),
        ({"other": {"": "x"}}, "other"),
    ],
)
def test_bad_descriptions(archive: Archive, values: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        archive.describe("a", values)
    assert archive.store.last().sequence == 1


def test_objects_are_named(archive: Archive) -> None:
    archive.describe("a", {"number": "Coll. 17"})
    assert archive.show("Coll. 17")["identifier"] == "a"
    archive.describe("b", {"number": "Coll. 17"})
    with pytest.raises(InputError, match="several"):
        archive.show("Coll. 17")
    with pytest.raises(InputError, match="not in this archive"):
        archive.annotate("none", {"text": "x"})


def test_table_there_and_back(archive: Archive, tmp_path: Path) -> None:
    table = tmp_path / "objects.csv"
    table.write_text(
        '\ufeffidentifier;title;Signatur\nA 1;Käfer, groß;x\nA 2;"zwei\nZeilen";\n', encoding="utf-8"
    )
    with pytest.raises(InputError, match="line 3"):
        import_table(archive, table)
    table.write_text("\ufeffidentifier;title;Signatur\nA 1;Käfer, groß;x\nA 2;Falter;\n", encoding="utf-8")
    assert import_table(archive, table) == 2
    assert import_table(archive, table) == 0
    assert archive.show("A 1")["other"] == {"Signatur": "x"}
    out = tmp_path / "out.csv"
    out.write_text(write_table(archive.search().objects))
    assert {row["identifier"]: row["title"] for row in read_table(out)} == {
        "A 1": "Käfer, groß",
        "A 2": "Falter",
    }


def test_mutated_tables(tmp_path: Path) -> None:
    good = 'identifier,title,embargo,shelf\nA 1,Käfer,2030-01-01,3\n"A, 2",Falter,,\n'.encode()
    table = tmp_path / "objects.csv"
    for mutant in mutants(good):
        table.write_bytes(mutant)
        try:
            read_table(table)
        except InputError as error:
            assert "\n" not in str(error)


def test_clock_set_back(tmp_path: Path, clock: object, capture_folder: Make) -> None:
    with Archive.make(tmp_path / "archive", clock=clock) as archive:
        archive.describe("a", {"title": "one"})
        clock.time -= timedelta(minutes=5)
        archive.describe("a", {"title": "two"})
        times = [record.time for record in archive.store.records()]
        assert times == sorted(times)
        clock.time -= timedelta(days=400)
        for act in (
            lambda: archive.describe("a", {"title": "three"}),
            lambda: add(archive, capture_folder()),
        ):
            with pytest.raises(OutputError, match="set the clock right"):
                act()
        assert archive.show("a")["title"] == "two"
        assert [path.name for path in archive.store.work.iterdir()] == ["lock"]
        archive.accept_clock("the battery was changed, the last year was wrong")
        archive.describe("a", {"title": "three"})
        assert archive.show("a")["title"] == "three"
        assert verify(archive).problems == []


def test_read_only_archive(tmp_path: Path, archive: Archive, capture_folder: Make) -> None:
    folder = capture_folder()
    add(archive, folder)
    archive.close()
    with faults(archive.folder) as disk, pytest.MonkeyPatch.context() as patch:
        disk.fail_all(errno.EROFS)
        patch.setattr(os, "access", lambda path, mode, **named: False)
        with Archive(archive.folder) as again:
            assert again.read_only
            assert again.show("MS 42")["captures"]
            assert verify(again).problems == []
            for act in (lambda: again.describe("MS 42", {"title": "x"}), lambda: add(again, folder)):
                with pytest.raises(OutputError, match="read-only"):
                    act()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("killed", [False, True])
def test_an_archive_of_another_user(archive: Archive, capture_folder: Make, killed: bool) -> None:
    """Where a process was killed the newest rows stand in the write-ahead log alone."""
    add(archive, capture_folder())
    if not killed:
        archive.close()
    for folder in archive.folder.parents:
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    os.seteuid(65534)
    try:
        with Archive(archive.folder) as again:
            assert again.read_only
            assert again.search("psalter").objects
            with pytest.raises(OutputError, match="read-only"):
                again.describe("MS 42", {"title": "x"})
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_every_write_of_an_ingest_fails_once(
    archive: Archive, capture_folder: Make, result_folder: Make, number: int
) -> None:
    """One sentence; and the same call again brings all in, whole."""
    at = 0
    with faults(archive.folder) as disk:
        for count in range(30):
            folder = capture_folder(f"c{count}", f"MS {count}", frames=1)
            for path in (folder, result_folder(folder, f"r{count}", text=f"{count}\n")):
                disk.fail(at, number)
                try:
                    add(archive, path)
                    at = 0 if not disk.hit else at + 3
                except OutputError as error:
                    assert os.strerror(number) in str(error)
                    at += 3
                disk.calm()
                add(archive, path)
            shown = archive.show(f"MS {count}")
            assert [capture["version"] for capture in shown["captures"]] == [2]
    assert verify(archive).problems == []


def test_making_an_archive(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "photo.jpg").write_bytes(b"x")
    with pytest.raises(OutputError, match=r"photo\.jpg"):
        Archive.make(tmp_path / "full")
    Archive.make(tmp_path / "one").close()
    with pytest.raises(OutputError, match="already"):
        Archive.make(tmp_path / "one")
    with pytest.raises(InputError, match="is no archive"):
        Archive(tmp_path / "full")
    (tmp_path / "one" / SETTINGS).write_text("{}")
    with pytest.raises(InputError, match="is damaged"):
        Archive(tmp_path / "one")


def test_making_is_gone_on_with(tmp_path: Path) -> None:
    """Every write of it fails once; the same command makes it whole."""
    for at in range(60):
        folder = tmp_path / str(at)
        with faults(folder) as disk:
            disk.fail(at, errno.ENOSPC)
            try:
                Archive.make(folder).close()
            except VestigeError as error:
                assert "No space" in str(error)
                disk.calm()
                if (folder / SETTINGS).exists():
                    Archive(folder).close()
                else:
                    Archive.make(folder).close()
        with Archive(folder) as made:
            assert verify(made).problems == []
            assert made.store.last().sequence == 1
        if not disk.hit:
            return
    raise AssertionError("the archive was never made")


def test_a_log_that_lost_records(archive: Archive) -> None:
    archive.describe("a", {"title": "one"})
    archive.describe("a", {"title": "two"})
    archive.close()
    segment = archive.store.log.segments()[0]
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(InputError, match="ends at record 2"):
        Archive(archive.folder)


def test_what_is_no_file_is_refused(archive: Archive, tmp_path: Path) -> None:
    """A pipe would keep the archive waiting for ever."""
    (tmp_path / "c").mkdir()
    os.mkfifo(tmp_path / "c" / "x.tif")
    (tmp_path / "c" / "capture.json").write_text(
        '{"thing": {"identifier": "MS 1"}, "frames": [{"file": "x.tif"}]}'
    )
    with pytest.raises(InputError, match="is no file"):
        add(archive, tmp_path / "c")
    assert archive.known("MS 1") is None
