"""Load that is offered whether or not it is answered: so many requests a second, or by clients that ask on and on."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from tests.benchmark.client import Request, repeated

GIVES_UP = 3.0
"""Seconds that a client waits."""
LATE = 0.1
"""Seconds after which a request that was due is not made any more: else a generator that fell behind makes them all at
once, which no service could answer."""
AT_ONCE = 16
"""Connections that find out how much can be answered."""


@dataclass(frozen=True)
class Outcome:
    """What became of a request: when it was made, its status if it was answered in time, and how long that took."""

    second: int
    status: int | None
    seconds: float


class _Exchange(asyncio.Protocol):
    """A connection that reads no more of an answer than its status and its end."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[int] | None = None
        self._head, self._left = b"", 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, sent: bytes) -> asyncio.Future[int]:
        """The status, once all of the answer is there."""
        self._head, self._left = b"", -1
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(sent)
        return self.answer

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            told = head.lower().partition(b"content-length: ")[2]
            self._head, self._left, data = head, int(told.partition(b"\r\n")[0] or 0), body
        self._left -= len(data)
        if self._left <= 0 and self.answer and not self.answer.done():
            self.answer.set_result(int(self._head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self.answer and not self.answer.done():
            self.answer.set_exception(ConnectionResetError())


class Clients:
    """Clients that all ask the same, each on a connection that no other uses at the time."""

    def __init__(self, port: int, request: Request) -> None:
        self._port, self._sent = port, request.encoded()
        self._idle: list[_Exchange] = []
        self.outcomes: list[Outcome] = []

    async def ask(self, second: int) -> None:
        """One client asks once; it hangs up if it has to wait too long."""
        began = time.perf_counter()
        status = None
        try:
            async with asyncio.timeout(GIVES_UP):
                status = await self._answer()
        except (TimeoutError, OSError):
            pass
        self.outcomes.append(Outcome(second, status, time.perf_counter() - began))

    async def _answer(self) -> int:
        while self._idle and self._idle[-1].transport.is_closing():
            self._idle.pop()
        loop = asyncio.get_running_loop()
        exchange = self._idle.pop() if self._idle else None
        if exchange is None:
            _, exchange = await loop.create_connection(_Exchange, "127.0.0.1", self._port)
        try:
            status = await exchange.send(self._sent)
        except BaseException:
            exchange.transport.abort()
            raise
        self._idle.append(exchange)
        return status

    def close(self) -> None:
        """Hangs up."""
        for exchange in self._idle:
            exchange.transport.abort()


async def offer(port: int, request: Request, rate: float, seconds: float) -> list[Outcome]:
    """Offers so many requests a second, evenly, and waits for what becomes of them: fewer, if it cannot keep up."""
    clients, tasks = Clients(port, request), set[asyncio.Task[None]]()
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        due = number / rate
        wait = began + due - time.perf_counter()
        if wait < -LATE:
            continue
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.add(asyncio.create_task(clients.ask(int(due))))
    await asyncio.gather(*tasks)
    clients.close()
    return clients.outcomes


async def crowd(port: int, request: Request, count: int, seconds: float) -> list[Outcome]:
    """So many clients ask on and on, each as soon as it is answered, and waits for what becomes of that."""
    clients, began = Clients(port, request), time.perf_counter()

    async def insist() -> None:
        while (now := time.perf_counter() - began) < seconds:
            await clients.ask(int(now))

    await asyncio.gather(*(insist() for _ in range(count)))
    clients.close()
    return clients.outcomes


async def peak(port: int, request: Request, seconds: float) -> list[float]:
    """How long each request takes when as many are answered as can be."""
    return await repeated(port, request, AT_ONCE, seconds)


def goodput(outcomes: Sequence[Outcome]) -> list[int]:
    """How many were answered well, by the second in which they were made."""
    return _by_second(outcomes, lambda each: each.status == 200)


def refused(outcomes: Sequence[Outcome]) -> list[int]:
    """How many were told to come back, by the second in which they were made."""
    return _by_second(outcomes, lambda each: each.status in (429, 503))


def given_up(outcomes: Sequence[Outcome]) -> list[int]:
    """How many got no answer in time."""
    return _by_second(outcomes, lambda each: each.status is None)


def _by_second(outcomes: Sequence[Outcome], counts: Callable[[Outcome], bool]) -> list[int]:
    found = [0] * (1 + max(each.second for each in outcomes))
    for each in outcomes:
        found[each.second] += counts(each)
    return found


def spread(seconds: Sequence[float]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1000, cuts[98] * 1000


def answered(outcomes: Sequence[Outcome]) -> list[float]:
    """How long those waited that were answered well."""
    return [each.seconds for each in outcomes if each.status == 200]
