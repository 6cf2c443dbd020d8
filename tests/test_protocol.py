"""What a client may do on a connection: a real socket, a small application behind it."""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from app import protocol
from app.config import Settings
from app.errors import ApiError, Overloaded
from app.protocol import DOOR, LONGEST_REST, LONGEST_TARGET, MOST_HEADERS, RESTS, Protocol

SOON, LATER = 0.1, 30.0
GET = b"GET /small HTTP/1.1\r\nHost: here\r\n"
LARGE = b"x" * 20_000_000
Open = Callable[..., Awaitable["Client"]]


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers `/large` with more than any buffer holds, and everything else with what was sent and told."""
    body = await Request(scope, receive).body()
    told = {"body": body.decode(), "headers": len(scope["headers"]), "waited": scope["waited"]()}
    content = LARGE if scope["path"] == "/large" else json.dumps(told).encode()
    await Response(content, media_type="application/json")(scope, receive, send)


class Client:
    """A connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: ServerState) -> None:
        self.reader, self.writer, self.state = reader, writer, state

    async def ask(self, sent: bytes) -> tuple[int, dict[str, str], Any]:
        """Sends, and reads one answer."""
        self.writer.write(sent)
        async with asyncio.timeout(5):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            body = await self.reader.readexactly(int(headers["content-length"]))
        return int(head[0].split()[1]), headers, json.loads(body)

    async def closed(self, within: float = 2) -> bool:
        """Whether the service closes the connection."""
        try:
            async with asyncio.timeout(within):
                while await self.reader.read(65536):
                    pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True


@pytest.fixture
async def opened(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Open]:
    """Connects to a server with the given settings; the others are generous."""
    config, state, servers, clients = Config(answering, ws="none"), ServerState(), [], []
    config.load()

    async def connect(*, refusing: Callable[[Scope], ApiError | None] | None = None, **limits: Any) -> Client:
        known = {DOOR: refusing} if refusing else {}
        limits = {"header_seconds": LATER, "answer_seconds": LATER, "keep_alive_seconds": LATER} | limits
        monkeypatch.setattr(protocol, "settings", lambda: Settings(**limits))
        loop = asyncio.get_running_loop()
        servers.append(await loop.create_server(lambda: Protocol(config, state, known), "127.0.0.1", 0))
        reader, writer = await asyncio.open_connection(*servers[-1].sockets[0].getsockname())
        clients.append(Client(reader, writer, state))
        return clients[-1]

    yield connect
    for client in clients:
        client.writer.transport.abort()
    for server in servers:
        server.close()


async def refused(client: Client, sent: bytes, status: int, detail: str) -> None:
    answer = await client.ask(sent)
    assert (answer[0], answer[2]) == (status, {"detail": detail})
    assert (answer[1]["connection"], answer[1]["content-type"]) == ("close", "application/json")
    assert await client.closed()


async def test_one_request_follows_another(opened: Open) -> None:
    client = await opened()
    for _ in range(3):
        assert (await client.ask(GET + b"\r\n"))[0] == 200
    client.writer.write(GET + b"\r\n")
    assert (await client.ask(GET + b"\r\n"))[0] == 200
    assert (await client.ask(b""))[0] == 200


def busy(scope: Scope) -> ApiError | None:
    """Refuses all but what it does not look at."""
    return Overloaded() if scope["query_string"] else None


async def test_what_is_refused_at_once_leaves_the_connection_as_it_was(opened: Open) -> None:
    client = await opened(refusing=busy, header_seconds=2 * SOON)
    asked = GET.replace(b"small", b"small?x")
    status, headers, told = await client.ask(asked + b"\r\n")
    assert (status, told, headers["retry-after"]) == (503, {"detail": "The service is too busy."}, "2")
    assert (headers["content-type"], "connection" in headers) == ("application/json", False)
    assert (await client.ask(asked + b"\r\n" + GET + b"\r\n"))[0] == 503
    assert (await client.ask(b""))[0] == 200, "what came with it is answered"
    assert (await client.ask(asked + b"\r\n"))[0] == 503
    await asyncio.sleep(4 * SOON)
    assert (await client.ask(GET + b"\r\n"))[0] == 200, "nobody was waiting for a head"
    client.writer.write(asked + b"\r\n" + asked)
    assert (await client.ask(b""))[0] == 503
    await refused(client, b"", 408, "The request was not sent in time.")


async def test_connection_that_was_refused_rests_before_more_of_it_is_read_and_longer_each_time(opened: Open) -> None:
    client, refused, taken = await opened(refusing=busy), GET.replace(b"small", b"small?x"), []
    for asked, status in [*[(refused, 503)] * 5, (GET, 200), (refused, 503), (GET, 200), (GET, 200)]:
        began = time.monotonic()
        assert (await client.ask(asked + b"\r\n"))[0] == status
        taken.append(time.monotonic() - began)
    waits = [0, RESTS, 2 * RESTS, LONGEST_REST, LONGEST_REST, LONGEST_REST, 0, RESTS, 0]
    assert all(seconds > wait - 0.01 for seconds, wait in zip(taken, waits, strict=True)), taken
    assert taken[-2] < LONGEST_REST, "a request that is let in ends it"


async def test_only_what_is_merely_read_is_refused_at_once(opened: Open) -> None:
    client = await opened(refusing=busy)
    for method in (b"POST", b"PUT", b"DELETE"):
        sent = GET.replace(b"GET /small", method + b" /small?x") + b"Content-Length: 2\r\n\r\n{}"
        assert (await client.ask(sent))[0] == 200


async def test_what_is_refused_at_once_is_the_last_where_the_client_says_so(opened: Open) -> None:
    client = await opened(refusing=busy)
    status, headers, _ = await client.ask(GET.replace(b"small", b"small?x") + b"Connection: close\r\n\r\n")
    assert (status, headers["connection"]) == (503, "close")
    assert await client.closed()


async def test_connection_that_is_not_used_after_a_refusal_is_closed(opened: Open) -> None:
    client = await opened(refusing=busy, keep_alive_seconds=0)
    assert (await client.ask(GET.replace(b"small", b"small?x") + b"\r\n"))[0] == 503
    assert await client.closed()


@pytest.mark.parametrize("sent", [b"nonsense\r\n\r\n", GET + b"Content-Length: x\r\n\r\n", GET + b"no colon\r\n\r\n"])
async def test_what_is_no_http_is_told_so_as_json(opened: Open, sent: bytes) -> None:
    await refused(await opened(), sent, 400, "Invalid HTTP request received.")


@pytest.mark.parametrize("sent", [GET, b"\r\n", b"GET /sma"])
async def test_head_that_does_not_come_is_not_waited_for(opened: Open, sent: bytes) -> None:
    await refused(await opened(header_seconds=SOON), sent, 408, "The request was not sent in time.")


async def test_head_that_follows_a_request_has_its_time_as_well(opened: Open) -> None:
    client = await opened(header_seconds=SOON)
    assert (await client.ask(GET + b"\r\n"))[0] == 200
    await refused(client, GET, 408, "The request was not sent in time.")


async def test_connection_on_which_nothing_is_sent_is_closed(opened: Open) -> None:
    assert await (await opened(header_seconds=SOON)).closed()


async def test_connection_that_is_not_used_is_closed(opened: Open) -> None:
    client = await opened(keep_alive_seconds=0)
    assert (await client.ask(GET + b"\r\n"))[0] == 200
    assert await client.closed()


async def test_blank_lines_keep_no_connection_open(opened: Open) -> None:
    client = await opened(keep_alive_seconds=1, header_seconds=2 * SOON)
    assert (await client.ask(GET + b"\r\n"))[0] == 200
    client.writer.write(b"\r\n")
    assert await client.closed()


@pytest.mark.parametrize(
    "sent",
    [
        b"X: " + b"x" * 2000 + b"\r\n\r\n",
        b"".join(b"X%d: %s\r\n" % (number, b"x" * 100) for number in range(20)) + b"\r\n",
        b"X: " + b"x" * 300_000,
    ],
)
async def test_large_headers_are_refused(opened: Open, sent: bytes) -> None:
    await refused(await opened(header_kilobytes=1), GET + sent, 431, "The headers are too large.")


async def test_many_headers_are_refused(opened: Open) -> None:
    most = b"".join(b"X: x\r\n" for _ in range(MOST_HEADERS - 1))
    assert (await (await opened()).ask(GET + most + b"\r\n"))[2]["headers"] == MOST_HEADERS
    await refused(await opened(), GET + most + b"X: x\r\n\r\n", 431, "The headers are too large.")


async def test_long_address_is_refused(opened: Open) -> None:
    longest = b"GET /" + b"x" * (LONGEST_TARGET - 1) + b"%s HTTP/1.1\r\nHost: here\r\n\r\n"
    assert (await (await opened()).ask(longest % b""))[0] == 200
    await refused(await opened(), longest % b"x", 414, "The address is too long.")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"\x00\r\n\r\n", 400),
        (b"GET /" + b"x" * LONGEST_TARGET + b" HTTP/1.1\r\n\r\n", 414),
        (b"POST /small HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
async def test_what_is_refused_takes_no_answer_from_requests_before_it(opened: Open, sent: bytes, status: int) -> None:
    client = await opened()
    assert (await client.ask((GET + b"\r\n") * 3 + sent))[0] == 200
    client.writer.write(GET)
    for expected in (200, 200, status):
        assert (await client.ask(b""))[0] == expected
    assert await client.closed()


async def test_many_small_requests_at_once_are_no_large_one(opened: Open) -> None:
    client = await opened(header_kilobytes=1)
    client.writer.write((GET + b"\r\n") * 100 + GET)
    for _ in range(100):
        assert (await client.ask(b""))[0] == 200
    assert (await client.ask(b"\r\n"))[0] == 200


async def test_headers_after_a_body_are_not_read(opened: Open) -> None:
    sent = b"POST /small HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nX: x\r\n\r\n"
    status, _, told = await (await opened()).ask(sent)
    assert (status, told["body"], told["headers"]) == (200, "ab", 2)


async def is_forgotten(client: Client, within: float = 2) -> bool:
    """Whether the service has let go of the connection."""
    try:
        async with asyncio.timeout(within):
            while client.state.connections:  # noqa: ASYNC110
                await asyncio.sleep(SOON / 5)
    except TimeoutError:
        return False
    return not Protocol.unsent


async def test_answer_that_is_not_read_is_dropped(opened: Open) -> None:
    client = await opened(answer_seconds=SOON)
    client.writer.write(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
    assert await is_forgotten(client)


async def test_answer_that_is_read_arrives(opened: Open) -> None:
    client = await opened(answer_seconds=2)
    client.writer.write(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
    await client.reader.readuntil(b"\r\n\r\n")
    assert await client.reader.readexactly(len(LARGE)) == LARGE
    assert (await client.ask(GET + b"\r\n"))[0] == 200


async def test_longest_waiting_gives_way(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MOST_UNSENT", len(LARGE))
    client = await opened()
    client.writer.write(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
    await asyncio.sleep(2 * SOON)
    (held,) = Protocol.unsent.values()
    assert held < len(LARGE)
    other = await opened()
    other.writer.write(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
    await asyncio.sleep(2 * SOON)
    assert len(Protocol.unsent) == 1
    assert await client.closed()


async def test_stop_waits_for_no_body(opened: Open) -> None:
    client = await opened()
    client.writer.write(b"POST /small HTTP/1.1\r\nHost: here\r\nContent-Length: 5\r\n\r\n{")
    await asyncio.sleep(SOON)
    for connection in [*client.state.connections]:
        connection.shutdown()
    await refused(client, b"", 503, "The service is temporarily unavailable.")


async def test_stop_waits_a_little_for_readers(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "FAREWELL", SOON)
    client = await opened()
    client.writer.write(b"GET /large HTTP/1.1\r\nHost: here\r\n\r\n")
    await asyncio.sleep(SOON)
    for connection in [*client.state.connections]:
        connection.shutdown()
    assert await is_forgotten(client)


async def test_kernel_tells_how_long_a_request_has_waited(opened: Open) -> None:
    client = await opened()
    assert (await client.ask(GET + b"\r\n"))[2]["waited"] < SOON
    client.writer.write(GET + b"\r\n")
    time.sleep(2 * SOON)  # noqa: ASYNC251 - nobody reads meanwhile
    assert 2 * SOON <= (await client.ask(b""))[2]["waited"] + 0.01 < 1


async def test_client_that_has_left_has_waited_for_ever(opened: Open) -> None:
    client = await opened()
    await client.ask(GET + b"\r\n")
    (connection,) = client.state.connections
    client.writer.close()
    await is_forgotten(client)
    assert connection.waited() == math.inf  # type: ignore[union-attr]
