"""Results of chains: parts of a capture, and captures made of products, are kept with what they descend from."""

import shutil
import sys
from pathlib import Path

import pytest

from vestige.archive import Archive, add, export_bags, import_bag, rebuild, reproduce, rows, verify
from vestige.archive.ingest import publish
from vestige.archive.kept import ocfl_identifier
from vestige.capture import coordinates, load_manifest, save
from vestige.contract.chain import Chain, Step, run_chain
from vestige.contract.registry import register, unregister
from vestige.contract.simulate import simulate
from vestige.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
from toy import toy

CHAIN = Chain(
    name="Thrice",
    step=[
        Step(name="once", operation="toy.run", each="page"),
        Step(name="twice", operation="toy.run", input="once.image", each=["page", "side"]),
        Step(name="all", operation="toy.run", input="twice.image", recipe={"gain": 1.0}),
        Step(name="front", operation="toy.run", first="side"),
    ],
)
STEPS = 4 + 4 + 1 + 1


@pytest.fixture(autouse=True)
def _toy_is_known():
    register(toy)
    yield
    unregister("toy")


@pytest.fixture
def made(tmp_path):
    """A capture along two axes with no digests recorded, and what a chain made of it."""
    folder = tmp_path / "book"
    simulate(toy, folder, toy.forward.recipe.make(values={"size": 8}))
    capture = load_manifest(folder / "capture.json")
    frames = [
        frame.model_copy(update={"coordinates": coordinates(page=number % 4 + 1.0, side=float(number // 2))})
        for number, frame in enumerate(capture.frames)
    ]
    save(capture.model_copy(update={"frames": frames}).at(folder), folder)
    run_chain(CHAIN, load_manifest(folder / "capture.json"), tmp_path / "out")
    return folder, tmp_path / "out"


def results(out):
    """The folders of all results, the last step of the chain first."""
    return sorted(
        (path.parent for path in out.rglob("report.json")), key=lambda path: path.name, reverse=True
    )


@pytest.mark.parametrize("backwards", [True, False])
def test_every_step_is_kept_and_can_be_made_again(made, archive, tmp_path, backwards):
    folder, out = made
    key = add(archive, folder, {"identifier": "Book"}).capture
    listed = results(out) if backwards else results(out)[::-1]
    assert len(listed) == STEPS
    assert {publish(archive, path).capture for path in listed} == {key}
    assert not publish(archive, listed[0]).new
    for place in (folder, out):
        shutil.rmtree(place)
    found = reproduce(archive, key)
    assert len(found) == STEPS
    assert all(item.same_bits for result in found for item in result.products)
    assert verify(archive).problems == []
    before = rows(archive.engine)
    archive.close()
    rebuild(archive.folder)
    with Archive(archive.folder) as again:
        assert rows(again.engine) == before
        (bag,) = export_bags(again, "Book", tmp_path / "bags")
    with Archive.make(tmp_path / "other") as other:
        import_bag(other, bag)
        assert all(result.accepted for result in reproduce(other, key))


def test_frames_that_the_object_has_are_not_kept_twice(made, archive):
    folder, out = made
    key = add(archive, folder, {"identifier": "Book"}).capture
    for path in results(out)[::-1]:
        publish(archive, path)
    along = [path.name for path in archive.store.object(ocfl_identifier(key)).rglob("inputs/*/*")]
    assert along
    assert set(along) == {"capture.json"}


def test_what_descends_from_nothing_here_is_refused(made, archive):
    _, out = made
    with pytest.raises(InputError, match="is made from no capture in this archive"):
        publish(archive, out / "all")


def test_a_capture_that_was_changed_since_is_told(made, archive):
    folder, out = made
    add(archive, folder, {"identifier": "Book"})
    derived = load_manifest(out / "twice.image" / "capture.json")
    frames = [frame.model_copy(update={"coordinates": coordinates(page=9.0)}) for frame in derived.frames]
    (out / "twice.image" / "capture.json").write_text(derived.model_copy(update={"frames": frames}).to_json())
    with pytest.raises(InputError, match="is no more the capture that the run was given"):
        publish(archive, out / "all")
