"""Sends what is malformed to a running service, much of it at once, and notes what should not have come back."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.resilience.mutations import mutated
from tests.resilience.wire import Told, exchange

AT_ONCE = 48
TO_THE_END = 10
"""Of so many connections one is kept until the service closes it."""
PATIENCE = {"header_seconds": 2, "body_seconds": 2, "keep_alive_seconds": 1}
"""Settings with which connections end within the time that they are given."""


@dataclass
class Found:
    """What came of the requests: how many there were, the statuses, and what is wrong, with the request."""

    number: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    hung_up: int = 0
    complaints: list[tuple[str, bytes]] = field(default_factory=list)
    slowest: float = 0.0

    def note(self, sent: bytes, told: Told) -> None:
        """Adds what came of one."""
        self.number += 1
        self.statuses.update(told.statuses)
        self.hung_up += not told.answers
        self.slowest = max(self.slowest, told.seconds)
        if (complaint := told.complaint()) is not None:
            self.complaints.append((complaint, sent))

    def __str__(self) -> str:
        statuses = ", ".join(f"{status}: {number}" for status, number in sorted(self.statuses.items()))
        return f"{self.number} requests, {statuses}, hung up: {self.hung_up}, slowest {self.slowest:.1f} s"


async def fuzz(port: int, seed: int, seconds: float) -> Found:
    """Sends requests that are changed by chance, for so long."""
    found, requests, until = Found(), enumerate(mutated(seed)), time.monotonic() + seconds

    async def client() -> None:
        while time.monotonic() < until:
            number, sent = next(requests)
            try:
                found.note(sent, await exchange(port, [sent], until_closed=number % TO_THE_END == 0))
            except ValueError as error:
                found.complaints.append((f"is no HTTP: {error}", sent))

    await asyncio.gather(*(client() for _ in range(AT_ONCE)))
    return found
