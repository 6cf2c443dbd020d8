"""Bytes to a local port, and what comes back: answers that are framed as HTTP wants it, or what is wrong with them."""

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

WITHIN = 8.0
"""Seconds in which each connection has to be answered or closed; the service is given two for each part."""
QUIET = 0.15
"""Seconds of silence after an answer, after which no other is expected."""
BETWEEN = 0.05
"""Seconds between two parts of what is sent."""
UNKNOWN = "HEAD or another"
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [ -~]*")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9a-z-]+): ([ -~]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def complaint(self) -> str | None:
        """What is wrong with it: failures are JSON, JSON can be read, and nothing is a defect."""
        kind = self.headers.get("content-type", "")
        if self.status >= 500 and (self.status != 503 or "retry-after" not in self.headers):
            return f"{self.status}: {self.body[:200]!r}"
        if self.status >= 400 and self.body and kind != "application/json":
            return f"{self.status} is told as {kind!r}"
        if kind == "application/json" and self.body:
            try:
                json.loads(self.body.decode())
            except ValueError as error:
                return f"{self.status} has no JSON: {error}"
        return None


@dataclass(frozen=True)
class Told:
    """What came back along a connection; `rest` is what is no whole answer."""

    answers: Sequence[Answer]
    rest: bytes
    closed: bool
    seconds: float

    @property
    def statuses(self) -> tuple[int, ...]:
        """The statuses of all answers."""
        return tuple(answer.status for answer in self.answers)

    def complaint(self) -> str | None:
        """What is wrong with it, if anything is."""
        if not self.answers and not self.closed:
            return f"neither answered nor closed within {self.seconds:.1f} s"
        if self.rest:
            return f"is no answer: {self.rest[:200]!r}"
        return next((told for answer in self.answers if (told := answer.complaint())), None)


def answers_in(received: bytes, methods: Iterator[str], *, ended: bool = False) -> tuple[list[Answer], bytes]:
    """The whole answers to requests with these methods, and what is left; raises ValueError for what is no HTTP."""
    found: list[Answer] = []
    while True:
        head, has_ended, rest = received.partition(b"\r\n\r\n")
        if not has_ended:
            return found, received
        status, headers = _head(head)
        length = 0 if status < 200 else _length(status, headers, next(methods), rest, ended)
        if len(rest) < length:
            return found, received
        found.append(Answer(status, headers, rest[:length]))
        received = rest[length:]


def _length(status: int, headers: Mapping[str, str], method: str, rest: bytes, ended: bool) -> int:
    """How long the body is; none where the method is HEAD, or where it may be and no body follows."""
    is_refused = headers.get("connection") == "close"  # perhaps before its method was known
    if (method == "HEAD" and not is_refused) or status in (204, 304):
        return 0
    if method != "GET" and ("content-length" not in headers or rest[:7] == b"HTTP/1." or (ended and not rest)):
        return 0
    if "content-length" not in headers:
        raise ValueError(headers)
    return int(headers["content-length"])


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.split(b"\r\n")
    status, parts = STATUS_LINE.fullmatch(first), [HEADER.fullmatch(line) for line in lines]
    if status is None or None in parts:
        raise ValueError(head)
    headers = [(part[1].decode().lower(), part[2].decode()) for part in parts if part]
    names = [name for name, _ in headers]
    if names.count("content-length") + names.count("transfer-encoding") > 1 or "transfer-encoding" in names:
        raise ValueError(head)
    return int(status[1]), dict(headers)


def asked(parts: Sequence[bytes]) -> Iterator[str]:
    """The methods of requests, as far as answers depend on them."""
    sent = b"".join(parts).lstrip(b"\r\n")
    return chain(["HEAD" if sent.startswith(b"HEAD ") else "GET"], repeat(UNKNOWN if b"HEAD" in sent else "GET"))


async def exchange(port: int, parts: Sequence[bytes], *, until_closed: bool = False) -> Told:
    """Sends the parts on a connection of their own, and reads what is answered, or until the service closes it."""
    began, received = time.perf_counter(), bytearray()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    closed = False
    try:
        async with asyncio.timeout(WITHIN):
            reading = asyncio.create_task(_receive(reader, received, parts, until_closed))
            await _send(writer, parts)
            closed = await reading
    except TimeoutError:
        pass
    finally:
        writer.transport.abort()
    answers, rest = answers_in(bytes(received), asked(parts), ended=True)
    return Told(answers, rest, closed, time.perf_counter() - began)


async def _send(writer: asyncio.StreamWriter, parts: Sequence[bytes]) -> None:
    try:
        for number, part in enumerate(parts):
            await asyncio.sleep(BETWEEN if number else 0)
            writer.write(part)
            await writer.drain()
    except ConnectionError:
        pass  # refused before all was sent


async def _receive(reader: asyncio.StreamReader, received: bytearray, parts: Sequence[bytes], to_end: bool) -> bool:
    """Whether the connection has ended."""
    while True:
        answers, rest = answers_in(bytes(received), asked(parts))
        patience = QUIET if answers and not rest and not to_end else None
        try:
            part = await asyncio.wait_for(reader.read(2**20), patience)
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        if not part:
            return True
        received += part
