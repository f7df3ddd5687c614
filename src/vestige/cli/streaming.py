"""``vestige TECHNIQUE stream``: take frames while they arrive, show what they make, seal, run."""

from __future__ import annotations

import contextlib
import fcntl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from vestige.capture import open_capture, read_open
from vestige.cli.console import ON_DISK, Watch, show_json, tell
from vestige.cli.listening import Listener
from vestige.cli.tailing import Tail
from vestige.cli.techniques import fields_help, preset_option, set_option
from vestige.contract import Budget, Context, Inputs, Recipe, Stream, Technique, execute, open_product
from vestige.contract.following import Follower
from vestige.contract.intake import Intake, begin, take_all
from vestige.contract.operation import Operation
from vestige.contract.stream import live_folder
from vestige.errors import InputError, OutputError, UsageError, VestigeError


def stream_command(technique: Technique, stream: Stream) -> click.Command:
    """The command that takes the stream of a technique."""
    operation = technique.operation(stream.operation)
    named = list(operation.inputs[1:])
    parameters: list[click.Parameter] = [
        click.Argument(["folder"], type=ON_DISK),
        click.Option(["--listen"], metavar="HOST:PORT", help="Take what is sent to this address (TCP)"),
        click.Option(["--key-file"], type=ON_DISK, help="File with the word that senders begin by"),
        click.Option(["--watch"], type=ON_DISK, help="Take files that come and grow in this folder"),
        click.Option(
            ["--quiet"],
            type=click.FloatRange(1),
            default=30.0,
            show_default=True,
            help="Seconds after which a watched file that no longer grows has ended",
        ),
        click.Option(["--replay"], type=ON_DISK, help="Play this capture as if it were being recorded"),
        click.Option(
            ["--speed"],
            type=click.FloatRange(0, min_open=True),
            default=1.0,
            show_default=True,
            help="How many times as fast as it was recorded",
        ),
        click.Option(["--seal"], is_flag=True, help="Close the capture, once what is played has ended"),
        click.Option(["--out"], type=ON_DISK, help="Run on the sealed capture, into this folder"),
        click.Option(["--title"], default="", help="What is recorded, for a new capture"),
        click.Option(["--crs"], default="", help="Reference system, such as EPSG:27700, for a new capture"),
        *(click.Option([f"--{item.name}"], type=ON_DISK, help=item.help) for item in named),
        preset_option(stream.recipe, "A named recipe"),
        set_option(stream.recipe, "A field of the recipe; may be repeated"),
        click.Option(["--memory"], default="2G", show_default=True, help="Memory granted, such as 800M"),
        click.Option(["--cores"], type=click.IntRange(1), help="Cores granted; all by default"),
        click.Option(["--json", "as_json"], is_flag=True, help="Print what was made as JSON"),
    ]
    made = click.Command(
        "stream",
        params=parameters,
        callback=_callback(technique, stream, operation),
        help="Take lines into the open capture FOLDER while they arrive, and show what they make.\n\n"
        "The map that grows lies beneath FOLDER/live: open it with vestige serve. Sealed by --seal, on the "
        "page or by vestige capture seal; then --out runs on it.",
        short_help="Take lines while they arrive, and show the map that grows",
    )
    made.epilog = fields_help(stream.recipe)
    return made


def _callback(technique: Technique, stream: Stream, operation: Operation) -> Callable[..., None]:
    def run(folder: Path, out: Path | None, **options: Any) -> None:
        recipe = stream.recipe.make(options["preset"], options["settings"])
        budget = Budget.parse(options["memory"], options["cores"], "cpu")
        given: dict[str, Any] = {
            item.name: [open_product(options[item.name], item.kind)]
            for item in operation.inputs[1:]
            if item.kind is not None and options[item.name] is not None
        }
        if not _sealed(folder):
            settings = {"crs": options["crs"]} if options["crs"] else {}
            intake = begin(folder, technique.name, title=options["title"], settings=settings)
            with _alone(folder) as work:
                inputs = Inputs({"capture": [intake.capture], **given})
                context = Context(work, live_folder(folder), budget=budget)
                follower = Follower(folder, stream.live(inputs, recipe, context))
                _follow(intake, follower, options)
                told = follower.told
                if out is not None and told.state == "sealed":
                    _final(technique, operation, folder, recipe, given, out, budget)
                    follower.finish(str(out.resolve()))
            if options["as_json"]:
                show_json(told.model_dump(mode="json"))
            return
        if out is None:
            raise InputError(folder, "is sealed and takes no more", action="give --out to run on it")
        _final(technique, operation, folder, recipe, given, out, budget)

    return run


def _sealed(folder: Path) -> bool:
    return folder.is_dir() and read_open(folder).state == "sealed"


def _follow(intake: Intake, follower: Follower, options: dict[str, Any]) -> None:
    """Take from all sides and work, until the capture is sealed or Ctrl-C."""
    stop, failed = threading.Event(), []
    with contextlib.ExitStack() as open_things:
        if options["listen"]:
            listener = Listener(intake, *_address(options["listen"]), tell, key=_key(options["key_file"]))
            open_things.callback(listener.close)
            tell(f"vestige: lines are taken at {listener.address[0]}:{listener.address[1]}")
        if options["watch"]:
            if not options["watch"].is_dir():
                raise InputError(options["watch"], "is no folder", "the folder that the logger writes into")
            tail = Tail(intake, options["watch"], tell, quiet=options["quiet"])
            tail.start()
            open_things.callback(tail.close)

        def play() -> None:
            try:
                if options["replay"]:
                    _play(intake, options["replay"], options["speed"], stop)
                if options["seal"]:
                    intake.seal()
            except VestigeError as error:
                failed.append(error)
                stop.set()

        if options["replay"] or options["seal"]:
            player = threading.Thread(target=play, name="player", daemon=True)
            player.start()
        if not (options["listen"] or options["watch"] or options["replay"] or options["seal"]):
            tell("vestige: following what others send; Ctrl-C ends")
        open_things.callback(stop.set)
        follower.follow(stop.is_set)
    if failed:
        raise failed[0]


def _play(intake: Intake, path: Path, speed: float, stop: threading.Event) -> None:
    splitter = intake.splitter()
    for seconds, data in intake.stream.replay(open_capture(path)):
        if stop.wait(seconds / speed):
            return
        for label, _, why in take_all(intake, splitter.feed(data)):
            if why:
                tell(f"{path.name}: {label} {why}")
    take_all(intake, splitter.close(whole=True))


def _final(
    technique: Technique,
    operation: Operation,
    folder: Path,
    recipe: Recipe,
    given: dict[str, Any],
    out: Path,
    budget: Budget,
) -> None:
    """The ordinary run on the sealed capture."""
    chosen = operation.recipe.model_validate(
        {name: getattr(recipe, name) for name in operation.recipe.model_fields}
    )
    watch = Watch()
    try:
        inputs = {"capture": [open_capture(folder)], **given}
        report = execute(
            technique, operation.name, inputs, chosen, out, budget=budget, progress=watch, replace=True
        )
    finally:
        watch.close()
    for product in report.products:
        tell(f"{out / product.path}  {product.kind.value}")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[Path]:
    """The working folder of the live work, held by this process alone."""
    work = live_folder(folder) / ".work"
    work.mkdir(parents=True, exist_ok=True)
    with open(work / "lock", "wb") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise OutputError(
                f"{folder} is followed by another program already: use that one, or end it first"
            ) from None
        yield work


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--listen is {text!r}; expected HOST:PORT, such as 127.0.0.1:9210")
    return host.strip("[]") or "127.0.0.1", int(port)


def _key(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        word = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise InputError(path, "cannot be read", "a file with one word") from None
    if not 8 <= len(word) <= 150:
        raise InputError(path, f"holds a word of {len(word)} characters", "8 to 150")
    return word
