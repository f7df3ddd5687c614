"""Captures and results by opaque names, from the archive and from the desk; nothing else is reached."""

import shutil

import pytest

from vestige.capture import Frame, OpenCapture
from vestige.publish.kept import result_key
from vestige.web.faults import Absent


def run_of(bench, key):
    from vestige.archive import search

    return search.capture(bench.archive.engine, key)["products"][0]["run"]


def test_what_is_kept_is_found_by_its_key(bench, client, key, number):
    capture = bench.shelf.capture(key)
    assert (capture.title, len(capture.capture.frames)) == (capture.capture.thing.title, 3)
    result = bench.shelf.result(result_key(key, run_of(bench, key)))
    assert [record.name for record in result.report.products][:2] == ["image", "depth"]
    assert result.home == capture.home == f"/object/{number}"
    assert result.path(0).is_relative_to(bench.archive.store.ocfl)
    for address in (
        f"/capture/{key}",
        f"/frame/{key}/0?side=320",
        f"/result/{result.key}/0",
        f"/thumbnail/{result.key}/1",
        f"/tiles/{result.key}/0/0/0/0/0",
        f"/record/{result.key}",
    ):
        assert client.get(address).status_code == 200, address


def test_pictures_made_for_pages_lie_outside_of_what_is_kept(bench, client, key, number):
    before = sorted(path for path in bench.archive.store.ocfl.rglob("*"))
    assert client.get(f"/object/{number}/picture").headers["content-type"] == "image/jpeg"
    assert client.get(f"/frame/{key}/1?side=1600").status_code == 200
    assert sorted(path for path in bench.archive.store.ocfl.rglob("*")) == before
    assert list((bench.folder / ".cache").rglob("*.picture"))


def test_what_lies_on_the_desk_is_found_too(bench, client, stocked):
    with_manifest = bench.open_captures / "one"
    shutil.copytree(stocked[0] / "beetle", with_manifest)
    shutil.copytree(stocked[0] / "sharp", bench.results / "batch" / "1")
    capture = bench.shelf.key(with_manifest)
    result = bench.shelf.key(bench.results / "batch" / "1")
    assert client.get(f"/capture/{capture}").status_code == 200
    assert client.get(f"/result/{result}/0").status_code == 200
    shelf = bench.shelf.scan()
    assert (set(shelf.captures), set(shelf.results)) == ({capture}, {result})
    shutil.rmtree(bench.results / "batch")
    assert client.get(f"/result/{result}/0").status_code == 404


def test_a_capture_grows_while_it_is_looked_at(bench, stocked):
    folder = bench.open_captures / "growing"
    folder.mkdir(parents=True)
    frames = sorted((stocked[0] / "beetle").glob("*.tif"))
    taking = OpenCapture(folder)
    for count, path in enumerate(frames, start=1):
        shutil.copy(path, folder)
        taking.append(Frame(file=path.name))
        assert len(bench.shelf.capture(bench.shelf.key(folder)).capture.frames) == count


@pytest.mark.parametrize(
    "name",
    ["", "..", "0" * 16, "0" * 64, "0" * 64 + "-" + "0" * 16, "../../archive.json", "desk", "é" * 64, "\0"],
)
def test_no_other_name_leads_anywhere(bench, name):
    for ask in (bench.shelf.capture, bench.shelf.result):
        with pytest.raises(Absent):
            ask(name)


def test_links_on_the_desk_are_not_followed(bench, stocked):
    bench.results.mkdir(parents=True)
    link = bench.results / "link"
    link.symlink_to(stocked[0] / "sharp")
    assert bench.shelf.scan().results == {}
    with pytest.raises(Absent):
        bench.shelf.key(link)


def test_a_damaged_manifest_is_one_sentence(bench):
    folder = bench.open_captures / "broken"
    folder.mkdir(parents=True)
    (folder / "capture.json").write_text("{")
    entry = bench.shelf.capture(bench.shelf.key(folder))
    assert entry.capture is None
    assert entry.problem.startswith("capture.json")
    assert str(folder) not in entry.problem


def test_the_version_changes_with_every_record(bench):
    before = bench.shelf.recent().version
    bench.acting("eva").describe("B0001", {"place": "Bruck"})
    assert bench.shelf.recent().version != before
