"""``vestige accounts``: people come and go; what goes wrong is one sentence."""

import json

import pytest
from click.testing import CliRunner

from vestige.archive import Archive
from vestige.cli.root import root

PASSWORD = "correct horse battery"


@pytest.fixture
def archive(tmp_path):
    Archive.make(tmp_path / "museum").close()
    return tmp_path / "museum"


def run(*arguments, given=PASSWORD):
    return CliRunner().invoke(root, [str(part) for part in arguments], input=f"{given}\n")


def test_people_come_and_go(archive):
    assert "has no accounts" in run("accounts", "list", archive).output
    assert run("accounts", "add", archive, "Eva", "--role", "admin").output == "eva may sign in as admin\n"
    assert json.loads(run("accounts", "add", archive, "otto", "--json").output) == {
        "name": "otto",
        "role": "visitor",
    }
    assert "otto is curator now" in run("accounts", "role", archive, "otto", "curator").output
    assert (
        "has a new password"
        in run("accounts", "password", archive, "otto", given="another horse battery").output
    )
    rows = json.loads(run("accounts", "list", archive, "--json").output)["accounts"]
    assert [(row["name"], row["role"]) for row in rows] == [("eva", "admin"), ("otto", "curator")]
    assert "otto is removed" in run("accounts", "remove", archive, "otto").output
    from vestige.web.access import Audit

    actions = [record.kind for record in Audit(archive).records()]
    assert actions == [
        "account add",
        "account add",
        "account set_role",
        "account set_password",
        "account remove",
    ]


@pytest.mark.parametrize(
    ("arguments", "given", "sentence"),
    [
        (["add", "eva"], PASSWORD, "the first account must be an admin"),
        (["add", "eva", "--role", "admin"], "short", "12 to 256 characters"),
        (["add", "eva", "--role", "admin"], "", "no password was given"),
        (["add", "a b", "--role", "admin"], PASSWORD, "is no name"),
        (["remove", "eva"], "", "there is no account eva"),
    ],
)
def test_what_goes_wrong_is_one_sentence(archive, arguments, given, sentence):
    command, *rest = arguments
    found = run("accounts", command, archive, *rest, given=given)
    assert found.exit_code != 0
    assert sentence in str(found.exception)


def test_the_last_admin_stays(archive):
    run("accounts", "add", archive, "eva", "--role", "admin")
    assert "last admin" in str(run("accounts", "remove", archive, "eva").exception)
    assert "last admin" in str(run("accounts", "role", archive, "eva", "visitor").exception)
