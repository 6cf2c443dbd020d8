"""Bodies, each read whole before anything is done for it: who sends slowly, or too much, holds nothing but memory."""

import asyncio
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.failures import respond
from app.errors import ApiError, BodyTooLarge, TooSlow, Unavailable

AT_ONCE = 64
"""How many of the largest bodies a worker holds at once; what is beyond is refused."""
LINGERING = 2
"""Seconds for which a refused body is still read, so that the client gets to read why."""
LISTEN = "listen"
"""Where the scope has what tells that the client has left: all of the body has been taken from it."""
_UNTOLD = -1


class WholeBody:
    """Calls the application with a body that is there; refuses one that is too large, or takes too long."""

    def __init__(self, app: ASGIApp, most: int, seconds: float) -> None:
        self._app, self._most, self._seconds = app, most, seconds
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on at once what has no body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = _told(scope["headers"])
        body = _Body(receive)
        scope[LISTEN] = receive
        if length == 0:
            await self._app(scope, body.replay, send)
            return
        try:
            await self._read(body, length)
            await self._app(scope, body.replay, send)
        except _Gone:
            pass
        except _Refused as refused:
            await _refuse(refused.error, scope, receive, send)
        finally:
            self._held -= body.size

    async def _read(self, body: "_Body", length: int) -> None:
        if length > self._most:
            raise _Refused(BodyTooLarge(self._most))
        try:
            async with asyncio.timeout(self._seconds):
                while body.more:
                    self._held += await body.read()
                    self._check(body)
        except TimeoutError:
            raise _Refused(TooSlow()) from None

    def _check(self, body: "_Body") -> None:
        if body.size > self._most:
            raise _Refused(BodyTooLarge(self._most))
        if self._held > self._most * AT_ONCE:
            raise _Refused(Unavailable())


class _Gone(Exception):
    """The client has left before it had sent all."""


class _Refused(Exception):
    """The body is not taken."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(error)
        self.error = error


class _Body:
    """What has come of a body so far."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._parts: list[bytes] | None = []
        self.size, self.more = 0, True

    async def read(self) -> int:
        """Reads on; how many bytes have come."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        part: bytes = message.get("body", b"")
        assert self._parts is not None
        self._parts.append(part)
        self.size += len(part)
        self.more = message.get("more_body", False)
        return len(part)

    async def replay(self) -> Message:
        """What the application receives: the body, and then what comes after it."""
        if self._parts is None:
            return await self._receive()
        content = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts = None
        return {"type": "http.request", "body": content, "more_body": False}


def _told(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """How long the body is said to be."""
    for name, value in headers:
        if name == b"content-length":
            return int(value[:18]) if value.isdigit() else _UNTOLD
        if name == b"transfer-encoding":
            return _UNTOLD
    return 0


async def _refuse(error: ApiError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers, and only then closes: a connection that is closed with bytes unread takes the answer with it."""
    response = respond(error)
    await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    if isinstance(error, BodyTooLarge):
        await _linger(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _linger(receive: Receive) -> None:
    try:
        async with asyncio.timeout(LINGERING):
            while (message := await receive())["type"] == "http.request" and message.get("more_body"):
                pass
    except TimeoutError:
        pass
