"""The command line: one sentence for each fault, exit codes, JSON, speed of help."""

import json
import subprocess
import sys

import pytest

from vestige.cli.console import Watch, guarded
from vestige.cli.root import COMMANDS, root
from vestige.contract.names import BUILT_IN


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nonsense"], 2, "No such command"),
        (["focus", "run"], 2, "Missing"),
        (["focus", "run", "no_such_folder", "--out", "x"], 1, "no_such_folder does not exist"),
        (["focus", "run", "x", "--out", "y", "--set", "nonsense=1"], 2, "no field 'nonsense'"),
        (["focus", "run", "x", "--out", "y", "--memory", "lots"], 2, "no amount of memory"),
        (["focus", "run", "x", "--out", "y", "--set", "plain"], 2, "not of the form"),
        (["chain", "run", "none.toml", "x", "--out", "y"], 1, "none.toml cannot be read"),
        (["capture", "show", "none"], 1, "none does not exist"),
    ],
)
def test_one_sentence_and_the_right_code(tmp_path, monkeypatch, capsys, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    assert guarded(root, arguments) == code
    told = capsys.readouterr().err
    assert words in told
    assert told.startswith("vestige: ")
    assert len(told.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_errors_as_json(capsys):
    assert guarded(root, ["capture", "show", "none", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["exit_code"] == 1


def test_help_needs_no_arithmetic():
    program = (
        "import sys; from vestige.cli.console import guarded; from vestige.cli.root import root\n"
        "guarded(root, ['--help'])\n"
        "heavy = {'numpy', 'cv2', 'scipy', 'torch', 'fastapi', 'vestige.focus'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("name", BUILT_IN)
def test_help_of_a_technique_imports_no_arithmetic(name):
    program = (
        "import sys; from vestige.cli.console import guarded; from vestige.cli.root import root\n"
        f"guarded(root, ['{name}', 'run', '--help'])\n"
        "heavy = {'numpy', 'cv2', 'scipy', 'torch', 'rasterio', 'trimesh'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("name", [*BUILT_IN, *COMMANDS])
def test_each_command_has_help(name, capsys):
    assert guarded(root, [name, "--help"]) == 0
    assert "Usage: vestige" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell, capsys):
    assert guarded(root, ["completion", shell]) == 0
    assert "_VESTIGE_COMPLETE" in capsys.readouterr().out


def test_capture_new_show_check_seal(tmp_path, capsys):
    import numpy as np

    from vestige.imaging import write_image

    for number in range(3):
        write_image(tmp_path / f"f{number}.tif", np.full((8, 9, 3), 0.5, np.float32), depth=8)
    assert (
        guarded(root, ["capture", "new", str(tmp_path), "--title", "Leaf", "--set", "encoding=linear"]) == 0
    )
    assert guarded(root, ["capture", "new", str(tmp_path)]) == 1
    assert guarded(root, ["capture", "check", str(tmp_path)]) == 0
    assert guarded(root, ["capture", "seal", str(tmp_path)]) == 0
    capsys.readouterr()
    assert guarded(root, ["capture", "show", str(tmp_path), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["state"] == "sealed"
    assert shown["settings"] == {"encoding": "linear"}
    (tmp_path / "f1.tif").write_bytes(b"broken")
    assert guarded(root, ["capture", "check", str(tmp_path)]) == 1
    assert "f1.tif has changed" in capsys.readouterr().err


def test_capture_schema(capsys):
    assert guarded(root, ["capture", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Capture"


def test_a_batch_goes_on_with_the_rest(tmp_path, capsys):
    assert guarded(root, ["simulate", "focus", str(tmp_path / "good")]) == 0
    (tmp_path / "bad").mkdir()
    inputs = [str(tmp_path / "bad"), str(tmp_path / "good")]
    assert guarded(root, ["focus", "run", *inputs, "--out", str(tmp_path / "out"), "--each"]) == 1
    told = capsys.readouterr().err
    assert "bad holds no frame" in told
    assert "1 of 2 inputs failed" in told
    assert (tmp_path / "out" / "good" / "report.json").exists()
    assert not (tmp_path / "out" / "bad").exists()


def test_progress_tells_the_time_left(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    watch = Watch()
    for done in range(11):
        watch(done, 10, "frames")
        now[0] += 6
    told = capsys.readouterr().err
    assert "frames: 5 of 10, about 30 s left" in told
