"""A small HTTP client: one kept connection, requests made beforehand, and nothing that costs time of its own."""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        """The body, decoded."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Request:
    """What is asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""

    def encoded(self) -> bytes:
        """As it is sent."""
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


class Connection:
    """A connection to a local port."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def ask(self, request: Request) -> Answer:
        """Sends a request and waits for the whole answer."""
        self._writer.write(request.encoded())
        first, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        status = int(first.split()[1])
        bodiless = request.method == "HEAD" or status in (204, 304)
        body = b"" if bodiless else await self._reader.readexactly(int(headers["content-length"]))
        return Answer(status, headers, body)


async def timed(port: int, requests: Iterable[Request]) -> tuple[list[Answer], list[float]]:
    """Asks one after another over one connection: the answers, and how many seconds each took."""
    answers, seconds = [], []
    async with Connection(port) as connection:
        for request in requests:
            began = time.perf_counter()
            answers.append(await connection.ask(request))
            seconds.append(time.perf_counter() - began)
    return answers, seconds


async def repeated(port: int, request: Request, connections: int, duration: float) -> list[float]:
    """Asks the same over and over on so many connections: the seconds of every request that was answered well."""
    until = time.perf_counter() + duration
    taken: list[float] = []

    async def ask() -> None:
        async with Connection(port) as connection:
            while (began := time.perf_counter()) < until:
                if (await connection.ask(request)).status < 400:
                    taken.append(time.perf_counter() - began)

    await asyncio.gather(*(ask() for _ in range(connections)))
    return taken


async def one(port: int, request: Request) -> Answer:
    """Asks once."""
    async with Connection(port) as connection:
        return await connection.ask(request)
