"""Who is let in when many ask at once, and who is refused."""

import asyncio
import math
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.api.admission import WAITING, Admission
from app.protocol import DOOR
from tests.api.asgi import Call

START: Message = {"type": "http.response.start", "status": 200, "headers": []}


class Gate:
    """Lets requests pass one by one, and notes which are there."""

    def __init__(self) -> None:
        self.inside: dict[str, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return
        event = self.inside[scope["query_string"].decode()] = asyncio.Event()
        await event.wait()
        await send(START)
        await send({"type": "http.response.body", "body": b"{}"})


class Crowd:
    """Requests at a gate, each with a name."""

    def __init__(self, at_once: int = 1, per_token: int = 100, seconds: float = 1) -> None:
        self.gate = Gate()
        self.app = Admission(self.gate, at_once, per_token, seconds)
        self.calls: dict[str, Call] = {}
        self.tasks: dict[str, asyncio.Task[Call]] = {}

    async def come(self, *names: str, token: str = "", **more: Any) -> None:
        for name in names:
            headers = {"Authorization": token} if token else {}
            self.calls[name] = Call(headers=headers, **{"query_string": name.encode(), **more})
            self.tasks[name] = asyncio.create_task(self.calls[name].to(self.app))
            await asyncio.sleep(0)
        await self.settle()

    async def go(self, *names: str) -> None:
        for name in names:
            self.gate.inside.pop(name).set()
            await self.settle()

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    @property
    def inside(self) -> str:
        return "".join(self.gate.inside)

    def status(self, name: str) -> int | None:
        return self.calls[name].status


async def test_so_many_are_let_in_and_the_newest_next() -> None:
    crowd = Crowd(at_once=2)
    await crowd.come("a", "b", "c", "d")
    assert crowd.inside == "ab"
    await crowd.go("a")
    assert crowd.inside == "bd"
    await crowd.go("b", "d")
    assert crowd.inside == "c"
    await crowd.go("c")
    assert {crowd.status(name) for name in "abcd"} == {200}
    await crowd.come("e", "f", "g")
    assert crowd.inside == "ef"
    await crowd.go("e", "f", "g")


async def test_oldest_of_too_many_is_refused() -> None:
    crowd = Crowd()
    names = [str(number) for number in range(WAITING + 2)]
    await crowd.come(*names)
    assert [crowd.status(name) for name in names] == [None, 503] + [None] * WAITING
    refused = crowd.calls["1"]
    assert (refused.json(), refused.headers["retry-after"]) == ({"detail": "The service is too busy."}, "2")
    for name in ("0", *reversed(names[2:])):
        await crowd.go(name)
    assert [crowd.status(name) for name in names] == [200, 503] + [200] * WAITING


@pytest.mark.parametrize("at_once", [1, 2, 3])
async def test_no_more_are_let_in_than_that(at_once: int) -> None:
    crowd = Crowd(at_once)
    await crowd.come("a", "b", "c", "d")
    assert len(crowd.inside) == at_once
    for name in "abcd":
        crowd.tasks[name].cancel()


async def test_who_has_waited_long_is_refused() -> None:
    crowd = Crowd(seconds=0.05)
    await crowd.come("a", "b")
    await asyncio.wait_for(crowd.tasks["b"], 2)
    assert crowd.status("b") == 503
    await crowd.go("a")
    await crowd.come("c")
    await crowd.go("c")
    assert crowd.status("c") == 200


async def test_time_before_it_was_read_counts() -> None:
    crowd = Crowd()
    await crowd.come("a")
    await crowd.come("b", waited=lambda: 1.1)
    await crowd.come("c", waited=lambda: 0.5)
    assert (crowd.status("b"), crowd.status("c")) == (503, None)
    await crowd.go("a", "c")


async def test_client_that_has_left_while_it_waited_is_not_worked_for() -> None:
    crowd, waited = Crowd(), iter([0.0, math.inf])
    await crowd.come("a", "b")
    await crowd.come("c", waited=lambda: next(waited))
    await crowd.go("a")
    assert (crowd.inside, crowd.status("c")) == ("b", 503)
    await crowd.go("b")


async def test_what_was_not_read_for_long_is_refused_before_it_is_full() -> None:
    crowd = Crowd(at_once=4)
    await crowd.come("a", "b", "c", "d", waited=lambda: 1.1)
    assert (crowd.inside, crowd.status("c"), crowd.status("d")) == ("ab", 503, 503)
    await crowd.come("e", "f", waited=lambda: 0.9)
    assert crowd.inside == "abef"
    await crowd.go("a", "b", "e", "f")


async def test_token_that_asks_much_is_refused_and_others_are_not() -> None:
    crowd = Crowd(at_once=12, per_token=2)
    await crowd.come("a", "b", "c", token="Token x")
    await crowd.come("d", token="Token y")
    await crowd.come("e", "f", "g")
    assert (crowd.inside, crowd.status("c")) == ("abdefg", 429)
    refused = crowd.calls["c"]
    assert (refused.json(), refused.headers["retry-after"]) == ({"detail": "Too many requests at once."}, "1")
    await crowd.go("a")
    await crowd.come("h", token="Token x")
    assert "h" in crowd.inside
    await crowd.go(*crowd.inside)
    assert crowd.app._known == crowd.app._inside == {}


async def test_token_has_no_more_than_its_share_of_the_places() -> None:
    crowd = Crowd(at_once=4)
    await crowd.come("a", "b", "c", "d", "e", token="Token x")
    assert crowd.inside == "abc"
    await crowd.come("f", token="Token y")
    assert crowd.inside == "abcf"
    await crowd.come("g", token="Token y")
    await crowd.come("h", token="Token x")
    await crowd.go("a")
    assert crowd.inside == "bcfh"
    await crowd.go("f")
    assert crowd.inside == "bchg"
    await crowd.go("b", "c", "h", "g", "d", "e")
    assert crowd.app._known == crowd.app._inside == {}


async def test_health_is_told_whatever_happens() -> None:
    crowd = Crowd()
    await crowd.come("a")
    await crowd.come("b", path="/health/live")
    assert crowd.inside == "ab"
    await crowd.go("a", "b")


async def test_who_reads_slowly_is_in_nobodys_way() -> None:
    crowd, read = Crowd(), asyncio.Event()
    await crowd.come("a")
    send = crowd.calls["a"].send

    async def slowly(message: Message) -> None:
        await read.wait()
        await send(message)

    crowd.calls["b"] = Call(query_string=b"b")
    crowd.calls["b"].send = slowly  # type: ignore[method-assign]
    crowd.tasks["b"] = asyncio.create_task(crowd.calls["b"].to(crowd.app))
    await crowd.settle()
    await crowd.go("a")
    await crowd.go("b")
    await crowd.come("c")
    assert crowd.inside == "c"
    await crowd.go("c")
    read.set()
    await crowd.tasks["b"]
    await crowd.come("d", "e")
    assert crowd.inside == "d"
    await crowd.go("d", "e")


@pytest.mark.parametrize("moment", ["while it waits", "as it may go on", "when it may go on"])
async def test_place_of_who_is_stopped_is_free(moment: str) -> None:
    crowd = Crowd()
    await crowd.come("a", "b", "c")
    first = crowd.gate.inside.pop("a")
    if moment == "when it may go on":
        first.set()
        await asyncio.sleep(0)
    crowd.tasks["c"].cancel()
    if moment == "while it waits":
        await crowd.settle()
    first.set()
    await crowd.settle()
    assert crowd.inside == "b"
    await crowd.go("b")
    await crowd.come("d")
    assert crowd.inside == "d"
    await crowd.go("d")


class Door(Crowd):
    """Requests that the server asks about before it hands them to the application."""

    def __init__(self, at_once: int = 1, per_token: int = 100) -> None:
        super().__init__(at_once, per_token)
        self.state: dict[str, Any] = {}

    async def refused(self, *names: str, token: str = "", **more: Any) -> list[int | None]:
        """By which status each is refused at the door; those that are not come in, all at once."""
        await self.app({"type": "lifespan", "state": self.state}, _nothing, _nothing)
        headers = {"Authorization": token} if token else {}
        asked = [Call(headers=headers, query_string=name.encode(), **more) for name in names]
        refusals = [self.state[DOOR](call.scope) for call in asked]
        for name, call, refusal in zip(names, asked, refusals, strict=True):
            if refusal is None:
                self.calls[name], self.tasks[name] = call, asyncio.create_task(call.to(self.app))
        await self.settle()
        return [refusal.status if refusal else None for refusal in refusals]


async def _nothing(*_: object) -> Any:
    """The application of these tests has no life to begin or to end."""


async def test_who_would_wait_in_vain_is_refused_at_the_door() -> None:
    door = Door()
    names = [str(number) for number in range(WAITING + 3)]
    assert await door.refused(*names) == [None] * (WAITING + 1) + [503, 503]
    assert await door.refused("y") == [503]
    await door.go("0")
    assert await door.refused("z") == [None]
    assert [door.status(name) for name in names[: WAITING + 1]] == [200] + [None] * WAITING
    for name in (str(WAITING), "z", *map(str, range(WAITING - 1, 0, -1))):
        await door.go(name)
    assert {door.status(name) for name in (*names[: WAITING + 1], "z")} == {200}


async def test_who_has_less_than_his_share_comes_in_although_it_is_full() -> None:
    door = Door(at_once=2)
    many = [f"a{number}" for number in range(12)]
    told = await door.refused(*many, token="Token a")
    assert told == [None] * 10 + [503] * 2
    assert await door.refused("b", token="Token b") == [None]
    assert [door.status(name) for name in many[:10]].count(503) == 1, "the oldest that waited made room"
    assert await door.refused("c", token="Token a") == [503]


async def test_token_that_asks_much_is_refused_at_the_door() -> None:
    door = Door(per_token=2, at_once=8)
    assert await door.refused("a", "b", "c", token="Token x") == [None, None, 429]
    assert await door.refused("d", token="Token y") == [None]
    assert await door.refused("e", token="Token x", path="/health/live") == [None]
    await door.go(*[*door.gate.inside])
    assert await door.refused("f", token="Token x") == [None]
