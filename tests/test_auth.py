"""Who is calling: forms of the header, what is answered to nobody, expiry, and what is kept of a key."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import REFRESH_AT_MOST_EVERY, authenticate
from app.commands.accounts.repository import create_token, expire_token, revoke_token
from app.config import Settings
from app.embedded import Cluster
from app.errors import Unauthenticated
from app.keys import digest
from app.main import create_app
from app.models import Base, Offering, OfferingUser, Project, RoleGrant, RolePermission, Token, User
from tests.conftest import AsUser
from tests.databases import NotedReader, filled, statements

URL = "/api/booking-resources/"
BASE = "http://waldur.example.com"
KEY = "0123456789abcdef"
NOT_PROVIDED = "Authentication credentials were not provided."
INVALID = "Invalid token."
EMPTY = "Invalid token. No credentials provided."
SPACES = "Invalid token. Token string should not contain spaces."
CHARACTERS = "Invalid token header. Token string should not contain invalid characters."
INACTIVE = "User inactive or deleted."
EXPIRED = "Token has expired."
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


async def add_token(rows: AsyncConnection, user: dict[str, Any] | None = None, **token: Any) -> UUID:
    """A user with the KEY; the uuid of the token."""
    uuid = (await rows.execute(insert(User).values(username="asker", **(user or {})).returning(User.uuid))).scalar_one()
    values = {"user_uuid": uuid, "digest": digest(KEY), **token}
    added: UUID = (await rows.execute(insert(Token).values(values).returning(Token.uuid))).scalar_one()
    return added


def ago(**period: float) -> datetime:
    return datetime.now(UTC) - timedelta(**period)


async def status(client: AsyncClient, header: bytes | str | None, method: str = "GET", path: str = URL) -> Any:
    """The status, and the detail of an error."""
    headers: Any = {} if header is None else {"Authorization": header}
    response = await client.request(method, path, headers=headers)
    if response.status_code == 401:
        assert response.headers["WWW-Authenticate"] == "Token"
        assert response.headers["Content-Type"] == "application/json"
        assert list(response.json()) == ["detail"]
        return response.json()["detail"]
    return response.status_code


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (f"Token {KEY}", 200),
        (f"token {KEY}", 200),
        (f"TOKEN {KEY}", 200),
        (f"Bearer {KEY}", 200),
        (f"bearer {KEY}", 200),
        (f"Bearer Token {KEY}", 200),
        (f"BEARER token {KEY}", 200),
        (f"Token   {KEY}  ", 200),
        (None, NOT_PROVIDED),
        ("", NOT_PROVIDED),
        (" ", NOT_PROVIDED),
        (KEY, NOT_PROVIDED),
        (f"Basic {KEY}", NOT_PROVIDED),
        (f"Tokens {KEY}", NOT_PROVIDED),
        (f"Token={KEY}", NOT_PROVIDED),
        (f'"Token" {KEY}', NOT_PROVIDED),
        (f"JWT Token {KEY}", NOT_PROVIDED),
        ("Token", EMPTY),
        ("Bearer", EMPTY),
        ("token ", EMPTY),
        (f"Token {KEY} x", SPACES),
        (f"Token Token {KEY}", SPACES),
        (f"Token Bearer {KEY}", SPACES),
        (f"Bearer Bearer {KEY}", SPACES),
        (f"Bearer {KEY} {KEY}", SPACES),
        (f"Bearer Token {KEY} x", SPACES),
        ("Bearer a b c", SPACES),
        (b"Token \xff\xfe", CHARACTERS),
        (b"Token \xed\xa0\x80", CHARACTERS),
        (b"Bearer Token \xe4", CHARACTERS),
        ("Token x", INVALID),
        (f"Token {KEY.upper()}", INVALID),
        (f"Token {KEY[:-1]}", INVALID),
        (f"Token {KEY}0", INVALID),
        (f"Token {digest(KEY)}", INVALID),
        (f"Token '{KEY}'", INVALID),
        ("Token ' OR 1=1 --".replace(" ", "\u00a0", 2), NOT_PROVIDED),
        ("Token %", INVALID),
        ("Token ключ".encode(), INVALID),
        (f"Token {'x' * 8000}", INVALID),
        ("Bearer Token", INVALID),
    ],
)
async def test_forms_of_the_header(client: AsyncClient, rows: AsyncConnection, header: Any, expected: Any) -> None:
    await add_token(rows)
    sent = header.encode() if isinstance(header, str) else header
    assert await status(client, sent) == expected


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("path", ["", "{0}/", "{0}/accept/", "{0}/reject/", "{0}/history/", "x/", "x/accept/"])
async def test_nobody_is_answered_anything_but_401(client: AsyncClient, method: str, path: str) -> None:
    url = URL + path.format("8ccadadc8d6e4f9d93b25d8451d0e2fd")
    response = await client.request(method, f"{url}?state=nonsense", content=b"{" if method == "POST" else None)
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Token")
    assert method == "HEAD" or response.json() == {"detail": NOT_PROVIDED}


async def test_key_is_taken_from_the_header_only(client: AsyncClient, rows: AsyncConnection) -> None:
    await add_token(rows)
    for query in (f"x-auth-token=Token%20{KEY}", f"token={KEY}", f"access_token={KEY}", f"Authorization=Token%20{KEY}"):
        assert await status(client, None, path=f"{URL}?{query}") == NOT_PROVIDED
    for name in ("X-Auth-Token", "Cookie", "Proxy-Authorization", "X-Authorization"):
        response = await client.get(URL, headers={name: f"Token {KEY}"})
        assert response.status_code == 401, name


async def test_nobody_is_impersonated(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    creator = (await rows.execute(select(User.uuid).where(User.username == "outsider"))).scalar_one()
    headers = {**as_user("staff"), "X-Impersonated-User-Uuid": creator.hex}
    response = await client.get(URL, headers=headers)
    assert response.headers["X-Result-Count"] == "43"
    assert "X-impersonator-uuid" not in response.headers


@pytest.mark.parametrize("flags", [{}, {"is_staff": True}, {"is_support": True}])
async def test_inactive_user_is_nobody(client: AsyncClient, rows: AsyncConnection, flags: dict[str, bool]) -> None:
    await add_token(rows, {"is_active": False, **flags})
    assert await status(client, f"Token {KEY}") == INACTIVE
    await rows.execute(update(User).where(User.username == "asker").values(is_active=True))
    assert await status(client, f"Token {KEY}") == 200


@pytest.mark.parametrize(
    ("lifetime", "before", "expected"),
    [
        (None, {}, 200),
        (None, {"refreshed": 4000 * DAY}, 200),
        (None, {"expires": -DAY}, 200),
        (None, {"expires": SECOND}, EXPIRED),
        (None, {"expires": 4000 * DAY}, EXPIRED),
        (3600, {"refreshed": 3540 * SECOND}, 200),
        (3600, {"refreshed": 3601 * SECOND}, EXPIRED),
        (3600, {"refreshed": 3540 * SECOND, "created": 4000 * DAY}, 200),
        (3600, {"refreshed": 4000 * DAY}, EXPIRED),
        (3600, {"refreshed": 0 * DAY, "expires": SECOND}, EXPIRED),
        (3600, {"refreshed": 3601 * SECOND, "expires": -DAY}, EXPIRED),
        (60, {"refreshed": 30 * SECOND}, 200),
        (60, {"refreshed": 61 * SECOND}, EXPIRED),
        (2_000_000_000, {"refreshed": 20_000 * DAY}, 200),
    ],
)
async def test_expiry(
    client: AsyncClient, rows: AsyncConnection, lifetime: int | None, before: dict[str, timedelta], expected: Any
) -> None:
    """`before` is how long ago: last used, made, or no longer to be used (or, negative, how long from now)."""
    now = datetime.now(UTC)
    await add_token(rows, {"token_lifetime": lifetime}, **{name: now - period for name, period in before.items()})
    assert await status(client, f"Token {KEY}") == expected


async def last_use(rows: AsyncConnection, uuid: UUID) -> datetime:
    used: datetime = (await rows.execute(select(Token.refreshed).where(Token.uuid == uuid))).scalar_one()
    return used


async def test_use_is_written_down_but_not_every_time(client: AsyncClient, rows: AsyncConnection) -> None:
    uuid = await add_token(rows, {"token_lifetime": 3600}, refreshed=ago(minutes=59))
    with statements(rows) as executed:
        for _ in range(5):
            assert await status(client, f"Token {KEY}") == 200
    assert len([statement for statement in executed if statement.startswith("UPDATE")]) == 1
    assert datetime.now(UTC) - await last_use(rows, uuid) < timedelta(seconds=30)


async def test_used_token_outlives_its_lifetime(client: AsyncClient, rows: AsyncConnection) -> None:
    """Used every 50 minutes: the lifetime of an hour is counted from the last use."""
    uuid = await add_token(rows, {"token_lifetime": 3600}, created=ago(days=30), refreshed=ago(minutes=50))
    for _ in range(3):
        assert await status(client, f"Token {KEY}") == 200
        assert datetime.now(UTC) - await last_use(rows, uuid) < timedelta(seconds=30)
        await rows.execute(update(Token).where(Token.uuid == uuid).values(refreshed=ago(minutes=50)))


async def test_short_lifetime_is_kept_alive_by_use(client: AsyncClient, rows: AsyncConnection) -> None:
    """Shorter than the usual time between two notes of a token's use."""
    lifetime = REFRESH_AT_MOST_EVERY / 2
    idle = lifetime * 0.9
    uuid = await add_token(rows, {"token_lifetime": int(lifetime.total_seconds())}, refreshed=datetime.now(UTC) - idle)
    assert await status(client, f"Token {KEY}") == 200
    assert datetime.now(UTC) - await last_use(rows, uuid) < timedelta(seconds=10)


@pytest.mark.parametrize(
    ("user", "token"),
    [
        ({"token_lifetime": 60}, {}),
        ({"is_active": False}, {}),
        ({}, {"expires": ago(hours=1)}),
    ],
)
async def test_refused_token_is_not_refreshed(
    client: AsyncClient, rows: AsyncConnection, user: dict[str, Any], token: dict[str, Any]
) -> None:
    long_ago = ago(days=1)
    uuid = await add_token(rows, user, refreshed=long_ago, **token)
    assert await status(client, f"Token {KEY}") in (INACTIVE, EXPIRED)
    assert await last_use(rows, uuid) == long_ago


async def test_reading_writes_nothing(client: AsyncClient, rows: AsyncConnection) -> None:
    await add_token(rows)
    with statements(rows) as executed:
        for path in ("", "?page_size=300", "8ccadadc-8d6e-4f9d-93b2-5d8451d0e2fd/"):
            await client.get(URL + path, headers={"Authorization": f"Token {KEY}"})
    assert executed
    assert all(statement.startswith(("SELECT", "WITH")) for statement in executed)


async def test_keys_are_nowhere_in_the_database(rows: AsyncConnection, tokens: dict[str, str]) -> None:
    fresh = await create_token(rows, "staff", "fresh")
    keys = [fresh, *tokens.values()]
    assert len(keys) > 10
    for table in Base.metadata.sorted_tables:
        found = text(f'SELECT count(*) FROM "{table.name}" AS t WHERE t::text ILIKE ANY (:patterns)')
        patterns = [f"%{key}%" for key in keys] + [f"%{key.encode().hex()}%" for key in keys]
        assert (await rows.execute(found, {"patterns": patterns})).scalar_one() == 0, table.name
    digests = set((await rows.execute(select(Token.digest))).scalars())
    assert {digest(key) for key in keys} <= digests


async def test_new_token_works_until_it_is_revoked(client: AsyncClient, rows: AsyncConnection) -> None:
    key, other = await create_token(rows, "creator"), await create_token(rows, "creator")
    assert key != other
    assert len(key) >= 40
    assert await status(client, f"Token {key}") == 200
    uuid = (await rows.execute(select(Token.uuid).where(Token.digest == digest(key)))).scalar_one()
    await revoke_token(rows, uuid)
    assert await status(client, f"Token {key}") == INVALID
    assert await status(client, f"Token {other}") == 200


async def test_expiry_of_a_token_can_be_set_and_lifted(client: AsyncClient, rows: AsyncConnection) -> None:
    uuid = await add_token(rows)
    for expires, expected in ((ago(seconds=1), EXPIRED), (None, 200), (ago(days=-1), 200)):
        await expire_token(rows, uuid, expires)
        assert await status(client, f"Token {KEY}") == expected


async def test_unknown_key_costs_as_much_as_a_known_one(rows: AsyncConnection) -> None:
    await add_token(rows)
    costs = {}
    for name, key in (("known", KEY), ("unknown", "x"), ("of another form", "'; --")):
        with statements(rows) as executed:
            try:
                await authenticate(NotedReader(rows), key)
            except Unauthenticated:
                assert name != "known"
        costs[name] = executed
    assert costs["known"] == costs["unknown"] == costs["of another form"]
    assert len(costs["known"]) == 1


@pytest.mark.parametrize("header", [None, "", "Basic x", "Token", "Token a b", b"Token \xff"])
async def test_header_without_a_key_costs_nothing(client: AsyncClient, rows: AsyncConnection, header: Any) -> None:
    with statements(rows) as executed:
        assert await status(client, header) in (NOT_PROVIDED, EMPTY, SPACES, CHARACTERS)
    assert executed == []


@pytest.fixture(scope="module")
async def committing(cluster: Cluster) -> AsyncIterator[FastAPI]:
    """The application on a database of its own, in which it commits."""
    async with filled(cluster, "auth") as database:
        app = create_app(Settings(base_url=BASE, database_url=None, requests_at_once=1000))
        app.state.database = database
        yield app


@pytest.fixture
async def committed(committing: FastAPI) -> AsyncIterator[AsyncClient]:
    """Calls the committing application, each token of which was last used an hour ago."""
    async with committing.state.database.transaction() as connection:
        await connection.execute(update(Token).values(refreshed=ago(hours=1)))
    async with AsyncClient(transport=ASGITransport(committing), base_url=BASE) as client:
        yield client


async def test_requests_with_one_token_do_not_wait_for_each_other(
    committing: FastAPI, committed: AsyncClient, as_user: AsUser
) -> None:
    creating = f"{URL}8ccadadc8d6e4f9d93b25d8451d0e2fd/"
    async with committing.state.database.transaction() as holding:
        await holding.execute(select(Token.uuid).with_for_update())
        async with asyncio.timeout(10):
            for method, path in (("GET", URL), ("HEAD", URL), ("GET", creating), ("POST", f"{creating}accept/")):
                response = await committed.request(method, path, headers=as_user("powner"))
                assert response.status_code == 200, (method, path)


async def test_many_requests_with_one_token_at_once_succeed(
    committing: FastAPI, committed: AsyncClient, as_user: AsUser
) -> None:
    headers = as_user("creator")
    responses = await asyncio.gather(*(committed.get(URL, headers=headers) for _ in range(30)))
    assert {response.status_code for response in responses} == {200}
    key = headers["Authorization"].split()[1]
    async with committing.state.database.transaction() as connection:
        used = (await connection.execute(select(Token.refreshed).where(Token.digest == digest(key)))).scalar_one()
    assert datetime.now(UTC) - used < timedelta(minutes=1)


async def test_caller_is_made_anew_once_anything_of_the_user_has_changed(rows: AsyncConnection) -> None:
    user = UUID(int=4711)
    await add_token(rows, {"uuid": user})
    reader, seen = NotedReader(rows), []
    grant = {"uuid": UUID(int=4712), "user_uuid": user, "role": "PROJECT.MEMO"}
    project = (await rows.execute(select(Project.uuid).limit(1))).scalar_one()
    offering = (await rows.execute(select(Offering.uuid).limit(1))).scalar_one()
    for change in (
        select(1),
        insert(RoleGrant).values(**grant, project_uuid=project),
        insert(RolePermission).values(role="PROJECT.MEMO", permission="MEMO"),
        insert(OfferingUser).values(uuid=UUID(int=4713), offering_uuid=offering, user_uuid=user, username="m"),
        update(User).where(User.uuid == user).values(is_staff=True),
        update(User).where(User.uuid == user).values(is_support=True),
        update(User).where(User.uuid == user).values(username="renamed"),
        update(RoleGrant).where(RoleGrant.user_uuid == user).values(expiration_time=ago(seconds=1)),
    ):
        await rows.execute(change)
        caller = await authenticate(reader, KEY)
        assert caller is await authenticate(reader, KEY)
        assert caller not in seen
        seen.append(caller)
    assert [caller.may("MEMO", project) for caller in seen] == [False, False, True, True, True, True, True, False]
    assert not seen[-1].scopes
