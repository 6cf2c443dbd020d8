"""Bodies are whole, and not too large, before anything else is done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.api import bodies
from app.api.bodies import WholeBody
from app.config import Settings
from app.main import create_app
from tests.api.asgi import GONE, Call, chunked, part
from tests.conftest import AsUser

URL = "/api/marketplace-orders/"
SOON = 0.05


class Echo:
    """Answers with the body, and counts how often it was called."""

    def __init__(self) -> None:
        self.called = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.called += 1
        await Response(await Request(scope, receive).body())(scope, receive, send)


def guarded(seconds: float = 5) -> tuple[Echo, WholeBody]:
    echo = Echo()
    return echo, WholeBody(echo, most=10, seconds=seconds)


@pytest.mark.parametrize("parts", [[b"0123456789"], [b"01234", b"56789"], [b"0"] * 10, [b"", b"", b"01", b""]])
async def test_body_arrives_as_it_was_sent(parts: list[bytes]) -> None:
    call = await chunked(parts).to(guarded()[1])
    assert (call.status, call.sent[1]["body"]) == (200, b"".join(parts))


async def test_body_that_is_said_to_be_too_large_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LINGERING", SOON)
    echo, app = guarded()
    call = await Call(headers={"content-length": "11"}).to(app)
    assert (call.status, call.json()) == (413, {"detail": "The body has more than 10 bytes."})
    assert (call.headers["connection"], echo.called) == ("close", 0)


async def test_body_that_grows_too_large_is_refused() -> None:
    echo, app = guarded()
    call = await chunked([b"012345", b"6789a", b"b"]).to(app)
    assert (call.status, echo.called) == (413, 0)


async def test_body_that_does_not_come_is_not_waited_for() -> None:
    echo, app = guarded(SOON)
    call = await Call(part(b"0", more=True), headers={"content-length": "5"}).to(app)
    assert (call.status, call.json()) == (408, {"detail": "The request was not sent in time."})
    assert (call.headers["connection"], echo.called) == ("close", 0)


async def test_client_that_leaves_gets_no_answer() -> None:
    echo, app = guarded()
    call = await Call(part(b"0", more=True), GONE, headers={"content-length": "5"}).to(app)
    assert (call.sent, echo.called) == ([], 0)


async def test_worker_holds_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "AT_ONCE", 1)
    _, app = guarded()
    first = Call(part(b"012345", more=True), headers={"content-length": "9"})
    waiting = asyncio.create_task(first.to(app))
    await asyncio.sleep(0)
    assert (await chunked([b"01234", b"5"]).to(app)).status == 503
    first.left.set()
    await waiting
    assert (await chunked([b"01234", b"5"]).to(app)).status == 200


class Untouchable:
    """A database that nobody may ask."""

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        raise AssertionError("A connection was taken.")
        yield


async def test_no_connection_is_taken_for_a_body_that_is_not_there(tmp_path: Any) -> None:
    app: FastAPI = create_app(Settings(data_dir=tmp_path, body_seconds=SOON))
    app.state.database = Untouchable()
    headers = {"content-length": "5", "authorization": "Token x"}
    assert (await Call(part(b"{", more=True), path=URL, headers=headers).to(app)).status == 408


async def test_service_takes_a_megabyte_by_default(client: AsyncClient, as_user: AsUser) -> None:
    largest = 1024 * 1024
    taken = await client.post(URL, content=b" " * largest, headers=as_user("cowner"))
    refused = await client.post(URL, content=b" " * (largest + 1), headers=as_user("cowner"))
    assert (taken.status_code, refused.status_code) == (400, 413)
    assert refused.json() == {"detail": f"The body has more than {largest} bytes."}
