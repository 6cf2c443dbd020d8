"""Who guesses keys is slowed down, by address; and where a rate is set, it holds for all workers together."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response
from pydantic import ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.limits import REMEMBERED, WINDOW, Failures, forget_counts
from app.config import Settings
from app.database import Database
from app.errors import TooManyRequests
from app.main import create_app
from tests.conftest import AsUser
from tests.databases import OneTransaction

URL = "/api/users/me/"
WRONG = {"Authorization": "Token wrong"}
GUESSING = {"detail": "Too many failed authentications."}
MANY = {"detail": "Too many requests."}
HOME, AWAY = "198.51.100.1", "198.51.100.2"


@pytest.fixture(autouse=True)
async def begun(rows: AsyncConnection) -> None:
    """The library begins a transaction with its first statement; counting goes by the driver."""
    await rows.execute(text("SELECT 1"))


def served(database: Database, **settings: object) -> FastAPI:
    application = create_app(Settings(**settings))  # type: ignore[arg-type]
    application.state.database = database
    return application


@asynccontextmanager
async def calling(application: FastAPI, address: str = HOME) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(application, client=(address, 1))
    async with AsyncClient(transport=transport, base_url="http://inner.example") as opened:
        yield opened


async def statuses(application: FastAPI, address: str, headers: dict[str, str], times: int) -> list[int]:
    async with calling(application, address) as client:
        return [(await client.get(URL, headers=headers)).status_code for _ in range(times)]


async def test_guessing_is_slowed_down_and_valid_tokens_are_not(rows: AsyncConnection, as_user: AsUser) -> None:
    application = served(OneTransaction(rows), failed_authentications=20)
    assert await statuses(application, HOME, WRONG, 20) == [401] * 20
    async with calling(application) as client:
        refused = await client.get(URL, headers=WRONG)
    assert (refused.status_code, refused.json()) == (429, GUESSING)
    assert 0 < int(refused.headers["Retry-After"]) <= WINDOW
    assert await statuses(application, HOME, as_user("staff"), 2) == [200, 200]
    assert await statuses(application, AWAY, WRONG, 1) == [401]
    assert await statuses(application, HOME, {}, 1) == [401], "nothing was guessed"


async def test_guessing_behind_a_trusted_proxy_is_told_apart(rows: AsyncConnection) -> None:
    application = served(OneTransaction(rows), failed_authentications=2, trusted_proxies="10.0.0.0/8")
    for proxy, told, expected in (
        ("10.0.0.7", HOME, [401, 401, 429]),
        ("10.0.0.8", HOME, [429, 429, 429]),
        ("10.0.0.7", AWAY, [401, 401, 429]),
        ("203.0.113.1", "203.0.113.77", [401, 401, 429]),
        ("203.0.113.1", "203.0.113.78", [429, 429, 429]),
    ):
        assert await statuses(application, proxy, WRONG | {"X-Forwarded-For": told}, 3) == expected, (proxy, told)


async def test_network_of_one_caller_counts_as_one(rows: AsyncConnection) -> None:
    application = served(OneTransaction(rows), failed_authentications=1)
    found = [await statuses(application, f"2001:db8:1:2::{each}", WRONG, 1) for each in range(1, 4)]
    assert found == [[401], [429], [429]]
    assert await statuses(application, "2001:db8:1:3::1", WRONG, 1) == [401]


async def test_slowing_down_can_be_turned_off(rows: AsyncConnection) -> None:
    assert await statuses(served(OneTransaction(rows), failed_authentications=0), HOME, WRONG, 30) == [401] * 30


def test_failures_are_forgotten_and_fill_no_memory() -> None:
    now = [0.0]
    failures = Failures(1, clock=lambda: now[0])
    failures.note(HOME)
    with pytest.raises(TooManyRequests) as refused:
        failures.note(HOME)
    assert refused.value.headers == {"Retry-After": str(WINDOW)}
    now[0] = WINDOW
    failures.note(HOME)
    for number in range(REMEMBERED + 50):
        failures.note(f"address {number}")
    assert len(failures._seen) == REMEMBERED
    failures.note(HOME)


def told(answer: Response) -> tuple[int, list[str | None]]:
    names = ("RateLimit-Limit", "RateLimit-Remaining")
    return answer.status_code, [answer.headers.get(name) for name in names]


async def test_rate_is_told_and_holds(rows: AsyncConnection, as_user: AsUser) -> None:
    application = served(OneTransaction(rows), rate_limit="3/day")
    async with calling(application) as client:
        found = [await client.get(URL, headers=as_user("staff")) for _ in range(4)]
        error = await client.get("/api/projects/?is_removed=x", headers=as_user("staff"))
    assert [told(each) for each in found] == [
        *((200, ["3", left]) for left in ("2", "1", "0")),
        (429, ["3", "0"]),
    ]
    assert (found[-1].json(), error.status_code) == (MANY, 429)
    assert 0 < int(found[-1].headers["Retry-After"]) <= 86_400
    assert found[-1].headers["Retry-After"] == found[-1].headers["RateLimit-Reset"]
    assert await statuses(application, HOME, as_user("powner"), 1) == [429], "the address is the same"
    assert await statuses(application, AWAY, as_user("staff"), 1) == [429], "the token is the same"
    assert await statuses(application, AWAY, as_user("powner"), 1) == [200]


async def test_rate_counts_failures_too(rows: AsyncConnection) -> None:
    application = served(OneTransaction(rows), rate_limit="2/day", failed_authentications=0)
    assert await statuses(application, HOME, WRONG, 3) == [401, 401, 429]
    kept = (await rows.execute(text("SELECT key FROM rate_limit"))).scalars().all()
    assert kept == [f"address {HOME}"], "keys that are made up are not kept"


async def test_rate_is_off_unless_it_is_set(rows: AsyncConnection, as_user: AsUser) -> None:
    async with calling(served(OneTransaction(rows))) as client:
        answer = await client.get(URL, headers=as_user("staff"))
    assert told(answer) == (200, [None, None])
    assert (await rows.execute(text("SELECT count(*) FROM rate_limit"))).scalar_one() == 0


async def test_rate_holds_across_workers_at_once(recorded: Database, as_user: AsUser) -> None:
    applications = [served(Database(recorded.engine), rate_limit="10/day") for _ in range(3)]
    try:
        async with AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(calling(each)) for each in applications]
            asked = (clients[number % 3].get(URL, headers=as_user("staff")) for number in range(30))
            found = [answer.status_code for answer in await asyncio.gather(*asked)]
        assert sorted(found) == [200] * 10 + [429] * 20
    finally:
        async with recorded.transaction() as connection:
            await connection.execute(text("TRUNCATE rate_limit"))


async def test_what_is_over_is_forgotten(rows: AsyncConnection) -> None:
    await rows.execute(text("INSERT INTO rate_limit VALUES ('a', 9, now() - interval '1s'), ('b', 9, now() + '1h')"))
    await forget_counts(rows)
    assert (await rows.execute(text("SELECT key FROM rate_limit"))).scalars().all() == ["b"]
    kind = "SELECT relpersistence = 'u' FROM pg_class WHERE relname = 'rate_limit'"
    assert (await rows.execute(text(kind))).scalar_one() is True


@pytest.mark.parametrize("rate", ["600", "0/minute", "-1/minute", "600/month", "600 / minute", "1e3/hour"])
def test_rate_that_is_none_is_refused(rate: str) -> None:
    with pytest.raises(ValidationError):
        Settings(rate_limit=rate)


def test_rate_says_how_many_in_how_long(monkeypatch: pytest.MonkeyPatch) -> None:
    units: dict[str, Callable[[], int]] = {"second": lambda: 1, "minute": lambda: 60, "hour": lambda: 3_600}
    for unit, seconds in units.items():
        monkeypatch.setenv("BOOKING_RATE_LIMIT", f"600/{unit}")
        assert Settings().rate() == (600, seconds())
    monkeypatch.setenv("BOOKING_RATE_LIMIT", "")
    assert Settings().rate() is None
