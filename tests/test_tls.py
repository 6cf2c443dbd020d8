"""Connections to PostgreSQL are encrypted, and certificates looked at, as the address says."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest
from httpx import ASGITransport, AsyncClient

from app.addresses import read
from app.config import Settings
from app.database import connected
from app.database.connecting import InTurn, Untrusted
from app.main import create_app
from tests.certificates import OPENSSL, Authority, programs_with_tls
from tests.clients.server import PROJECT
from tests.conftest import BASE_URL, AsUser
from tests.databases import other
from tests.resilience.replication import Server, execute, fill

pytestmark = [pytest.mark.slow, pytest.mark.skipif(OPENSSL is None, reason="there is no openssl to make certificates")]

HOW = "SELECT ssl, version, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
URL = "/api/booking-resources/"
ACCEPT = f"{URL}8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd/accept/"
OPEN = """
    SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl) FROM pg_stat_ssl JOIN pg_stat_activity
    USING (pid) WHERE application_name = 'booking'
"""
ENTRIES = (
    "local all all reject",
    "hostnossl all postgres 127.0.0.1/32 trust",
    "hostnossl all all 127.0.0.1/32 reject",
    "hostssl all certified 127.0.0.1/32 cert",
    "hostssl all all 127.0.0.1/32 trust",
)


class Guarded(NamedTuple):
    """A server that lets users in by TLS only, and what there is to know of it."""

    server: Server
    root: Path
    other_root: Path
    client: tuple[Path, Path]

    def address(self, host: str = "localhost", user: str = "booking", **parameters: object) -> str:
        """How a user reaches it by a name that its certificate has, `localhost`, or another one."""
        given = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"postgresql://{user}@{host}:{self.server.port}/booking?{given}"


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Guarded]:
    folder = tmp_path_factory.mktemp("tls")
    programs = programs_with_tls(folder)
    if programs is None:
        pytest.skip("no server of PostgreSQL at hand speaks TLS")
    authority, other = Authority(folder / "authority"), Authority(folder / "other")
    certificate, key = authority.sign("server", "DNS:localhost")
    server = Server(
        folder / "server",
        programs,
        ssl="on",
        ssl_cert_file=str(certificate),
        ssl_key_file=str(key),
        ssl_ca_file=str(authority.file),
    )
    server.lend(authority.file.parent, authority.file, certificate, key)
    try:
        await asyncio.to_thread(server.make)
        await execute(server, "CREATE ROLE booking LOGIN SUPERUSER", "CREATE ROLE certified LOGIN")
        await fill(server)
        server.admit(*ENTRIES)
        yield Guarded(server, authority.file, other.file, authority.sign("certified"))
    finally:
        server.kill()


async def asked(address: str) -> asyncpg.Record:
    """What the server says of the connection by which it is asked."""
    connection = await InTurn(read(address))()
    try:
        return await connection.fetchrow(HOW)
    finally:
        await connection.close()


@pytest.mark.parametrize("mode", [None, "allow", "prefer", "require"])
async def test_encryption(guarded: Guarded, mode: str | None) -> None:
    """Whom the server lets in only so comes in so, whatever it is called."""
    given = {"sslmode": mode} if mode else {}
    assert (await asked(guarded.address("127.0.0.1", **given)))["ssl"] is True


async def test_no_encryption(guarded: Guarded) -> None:
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="rejects connection"):
        await asked(guarded.address(sslmode="disable"))
    assert (await asked(guarded.address(user="postgres", host="127.0.0.1", sslmode="disable")))["ssl"] is False


@pytest.mark.parametrize(
    ("mode", "host", "is_trusted", "is_let_in"),
    [
        ("require", "127.0.0.1", True, True),
        ("require", "127.0.0.1", False, False),
        ("verify-ca", "127.0.0.1", True, True),
        ("verify-ca", "localhost", False, False),
        ("verify-full", "localhost", True, True),
        ("verify-full", "127.0.0.1", True, False),
        ("verify-full", "localhost", False, False),
    ],
)
async def test_certificate_of_the_server(
    guarded: Guarded, mode: str, host: str, is_trusted: bool, is_let_in: bool
) -> None:
    """Its issuer is looked at where one is named, its host with `verify-full`."""
    root = guarded.root if is_trusted else guarded.other_root
    address = guarded.address(host, sslmode=mode, sslrootcert=root)
    if is_let_in:
        assert (await asked(address))["ssl"] is True
    else:
        with pytest.raises(Untrusted):
            await asked(address)


async def test_certificates_that_the_system_trusts(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Untrusted):
        await asked(guarded.address(sslrootcert="system"))
    monkeypatch.setenv("SSL_CERT_FILE", str(guarded.root))
    assert (await asked(guarded.address(sslrootcert="system", sslmode="verify-full")))["ssl"] is True
    with pytest.raises(Untrusted):
        await asked(guarded.address("127.0.0.1", sslrootcert="system"))


@pytest.mark.parametrize("roots", ["file", "system"])
@pytest.mark.parametrize("end", ["min", "max"])
async def test_version(guarded: Guarded, monkeypatch: pytest.MonkeyPatch, roots: str, end: str) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(guarded.root))
    root, version = guarded.root if roots == "file" else roots, {"min": "TLSv1.3", "max": "TLSv1.2"}[end]
    told = {f"ssl_{end}_protocol_version": version}
    found = await asked(guarded.address(sslmode="verify-full", sslrootcert=root, **told))
    assert found["version"] == version


async def test_certificate_of_the_client(guarded: Guarded) -> None:
    certificate, key = guarded.client
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="valid client certificate"):
        await asked(guarded.address(user="certified", sslmode="require"))
    found = await asked(guarded.address(user="certified", sslmode="require", sslcert=certificate, sslkey=key))
    assert found["client_dn"] == "/CN=certified"


@asynccontextmanager
async def serving(address: str) -> AsyncIterator[AsyncClient]:
    """Calls the application on that database."""
    app = create_app(Settings.model_validate({"database_url": address, "base_url": BASE_URL}))
    calling = AsyncClient(transport=ASGITransport(app), base_url=BASE_URL, timeout=30)
    async with connected(app.state.settings, serving=True) as app.state.database, calling as client:
        yield client


async def test_service(guarded: Guarded, as_user: AsUser) -> None:
    """Lists, changes and health: none of its connections is without encryption."""
    async with serving(guarded.address(sslmode="verify-full", sslrootcert=guarded.root)) as client:
        assert (await client.get("/health/ready")).json() == {"status": "ok"}
        assert (await client.get(URL, headers=as_user("powner"))).status_code == 200
        assert (await client.post(ACCEPT, headers=as_user("powner"))).status_code == 200
        async with other(guarded.address(user="postgres", host="127.0.0.1", sslmode="disable")) as connection:
            encrypted, plain = await connection.fetchrow(OPEN)
    assert (encrypted, plain) == (3, 0)


async def test_service_does_not_talk_to_a_stranger(guarded: Guarded, as_user: AsUser) -> None:
    async with serving(guarded.address(sslmode="verify-full", sslrootcert=guarded.other_root)) as client:
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "the database does not answer")
        assert (await client.get(URL, headers=as_user("powner"))).status_code == 503


@pytest.mark.parametrize("command", [("app", "migrate"), ("app", "user", "list"), ("alembic", "check")])
def test_commands(guarded: Guarded, command: tuple[str, ...]) -> None:
    for root, is_trusted in ((guarded.root, True), (guarded.other_root, False)):
        url = guarded.address(sslmode="verify-full", sslrootcert=root)
        environment = {**os.environ, "BOOKING_DATABASE_URL": url}
        words = [sys.executable, "-m", *command]
        done = subprocess.run(words, cwd=PROJECT, env=environment, capture_output=True, text=True)
        assert (done.returncode == 0) is is_trusted, done.stderr
        assert is_trusted or "is not trusted: " in done.stderr
