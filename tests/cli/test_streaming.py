"""Streams from outside: a socket, a folder that a logger writes into, a kill at any moment."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading

import pytest

from vestige.capture import read_open
from vestige.cli.listening import Listener
from vestige.cli.root import root
from vestige.cli.tailing import Tail
from vestige.contract.intake import Intake, begin
from vestige.errors import UsageError
from vestige.survey.streaming.gathering import gathered


def line(number, readings=30):
    return "".join(f"{number},{100 + 0.25 * n},{50 - number},{n % 7}\n" for n in range(readings)) + "end\n"


@pytest.fixture
def intake(tmp_path):
    return begin(tmp_path / "field", "survey")


@pytest.fixture
def listener(intake):
    made = Listener(intake, "127.0.0.1", 0, lambda sentence: None)
    yield made
    made.close()


def talk(address, text, answers):
    """Send, and hear so many answers."""
    with socket.create_connection(address, 10) as connection, connection.makefile("r") as heard:
        connection.sendall(text.encode())
        return [heard.readline().strip() for _ in range(answers)]


def test_a_socket_answers_when_a_line_is_kept(listener, intake):
    text = line(1) + line(2) + line(1) + "3,5,5,x\nend\n" + line(4)
    heard = talk(listener.address, text, 5)
    assert heard[:3] == ["ok line 1 kept", "ok line 2 kept", "ok line 1 known"]
    assert heard[3].startswith("refused line 3: holds the row")
    assert heard[4] == "ok line 4 kept"
    assert [frame.file for frame in read_open(intake.folder).frames] == [
        f"lines/{n:06d}-00.csv" for n in (1, 2, 4)
    ]


def test_half_a_line_at_a_cut_is_not_kept_and_comes_again(listener, intake):
    whole = line(1)
    assert talk(listener.address, whole + whole[: len(whole) // 2].replace("\n1,", "\n2,"), 1)
    assert talk(listener.address, whole.replace("1,1", "2,1"), 1) == ["ok line 2 kept"]
    assert len(read_open(intake.folder).frames) == 2


def test_several_senders_at_once_lose_nothing(listener, intake):
    heard = {}

    def send(first):
        heard[first] = talk(listener.address, "".join(line(n) for n in range(first, 40, 4)), 10)

    senders = [threading.Thread(target=send, args=(n,)) for n in range(4)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(30)
    assert all(answer.endswith("kept") for answers in heard.values() for answer in answers)
    assert len(read_open(intake.folder).frames) == 40


def test_beyond_this_machine_a_word_is_asked_for(intake):
    with pytest.raises(UsageError, match="key-file"):
        Listener(intake, "0.0.0.0", 0, print)
    listener = Listener(intake, "127.0.0.1", 0, print, key="a long word")
    try:
        assert "first row must be key" in talk(listener.address, line(1), 1)[0]
        assert talk(listener.address, "key a long word\n" + line(1), 1) == ["ok line 1 kept"]
    finally:
        listener.close()


def test_a_sealed_capture_takes_no_more(listener, intake):
    talk(listener.address, line(1), 1)
    Intake(intake.folder).seal()
    assert "is sealed" in talk(listener.address, line(2), 1)[0]


def test_files_that_grow_are_taken_while_they_do(intake, tmp_path):
    folder = tmp_path / "logger"
    folder.mkdir()
    tail, told = Tail(intake, folder, print, quiet=1e9), []
    log = folder / "day.csv"
    log.write_text("line,easting,northing,nT\n" + line(1).removesuffix("end\n"))
    assert tail.look() == 0
    with open(log, "a") as stream:
        stream.write("2,100,4")
    assert tail.look() == 0
    with open(log, "a") as stream:
        stream.write("8,1\n")
    assert tail.look() == 1
    (folder / "other.csv").write_text(line(7))
    (folder / "photo.jpg").write_bytes(b"no text")
    assert tail.look() == 1
    tail.quiet = 0
    with open(log, "a") as stream:
        stream.write("2,100.25,48,2\n")
    assert tail.look() == 1
    with open(log, "a") as stream:
        stream.write("2,100.5,48,3\n")
    assert tail.look() == 1
    frames = read_open(intake.folder).select()
    assert sorted(frame.settings["readings"] for frame in frames) == [3, 30, 30]
    assert told == []


SERVER = """
import sys
from pathlib import Path
from vestige.cli.listening import Listener
from vestige.contract.intake import begin
listener = Listener(begin(Path(sys.argv[1]), "survey"), "127.0.0.1", 0, print)
print(listener.address[1], flush=True)
sys.stdin.read()
"""


def test_what_was_acknowledged_survives_any_kill(tmp_path):
    folder, chance = tmp_path / "field", random.Random(5)
    waiting, acknowledged = [line(n, 60) for n in range(60)], 0
    for kill in range(3):
        command = [sys.executable, "-c", SERVER, str(folder)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            port, text = int(server.stdout.readline()), "".join(waiting).encode()
            with (
                socket.create_connection(("127.0.0.1", port), 10) as connection,
                connection.makefile("r") as heard,
            ):
                sender = threading.Thread(target=_send, args=(connection, text))
                sender.start()
                for _ in range(chance.randrange(4, 16) if kill < 2 else len(waiting)):
                    assert heard.readline().startswith(f"ok line {acknowledged} ")
                    acknowledged += 1
                    waiting.pop(0)
                os.kill(server.pid, signal.SIGKILL)
                sender.join(10)
        kept = [frame.file for frame in read_open(folder).frames]
        assert kept[:acknowledged] == [f"lines/{n:06d}-00.csv" for n in range(acknowledged)]
    assert acknowledged == 60
    sealed = Intake(folder).seal()
    whole = gathered(sealed, tmp_path / "gathered")
    rows = [f"{row.split(',', 1)[1]},{n},0" for n in range(60) for row in line(n, 60).split()[:-1]]
    assert whole.path(whole.frames[0]).read_text().split() == ["easting,northing,nT,line,probe", *rows]


def _send(connection, text):
    with contextlib.suppress(OSError):
        connection.sendall(text)


def test_the_command_plays_seals_and_runs(tmp_path, monkeypatch):
    from click.testing import CliRunner

    monkeypatch.chdir(tmp_path)
    (tmp_path / "site").mkdir()
    text = "".join(line(n, 40) for n in range(12))
    rows = [row.split(",", 1)[1] for row in text.splitlines() if row != "end"]
    (tmp_path / "site" / "day.csv").write_text("easting,northing,nT\n" + "\n".join(rows) + "\n")
    command = ["survey", "stream", "field", "--replay", "site", "--speed", "1e6", "--seal", "--out", "made"]
    done = CliRunner().invoke(root, [*command, "--title", "Lower Field", "--cores", "1", "--json"])
    assert done.exit_code == 0, done.output
    assert '"state": "final"' in done.output
    assert (tmp_path / "made" / "features.gpkg").exists()
    again = CliRunner().invoke(root, ["survey", "stream", "field"])
    assert "is sealed" in str(again.exception)
