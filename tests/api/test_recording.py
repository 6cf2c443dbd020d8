"""Each answer tells the id of its request, which is the client's if it may be written down as it stands."""

import re
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from starlette.types import Receive, Scope, Send

from app.api.recording import Recording
from app.telemetry import notes
from app.telemetry.notes import Notes
from tests.conftest import BASE_URL, AsUser

MADE = re.compile("[0-9a-f]{32}")
LIST = "/api/booking-resources/?page_size=1"


@pytest.mark.parametrize("given", ["bees-1", "Root=1-67891233-abc", "a" * 64, "0af7651916cd43dd8448eb211c80319c"])
async def test_sane_id_is_taken(client: AsyncClient, given: str) -> None:
    assert (await client.get("/health/live", headers={"X-Request-ID": given})).headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", " ", "a b", "a" * 65, '"', "-a", "é", "a\tb", "{}", "a;b"])
async def test_any_other_id_is_replaced(client: AsyncClient, given: str) -> None:
    told = [
        (await client.get("/health/live", headers={b"X-Request-ID": given.encode()})).headers["X-Request-ID"]
        for _ in range(2)
    ]
    assert all(MADE.fullmatch(each) for each in told)
    assert told[0] != told[1]


async def test_errors_tell_their_id(application: FastAPI, client: AsyncClient, as_user: AsUser) -> None:
    for path, headers in ((LIST, {}), ("/nothing", {}), ("/api/booking-resources/x/", as_user("staff"))):
        answer = await client.get(path, headers=headers)
        assert answer.status_code in (401, 404)
        assert MADE.fullmatch(answer.headers["X-Request-ID"])
    del application.state.database
    transport = ASGITransport(application, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=BASE_URL) as broken:
        answer = await broken.get(LIST, headers=as_user("staff"))
    assert answer.status_code == 500
    assert MADE.fullmatch(answer.headers["X-Request-ID"])


async def test_scripts_may_read_the_id(client: AsyncClient) -> None:
    answer = await client.get("/health/live", headers={"Origin": "https://example.com"})
    assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]


class Lines:
    """Takes lines instead of the log."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def info(self, event: str, **about: Any) -> None:
        self.told.append({"event": event, **about})


async def recorded(method: str, work: Any) -> dict[str, Any]:
    """The line of a request that is answered by that work."""
    lines = Lines()

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        await work(scope, receive, send)

    recording = Recording(answered, counts=True)
    recording._log = lines
    scope = {"type": "http", "method": method, "headers": []}

    async def nothing(*_: object) -> Any: ...

    await recording(scope, nothing, nothing)
    return lines.told[0] if lines.told else {}


async def test_client_that_left_has_no_status() -> None:
    async def leave(*_: object) -> None: ...

    line = await recorded("GET", leave)
    assert line["status"] is None
    assert line["route"] is None


async def test_method_of_a_clients_making_is_not_told() -> None:
    async def leave(*_: object) -> None: ...

    assert (await recorded("PURGE-secret", leave))["method"] == "other"


async def test_what_was_refused_unseen_has_no_line() -> None:
    async def refuse(*_: object) -> None:
        notes.at_hand().is_refused = True

    assert await recorded("GET", refuse) == {}


async def test_notes_end_with_their_request() -> None:
    before = notes.at_hand()
    seen: list[Notes] = []

    async def note(*_: object) -> None:
        seen.append(notes.at_hand())

    line = await recorded("GET", note)
    assert notes.at_hand() is before
    assert seen[0] is not before
    assert seen[0].request_id == line["request_id"]
