"""What nobody waits for any more is stopped, and gives back what it held."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlalchemy import text
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api import deadlines
from app.api.bodies import WholeBody
from app.api.deadlines import WORK, Watched
from app.config import Settings
from app.database import Database
from app.main import create_app
from tests.api.asgi import Call
from tests.databases import address, engine_on
from tests.dataset import key_of

SOON = 0.05
LIST, ORDERS = "/api/booking-resources/", "/api/marketplace-orders/"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "PATIENCE", 0.01)


class Slow:
    """Works for some time, and then answers."""

    def __init__(self, seconds: float, *, decided: bool = False, begins: bool = False) -> None:
        self.seconds, self.decided, self.begins = seconds, decided, begins
        self.ended = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[WORK].is_decided = self.decided
        if self.begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.ended = "stopped"
            raise
        self.ended = "done"
        if not self.begins:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})


class InParts:
    """Answers in parts, each of which takes some time, and as much to be read."""

    def __init__(self, seconds: float, parts: int) -> None:
        self.seconds, self.parts = seconds, parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(self.parts):
            await asyncio.sleep(self.seconds)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class ReadsSlowly(Call):
    """A client that takes its time for each part."""

    async def send(self, message: Message) -> None:
        await asyncio.sleep(4 * SOON)
        self.sent.append(message)


def watched(app: ASGIApp, seconds: float = 5) -> ASGIApp:
    return WholeBody(Watched(app, seconds), most=1000, seconds=5)


async def test_answer_in_time_is_the_answer() -> None:
    assert (await Call(method="GET").to(watched(Slow(SOON)))).status == 200


async def test_what_takes_too_long_is_stopped() -> None:
    slow = Slow(5)
    call = await Call().to(watched(slow, SOON))
    assert (call.status, call.headers["retry-after"], slow.ended) == (503, "5", "stopped")
    assert call.json() == {"detail": "The service is temporarily unavailable."}
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_commit_that_has_begun_is_not_stopped() -> None:
    slow = Slow(4 * SOON, decided=True)
    assert ((await Call().to(watched(slow, SOON))).status, slow.ended) == (200, "done")


async def test_answer_that_has_begun_is_not_followed_by_another() -> None:
    call = await Call().to(watched(Slow(5, begins=True), SOON))
    assert [each["type"] for each in call.sent] == ["http.response.start"]


async def test_each_part_of_an_answer_has_its_time() -> None:
    whole = await ReadsSlowly(method="GET").to(watched(InParts(SOON, 3), 3 * SOON))
    assert [each.get("body") for each in whole.sent] == [None, b"x", b"x", b"x", b""]


async def test_part_that_takes_too_long_ends_the_answer() -> None:
    cut = await Call(method="GET").to(watched(InParts(4 * SOON, 1), 2 * SOON))
    assert [each.get("body") for each in cut.sent] == [None]


@pytest.mark.parametrize(("method", "ended"), [("GET", "stopped"), ("HEAD", "stopped"), ("POST", "done")])
async def test_client_that_leaves_ends_what_is_read_for_it(method: str, ended: str) -> None:
    slow, call = Slow(5 * SOON), Call(method=method)
    call.left.set()
    await call.to(watched(slow))
    assert slow.ended == ended


async def test_stop_from_elsewhere_is_passed_on() -> None:
    work = asyncio.create_task(Call().to(watched(Slow(5))))
    await asyncio.sleep(SOON)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


@asynccontextmanager
async def serving(recorded: Database, folder: Path, seconds: float) -> AsyncIterator[FastAPI]:
    engine = engine_on(address(recorded), pool_size=2, max_overflow=0)
    app = create_app(Settings(data_dir=folder, request_seconds=seconds, requests_at_once=1000, requests_per_token=1000))
    app.state.database = Database(engine)
    yield app
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    await engine.dispose()


def asking(path: str = LIST, method: str = "GET") -> Call:
    key = key_of("staff")
    return Call(method=method, path=path, headers={"host": "here", "content-length": "0", **key}, scheme="http")


async def waiting(recorded: Database) -> int:
    """How many statements of the application wait for a lock."""
    found = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    async with recorded.engine.connect() as connection:
        return int(await connection.scalar(text(found)) or 0)


async def until_waiting(recorded: Database) -> None:
    async with asyncio.timeout(20):
        while await waiting(recorded) == 0:  # noqa: ASYNC110
            await asyncio.sleep(SOON)


async def test_no_connection_is_lost_with_hundreds_of_clients(recorded: Database, tmp_path: Path) -> None:
    async with serving(recorded, tmp_path, 60) as app:
        assert (await asking().to(app)).status == 200
        for path in (LIST, ORDERS, "/api/marketplace-public-offerings/"):
            async with recorded.engine.connect() as rival, rival.begin():
                await rival.execute(text("LOCK TABLE resource, offering IN ACCESS EXCLUSIVE MODE"))
                calls = [asking(path) for _ in range(100)]
                tasks = [asyncio.create_task(call.to(app)) for call in calls]
                await until_waiting(recorded)
                for call in calls:
                    call.left.set()
                await asyncio.wait_for(asyncio.gather(*tasks), 20)
                assert [call.sent for call in calls] == [[]] * 100
                assert await waiting(recorded) == 0
        answers = await asyncio.gather(*(asking().to(app) for _ in range(10)))
        assert [call.status for call in answers] == [200] * 10


async def test_change_that_takes_too_long_is_none(recorded: Database, tmp_path: Path) -> None:
    async with serving(recorded, tmp_path, 1) as app, recorded.engine.connect() as rival:
        booking = await rival.scalar(text("SELECT uuid FROM resource WHERE state = 'Creating' LIMIT 1"))
        await rival.execute(text("SELECT 1 FROM resource WHERE uuid = :uuid FOR UPDATE"), {"uuid": booking})
        call = await asking(f"{LIST}{booking}/reject/", "POST").to(app)
        assert (call.status, await waiting(recorded)) == (503, 0)
        await rival.rollback()
        state = await rival.scalar(text("SELECT state FROM resource WHERE uuid = :uuid"), {"uuid": booking})
        assert state == "Creating"
