"""Running an operation: check the inputs, resume what a kill left, publish the result in one step."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from blake3 import blake3

from vestige.capture import Capture
from vestige.capture.durable import publish_folder, write_atomically
from vestige.contract.budget import Budget
from vestige.contract.context import Clock, Context, Progress
from vestige.contract.operation import Inputs, Operation, Technique, required_axes
from vestige.contract.product import Outcome, Product
from vestige.contract.provenance import forget_peak, missing_extra, path_digest, peak_mib, software
from vestige.contract.recipe import Recipe
from vestige.contract.report import REPORT, InputRecord, ProductRecord, Report, load_report, plain, to_json
from vestige.contract.report_page import PAGE, page
from vestige.contract.staging import output_place, prune, refuse_foreign, working_folder
from vestige.contract.validate import validate
from vestige.errors import InputError, MissingError, UsageError

#: What libraries ask for the number of threads when they are loaded.
_THREADS = ("VIPS_CONCURRENCY", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Given = Mapping[str, Sequence[Capture | Product]]


def execute(
    technique: Technique,
    operation: str,
    inputs: Given,
    recipe: Recipe | None,
    out: str | Path,
    *,
    budget: Budget | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    replace: bool = False,
    publish: Callable[[Path, Path], None] = publish_folder,
) -> Report:
    """Run an operation and put its products, ``report.json`` and ``report.html`` under `out`.

    Work is done in a hidden folder beside `out`, which survives a kill: the same call goes on from
    the parts that are finished. `out` appears in one step, whole or not at all. If `out` already
    holds the result of this very call, that report is returned and nothing is done. `publish(staged,
    out)` moves the finished folder to its place; a job gives one that asks first whether it still may.

    Raises
    ------
    UsageError, InputError
        where the inputs do not fit the operation.
    MissingError
        where the operation needs an extra that is not installed.
    OutputError
        where `out` holds something else (`replace` allows taking its place), or another run is
        working on it, or the disk refuses.

    >>> from vestige.contract.registry import technique
    >>> execute(technique("focus"), "run", {}, None, "out")
    Traceback (most recent call last):
    ...
    vestige.errors.UsageError: focus run needs an input 'capture': ...
    """
    todo = technique.operation(operation)
    recipe = recipe if recipe is not None else todo.recipe()
    given = Inputs(inputs)
    _check_inputs(technique, todo, given)
    if todo.extra and (missing := missing_extra(todo.extra)):
        names = " and ".join(missing)
        raise MissingError(f"{technique.name} {operation} needs {names}: pip install 'vestige[{todo.extra}]'")
    records = _input_records(given)
    key = run_key(technique, todo, records, recipe, seed)
    place = output_place(out, _sources(given))
    if done := _already(place, key):
        return done
    refuse_foreign(place, replace=replace)
    with working_folder(place, key) as work:
        if done := _already(place, key):
            return done  # another run made it while this one waited for the folder
        refuse_foreign(place, replace=replace)
        forget_peak()
        clock, started = Clock(), datetime.now(UTC)
        context = Context(
            work / "parts",
            work / "output",
            budget=budget,
            seed=seed,
            cancelled=cancelled,
            **({"progress": progress} if progress else {}),
        )
        for warning in _unknown_overrides(given, recipe):
            context.warn(warning)
        with _capped(context.budget):
            outcome = todo.run(given, recipe, context)
        products = _product_records(technique, todo, outcome, context)
        report = Report(
            technique=technique.name,
            operation=todo.name,
            operation_version=todo.version,
            title=_title(given) or technique.title,
            key=key,
            inputs=records,
            recipe=plain(recipe.model_dump(mode="json")),
            seed=seed,
            started=started,
            seconds=round(clock.seconds, 3),
            peak_mib=round(peak_mib(), 1),
            budget={
                "cores": context.budget.cores,
                "bytes": context.budget.bytes,
                "device": context.budget.device,
            },
            software=software(),
            products=products,
            measurements=plain(outcome.measurements),
            frames=plain(outcome.frames),
            warnings=context.warnings,
            answer=outcome.answer,
            tables=plain(outcome.tables),
        )
        prune(context.output, [Path(product.path).parts[0] for product in products])
        write_atomically(context.output / PAGE, page(report, outcome.pictures).encode())
        write_atomically(context.output / REPORT, to_json(report))
        publish(context.output, place)
    return report


def run_key(
    technique: Technique, operation: Operation, inputs: Sequence[InputRecord], recipe: Recipe, seed: int
) -> str:
    """What identifies a run: operation and version, inputs by digest, recipe, seed."""
    record = [
        technique.name,
        operation.name,
        operation.version,
        [[item.name, item.blake3] for item in inputs],
        recipe.model_dump(mode="json"),
        seed,
    ]
    return blake3(json.dumps(record, sort_keys=True).encode()).hexdigest()


def _check_inputs(technique: Technique, operation: Operation, given: Inputs) -> None:
    known = {item.name: item for item in operation.inputs}
    for name in given:
        if name not in known:
            raise UsageError(f"{technique.name} {operation.name} takes no input '{name}'")
    for item in operation.inputs:
        found = given[item.name]
        if not found and not item.optional:
            raise UsageError(f"{technique.name} {operation.name} needs an input '{item.name}': {item.help}")
        if len(found) > 1 and not item.many:
            raise UsageError(f"{item.name}: one is needed, {len(found)} were given")
        for thing in found:
            _check_input(operation, item.name, thing, given)


def _check_input(operation: Operation, name: str, thing: Capture | Product, given: Inputs) -> None:
    item = next(known for known in operation.inputs if known.name == name)
    if isinstance(thing, Capture):
        if not item.takes_capture:
            raise UsageError(f"{name}: a product of kind '{item.kind}' is needed, a capture was given")
        if not thing.select():
            raise InputError(thing.root, "holds no frame of an object", item.help)
        if thing.growing and not item.accepts_open:
            raise InputError(
                thing.root,
                "is still open: frames are arriving",
                action="close it with vestige capture seal, then run again",
            )
        required_axes(operation, thing, item)
    elif item.takes_capture:
        raise UsageError(f"{name}: a capture is needed, a product was given")
    elif thing.kind != item.kind:
        raise UsageError(
            f"{name}: a product of kind '{item.kind}' is needed, '{thing.name}' is of kind '{thing.kind}'"
        )
    elif not thing.path.exists():
        raise InputError(thing.path, "does not exist")


def _input_records(given: Inputs) -> list[InputRecord]:
    records = []
    for name in given:
        for item in given[name]:
            if isinstance(item, Capture):
                record = InputRecord(name=name, what="capture", path=str(item.root), blake3=item.digest())
            else:
                record = InputRecord(
                    name=name, what=item.kind.value, path=str(item.path), blake3=path_digest(item.path)[0]
                )
            records.append(record)
    return records


def _sources(given: Inputs) -> list[Path]:
    things = [item for name in given for item in given[name]]
    return [item.root if isinstance(item, Capture) else item.path for item in things]


def _unknown_overrides(given: Inputs, recipe: Recipe) -> list[str]:
    """A value set for a frame that is not there was meant for another: tell, do not stop."""
    frames = {frame.file for name in given for capture in given.captures(name) for frame in capture.frames}
    return [
        f"overrides name '{name}', which is no frame of the input"
        for name in recipe.overrides
        if name not in frames
    ]


def _title(given: Inputs) -> str:
    for name in given:
        for capture in given.captures(name):
            return capture.thing.title or capture.thing.identifier or capture.root.resolve().name
    return ""


def _already(out: Path, key: str) -> Report | None:
    """The report under `out` if it is of this very call and its products are still what it says."""
    try:
        report = load_report(out)
    except InputError:
        return None
    if report.key != key:
        return None
    try:
        whole = all(path_digest(out / item.path) == (item.blake3, item.bytes) for item in report.products)
    except InputError:
        return None
    return report if whole else None


@contextlib.contextmanager
def _capped(budget: Budget) -> Iterator[None]:
    """Hold the threads of OpenCV, Numba, libvips and BLAS to the cores granted while the run lasts.

    Libraries that are loaded later hear it from the environment, and so do children.
    """
    told = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, str(budget.cores)))
    import cv2
    import numba
    from threadpoolctl import threadpool_limits

    before = cv2.getNumThreads(), numba.get_num_threads()
    cv2.setNumThreads(budget.cores)
    numba.set_num_threads(max(1, min(budget.cores, before[1])))
    try:
        with threadpool_limits(limits=budget.cores):
            yield
    finally:
        cv2.setNumThreads(before[0])
        numba.set_num_threads(before[1])
        for name, value in told.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _product_records(
    technique: Technique, operation: Operation, outcome: Outcome, context: Context
) -> list[ProductRecord]:
    """Check each product against what the operation declares and what its kind demands."""
    declared = {item.name: item for item in operation.outputs}
    made = {product.name for product in outcome.products}
    for item in operation.outputs:
        if item.name not in made and not item.optional:
            raise AssertionError(f"{technique.name} {operation.name} made no product '{item.name}'")
    records = []
    for product in outcome.products:
        if product.name not in declared or product.kind != declared[product.name].kind:
            raise AssertionError(
                f"{technique.name} {operation.name} made '{product.name}', which it does not declare"
            )
        path = product.path if product.path.is_absolute() else context.output / product.path
        validate(Product(product.name, product.kind, path, product.about))
        digest, size = path_digest(path)
        records.append(
            ProductRecord(
                name=product.name,
                kind=product.kind,
                path=path.relative_to(context.output).as_posix(),
                bytes=size,
                blake3=digest,
                about=plain(product.about),
            )
        )
    return records
