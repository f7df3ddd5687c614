"""``vestige jobs``: submit, list, show, run, cancel, retry, watch."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from vestige.cli.console import duration, fail_in_part, show_json, tell
from vestige.errors import UsageError
from vestige.jobs import Dispatcher, Job, Ledger, LocalExecutor, Resources, State, Submission, Work, machine
from vestige.jobs.states import SETTLED

LEDGER = click.option(
    "--archive",
    "place",
    envvar="VESTIGE_ARCHIVE",
    required=True,
    help="The archive whose ledger it is: a folder, or postgresql://… (or set VESTIGE_ARCHIVE)",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Answer as JSON")
BATCH = click.option("--batch", help="All jobs of a batch")
NUMBERS = click.argument("numbers", nargs=-1, type=click.IntRange(1), metavar="JOB…")


@click.group()
def jobs() -> None:
    """Work that is queued, granted what it may use, and never lost."""


@jobs.command()
@LEDGER
@click.argument("technique", required=False)
@click.argument("operation", required=False)
@click.argument("inputs", nargs=-1, type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the products")
@click.option("--input", "named", multiple=True, metavar="NAME=PATH", help="A further input of the operation")
@click.option("--each", is_flag=True, help="One job for each input, into OUT/NAME")
@click.option("--chain", type=click.Path(path_type=Path), help="Submit the steps of a chain on one capture")
@click.option("--preset", help="A named recipe")
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="A field of the recipe")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Where chance comes from")
@click.option("--memory", default="2G", show_default=True, help="Memory granted to each job")
@click.option(
    "--cores", type=click.IntRange(1), default=1, show_default=True, help="Cores granted to each job"
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True, help="Where")
@click.option("--priority", type=int, default=0, show_default=True, help="Higher goes first")
@click.option("--batch", default="", help="A name for these jobs together")
@click.option("--after", type=click.IntRange(1), multiple=True, metavar="JOB", help="Only once JOB is done")
@click.option("--tell", multiple=True, metavar="ADDRESS", help="Who hears of the end: https://… or mailto:…")
@click.option("--replace", is_flag=True, help="Put the new result in the place of an older one")
@AS_JSON
def submit(place: str, *, as_json: bool, **options: Any) -> None:
    """Queue OPERATION of TECHNIQUE on INPUTS; the same work for the same folder is one job.

    With --chain FILE the one argument is the capture.
    """
    from vestige.jobs.notify import check_address

    addresses = tuple(check_address(address) for address in options["tell"])
    ledger = _ledger(place)
    planned = _chain(options) if options["chain"] else [(work, ()) for work in _works(options)]
    granted = Resources.of(_budget(options))
    title = options["batch"]
    submissions = [
        Submission(
            work,
            title=f"{Path(work.out).name}: {work.label}",
            resources=granted,
            priority=options["priority"],
            after=options["after"],
            needs=needs,
            tell=addresses,
        )
        for work, needs in planned
    ]
    if len(submissions) > 1 and not title:
        title = f"{options['out'].name} {time.strftime('%Y-%m-%d %H:%M:%S')}"
    made = ledger.submit(submissions, batch=title)
    if as_json:
        show_json([job.plain() for job in made])
        return
    for job in made:
        click.echo(_line(job))
    if made[0].batch:
        click.echo(f"batch: {made[0].batch}")


@jobs.command("list")
@LEDGER
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only those")
@BATCH
@click.option("--before", type=click.IntRange(1), metavar="JOB", help="The next page: jobs older than JOB")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many")
@AS_JSON
def list_command(
    place: str, state: str | None, batch: str | None, before: int | None, limit: int, *, as_json: bool
) -> None:
    """List jobs, the newest first."""
    ledger = _ledger(place)
    found = ledger.jobs(state=State(state) if state else None, batch=batch, before=before, limit=limit)
    if as_json:
        show_json({"counts": ledger.counts(batch=batch), "jobs": [job.plain() for job in found]})
        return
    for job in found:
        click.echo(_line(job))
    click.echo(
        ", ".join(f"{count} {name}" for name, count in ledger.counts(batch=batch).items()) or "no jobs"
    )


@jobs.command()
@LEDGER
@click.argument("number", type=click.IntRange(1), metavar="JOB")
@AS_JSON
def show(place: str, number: int, *, as_json: bool) -> None:
    """Show all that is known of JOB, its last words included."""
    ledger = _ledger(place)
    job, needs = ledger.job(number), ledger.needs(number)
    if as_json:
        show_json({**job.plain(), "needs": needs})
        return
    click.echo(_line(job))
    size = job.resources.bytes / 2**30
    rows = {
        "result": job.out,
        "batch": job.batch,
        "needs": ", ".join(map(str, needs)),
        "granted": f"{job.resources.cores} cores, {size:.2g} GiB{', cuda' if job.resources.cuda else ''}",
        "priority": str(job.priority),
        "attempts": f"{job.attempts}, of which {job.deaths} died and {job.interruptions} were interrupted",
        "took": duration(job.finished - job.started) if job.finished and job.started else "",
        "key": job.key,
    }
    for name, value in rows.items():
        if value:
            click.echo(f"  {name}: {value}")
    for words in job.words:
        click.echo(f"  attempt {words.attempt} {words.how.value}: {words.sentence}")
    if job.words and job.words[-1].stderr:
        click.echo("".join(f"    | {line}\n" for line in job.words[-1].stderr.splitlines()), nl=False)


@jobs.command()
@LEDGER
@click.option("--cores", type=click.IntRange(1), help="Cores to use in all; all by default")
@click.option("--memory", help="Memory to use in all, such as 8G; nearly all by default")
@click.option("--stay", is_flag=True, help="Wait for further jobs once the queue is empty")
@click.option(
    "--mail-server",
    envvar="VESTIGE_MAIL_SERVER",
    help="smtp://user:password@host:port, for those to tell by mail",
)
@click.option("--mail-from", default="vestige@localhost", show_default=True, help="The sender of such mail")
@AS_JSON
def run(
    place: str,
    cores: int | None,
    memory: str | None,
    mail_server: str | None,
    mail_from: str,
    *,
    stay: bool,
    as_json: bool,
) -> None:
    """Work through the queue. Stopped or killed, nothing is lost: run it again."""
    from vestige.jobs.notify import MailServer, Postman
    from vestige.jobs.outbox import Outbox

    ledger, room = _ledger(place), machine(cores, memory)
    mail = MailServer.parse(mail_server, mail_from) if mail_server else None
    executor = LocalExecutor(_catalogue(place), room)
    hear = None if as_json else _teller()
    try:
        with Postman(Outbox(ledger.engine), mail) as postman:
            dispatcher = Dispatcher(ledger, executor, machine=machine(), hear=hear)
            summary = dispatcher.run(until_empty=not stay)
    finally:
        executor.close()
    for failure in postman.failures:
        tell(f"note: {failure}")
    counts = {state.value: count for state, count in summary.ended.items() if state in SETTLED}
    left = ledger.counts().get(State.WAITING, 0)
    answer = {"ended": counts, "waiting": left}
    bad = sum(count for name, count in counts.items() if name != State.DONE)
    if not as_json:
        click.echo(", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing was to do")
        if left:
            tell(f"{left} still waiting: for a larger machine, or for jobs that came to nothing")
    if bad:
        sentence = f"{bad} of {sum(counts.values())} jobs came to nothing; see vestige jobs list"
        fail_in_part(sentence, answer, as_json=as_json)
    if as_json:
        show_json(answer)


@jobs.command()
@LEDGER
@NUMBERS
@BATCH
@AS_JSON
def cancel(place: str, numbers: tuple[int, ...], batch: str | None, *, as_json: bool) -> None:
    """Take JOBs out of the queue; running ones stop and keep their finished parts."""
    ledger = _ledger(place)
    open_ones = {State.WAITING, State.RUNNING}
    _change(ledger, ledger.cancel, _chosen(ledger, numbers, batch, open_ones), as_json=as_json)


@jobs.command()
@LEDGER
@NUMBERS
@BATCH
@click.option("--priority", type=int, help="With another priority")
@AS_JSON
def retry(
    place: str, numbers: tuple[int, ...], batch: str | None, priority: int | None, *, as_json: bool
) -> None:
    """Give JOBs that failed, were cancelled or quarantined back to the queue."""
    ledger = _ledger(place)

    def again(number: int) -> Job:
        if ledger.job(number).state is State.WAITING:  # it followed a job before it
            return ledger.job(number)
        return ledger.retry(number)

    bad = {State.FAILED, State.CANCELLED, State.QUARANTINED}
    chosen = _chosen(ledger, numbers, batch, bad)
    if priority is not None:
        for number in chosen:
            ledger.prioritise(number, priority)
    _change(ledger, again if batch else ledger.retry, sorted(chosen), as_json=as_json)


@jobs.command()
@LEDGER
@NUMBERS
@BATCH
@AS_JSON
def watch(place: str, numbers: tuple[int, ...], batch: str | None, *, as_json: bool) -> None:
    """Show how JOBs (or a batch, or all) come on, until they have come to their end."""
    ledger = _ledger(place)
    told: dict[int, str] = {}
    while True:
        found = _watched(ledger, numbers, batch)
        for job in found:
            line = _line(job)
            if told.get(job.id) != line and not as_json:
                click.echo(line)
            told[job.id] = line
        if all(job.state in SETTLED for job in found):
            break
        time.sleep(0.5)
    if as_json:
        show_json([job.plain() for job in _watched(ledger, tuple(told), None) if told])


def _watched(ledger: Ledger, numbers: tuple[int, ...], batch: str | None) -> list[Job]:
    if numbers:
        return [ledger.job(number) for number in numbers]
    if batch is not None:
        return list(reversed(ledger.jobs(batch=batch, limit=1000)))
    return [job for state in (State.RUNNING, State.WAITING) for job in reversed(ledger.jobs(state=state))]


def _ledger(place: str) -> Ledger:
    from vestige.archive import open_database

    return Ledger(open_database(_catalogue(place)))


def _catalogue(place: str) -> str:
    """The database of an archive, or the one at a URL."""
    from vestige.archive.settings import load_settings

    if "://" in place:
        return place
    folder = Path(place).absolute()
    return load_settings(folder).catalogue or str(folder / "catalogue")


def _works(options: dict[str, Any]) -> list[Work]:
    from vestige.contract.registry import technique
    from vestige.jobs import prepare

    if not options["technique"] or not options["operation"]:
        raise UsageError(
            "name a technique and an operation, such as: vestige jobs submit focus run coin --out sharp"
        )
    todo = technique(options["technique"]).operation(options["operation"])
    recipe = todo.recipe.make(options["preset"], options["settings"])
    named = dict(_pair(text) for text in options["named"])
    inputs, out = options["inputs"], options["out"]
    if options["each"]:
        names = [path.stem if path.is_file() else path.name for path in inputs]
        if doubles := sorted({name for name in names if names.count(name) > 1}):
            raise UsageError(f"two inputs are called '{doubles[0]}': submit them apart")
        groups = [((path,), out / name) for name, path in zip(names, inputs, strict=True)]
    else:
        groups = [(inputs, out)]
    return [
        prepare(
            options["technique"],
            options["operation"],
            paths,
            folder,
            named=named,
            recipe=recipe,
            seed=options["seed"],
            replace=options["replace"],
        )
        for paths, folder in groups
    ]


def _chain(options: dict[str, Any]) -> list[tuple[Work, tuple[int, ...]]]:
    from vestige.capture import open_capture
    from vestige.contract.chain import load_chain
    from vestige.jobs import plan

    given = [options["technique"], options["operation"], *options["inputs"]]
    paths = [path for path in given if path]
    if len(paths) != 1 or options["settings"] or options["preset"] or options["named"]:
        raise UsageError(
            "with --chain FILE one capture is given; recipes and further inputs stand in the file"
        )
    steps = load_chain(options["chain"])
    jobs_ = plan(steps, open_capture(paths[0]), paths[0], options["out"], seed=options["seed"])
    return [(job.work, job.needs) for job in jobs_]


def _budget(options: dict[str, Any]) -> Any:
    from vestige.contract import Budget

    return Budget.parse(options["memory"], options["cores"], options["device"])


def _pair(text: str) -> tuple[str, str]:
    name, separator, path = text.partition("=")
    if not separator:
        raise UsageError(f"'{text}' is not of the form NAME=PATH")
    return name, path


def _chosen(ledger: Ledger, numbers: tuple[int, ...], batch: str | None, states: set[State]) -> list[int]:
    if bool(numbers) == bool(batch):
        raise UsageError("name jobs by number, or a --batch")
    if numbers:
        return list(numbers)
    found: list[Job] = []
    while page := ledger.jobs(batch=batch, before=found[-1].id if found else None, limit=1000):
        found += page
    if not found:
        raise UsageError(f"there is no batch '{batch}'; see vestige jobs list")
    return [job.id for job in found if job.state in states]


def _change(ledger: Ledger, change: Callable[[int], Job], numbers: list[int], *, as_json: bool) -> None:
    changed = [ledger.job(change(number).id) for number in numbers]
    if as_json:
        show_json([job.plain() for job in changed])
        return
    for job in changed:
        click.echo(_line(job))


def _line(job: Job) -> str:
    """A job in one line."""
    text = f"{job.id}  {job.state.value}  {job.title}"
    if job.state is State.RUNNING:
        text += f"  {job.label} {job.done:g} of {job.total:g}" if job.total else ""
        text += "  stopping" if job.stop else ""
    elif job.state is State.DONE:
        text += f"  {job.out}"
    elif job.words:
        text += f"  {job.words[-1].sentence}"
    return text


def _teller() -> Callable[[Job], None]:
    """Show a line as a job changes its state; progress only every few seconds."""
    states: dict[int, tuple[State, float]] = {}

    def hear(job: Job) -> None:
        now = time.monotonic()
        before = states.get(job.id)
        if before is None or before[0] is not job.state or now - before[1] > 5.0:
            states[job.id] = (job.state, now)
            tell(_line(job))

    return hear
