"""What `vestige handoff` refuses, in one sentence each."""

import pytest

from vestige.cli import main


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--scans", "a", "--keep", "b"], 2, "give one of them"),
        (["--settings", "nowhere.toml"], 1, "nowhere.toml cannot be read"),
        (["--memory", "/proc"], 2, "/proc lies on proc, not in memory"),
    ],
)
def test_what_serve_refuses(arguments, code, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["handoff", "serve", *arguments])
    assert ended.value.code == code
    assert sentence in capsys.readouterr().err


def test_settings_that_are_not_known_are_named(tmp_path, capsys):
    (tmp_path / "a.toml").write_text("[mail]\nhost = 'x'\nsender = 'a@b.org'\npasswrd = 'y'\n")
    with pytest.raises(SystemExit):
        main(["handoff", "serve", "--settings", str(tmp_path / "a.toml")])
    assert "passwrd" in capsys.readouterr().err


def test_files_are_printed_for_other_machines(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["handoff", "hotspot", "up", "--print", "--name", "Desk 3"])
    assert ended.value.code == 0
    assert 'ssid2="Desk 3"' in capsys.readouterr().out
