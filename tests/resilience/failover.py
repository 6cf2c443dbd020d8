"""Load of clients who keep account: what they were acknowledged, what they saw of it, and when."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from app.database.standby import RESTS
from tests.clients.server import running
from tests.dataset import key_of
from tests.orders.conftest import body, period
from tests.resilience.replication import Server, execute, fill, servers, wait_for_commits

ORDERS, BOOKINGS = "/api/marketplace-orders/", "/api/booking-resources/"
NAME = "failover"
OVERLAPS = """
    SELECT count(*) FROM slot a JOIN slot b
    ON a.offering_uuid = b.offering_uuid AND a.id < b.id AND a.live AND b.live AND a.start < b.end AND b.start < a.end
    JOIN resource r ON r.uuid = a.resource_uuid WHERE r.name LIKE 'failover%'
"""
READERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'booking'"
STORED = "SELECT string_agg(uuid || ' ' || state, ',') FROM resource WHERE name LIKE 'failover%'"


@dataclass
class Account:
    """What became of all that was asked."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    created: dict[str, float] = field(default_factory=dict)
    accepted: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0

    def first_after(self, moment: float) -> float | None:
        """How many seconds after a moment a change was acknowledged first."""
        moments = [*self.created.values(), *self.accepted.values()]
        return min((at - moment for at in moments if at > moment), default=None)

    def lost(self, stored: str) -> set[str]:
        """What was acknowledged, and is not stored."""
        states = dict(row.split() for row in stored.split(","))
        gone = {uuid for uuid in self.created if uuid not in states}
        return gone | {uuid for uuid in self.accepted if states.get(uuid) != "OK"}

    def unknown(self, stored: str) -> int:
        """How many bookings are stored that nobody was acknowledged."""
        return len({row.split()[0] for row in stored.split(",")} - self.created.keys())


class Client:
    """Asks for a period, and accepts it; looks at each of the replicas whether both are to be seen."""

    def __init__(self, clients: Sequence[httpx.AsyncClient], account: Account) -> None:
        self._clients, self.account = clients, account

    async def book(self, number: int) -> None:
        """One booking, from the request on."""
        sent = body(period(number, number + 0.5))
        sent["attributes"]["name"] = f"{NAME} {number}"
        answer = await self._ask(number, "POST", ORDERS, "cowner", sent)
        if answer.status_code != 201:
            self._expect(answer, 503)
            return
        uuid = answer.json()["marketplace_resource_uuid"]
        self.account.created[uuid] = time.monotonic()
        await self._see(number, uuid, "Creating")
        answer = await self._ask(number, "POST", f"{BOOKINGS}{uuid}/accept/", "powner")
        self._expect(answer, 200, 503)
        if answer.status_code == 200:
            self.account.accepted[uuid] = time.monotonic()
            await self._see(number, uuid, "OK")

    async def _see(self, number: int, uuid: str, state: str) -> None:
        """Looks at it from each replica, at once."""
        for replica in range(len(self._clients)):
            one = await self._ask(number + replica, "GET", f"{BOOKINGS}{uuid}/?field=state", "powner")
            self._expect(one, 200, 503)
            query = f"{BOOKINGS}?name_exact={NAME} {number}&state={state}&field=uuid"
            listed = await self._ask(number + replica, "GET", query, "powner")
            self._expect(listed, 200, 503)
            if one.status_code == 200 and one.json()["state"] != state:
                self.account.faults.append(f"{uuid} is {one.json()['state']} and not {state}")
            if listed.status_code == 200 and [UUID(each["uuid"]) for each in listed.json()] != [UUID(uuid)]:
                self.account.faults.append(f"{uuid} is not listed as {state}, but {listed.text}")

    async def _ask(self, number: int, method: str, path: str, user: str, sent: Any = None) -> httpx.Response:
        began = time.monotonic()
        client = self._clients[number % len(self._clients)]
        answer = await client.request(method, path, headers=key_of(user), json=sent)
        self.account.slowest = max(self.account.slowest, time.monotonic() - began)
        self.account.statuses[method, answer.status_code] += 1
        return answer

    def _expect(self, answer: httpx.Response, *statuses: int) -> None:
        if answer.status_code not in statuses:
            self.account.faults.append(f"{answer.request.method}: {answer.status_code} {answer.text[:300]}")
        if answer.status_code == 503 and "Retry-After" not in answer.headers:
            self.account.faults.append("503 without Retry-After")


async def _book(client: Client, numbers: Iterator[int], ending: asyncio.Event) -> None:
    while not ending.is_set():
        await client.book(next(numbers))
        await asyncio.sleep(0.01)


@asynccontextmanager
async def booking(bases: Sequence[str], many: int = 6) -> AsyncIterator[Account]:
    """So many clients, who go on booking as long as the context lasts."""
    account, ending, numbers = Account(), asyncio.Event(), count()
    anew = httpx.Limits(max_keepalive_connections=0)  # a kept connection may be closed just when it is used
    clients = [httpx.AsyncClient(base_url=base, timeout=60, trust_env=False, limits=anew) for base in bases]
    tasks = [asyncio.create_task(_book(Client(clients, account), numbers, ending)) for _ in range(many)]
    try:
        yield account
    finally:
        ending.set()
        await asyncio.gather(*tasks)
        for client in clients:
            await client.aclose()


@dataclass
class Outcome:
    """What came of it: by round the seconds from promotion to the first change, and what the last server holds."""

    account: Account
    recovered: list[float | None] = field(default_factory=list)
    stored: str = ""
    overlaps: int = 0
    readers: int = 0

    def __str__(self) -> str:
        told = ", ".join("never" if each is None else f"{each:.2f} s" for each in self.recovered)
        made, accepted = len(self.account.created), len(self.account.accepted)
        statuses = ", ".join(f"{method} {status}: {n}" for (method, status), n in sorted(self.account.statuses.items()))
        return (
            f"from promotion to the first change: {told}\n{made} created and {accepted} accepted were acknowledged, "
            f"{len(self.account.lost(self.stored))} of them lost; {self.account.unknown(self.stored)} are stored that "
            f"were not acknowledged; {self.overlaps} overlap\n{statuses}; slowest {self.account.slowest:.1f} s\n"
            f"{len(self.account.faults)} faults: {self.account.faults[:5]}"
        )


async def lose_leaders(folder: Path, seconds: float, rounds: int = 1) -> Outcome:
    """Kills the server that takes changes, promotes its standby and makes it a new one, so many times, under load."""
    with servers(folder, *map(str, range(rounds + 2))) as made:
        leader, follower, *others = made
        await asyncio.to_thread(leader.make)
        await fill(leader)
        await asyncio.to_thread(follower.follow, leader)
        await wait_for_commits(leader)
        url = f"postgresql://postgres@127.0.0.1:{leader.port},127.0.0.1:{follower.port}/booking"
        with ExitStack() as stack:
            logs = (folder / "one.log", folder / "two.log")
            bases = [stack.enter_context(running(url, log, read_database_url=url)) for log in logs]
            async with booking(bases) as account:
                outcome = Outcome(account)
                for other in others:
                    await asyncio.sleep(seconds)
                    outcome.recovered.append(await _lose(leader, follower, account, seconds))
                    other.port, leader, follower = leader.port, follower, other
                    await asyncio.to_thread(follower.follow, leader)
                    await wait_for_commits(leader)
                await asyncio.sleep(seconds)
                outcome.readers = await _readers(follower)
            outcome.stored = str(await execute(leader, STORED))
            outcome.overlaps = int(str(await execute(leader, OVERLAPS)))
    return outcome


async def _readers(follower: Server) -> int:
    """How many connections read from it; standbys that were lost are left alone for a while."""
    until, found = time.monotonic() + 3 * RESTS, 0
    while not found and time.monotonic() < until:
        await asyncio.sleep(0.1)
        found = int(str(await execute(follower, READERS)))
    return found


async def _lose(leader: Server, follower: Server, account: Account, seconds: float) -> float | None:
    await asyncio.to_thread(leader.kill)
    await asyncio.sleep(1)
    promoted = time.monotonic()
    await asyncio.to_thread(follower.promote)
    await asyncio.sleep(seconds)
    return account.first_after(promoted)
