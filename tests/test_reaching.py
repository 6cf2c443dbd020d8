"""A database is reached along whatever its address says: sockets, passwords, several servers, words to the server."""

import asyncio
import string
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import quote

import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from app.addresses import read
from app.config import Settings
from app.database import connected
from app.database.connecting import InTurn
from app.database.probe import Standing
from tests.clients.server import free_port
from tests.databases import other
from tests.resilience.replication import Server, execute, fill

pytestmark = pytest.mark.slow

SPECIAL = string.punctuation + " äß€"
ROLE, DATABASE = f"role{SPECIAL}".translate({ord(","): None, ord("="): None}), f"database{SPECIAL}"
"""The driver does not escape those two in the name of a role, which PostgreSQL does not look at, but reads."""
ENTRIES = ("local all all", "host all all 127.0.0.1/32")
WHO = "SELECT current_user = $1 AND current_database() = $2 AND inet_server_addr() IS NULL"


class Guarded(NamedTuple):
    """A server that asks for passwords, at a socket in a folder and at a port."""

    server: Server
    folder: str

    def where(self, text: str) -> str:
        """An address in which the folder, the port, the role, its password and the database stand for themselves."""
        found = {"socket": self.folder, "role": ROLE, "password": SPECIAL, "database": DATABASE}
        return text.format(port=self.server.port, **{name: quote(value, safe="") for name, value in found.items()})


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    with TemporaryDirectory(prefix="boo king") as folder:  # no longer than a socket may be
        server = Server(tmp_path_factory.mktemp("guarded") / "server", unix_socket_directories=f'"{folder}"')
        server.lend(Path(folder))
        try:
            await asyncio.to_thread(server.make)
            await fill(server)
            role, database = (name.replace('"', '""') for name in (ROLE, DATABASE))
            password = SPECIAL.replace("'", "''")
            await execute(server, f"CREATE ROLE \"{role}\" LOGIN SUPERUSER PASSWORD '{password}'")
            await execute(server, f'CREATE DATABASE "{database}" TEMPLATE booking OWNER "{role}"')
            server.admit("host all postgres 127.0.0.1/32 trust", *(f"{by} scram-sha-256" for by in ENTRIES))
            yield Guarded(server, folder)
        finally:
            server.kill()


async def check(address: str, expected: str = WHO) -> None:
    """That the service comes in: by single statements, in transactions, and to ask for its health."""
    settings = Settings(database_url=SecretStr(address))
    async with connected(settings, serving=True) as database:
        async with database.reading() as reader:
            assert await reader.fetchval(expected, ROLE, DATABASE)
        async with database.transaction() as connection:
            assert (await connection.execute(text("SELECT current_user"))).scalar_one() == ROLE
        assert await database.probe.standing() is Standing.READY


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://{role}:{password}@{socket}:{port}/{database}",
        "postgresql://{role}:{password}@/{database}?host={socket}&port={port}",
        "postgres:///{database}?host={socket}&port={port}&user={role}&password={password}",
        "postgresql+asyncpg://{role}:{password}@/{database}?host={socket}&port={port}&sslmode=require",
    ],
)
async def test_socket(guarded: Guarded, address: str) -> None:
    """There is nothing to encrypt then, whatever is said of that, as libpq has it."""
    await check(guarded.where(address))


async def test_password_with_every_special_character(guarded: Guarded) -> None:
    address = guarded.where("postgresql://{role}:{password}@127.0.0.1:{port}/{database}")
    await check(address, WHO.replace("IS NULL", "IS NOT NULL"))
    with pytest.raises(asyncpg.InvalidPasswordError) as raised:
        await InTurn(read(address.replace(quote(SPECIAL, safe=""), "wrong")))()
    assert "wrong" not in str(raised.value)


async def test_password_of_the_environment(guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = guarded.where("postgresql://{role}@127.0.0.1:{port}/{database}")
    passwords = tmp_path / "passwords"
    passwords.write_text(f"127.0.0.1:{guarded.server.port}:*:simple:it is\n")
    passwords.chmod(0o600)
    await execute(guarded.server, "CREATE ROLE simple LOGIN PASSWORD 'it is'")
    simple = f"postgresql://simple@127.0.0.1:{guarded.server.port}/booking"
    with pytest.raises(asyncpg.PostgresError):
        await InTurn(read(simple))()
    async with other(f"{simple}?passfile={passwords}") as connection:
        assert await connection.fetchval("SELECT current_user") == "simple"
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    async with other(simple) as connection:
        assert await connection.fetchval("SELECT current_user") == "simple"
    monkeypatch.setenv("PGPASSWORD", SPECIAL)
    await check(address, WHO.replace("IS NULL", "IS NOT NULL"))


async def test_words_to_the_server(guarded: Guarded) -> None:
    """What the address says comes before what the service would say."""
    address = guarded.where("postgresql://{role}:{password}@127.0.0.1:{port}/{database}")
    query = "SELECT current_setting('application_name'), current_setting('geqo'), current_setting('jit')"
    for given, expected in (("", "booking on off"), ("?application_name=a%20b&options=-c%20geqo=off", "a b off off")):
        async with connected(Settings(database_url=SecretStr(address + given)), serving=True) as database:
            async with database.reading() as reader:
                assert " ".join(await reader.fetchrow(query)) == expected
            async with database.transaction() as connection:
                assert " ".join((await connection.execute(text(query))).one()) == expected


async def test_kind_of_server(guarded: Guarded) -> None:
    """Of several servers the first of the kind is used; one that is preferred need not be there."""
    hosts = f"127.0.0.1:{free_port()},127.0.0.1:{{port}}"
    at = guarded.where(f"postgresql://{{role}}:{{password}}@{hosts}/{{database}}")
    for kind in ("any", "read-write", "primary", "prefer-standby"):
        async with other(f"{at}?target_session_attrs={kind}") as connection:
            assert await connection.fetchval("SELECT inet_server_port()") == guarded.server.port
    for kind in ("standby", "read-only"):
        with pytest.raises((asyncpg.TargetServerAttributeNotMatched, OSError)):
            await InTurn(read(f"{at}?target_session_attrs={kind}"))()


async def test_time_to_connect_is_that_of_the_address() -> None:
    """A server that never says a word is given up."""

    async def silent(*_: object) -> None:
        await asyncio.sleep(10)

    mute = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = mute.sockets[0].getsockname()[1]
    async with asyncio.timeout(5):
        with pytest.raises(TimeoutError):
            await InTurn(read(f"postgresql://u@127.0.0.1:{port}/db?connect_timeout=1&sslmode=disable"))()
    mute.close()
