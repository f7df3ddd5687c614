"""The catalogue, on SQLite and on a real PostgreSQL server: fold, rebuild, search, paging, facets."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Table, text

from vestige.archive import Archive, add, facet_counts, open_database, project_list, rebuild, rows
from vestige.archive.catalogue import size
from vestige.archive.database import CATALOGUE, reading, writing
from vestige.archive.tables import metadata
from vestige.errors import InputError, MissingError, OutputError, UsageError

Make = Callable[..., Path]


def _filled(archive: Archive, capture_folder: Make, result_folder: Make) -> None:
    chance = random.Random(5)
    for number in range(6):
        folder = capture_folder(f"capture {number}", f"MS {number % 4}", seed=number)
        add(archive, folder, {"collection": chance.choice(["Prints", "Maps"]), "place": "Köln"})
        if number % 2:
            add(archive, result_folder(folder, f"result {number}", text=f"a\n{number}\n"))
    archive.describe_project(
        {
            "name": "p",
            "title": "Pilot",
            "target": "2027-01-01",
            "quotas": [{"institution": "I", "objects": 2}],
        }
    )
    archive.describe(
        "MS 1", {"title": "Gradual", "project": "p", "institution": "I", "other": {"shelf": "3"}}
    )
    archive.describe("MS 1", {"collection": "", "embargo": "2030-01-01"})
    archive.annotate("MS 1", {"text": "torn"})
    archive.review("MS 1", {"check": "focus", "verdict": "passed"})


def test_rebuilt_row_for_row(any_archive: Archive, capture_folder: Make, result_folder: Make) -> None:
    _filled(any_archive, capture_folder, result_folder)
    before = rows(any_archive.engine)
    assert before["objects"]
    assert before["products"]
    assert before["facets"]
    with writing(any_archive.engine) as connection:
        connection.execute(text("UPDATE objects SET title = 'wrong'"))
        connection.execute(text("DELETE FROM edits"))
        connection.execute(text("DELETE FROM facets"))
    assert rows(any_archive.engine) != before
    any_archive.close()
    assert rebuild(any_archive.folder) == len(before["edits"])
    with Archive(any_archive.folder) as again:
        assert rows(again.engine) == before


def test_search(any_archive: Archive, capture_folder: Make, result_folder: Make) -> None:
    _filled(any_archive, capture_folder, result_folder)
    found = any_archive.search("gradual koln")
    assert [row["identifier"] for row in found.objects] == ["MS 1"]
    assert found.objects[0]["other"] == {"shelf": "3"}
    assert found.objects[0]["embargo"] == "2030-01-01"
    assert [row["identifier"] for row in any_archive.search("KÖL*").objects] == [
        "MS 3",
        "MS 2",
        "MS 1",
        "MS 0",
    ]
    assert any_archive.search("psalter gradual").objects == []
    assert any_archive.search("psalter", fields={"place": "Köln"}).objects
    with pytest.raises(UsageError, match="no word"):
        any_archive.search("???")
    with pytest.raises(UsageError, match="cannot be chosen"):
        any_archive.search(fields={"title": "x"})


def test_pages_follow_keys(any_archive: Archive) -> None:
    any_archive.describe_all([{"identifier": f"{n:03}", "title": "leaf"} for n in range(25)])
    for words in ("", "leaf"):
        seen: list[str] = []
        after = None
        while True:
            page = any_archive.search(words, after=after, limit=10)
            seen += [row["identifier"] for row in page.objects]
            after = page.after
            if after is None:
                break
        assert seen == [f"{n:03}" for n in reversed(range(25))]


def test_facets(any_archive: Archive) -> None:
    any_archive.describe_all(
        [{"identifier": str(n), "title": "leaf", "collection": f"C{n % 3}"} for n in range(9)]
    )
    any_archive.describe("8", {"collection": "C0"})
    assert facet_counts(any_archive.engine).values["collection"] == {"C0": 4, "C1": 3, "C2": 2}
    found = facet_counts(any_archive.engine, "leaf", fields={"collection": "C1"})
    assert found.values == {"collection": {"C1": 3}}
    assert found.whole
    assert size(any_archive.engine) == 9


def test_projects(any_archive: Archive) -> None:
    quota = {"institution": "I", "objects": 2}
    any_archive.describe_project({"name": "p", "quotas": [quota], "checks": ["focus"]})
    for name in ("a", "b"):
        any_archive.describe(name, {"project": "p", "institution": "I"})
    assert project_list(any_archive.engine)[0]["brought"] == {"I": 2}
    with pytest.raises(UsageError, match="may bring 2 objects"):
        any_archive.describe("c", {"project": "p", "institution": "I"})
    any_archive.describe("a", {"title": "still allowed"})
    assert any_archive.show("a")["lacking"] == ["focus"]
    any_archive.review("a", {"check": "focus", "verdict": "passed"})
    assert any_archive.show("a")["lacking"] == []


def test_schema_is_the_tables(postgresql: str, tmp_path: Path) -> None:
    """The migrations make just the tables that the code describes."""
    import vestige.jobs.tables  # noqa: F401 - the ledger's tables are of the same database

    def ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
        return not (kind == "table" and str(name).startswith(("words", "alembic")))

    for place in (tmp_path, postgresql):
        engine = open_database(place)
        with engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"include_object": ours, "compare_type": False}
            )
            found = [change for change in compare_metadata(context, metadata) if _matters(change)]
        assert found == []
        engine.dispose()


def _matters(change: object) -> bool:
    return not (isinstance(change, tuple) and isinstance(change[1], Table) and change[1].name == "words")


def test_readers_see_one_state(any_archive: Archive) -> None:
    any_archive.describe("a", {"title": "one"})
    with reading(any_archive.engine) as connection:
        before = connection.execute(text("SELECT count(*) FROM objects")).scalar()
        any_archive.describe("b", {"title": "two"})
        if any_archive.engine.dialect.name == "sqlite":
            assert connection.execute(text("SELECT count(*) FROM objects")).scalar() == before


def test_nothing_is_kept_of_a_failed_block(any_archive: Archive) -> None:
    before = rows(any_archive.engine)

    def fail() -> None:
        with writing(any_archive.engine) as connection:
            connection.execute(text("DELETE FROM applied"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert rows(any_archive.engine) == before


def test_damaged_database_is_one_sentence(archive: Archive) -> None:
    archive.describe("a", {"title": "one"})
    before = rows(archive.engine)
    archive.close()
    file = archive.folder / "catalogue" / CATALOGUE
    file.write_bytes(b"no database at all" * 100)
    with pytest.raises(InputError, match="vestige archive rebuild"):
        Archive(archive.folder)
    rebuild(archive.folder)
    with Archive(archive.folder) as again:
        assert rows(again.engine) == before
    assert list(file.parent.glob("damaged-*"))


def test_full_database_is_one_sentence(archive: Archive) -> None:
    """The record is kept; the catalogue takes it in once there is room."""
    with archive.engine.connect() as connection:
        pages = connection.exec_driver_sql("pragma page_count").scalar()
    archive.engine.dispose()

    from sqlalchemy import event

    def small(connection: object, _record: object) -> None:
        connection.execute(f"pragma max_page_count={pages}")

    event.listen(archive.engine, "connect", small)
    with pytest.raises(OutputError, match="free some space"):
        archive.describe_all([{"identifier": str(n), "title": "x" * 500} for n in range(300)])
    archive.close()
    with Archive(archive.folder) as again:
        assert again.known("299")["title"] == "x" * 500


def test_newer_schema_is_refused(tmp_path: Path) -> None:
    engine = open_database(tmp_path)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(InputError, match="9999"):
        open_database(tmp_path)


def test_a_library_that_damages_databases_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pysqlite3.sqlite_version_info", (3, 51, 2))
    with pytest.raises(MissingError, match="can damage a database"):
        open_database(tmp_path)


def test_unknown_database(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no database that Vestige knows"):
        open_database("mysql://here/there")
    with pytest.raises(InputError, match="cannot be used"):
        open_database(f"postgresql://nobody@/none?host={tmp_path}")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        open_database(tmp_path / "file")
