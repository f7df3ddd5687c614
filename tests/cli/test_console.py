"""What a person and a program are shown: one sentence, one document, whatever happens."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import httpx2
import numpy as np
import pytest

from vestige.cli import console
from vestige.cli.console import Watch, guarded, tell
from vestige.cli.root import COMMANDS, root
from vestige.contract.names import BUILT_IN
from vestige.errors import OutputError, UsageError
from vestige.imaging import write_image

VESTIGE = Path(sys.executable).with_name("vestige")


def leaves(command, context, path=()):
    """Every command that does something, with the words that lead to it."""
    if not isinstance(command, click.Group):
        return [(path, command)]
    found = []
    for name in command.list_commands(context):
        child = command.get_command(context, name)
        found += leaves(child, click.Context(child, info_name=name, parent=context), (*path, name))
    return found


def test_every_command_answers_as_json_and_has_help_for_all_it_takes():
    found = leaves(root, click.Context(root, info_name="vestige"))
    assert len(found) > 20
    for path, command in found:
        names = [option for parameter in command.params for option in parameter.opts]
        assert "--json" in names, f"vestige {' '.join(path)} has no --json"
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, f"{path}: {parameter.name}"


@pytest.mark.parametrize("group", [[], ["capture"], ["simulate"], ["chain"], ["focus"]])
def test_a_group_alone_shows_its_help(group, capsys):
    assert guarded(root, group) == 2
    assert capsys.readouterr().err.startswith("Usage: vestige")


def raising(error):
    def callback(**_):
        raise error

    return click.Command("x", callback=callback, params=[click.Option(["--json"], is_flag=True)])


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (UsageError("the field is wrong"), 2, "the field is wrong"),
        (OutputError("a\nb cannot be written"), 1, "a b cannot be written"),
        (PermissionError(13, "Permission denied", "scans/x"), 1, "scans/x: Permission denied"),
        (OSError("odd"), 1, "odd"),
        (KeyboardInterrupt(), 1, "stopped; run the same command again"),
        (MemoryError(), 1, "no memory left"),
        (click.UsageError("bad"), 2, "bad"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_every_fault_is_one_sentence_and_one_document(error, code, words, as_json, capsys):
    assert guarded(raising(error), ["--json"] if as_json else []) == code
    told = capsys.readouterr()
    assert words in told.err
    assert len(told.err.strip().splitlines()) == 1
    if as_json:
        assert words in json.loads(told.out)["error"]
        assert json.loads(told.out)["exit_code"] == code
    else:
        assert told.out == ""


@pytest.fixture
def two(tmp_path):
    """A good capture and a broken one."""
    for name in ("good", "bad"):
        (tmp_path / name).mkdir()
        for number in range(2):
            pixels = np.random.default_rng(number).random((64, 64, 3)).astype(np.float32)
            write_image(tmp_path / name / f"{number}.tif", pixels, depth=8)
    for path in (tmp_path / "bad").iterdir():
        path.write_bytes(b"no picture")
    return tmp_path


def test_a_batch_as_json_is_one_document(two, capsys, monkeypatch):
    monkeypatch.chdir(two / "good")
    command = ["focus", "run", "../bad", ".", "--out", "../out", "--each", "--json", "--set", "align=false"]
    assert guarded(root, command) == 1
    answer = json.loads(capsys.readouterr().out)
    assert "error" in answer["runs"][0]
    assert answer["runs"][1]["out"] == "../out/good"
    assert answer["error"] == "1 of 2 inputs failed; the others are done"
    assert (two / "out" / "good" / "report.json").is_file()
    assert sorted(item.name for item in (two / "out").iterdir()) == ["good"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["good", "bad", "--out", "o"], "add --each to run once for each"),
        (["good", "x/good", "--out", "o", "--each"], "two inputs are called 'good'"),
        (["good", "--out", "good", "--replace"], "good is the input itself"),
        (["good", "--out", "."], "folder you are in"),
        (["good/0.tif", "good/0.tif", "--out", "o"], "is given twice"),
    ],
)
def test_slips_of_the_hand(two, capsys, monkeypatch, words, told):
    monkeypatch.chdir(two)
    before = sorted(two.rglob("*"))
    assert guarded(root, ["focus", "run", *words]) in (1, 2)
    assert told in capsys.readouterr().err
    assert sorted(two.rglob("*")) == before


def test_check_as_json_is_one_document(two, capsys):
    assert guarded(root, ["capture", "check", str(two / "bad"), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert len(answer["problems"]) == 2
    assert "2 problems in 2 frames" in answer["error"]


def test_new_wants_a_folder_and_notes_the_time(two, capsys):
    assert guarded(root, ["capture", "new", str(two / "good" / "0.tif")]) == 1
    assert "is a file; expected the folder" in capsys.readouterr().err
    assert guarded(root, ["capture", "new", str(two / "good"), "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["created"]
    assert not (two / "good" / "capture.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_leaves_nothing_half_made(number, tmp_path):
    command = [VESTIGE, "simulate", "relight", "out", "--set", "size=2048"]
    run = subprocess.Popen(
        command,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        # A shell gives programs in the background an ignored SIGINT, and the tests may run there.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads here
    )
    while not any(tmp_path.glob(".out.vestige/capture/*")) and run.poll() is None:
        time.sleep(0.02)
    run.send_signal(number)
    _, told = run.communicate(timeout=60)
    assert run.returncode == 1, told
    assert told.strip().endswith("stopped; run the same command again to go on")
    assert list(tmp_path.iterdir()) == []


def test_the_handler_of_others_is_given_back():
    before = signal.getsignal(signal.SIGTERM)
    guarded(root, ["--version"])
    assert signal.getsignal(signal.SIGTERM) is before


class _Closed(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, text):
        raise BrokenPipeError(32, "Broken pipe")


def test_progress_that_nobody_reads_stops_nothing(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(sys, "stderr", _Closed())
    watch = Watch()
    for done in range(5):
        watch(done, 5, "frames")
        now[0] += 6
    watch.close()
    tell("more")
    assert guarded(raising(UsageError("wrong")), []) == 2


def test_the_bar_fits_its_terminal(monkeypatch, capsys):
    monkeypatch.setattr(console, "_on_terminal", lambda: True)
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    watch = Watch()
    for done in range(5):
        watch(done, 4, "a stage with a very long name " * 8)
        now[0] += 6
    assert all(len(line) <= 90 for line in capsys.readouterr().err.split("\r"))


def test_output_of_odd_names_in_a_plain_terminal(two):
    (two / "good").rename(two / "Käfer 甲虫")
    answer = subprocess.run(
        [VESTIGE, "capture", "show", "Käfer 甲虫"],
        cwd=two, env={**os.environ, "PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert b"K\xe4fer \\u7532\\u866b" in answer.stdout


def complete(*words):
    """What bash offers after these words."""
    script = f"""eval "$('{VESTIGE}' completion bash)"
        compopt() {{ printf 'compopt %s %s\\n' "$@"; }}
        COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _vestige_completion '{VESTIGE}'; printf '%s\\n' "${{COMPREPLY[@]}}" """
    answer = subprocess.run(
        ["bash", "-c", script, "bash", *words], capture_output=True, text=True, check=True
    )
    return answer.stdout.split("\n")[:-1]


def test_bash_completes_commands_presets_and_fields():
    assert complete("vestige", "fo") == ["focus"]
    assert complete("vestige", "focus", "r") == ["recipes", "run"]
    assert complete("vestige", "focus", "run", "--set", "lev") == ["compopt -o nospace", "levels="]
    assert set(complete("vestige", "simulate", "")) == set(BUILT_IN)
    assert "compopt -o default" in complete("vestige", "focus", "run", "")
    assert set(complete("vestige", "")) == {*BUILT_IN, *COMMANDS}


def test_serve_says_where_and_ends_when_asked(two):
    command = [VESTIGE, "serve", "good", "--port", "0", "--no-open", "--json"]
    server = subprocess.Popen(command, cwd=two, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        told = "".join(server.stdout.readline() for _ in range(4))
        address = json.loads(told)["address"]
        for _ in range(200):
            try:
                answer = httpx2.get(address, timeout=5)
                break
            except httpx2.TransportError:
                time.sleep(0.05)
        assert answer.status_code == 200
    finally:
        server.send_signal(signal.SIGTERM)
        _, fault = server.communicate(timeout=30)
    assert len(fault.strip().splitlines()) <= 1, fault
