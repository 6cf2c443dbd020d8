"""The commands, as an operator types them."""

import json
import re
import subprocess
import sys
from pathlib import Path
from pkgutil import resolve_name

import pytest
import typer
from typer.testing import CliRunner

from app import __version__
from app.cli import COMMANDS, cli, main
from tests.commandline import Booking, Query, booking, query, url
from tests.dataset import DATASET

pytestmark = pytest.mark.slow

__all__ = ["booking", "query", "url"]


def test_key_of_a_token_is_shown_once_and_stored_as_a_digest(booking: Booking, query: Query) -> None:
    assert booking("user", "create", "ada", "--staff").exit_code == 0
    key = booking("token", "create", "ada", "--name", "laptop", "--expires-in", "30").output.strip()
    assert re.fullmatch("[0-9a-f]{40}", key)
    listed = booking("token", "list", "ada").output
    assert "laptop" in listed
    assert key not in listed
    assert query(f"SELECT 1 FROM token WHERE token::text LIKE '%{key}%'") == []


def test_token_is_revoked_by_its_uuid(booking: Booking, query: Query) -> None:
    booking("user", "create", "bob")
    booking("token", "create", "bob")
    [(uuid,)] = query("SELECT t.uuid FROM token t JOIN \"user\" u ON u.uuid = t.user_uuid WHERE username = 'bob'")
    assert booking("token", "expiry", str(uuid), "--expires-in", "1").exit_code == 0
    assert query(f"SELECT expires > now() FROM token WHERE uuid = '{uuid}'") == [(True,)]
    assert booking("token", "revoke", str(uuid)).exit_code == 0
    assert query(f"SELECT 1 FROM token WHERE uuid = '{uuid}'") == []
    assert "There is no token" in str(booking("token", "revoke", str(uuid)).exception)


@pytest.mark.parametrize("columns", ["20", "80", "200"])
def test_uuids_of_tokens_are_never_cut(
    booking: Booking, query: Query, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    runner = CliRunner(env={"COLUMNS": columns})
    booking("user", "create", "dan-with-a-long-name")
    booking("token", "create", "dan-with-a-long-name", "--name", "what it is for, at some length")
    found = query("SELECT t.uuid FROM token t JOIN \"user\" u ON u.uuid = user_uuid WHERE username LIKE 'dan%'")
    for terminal in ("0", "1"):
        monkeypatch.setenv("TTY_COMPATIBLE", terminal)
        listed = runner.invoke(cli, ["token", "list", "dan-with-a-long-name"]).output
        assert set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", listed)) == {str(row[0]) for row in found}


def test_lists_of_users_and_tokens_come_as_json(booking: Booking) -> None:
    booking("user", "create", "gil", "--staff")
    booking("token", "create", "gil", "--name", "ci")
    [user] = [each for each in json.loads(booking("user", "list", "--json").stdout) if each["username"] == "gil"]
    assert (user["is_staff"], user["is_active"], user["token_lifetime"], user["tokens"]) == (True, True, None, 1)
    [token] = json.loads(booking("token", "list", "gil", "--json").stdout)
    assert (token["username"], token["name"], token["expires"]) == ("gil", "ci", None)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", token["created"])
    assert booking("token", "revoke", token["uuid"]).exit_code == 0
    assert json.loads(booking("token", "list", "gil", "--json").stdout) == []


def test_version_is_told_without_a_command() -> None:
    result = CliRunner().invoke(cli, ["--version"])
    assert (result.exit_code, result.output) == (0, f"booking {__version__}\n")


def test_user_is_revoked_and_restored(booking: Booking, query: Query) -> None:
    booking("user", "create", "eve", "--token-lifetime", "60")
    for command, active in (("revoke", False), ("restore", True)):
        assert booking("user", command, "eve").exit_code == 0
        assert query("SELECT is_active FROM \"user\" WHERE username = 'eve'") == [(active,)]
    assert booking("user", "expiry", "eve").exit_code == 0
    assert query("SELECT token_lifetime FROM \"user\" WHERE username = 'eve'") == [(None,)]
    assert "eve" in booking("user", "list").output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("user", "create", "ada"), "There is a user 'ada' already."),
        (("user", "revoke", "nobody"), "There is no user 'nobody'."),
        (("token", "create", "nobody"), "There is no user 'nobody'."),
    ],
)
def test_mistakes_are_named(booking: Booking, words: tuple[str, ...], message: str) -> None:
    booking("user", "create", "ada")
    assert str(booking(*words).exception) == message


def test_mistakes_end_with_a_message_and_status_1(
    booking: Booking, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["booking", "user", "revoke", "nobody"])
    with pytest.raises(SystemExit, match=r"^1$"):
        main()
    assert capsys.readouterr().err == "booking: There is no user 'nobody'.\n"


@pytest.mark.parametrize("name", ["Ada", "a b", "", "a" * 129, "é"])
def test_impossible_usernames_are_refused(booking: Booking, name: str) -> None:
    assert booking("user", "create", name).exit_code == 2


def test_expiry_too_far_ahead_is_refused(booking: Booking) -> None:
    assert booking("token", "create", "ada", "--expires-in", "1e12").exit_code == 2


def test_dry_run_stores_nothing_and_load_does(booking: Booking, query: Query, tmp_path: Path) -> None:
    file = tmp_path / "dataset.json"
    file.write_text(json.dumps(DATASET))
    assert "nothing was stored" in booking("load", str(file), "--dry-run").output
    assert query("SELECT count(*) FROM resource") == [(0,)]
    assert booking("load", str(file)).exit_code == 0
    assert query("SELECT count(*) FROM resource") == [(len(DATASET["resources"]),)]
    dumped = booking("dump").output
    assert set(json.loads(dumped)["resources"]) == {_dashed(uuid) for uuid in DATASET["resources"]}
    assert booking("load", "-", stdin=dumped).exit_code == 0


def test_bad_rows_are_named_and_nothing_is_loaded(booking: Booking, query: Query) -> None:
    uuid = "00000000-0000-4000-8000-000000000001"
    before = query("SELECT count(*) FROM project")
    project = {"name": "P", "slug": "p", "customer": "00000000-0000-4000-8000-00000000dead"}
    result = booking("load", "-", stdin=json.dumps({"projects": {uuid: project}}))
    assert "nothing was loaded" in str(result.exit_code) + result.output
    assert uuid in result.output
    assert query("SELECT count(*) FROM project") == before


def test_openapi_document_is_printed(booking: Booking) -> None:
    assert json.loads(booking("openapi").output)["info"]["title"] == "Booking Resources"


def test_schema_is_brought_up_to_date(booking: Booking) -> None:
    assert "up to date" in booking("migrate").output


LOADED = """
import sys
from typer.testing import CliRunner
from app.cli import cli
assert CliRunner().invoke(cli, {words!r}).exit_code == 0
print(*sorted({{name.partition(".")[0] for name in sys.modules}} | {{n for n in sys.modules if n.startswith("app.")}}))
"""


def loaded(*words: str) -> set[str]:
    """The modules that a process has imported when a command line has been run."""
    script = LOADED.format(words=list(words))
    return set(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout.decode().split())


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_imports_no_command(word: str) -> None:
    names = loaded(word)
    assert {name for name in names if name.startswith("app.")} == {"app.cli", "app.mistakes", "app.process"}
    assert names.isdisjoint({"fastapi", "sqlalchemy", "uvicorn", "httpx", "pydantic"})


@pytest.mark.parametrize("words", [("user", "--help"), ("token", "--help"), ("load", "--help"), ("migrate", "--help")])
def test_commands_import_no_application(words: tuple[str, ...]) -> None:
    names = loaded(*words)
    assert "app.config" in names
    assert names.isdisjoint({"uvicorn", "httpx", "app.main", "app.api", "app.bookings", "app.orders", "app.offerings"})


@pytest.mark.parametrize("name", COMMANDS)
def test_menu_says_what_the_commands_say(name: str, booking: Booking) -> None:
    place, line = COMMANDS[name]
    found = resolve_name(place)
    help_text = found.info.help if isinstance(found, typer.Typer) else found.__doc__
    assert str(help_text).splitlines()[0] == line
    assert line in booking("--help").output
    assert booking(name, "--help").exit_code == 0


def test_unknown_command_is_named(booking: Booking) -> None:
    result = booking("tokens")
    assert result.exit_code == 2
    assert "No such command 'tokens'" in result.output


def _dashed(uuid: str) -> str:
    return f"{uuid[:8]}-{uuid[8:12]}-{uuid[12:16]}-{uuid[16:20]}-{uuid[20:]}"
