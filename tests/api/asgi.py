"""Middleware called as a server would, with messages that are told in advance."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from starlette.types import ASGIApp, Message

GONE: Message = {"type": "http.disconnect"}


def part(body: bytes = b"", *, more: bool = False) -> Message:
    """A part of a body, as a server hands it over."""
    return {"type": "http.request", "body": body, "more_body": more}


class Call:
    """A request: what the client sends, and what it has got so far."""

    def __init__(self, *messages: Message, method: str = "POST", path: str = "/api/things/", **more: Any) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in more.pop("headers", {}).items()]
        self.scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers, **more}
        self.sent: list[Message] = []
        self.left = asyncio.Event()
        self._messages = list(messages)

    async def receive(self) -> Message:
        """The next message; after the last one the client neither sends nor leaves, until `left` is set."""
        if self._messages:
            return self._messages.pop(0)
        await self.left.wait()
        return GONE

    async def send(self, message: Message) -> None:
        """Takes a message of the application."""
        self.sent.append(message)

    async def to(self, app: ASGIApp) -> "Call":
        """Runs the application for this request."""
        await app(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int | None:
        """The status, if there was an answer."""
        return self.sent[0]["status"] if self.sent else None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return {name.decode().lower(): value.decode() for name, value in self.sent[0]["headers"]}

    def json(self) -> Any:
        """The body of the answer, decoded."""
        return json.loads(b"".join(each["body"] for each in self.sent[1:]))


def chunked(parts: Iterable[bytes]) -> Call:
    """A request whose body comes in parts, of a length that is not told."""
    *first, last = parts
    return Call(*(part(each, more=True) for each in first), part(last), headers={"transfer-encoding": "chunked"})
