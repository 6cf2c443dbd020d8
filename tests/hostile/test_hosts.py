"""Whose word counts about the host, the scheme and the address of a request. Rule: decision 29."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config import Settings
from app.main import create_app
from tests.conftest import AsUser
from tests.databases import OneTransaction

PROXY, STRANGER = "10.0.0.7", "203.0.113.9"
LIST = "/api/booking-resources/?page_size=1&field=url"
REFUSED = {"detail": "This host is not served here."}


def served(rows: AsyncConnection, **settings: str) -> FastAPI:
    application = create_app(Settings(**settings))  # type: ignore[arg-type]
    application.state.database = OneTransaction(rows)
    return application


@asynccontextmanager
async def calling(application: FastAPI, address: str) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(application, client=(address, 1234))
    async with AsyncClient(transport=transport, base_url="http://inner.example") as opened:
        yield opened


async def start_of_links(application: FastAPI, address: str, headers: dict[str, str]) -> str:
    async with calling(application, address) as client:
        answer = await client.get(LIST, headers=headers)
    assert answer.status_code == 200
    url: str = answer.json()[0]["url"]
    return url.partition("/api/")[0]


FORWARDED = {"X-Forwarded-Host": "booking.example.com", "X-Forwarded-Proto": "https", "X-Forwarded-For": STRANGER}


@pytest.mark.parametrize(
    ("address", "host", "start"),
    [
        (PROXY, "booking.example.com", "https://booking.example.com"),
        (PROXY, "booking.example.com:8443", "https://booking.example.com:8443"),
        (PROXY, "forged.example, booking.example.com", "https://booking.example.com"),
        (STRANGER, "forged.example", "http://inner.example"),
    ],
)
async def test_forwarded_host_is_believed_from_trusted_proxies_only(
    rows: AsyncConnection, as_user: AsUser, address: str, host: str, start: str
) -> None:
    application = served(rows, trusted_proxies="10.0.0.0/8")
    headers = as_user("staff") | FORWARDED | {"X-Forwarded-Host": host}
    assert await start_of_links(application, address, headers) == start


async def test_setting_comes_before_any_host(rows: AsyncConnection, as_user: AsUser) -> None:
    application = served(rows, trusted_proxies="*", base_url="https://told.example/")
    assert await start_of_links(application, PROXY, as_user("staff") | FORWARDED) == "https://told.example"


@pytest.mark.parametrize(
    ("host", "known"),
    [
        *((host, True) for host in ("booking.example.com", "BOOKING.example.com:8000", "a.example.org", "[::1]:80")),
        *((host, False) for host in ("evil.example", "booking.example.com.evil.example", "example.org", "127.0.0.1")),
    ],
)
async def test_host_has_to_be_allowed(rows: AsyncConnection, as_user: AsUser, host: str, known: bool) -> None:
    application = served(rows, allowed_hosts="booking.example.com, *.example.org,[::1]", trusted_proxies="10.0.0.7")
    for address, headers in ((STRANGER, {"Host": host}), (PROXY, {"X-Forwarded-Host": host})):
        async with calling(application, address) as client:
            answer = await client.get(LIST, headers=as_user("staff") | headers)
            live = await client.get("/health/live", headers=headers)
        assert live.status_code == 200
        assert (answer.status_code == 200) == known
        if not known:
            assert (answer.status_code, answer.json()) == (400, REFUSED)
            assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["a b", "a/b", "a@b", 'a"b', "x" * 300, "a:b", "[a", "a,b", "ü", "", "a\r\nb", "<a>"])
async def test_host_that_is_none_is_refused(rows: AsyncConnection, as_user: AsUser, host: str) -> None:
    """Nothing odd gets into links, and nothing long into memory."""
    application = served(rows)
    async with calling(application, STRANGER) as client:
        headers = [(name.encode(), value.encode()) for name, value in {**as_user("staff"), "Host": host}.items()]
        answer = await client.get(LIST, headers=headers)
    assert (answer.status_code, answer.json()) == (400, REFUSED)
