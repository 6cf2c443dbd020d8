"""Nothing takes long at the database, and what it cannot do for now is answered 503."""

import asyncio
import os
import signal
import socket
import time
import traceback
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response
from pydantic import SecretStr
from sqlalchemy import make_url, text

from app.addresses import read
from app.bookings import router as bookings
from app.config import Settings
from app.database import Database, connected, connecting
from app.database.connecting import InTurn, KeptAlive, keep_alive
from app.embedded import Cluster
from app.errors import DatabaseDefect
from app.main import create_app
from tests.conftest import AsUser
from tests.databases import address, filled, other

BASE = "http://waldur.example.com"
URL = "/api/booking-resources/"
ACCEPT = f"{URL}8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd/accept/"
UNAVAILABLE = {"detail": "The service is temporarily unavailable."}
TOO_MUCH = {"detail": "This request asks for more than the database can take at once."}


@pytest.fixture
async def url(cluster: Cluster) -> AsyncIterator[str]:
    """The address of a database of its own, with the recorded data set."""
    async with filled(cluster, "limits") as database:
        yield address(database)


@asynccontextmanager
async def serving(url: str, **limits: float) -> AsyncIterator[AsyncClient]:
    """Calls the application, which has the database for itself."""
    given = {f"database_{name}": value for name, value in limits.items()}
    app = create_app(Settings.model_validate({"database_url": url, "base_url": BASE, "cors_origins": [], **given}))
    async with connected(app.state.settings, serving=True) as app.state.database:
        transport = ASGITransport(app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url=BASE, timeout=30) as client:
            yield client


def database_of(client: AsyncClient) -> Database:
    """The database of the application that is called."""
    database: Database = client._transport.app.state.database  # type: ignore[attr-defined]
    return database


@asynccontextmanager
async def locked(url: str, table: str) -> AsyncIterator[None]:
    """While somebody else holds a table, so that nobody can read it."""
    async with other(url) as connection, connection.transaction():
        await connection.execute(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
        yield


def is_unavailable(response: Response) -> bool:
    return (
        response.status_code == 503
        and response.json() == UNAVAILABLE
        and response.headers["Content-Type"] == "application/json"
        and int(response.headers["Retry-After"]) > 0
    )


@pytest.mark.parametrize(
    "limits", [{"statement_timeout": 0.2}, {"lock_timeout": 0.2}, {"statement_timeout": 0.2, "lock_timeout": 0}]
)
@pytest.mark.parametrize(("method", "path", "table"), [("GET", URL, "token"), ("POST", ACCEPT, "resource")])
async def test_statement_that_takes_too_long(
    url: str, as_user: AsUser, limits: dict[str, float], method: str, path: str, table: str
) -> None:
    """`token` is read along connections without layers, `resource` within a transaction."""
    async with serving(url, **limits) as client:
        async with locked(url, table):
            began = time.monotonic()
            assert is_unavailable(await client.request(method, path, headers=as_user("powner")))
            assert time.monotonic() - began < 5
        assert (await client.request(method, path, headers=as_user("powner"))).status_code == 200


@pytest.mark.parametrize(("method", "path", "table"), [("GET", URL, "token"), ("POST", ACCEPT, "resource")])
async def test_pool_that_is_exhausted(url: str, as_user: AsUser, method: str, path: str, table: str) -> None:
    async with serving(url, pool_size=1, pool_overflow=0, pool_timeout=0.3) as client:
        async with locked(url, table):
            waiting = asyncio.create_task(client.request(method, path, headers=as_user("powner")))
            await asyncio.sleep(0.2)
            began = time.monotonic()
            assert is_unavailable(await client.request(method, path, headers=as_user("powner")))
            assert time.monotonic() - began < 2
        assert (await waiting).status_code == 200


async def test_transaction_in_which_nothing_happens_is_ended(
    url: str, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dawdle(connection: Any, *_: Any, **__: Any) -> None:
        await connection.execute(text("SELECT 1"))
        await asyncio.sleep(0.5)
        await connection.execute(text("SELECT 1"))

    monkeypatch.setattr(bookings, "change", dawdle)
    async with serving(url, idle_timeout=0.1) as client:
        assert is_unavailable(await client.post(ACCEPT, headers=as_user("powner")))
        monkeypatch.undo()
        assert (await client.post(ACCEPT, headers=as_user("powner"))).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), [("GET", URL), ("POST", ACCEPT)])
async def test_server_that_stands_still(
    url: str, as_user: AsUser, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    """The limits of a server that is frozen are of no use, so the client has its own."""
    monkeypatch.setattr(connecting, "GRACE", 0.3)
    async with serving(url, statement_timeout=0.5) as client:
        await client.get(URL, headers=as_user("powner"))
        await client.post(ACCEPT, headers=as_user("creator"))
        async with other(url) as connection:
            query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            frozen = [row["pid"] for row in await connection.fetch(query)]
            for pid in frozen:
                os.kill(pid, signal.SIGSTOP)
            try:
                began = time.monotonic()
                assert is_unavailable(await client.request(method, path, headers=as_user("powner")))
                assert time.monotonic() - began < 8
                after = [(await client.request(method, path, headers=as_user("powner"))).status_code for _ in range(2)]
                assert after in ([200, 200], [200, 409], [503, 200]), "each kind of connection is given up by itself"
            finally:
                for pid in frozen:
                    os.kill(pid, signal.SIGCONT)


async def test_commands_may_take_their_time(url: str) -> None:
    async with connected(Settings(database_url=SecretStr(url))) as database, database.transaction() as connection:
        for limit in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            assert (await connection.execute(text(f"SHOW {limit}"))).scalar_one() == "0"


async def test_limits_hold_for_all_connections(url: str) -> None:
    expected = {"statement_timeout": "7s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s"}
    settings = Settings(database_url=SecretStr(url), database_statement_timeout=7)
    async with connected(settings, serving=True) as database:
        async with database.transaction() as connection:
            told = {name: (await connection.execute(text(f"SHOW {name}"))).scalar_one() for name in expected}
        async with database.reading() as reader:
            read = {name: await reader.fetchval(f"SHOW {name}") for name in expected}
    assert told == read == expected


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_connections_are_kept_alive(family: socket.AddressFamily) -> None:
    with socket.socket(family) as opened:
        keep_alive(opened)
        assert opened.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        if option := getattr(socket, "TCP_USER_TIMEOUT", None):
            assert opened.getsockopt(socket.IPPROTO_TCP, option) == 25_000


async def test_each_connection_is_kept_alive(url: str) -> None:
    async with connected(Settings(database_url=SecretStr(url)), serving=True) as database:
        async with database.reading() as reader:
            assert isinstance(reader._con, KeptAlive)
        async with database.transaction() as connection:
            raw = await connection.get_raw_connection()
            assert isinstance(raw.driver_connection, KeptAlive)


READ_ONLY = "ALTER DATABASE {name} SET default_transaction_read_only = {value}"


@asynccontextmanager
async def read_only(url: str) -> AsyncIterator[Callable[[str], Any]]:
    """Turns the database into one that takes no changes, for connections that are there and for new ones."""
    async with other(url) as connection:
        name = await connection.fetchval("SELECT quote_ident(current_database())")
        yield lambda value: connection.execute(READ_ONLY.format(name=name, value=value))


async def test_server_that_takes_no_changes(url: str, as_user: AsUser) -> None:
    """As after a failover: connections to the old server are dropped, and new ones are refused."""
    async with serving(url) as client, read_only(url) as turn:
        await turn("on")
        for method, path in (("GET", URL), ("POST", ACCEPT)):
            assert is_unavailable(await client.request(method, path, headers=as_user("powner")))
        await turn("off")
        assert (await client.post(ACCEPT, headers=as_user("powner"))).status_code == 200


async def test_server_that_takes_no_changes_any_longer_for_new_connections(url: str, as_user: AsUser) -> None:
    """Who calls is still asked along a connection of before."""
    async with serving(url) as client, read_only(url) as turn:
        assert (await client.head(URL, headers=as_user("powner"))).status_code == 200
        await turn("on")
        assert is_unavailable(await client.post(ACCEPT, headers=as_user("powner")))
        await turn("off")
        assert (await client.post(ACCEPT, headers=as_user("powner"))).status_code == 200


MAKE_READ_ONLY = "SELECT set_config('default_transaction_read_only', 'on', false)"


async def test_use_of_a_token_that_cannot_be_written_down(url: str, as_user: AsUser) -> None:
    async with serving(url) as client:
        async with other(url) as connection:
            await connection.execute("UPDATE token SET refreshed = now() - interval '1 hour'")
        async with database_of(client).reading() as reader:
            pid = await reader.fetchval("SELECT pg_backend_pid()")
            await reader.execute(MAKE_READ_ONLY)
        assert is_unavailable(await client.get(URL, headers=as_user("powner")))
        assert (await client.get(URL, headers=as_user("powner"))).status_code == 200
        async with database_of(client).reading() as reader:
            assert await reader.fetchval("SELECT pg_backend_pid()") != pid


async def test_change_that_cannot_be_written_down(url: str, as_user: AsUser) -> None:
    async with serving(url) as client:
        async with database_of(client).transaction() as transaction:
            await transaction.execute(text(MAKE_READ_ONLY))
        assert is_unavailable(await client.post(ACCEPT, headers=as_user("powner")))
        assert (await client.post(ACCEPT, headers=as_user("powner"))).status_code == 200


@pytest.mark.parametrize(
    ("state", "status"),
    [("54001", 400), ("54000", 400), ("54023", 400)]
    + [(state, 503) for state in ("53100", "53200", "53300", "57014", "57P01", "57P03", "58030", "08006", "25006")]
    + [(state, 503) for state in ("25P03", "40001", "40P01", "55P03")]
    + [(state, 500) for state in ("42P01", "22012", "25P02", "XX000")],
)
@pytest.mark.parametrize("layer", ["engine", "driver"])
async def test_what_postgresql_says_is_told(
    url: str, as_user: AsUser, monkeypatch: pytest.MonkeyPatch, state: str, status: int, layer: str
) -> None:
    statement = f"DO $$ BEGIN RAISE EXCEPTION 'secret' USING ERRCODE = '{state}'; END $$"

    async with serving(url) as client:
        database = database_of(client)

        async def refuse(connection: Any, *_: Any, **__: Any) -> None:
            if layer == "engine":
                await connection.execute(text(statement))
            async with database.reading() as reader:
                await reader.execute(statement)

        monkeypatch.setattr(bookings, "change", refuse)
        response = await client.post(ACCEPT, headers=as_user("powner"))
        assert response.status_code == status
        assert "secret" not in response.text
        assert status != 503 or is_unavailable(response)
        assert status != 400 or response.json() == TOO_MUCH


SECRET = "value-of-a-row"


async def _twice_by_engine(connection: Any, database: Database) -> None:
    for _ in range(2):
        await connection.execute(text("INSERT INTO role_permission VALUES (:a, :b)"), {"a": SECRET, "b": SECRET})


async def _twice_by_driver(connection: Any, database: Database) -> None:
    async with database.reading() as reader:
        for _ in range(2):
            await reader.execute("INSERT INTO role_permission VALUES ($1, $2)", SECRET, SECRET)


async def _what_cannot_be_sent_by_engine(connection: Any, database: Database) -> None:
    await connection.execute(text("SELECT CAST(:a AS integer)"), {"a": SECRET})


async def _what_cannot_be_sent_by_driver(connection: Any, database: Database) -> None:
    async with database.reading() as reader:
        await reader.execute("SELECT $1::integer", SECRET)


@pytest.mark.parametrize(
    "mistake",
    [_twice_by_engine, _twice_by_driver, _what_cannot_be_sent_by_engine, _what_cannot_be_sent_by_driver],
)
async def test_values_reach_no_log(
    url: str, cluster: Cluster, as_user: AsUser, monkeypatch: pytest.MonkeyPatch, mistake: Any
) -> None:
    """What the server of the application logs is the error as it leaves the application."""
    async with serving(url) as client:

        async def change(connection: Any, *_: Any, **__: Any) -> None:
            await mistake(connection, database_of(client))

        monkeypatch.setattr(bookings, "change", change)
        monkeypatch.setattr(client._transport, "raise_app_exceptions", True)
        with pytest.raises(DatabaseDefect) as raised:
            await client.post(ACCEPT, headers=as_user("powner"))
    told = "".join(traceback.format_exception(raised.value))
    assert mistake.__name__ in told, "it says where"
    assert SECRET not in told
    assert SECRET not in cluster._log.read_text(errors="replace")


async def test_statement_that_is_too_complex(url: str, as_user: AsUser, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(connection: Any, *_: Any, **__: Any) -> None:
        await connection.execute(text("SELECT " + "1+" * 20_000 + "1"))

    monkeypatch.setattr(bookings, "change", ask)
    async with serving(url) as client:
        response = await client.post(ACCEPT, headers=as_user("powner"))
        assert (response.status_code, response.json()) == (400, TOO_MUCH)


async def test_servers_are_tried_in_turn(url: str, as_user: AsUser) -> None:
    """One is down, and one has gone without a word; the one that was found is asked first from then on."""
    found = make_url(url)
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        hosts = ["/nonexistent", "127.0.0.1", str(found.query["host"])]
        ports = ["5432", str(mute.getsockname()[1]), str(found.query["port"])]
        several = found.update_query_dict({"host": ",".join(hosts), "port": ",".join(ports)})
        async with serving(several.render_as_string(hide_password=False), connect_timeout=1) as client:
            began = time.monotonic()
            assert (await client.get(URL, headers=as_user("powner"))).status_code == 200
            assert 0.3 < time.monotonic() - began < 3
            connect = database_of(client)._connect
            began = time.monotonic()
            again = await connect(**database_of(client)._options)
            assert time.monotonic() - began < 0.3
            await again.close()


async def test_taking_leave_of_a_server_that_does_not_answer_fails_nobody(cluster: Cluster) -> None:
    """The pool does so in tasks that nobody waits for: what they raised would be logged as a defect."""
    connection = await InTurn(read(cluster.url()))(connection_class=KeptAlive)
    process = connection.get_server_pid()
    os.kill(process, signal.SIGSTOP)
    try:
        await connection.close(timeout=0.1)
        assert connection.is_closed()
    finally:
        os.kill(process, signal.SIGCONT)
