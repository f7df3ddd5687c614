"""The conformance suite of a technique: what every technique must do, tested the same way for each.

::

    class TestContract(TechniqueConformance):
        technique = vestige.focus.technique.technique
        scene = {"frames": 4, "width": 200}
        recipe = {"levels": 4}
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from vestige.capture import MANIFEST, Capture, check, load_manifest, open_capture, seal
from vestige.contract import Context, Product, Technique, describe
from vestige.contract.report import Report, load_report
from vestige.contract.runner import execute
from vestige.contract.simulate import simulate
from vestige.contract.validate import validate
from vestige.errors import Cancelled, InputError, OutputError, UsageError


class TechniqueConformance:
    """Subclass it in the tests of a technique and set `technique`, a small `scene` and a `recipe`.

    ``large_scene`` is one whose frames together are larger than ``small_memory`` allows to hold.
    """

    technique: ClassVar[Technique]
    scene: ClassVar[Mapping[str, Any]] = {}
    recipe: ClassVar[Mapping[str, Any]] = {}
    large_scene: ClassVar[Mapping[str, Any]] = {}
    small_memory: ClassVar[int] = 700 * 2**20

    # -- what the suite works with -------------------------------------------------------------

    @pytest.fixture(scope="class")
    @classmethod
    def capture(cls, tmp_path_factory: pytest.TempPathFactory) -> Capture:
        """A small capture of the forward model."""
        folder = tmp_path_factory.mktemp("capture") / "scene"
        return simulate(cls.technique, folder, cls.technique.forward.recipe.make(values=cls.scene), seed=3)

    @pytest.fixture(scope="class")
    @classmethod
    def result(cls, capture: Capture, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
        """Its products."""
        out = tmp_path_factory.mktemp("result") / "out"
        return cls._execute(capture, out), out

    @classmethod
    def _execute(cls, capture: Capture, out: Path, **options: Any) -> Report:
        operation = cls.technique.operation("run")
        given: dict[str, Sequence[Capture | Product]] = {operation.inputs[0].name: [capture]}
        recipe = operation.recipe.make(values=dict(cls.recipe))
        return execute(cls.technique, "run", given, recipe, out, **options)

    def _in_child(
        self, capture: Path, out: Path, *, kill_after: int = 0, memory: int = 2**31
    ) -> subprocess.CompletedProcess[str]:
        recipe = json.dumps(dict(self.recipe))
        command = [sys.executable, "-m", "vestige.testing.child", self.technique.name, str(capture), str(out)]
        command += [recipe, str(kill_after), str(memory)]
        return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    # -- recipes -------------------------------------------------------------------------------

    def test_each_field_says_what_it_is_for(self) -> None:
        """Type, default and a line of help for every field of every recipe."""
        recipes = [operation.recipe for operation in self.technique.operations]
        for recipe in [*recipes, self.technique.forward.recipe]:
            for row in describe(recipe):
                assert row["help"], f"{recipe.__name__}.{row['name']} has no help"
                assert row["type"] != "any", f"{recipe.__name__}.{row['name']} has no type"

    def test_presets_are_recipes(self) -> None:
        """Each preset validates."""
        for operation in self.technique.operations:
            for preset in operation.recipe.presets:
                operation.recipe.make(preset)

    def test_unknown_field_is_refused(self) -> None:
        """A misspelt field is named."""
        for operation in self.technique.operations:
            with pytest.raises(UsageError, match="no field"):
                operation.recipe.make(settings=["no_such_field=1"])

    # -- the forward model ---------------------------------------------------------------------

    def test_simulation_is_a_whole_capture_with_truth(self, capture: Capture) -> None:
        """Frames are all there and the truth lies beside them."""
        assert check(capture) == []
        assert any((capture.root / "truth").iterdir())

    def test_same_seed_same_bytes(self, capture: Capture, tmp_path: Path) -> None:
        """The forward model depends on recipe and seed alone."""
        recipe = self.technique.forward.recipe.make(values=self.scene)
        again = simulate(self.technique, tmp_path / "again", recipe, seed=3)
        assert [f.blake3 for f in seal(again).frames] == [f.blake3 for f in seal(capture).frames]

    def test_other_seed_other_frames(self, capture: Capture, tmp_path: Path) -> None:
        """Chance comes from the seed."""
        recipe = self.technique.forward.recipe.make(values=self.scene)
        other = simulate(self.technique, tmp_path / "other", recipe, seed=4)
        assert [f.blake3 for f in seal(other).frames] != [f.blake3 for f in seal(capture).frames]

    # -- the run -------------------------------------------------------------------------------

    def test_products_are_what_they_say(self, result: tuple[Report, Path]) -> None:
        """Every declared product is there, valid by its kind, with digest and size."""
        report, out = result
        declared = {item.name: item for item in self.technique.operation("run").outputs}
        made = {record.name for record in report.products}
        assert {name for name, item in declared.items() if not item.optional} <= made
        for record in report.products:
            assert Path(record.path) == Path(declared[record.name].path), "not where the operation says"
            validate(report.product(record.name, out))
            assert record.bytes > 0
            assert len(record.blake3) == 64

    def test_report_tells_all(self, result: tuple[Report, Path]) -> None:
        """The report reads back, with measurements, provenance and pictures for a person."""
        report, out = result
        assert load_report(out) == report
        assert report.measurements
        assert report.software.libraries
        page = (out / "report.html").read_text()
        assert "data:image/jpeg" in page

    def test_nothing_else_stays_behind(self, result: tuple[Report, Path]) -> None:
        """Only products and the report lie in the output, and no working folder beside it."""
        report, out = result
        listed = {Path(record.path).parts[0] for record in report.products} | {"report.json", "report.html"}
        assert {item.name for item in out.iterdir()} == listed
        assert [item.name for item in out.parent.iterdir()] == [out.name]

    def test_frames_are_untouched(self, result: tuple[Report, Path], capture: Capture) -> None:
        """Originals are never altered."""
        assert [f.blake3 for f in seal(open_capture(capture.root)).frames] == [
            f.blake3 for f in seal(capture).frames
        ]

    def test_same_run_same_bits(self, result: tuple[Report, Path], capture: Capture, tmp_path: Path) -> None:
        """Run again elsewhere: the same products, bit for bit."""
        again = self._execute(capture, tmp_path / "again")
        assert {p.name: p.blake3 for p in again.products} == {p.name: p.blake3 for p in result[0].products}

    def test_same_call_is_found_done(self, result: tuple[Report, Path], capture: Capture) -> None:
        """Asking again for what is there costs nothing; anything else there is left alone."""
        report, out = result
        assert self._execute(capture, out) == report
        with pytest.raises(OutputError, match="not empty"):
            self._execute(capture, out, seed=99)

    def test_its_own_input_is_no_place_for_products(self, capture: Capture) -> None:
        """A slip of the hand must not cost the frames."""
        before = sorted(path.name for path in capture.root.iterdir())
        with pytest.raises(OutputError, match="input itself"):
            self._execute(capture, capture.root, replace=True)
        assert sorted(path.name for path in capture.root.iterdir()) == before

    def test_progress_and_stop(self, capture: Capture, tmp_path: Path) -> None:
        """Progress is told, and a stop is heard; nothing half-written stays in the output."""
        told: list[str] = []

        def progress(done: float, total: float, label: str) -> None:
            told.append(label)
            assert 0 <= done <= total

        with pytest.raises(Cancelled):
            self._execute(capture, tmp_path / "out", progress=progress, cancelled=lambda: len(told) > 1)
        assert told
        assert not (tmp_path / "out").exists()

    def test_killed_run_redoes_no_finished_part(
        self, result: tuple[Report, Path], capture: Capture, tmp_path: Path
    ) -> None:
        """Killed right after a part was kept, started again: no finished part is done twice.

        The folder has a name that is not plain ASCII, and what the kill left there does not stay.
        """
        home = tmp_path / "Käfer & Blätter"
        home.mkdir()
        out = home / "out"
        whole = self._in_child(capture.root, tmp_path / "whole")
        assert whole.returncode == 0, whole.stderr
        parts = _parts(whole)
        assert len(parts) >= 2, "long work belongs in context.part or context.map"
        half = max(1, len(parts) // 2)
        killed = self._in_child(capture.root, out, kill_after=half)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert not out.exists()
        resumed = self._in_child(capture.root, out)
        assert resumed.returncode == 0, resumed.stderr
        before, after = _parts(killed), _parts(resumed)
        assert not set(before) & set(after), "a finished part was done again"
        assert sorted(before + after) == sorted(parts)
        found = load_report(out)
        assert {p.name: p.blake3 for p in found.products} == {p.name: p.blake3 for p in result[0].products}
        assert sorted(found.warnings) == sorted(result[0].warnings), "a warning was lost with the kill"
        assert [item.name for item in home.iterdir()] == ["out"]

    def test_memory_stays_within_the_budget(self, capture: Capture, tmp_path: Path) -> None:
        """Peak memory of the process stays within the budget granted, on a scene made large for it."""
        if self.large_scene:
            recipe = self.technique.forward.recipe.make(values=self.large_scene)
            capture = simulate(self.technique, tmp_path / "large", recipe, seed=1)
        run = self._in_child(capture.root, tmp_path / "out", memory=self.small_memory)
        assert run.returncode == 0, run.stderr
        assert float(run.stdout.split()[-1]) <= self.small_memory / 2**20

    # -- broken input --------------------------------------------------------------------------

    @pytest.mark.parametrize("fault", ["missing", "empty", "truncated", "noise"])
    def test_broken_frame_is_one_sentence(self, fault: str, tmp_path: Path) -> None:
        """Every frame broken: one sentence that names a file, and nothing half-written."""
        recipe = self.technique.forward.recipe.make(values=self.scene)
        broken = simulate(self.technique, tmp_path / "broken", recipe, seed=3)
        for frame in broken.frames:
            path = broken.path(frame)
            data = path.read_bytes()
            path.unlink()
            if fault != "missing":
                path.write_bytes(
                    {"empty": b"", "truncated": data[: len(data) // 3], "noise": b"\x13\x37" * 999}[fault]
                )
        with pytest.raises(InputError) as caught:
            self._execute(load_manifest(broken.root / MANIFEST), tmp_path / "out")
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "out").exists()

    def test_empty_capture_is_one_sentence(self, tmp_path: Path) -> None:
        """A capture without frames is refused."""
        with pytest.raises(InputError, match="holds no frame"):
            self._execute(Capture().at(tmp_path), tmp_path / "out")

    # -- interactive work ----------------------------------------------------------------------

    def test_session_renders_without_writing(self, capture: Capture, tmp_path: Path) -> None:
        """A Session gives display-ready pictures of the size asked for."""
        from vestige.contract import Inputs

        operation = self.technique.operation("run")
        if operation.open is None:
            return
        session = operation.open(Inputs({operation.inputs[0].name: [capture]}), Context(tmp_path / "work"))
        try:
            picture = session.render(operation.recipe.make(values=dict(self.recipe)), None, 160)
            assert picture.dtype.name == "uint8"
            assert picture.ndim == 3
            assert max(picture.shape[:2]) <= 160
            assert picture.std() > 0
        finally:
            session.close()


def _parts(run: subprocess.CompletedProcess[str]) -> list[str]:
    return [line.removeprefix("part ") for line in run.stdout.splitlines() if line.startswith("part ")]
