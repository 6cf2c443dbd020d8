"""Every error is JSON in the documented shape, and says nothing about the inside."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app import auth
from app.api import requests
from app.bookings import router as bookings
from app.config import Settings
from app.database import LOST, Database
from app.database.locks import Lock, try_for
from app.database.readers import Reader
from app.embedded import Cluster
from app.main import create_app
from app.query.collection import Collection
from tests.conftest import AsUser
from tests.databases import OneTransaction, address, engine_on, migrated

BASE = "http://waldur.example.com"
URL = "/api/booking-resources/"
BOOKING = f"{URL}8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd/"
SECRET = "secret of the inside"
INTERNAL = {"detail": "Internal server error."}
UNAVAILABLE = {"detail": "The service is temporarily unavailable."}
READ, CHANGE = ("GET", "HEAD"), ("POST",)
METHODS = {
    URL: READ,
    BOOKING: READ,
    f"{BOOKING}accept/": CHANGE,
    f"{BOOKING}reject/": CHANGE,
    f"{BOOKING}history/": READ,
}
OTHERS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")


def answered(response: Response) -> tuple[int, Any]:
    """Status and body of an error, which is JSON."""
    assert response.headers["Content-Type"] == "application/json"
    return response.status_code, response.json()


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/nowhere/",
        "/api",
        "/api/",
        "/api/nothing/",
        "/api/nothing",
        "/api/bookings/",
        f"{BOOKING}approve/",
        f"{BOOKING}accept/now/",
        f"{BOOKING}history/8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd/",
        f"/api{BOOKING}",
        "/health",
        "/health/dead",
        "/api/booking-resources.json",
        "/api/%00/",
        "/api/%ED%A0%80/",
        "/%2e%2e/%2e%2e/etc/passwd",
    ],
)
async def test_unknown_path_is_not_found(client: AsyncClient, as_user: AsUser, path: str) -> None:
    for username in (None, "staff"):
        for method in ("GET", "POST", "DELETE"):
            response = await client.request(method, path, headers=as_user(username) if username else None)
            assert answered(response) == (404, {"detail": "Not found."})


@pytest.mark.parametrize("path", METHODS)
async def test_other_methods_are_not_allowed(client: AsyncClient, as_user: AsUser, path: str) -> None:
    allowed = ", ".join((*METHODS[path], "OPTIONS"))
    for method in sorted(set(OTHERS) - set(METHODS[path])):
        response = await client.request(method, path, headers=as_user("outsider"))
        assert (response.status_code, response.headers["Allow"]) == (405, allowed), method
        if method != "HEAD":
            assert answered(response) == (405, {"detail": f'Method "{method}" not allowed.'})
        nobody = await client.request(method, path)
        assert nobody.status_code == 401, method


@pytest.mark.parametrize("path", METHODS)
async def test_method_that_http_does_not_have(client: AsyncClient, as_user: AsUser, path: str) -> None:
    response = await client.request("PROPFIND", path, headers=as_user("outsider"))
    assert answered(response) == (405, {"detail": 'Method "PROPFIND" not allowed.'})
    assert set(METHODS[path]) <= set(response.headers["Allow"].split(", "))


@pytest.mark.parametrize("path", METHODS)
async def test_options_tell_the_methods(client: AsyncClient, as_user: AsUser, path: str) -> None:
    response = await client.options(path, headers=as_user("outsider"))
    assert (response.status_code, response.headers["Allow"]) == (200, ", ".join((*METHODS[path], "OPTIONS")))
    assert (await client.options(path)).status_code == 401


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/openapi.json"])
async def test_other_methods_beside_the_api(client: AsyncClient, path: str) -> None:
    response = await client.post(path)
    assert answered(response) == (405, {"detail": 'Method "POST" not allowed.'})
    assert "GET" in response.headers["Allow"].split(", ")


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "application/json",
        "application/*",
        "application/json; charset=utf-8",
        "text/html, application/json;q=0.9",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        " application/json ",
        "Application/JSON",
    ],
)
async def test_who_takes_json_is_served(client: AsyncClient, as_user: AsUser, accept: str | None) -> None:
    headers = {**as_user("staff"), **({} if accept is None else {"Accept": accept})}
    if accept is None:
        del client.headers["Accept"]
    assert (await client.get(URL, headers=headers)).status_code == 200


async def test_header_may_be_given_in_parts(client: AsyncClient, as_user: AsUser) -> None:
    headers = [*as_user("staff").items(), ("Accept", "text/html"), ("Accept", "application/json")]
    assert (await client.get(URL, headers=headers)).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/*", "image/png, text/html;q=0.5", "json"])
async def test_who_takes_no_json_is_told_so(client: AsyncClient, as_user: AsUser, accept: str) -> None:
    headers = {**as_user("powner"), "Accept": accept}
    for method, path in (("GET", URL), ("GET", BOOKING), ("GET", f"{BOOKING}history/"), ("POST", f"{BOOKING}accept/")):
        response = await client.request(method, path, headers=headers)
        assert answered(response) == (406, {"detail": "Could not satisfy the request Accept header."})
    shown = await client.get(f"{BOOKING}?field=state", headers=as_user("powner"))
    assert shown.json() == {"state": "Creating"}


@pytest.fixture
async def patient(rows: AsyncConnection, settings: Settings) -> AsyncIterator[AsyncClient]:
    """As `client`, but shows the answer to an unexpected error instead of the error."""
    app = create_app(settings)
    app.state.database = OneTransaction(rows)
    async with calling(app) as client:
        yield client


@asynccontextmanager
async def calling(app: FastAPI) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


class Strange(Exception):
    """Nothing that anybody expects."""


async def fail(*_: Any) -> None:
    raise Strange(SECRET)


async def fail_in_sql(connection: AsyncConnection, *_: Any) -> None:
    await connection.execute(text(f"SELECT '{SECRET}' FROM nowhere"))


@pytest.mark.parametrize("failure", [fail, fail_in_sql])
@pytest.mark.parametrize(("path", "methods"), METHODS.items())
async def test_defect_says_nothing_about_the_inside(
    patient: AsyncClient,
    as_user: AsUser,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    methods: tuple[str, ...],
    failure: Any,
) -> None:
    monkeypatch.setattr(bookings, "change", failure)
    for name in ("page", "head", "require", "one_tagged"):
        monkeypatch.setattr(Collection, name, lambda _, *given: failure(*given))
    for method in methods:
        response = await patient.request(method, path, headers=as_user("powner"))
        assert response.status_code == 500
        assert method == "HEAD" or answered(response) == (500, INTERNAL)
        assert SECRET not in f"{response.headers} {response.text}"


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def away(url: str) -> AsyncEngine:
    return engine_on(url, {"timeout": 2})


AWAY = {
    "no socket": lambda: away("postgresql+asyncpg://postgres@/booking?host=/nonexistent&port=5432"),
    "nobody listens": lambda: away(f"postgresql+asyncpg://postgres@127.0.0.1:{closed_port()}/booking"),
    "no such host": lambda: away("postgresql+asyncpg://postgres@nowhere.invalid/booking"),
}


@pytest.mark.parametrize("kind", AWAY)
async def test_database_that_is_away(settings: Settings, as_user: AsUser, kind: str) -> None:
    app = create_app(settings)
    engine = AWAY[kind]()
    app.state.database = Database(engine)
    async with calling(app) as client:
        for method, path in (("GET", URL), ("GET", BOOKING), ("POST", f"{BOOKING}accept/"), ("PUT", URL)):
            response = await client.request(method, path, headers=as_user("staff"))
            assert answered(response) == (503, UNAVAILABLE)
            assert int(response.headers["Retry-After"]) > 0
    await engine.dispose()


@pytest.mark.parametrize(
    "refusal",
    [
        asyncpg.CannotConnectNowError("the database system is starting up"),
        asyncpg.TooManyConnectionsError("sorry, too many clients already"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        TimeoutError(),
        ConnectionResetError(),
    ],
    ids=lambda refusal: type(refusal).__name__,
)
async def test_database_that_takes_no_connections(settings: Settings, as_user: AsUser, refusal: Exception) -> None:
    async def refuse() -> None:
        raise refusal

    app = create_app(settings)
    engine = engine_on("postgresql+asyncpg://", async_creator=refuse)
    app.state.database = Database(engine)
    async with calling(app) as client:
        assert answered(await client.get(URL, headers=as_user("staff"))) == (503, UNAVAILABLE)
    await engine.dispose()


@pytest.fixture(scope="module")
async def standing(cluster: Cluster) -> AsyncIterator[str]:
    """The address of an empty database."""
    async with migrated(cluster, "errors") as engine:
        yield address(engine)


async def test_database_without_a_free_connection(standing: str, settings: Settings, as_user: AsUser) -> None:
    owner = engine_on(standing)
    async with owner.begin() as connection:
        await connection.execute(text("CREATE ROLE turned_away LOGIN CONNECTION LIMIT 0"))
    app = create_app(settings)
    engine = engine_on(standing.replace("//postgres@", "//turned_away@"))
    app.state.database = Database(engine)
    async with calling(app) as client:
        assert answered(await client.get(URL, headers=as_user("staff"))) == (503, UNAVAILABLE)
        ready = await client.get("/health/ready")
        assert answered(ready) == (503, {"status": "the database does not answer"})
    for opened in (engine, owner):
        await opened.dispose()


END_OTHERS = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
)


async def test_lost_connections_are_replaced(standing: str, settings: Settings, as_user: AsUser) -> None:
    """Whoever comes first after the database was away may be told 503; those after are served."""
    engine, other = engine_on(standing, pool_size=3), engine_on(standing)
    app = create_app(settings)
    app.state.database = Database(engine)
    async with calling(app) as client:
        for _ in range(2):
            await asyncio.gather(*(client.get(URL, headers=as_user("staff")) for _ in range(3)))
            async with other.connect() as connection:
                assert (await connection.execute(END_OTHERS)).scalar_one() >= 1
            first = await client.get(URL, headers=as_user("staff"))
            assert answered(first) in ((401, {"detail": "Invalid token."}), (503, UNAVAILABLE))
            second = await client.get(URL, headers=as_user("staff"))
            assert answered(second) == (401, {"detail": "Invalid token."})
    await engine.dispose()
    await other.dispose()


async def test_connection_lost_within_a_request(
    standing: str, settings: Settings, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, other = engine_on(standing), engine_on(standing)
    app = create_app(settings)
    app.state.database = Database(engine)
    authenticate = auth.authenticate

    async def cut(reader: Reader, key: str) -> Any:
        await reader.execute("SELECT 1")
        async with other.connect() as another:
            await another.execute(END_OTHERS)
        return await authenticate(reader, key)

    monkeypatch.setattr(requests, "authenticate", cut)
    async with calling(app) as client:
        assert answered(await client.get(URL, headers=as_user("staff"))) == (503, UNAVAILABLE)
        monkeypatch.undo()
        assert (await client.get(URL, headers=as_user("staff"))).status_code == 401
    await engine.dispose()
    await other.dispose()


@pytest.mark.parametrize("statement", ["through the library", "straight to the driver", "none"])
async def test_connection_lost_within_a_transaction(standing: str, settings: Settings, statement: str) -> None:
    """It is told as what it is, and no later transaction gets a connection that is gone."""
    engine, other = engine_on(standing, pool_size=2), engine_on(standing)
    database = Database(engine)
    async with database.transaction(), database.transaction():
        pass
    with pytest.raises((DBAPIError, *LOST)):  # noqa: PT012 - the end of the transaction is part of it
        async with database.transaction() as connection:
            async with other.connect() as another:
                await another.execute(END_OTHERS)
            if statement == "through the library":
                await connection.execute(text("SELECT 1"))
            elif statement == "straight to the driver":
                await try_for(connection, Lock.RETRY)
    for _ in range(2):
        async with database.transaction() as connection:
            assert await connection.scalar(text("SELECT 1")) == 1
    await engine.dispose()
    await other.dispose()


async def test_exhausted_pool(standing: str, settings: Settings, as_user: AsUser) -> None:
    engine = engine_on(standing, pool_size=1, max_overflow=0, pool_timeout=0.2)
    app = create_app(settings)
    app.state.database = Database(engine)
    async with calling(app) as client:
        async with app.state.database.reading():
            response = await client.get(URL, headers=as_user("staff"))
            assert answered(response) == (503, UNAVAILABLE)
        assert (await client.get(URL, headers=as_user("staff"))).status_code == 401
    await engine.dispose()
