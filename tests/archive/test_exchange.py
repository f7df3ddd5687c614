"""Bags and crates, checked by the programs others use; and back in."""

import warnings
from collections.abc import Callable
from pathlib import Path

import bagit
import pytest
from rocrate.rocrate import ROCrate

from vestige.archive import Archive, add, export_bags, import_bag, verify
from vestige.archive.exchange import check_bag
from vestige.contract.provenance import path_digest
from vestige.contract.report import load_report, to_json
from vestige.errors import InputError, OutputError
from vestige.testing import mutants

Make = Callable[..., Path]


@pytest.fixture
def bag(archive: Archive, capture_folder: Make, result_folder: Make, tmp_path: Path) -> Path:
    folder = capture_folder("c", "MS 42/ä")
    used = tmp_path / "model.onnx"
    used.write_bytes(b"weights")
    add(archive, folder, {"collection": "Maps"})
    add(archive, result_folder(folder, used=used))
    archive.annotate("MS 42/ä", {"text": "torn"})
    used.unlink()
    return export_bags(archive, "MS 42/ä", tmp_path / "bags")[0]


def test_others_read_it(bag: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert bagit.Bag(str(bag)).validate()
    crate = ROCrate(bag / "data")
    assert crate.name == "Psalter MS 42/ä"
    assert crate.root_dataset["identifier"] == "MS 42/ä"
    names = {entity.id for entity in crate.data_entities}
    assert "capture/frame%200.tif" in names
    assert all((bag / "data" / name.replace("%20", " ")).exists() for name in names)
    assert [entity.type for entity in crate.get_entities() if entity.type == "CreateAction"]


def test_there_and_back(bag: Path, tmp_path: Path) -> None:
    with Archive.make(tmp_path / "other") as other:
        added = import_bag(other, bag)
        assert [item.version for item in added] == [1, 2]
        assert other.show("MS 42/ä")["collection"] == "Maps"
        assert len(other.show("MS 42/ä")["captures"][0]["products"]) == 2
        assert not any(item.new for item in import_bag(other, bag))
        assert verify(other).problems == []
        again = export_bags(other, added[0].capture[:12], tmp_path / "again")[0]
        for path in ("capture/frame 0.tif", "origin/records.jsonl"):
            assert (again / "data" / path).is_file()


def test_a_bag_is_whole_or_refused(bag: Path, archive: Archive) -> None:
    with pytest.raises(OutputError, match="exists already"):
        export_bags(archive, "MS 42/ä", bag.parent)
    for name in ("bagit.txt", "manifest-sha512.txt", "data/capture/frame 1.tif"):
        path = bag / name
        good = path.read_bytes()
        path.write_bytes(good.replace(b"a", b"b", 1).replace(b"1", b"2", 1))
        with pytest.raises(InputError):
            check_bag(bag)
        path.unlink()
        with pytest.raises(InputError):
            check_bag(bag)
        path.write_bytes(good)
    (bag / "data" / "stray.txt").write_text("x")
    with pytest.raises(InputError, match=r"stray\.txt"):
        check_bag(bag)


def test_mutated_manifests(bag: Path) -> None:
    (bag / "tagmanifest-sha512.txt").write_text("")
    path = bag / "manifest-sha512.txt"
    for mutant in mutants(path.read_bytes()):
        path.write_bytes(mutant)
        try:
            check_bag(bag)
        except InputError as error:
            assert "\n" not in str(error)


def test_a_damaged_file_does_not_leave(archive: Archive, bag: Path, tmp_path: Path) -> None:
    victim = sorted(archive.store.ocfl.rglob("frame 0.tif"))[0]
    victim.write_bytes(victim.read_bytes()[:-1] + b"!")
    with pytest.raises(InputError, match="is damaged"):
        export_bags(archive, "MS 42/ä", tmp_path / "more")
    assert list((tmp_path / "more").iterdir()) == []


def test_files_of_a_result_with_any_name_come_back(
    archive: Archive, capture_folder: Make, result_folder: Make, tmp_path: Path
) -> None:
    """Line ends, those of Unicode too, and a space at the end."""
    capture, result = capture_folder("c"), result_folder(tmp_path / "c")
    names = ["a\nb", "c\u2028d", "e\x0bf", "g ", " h", "i%0Aj", "k\rl", "m\\n", "line\x85end"]
    for name in names:
        (result / "pages" / name).write_text(name)
    report = load_report(result)
    digest, size = path_digest(result / "pages")
    fresh = [
        item.model_copy(update={"blake3": digest, "bytes": size}) if item.path == "pages" else item
        for item in report.products
    ]
    (result / "report.json").write_bytes(to_json(report.model_copy(update={"products": fresh})))
    add(archive, capture)
    add(archive, result)
    assert verify(archive).problems == []
    (bag,) = export_bags(archive, "MS 42", tmp_path / "bags")
    with Archive.make(tmp_path / "other") as other:
        assert [item.version for item in import_bag(other, bag)] == [1, 2]
        assert verify(other).problems == []
