"""People who ask for bookings, decide about them, look at them, all at once, and note what they are told."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID, uuid4

from tests.benchmark.client import Answer, Request, one
from tests.dataset import BOOKINGS, DATASET, key_of
from tests.oracle import PEOPLE, Scopes, Standing, is_member, scopes_of, standing
from tests.orders.conftest import GENOME_STUDY, MICROSCOPE, body, period
from tests.resilience.ledger import Entry, Ledger

BOOKING, ORDER = "/api/booking-resources/", "/api/marketplace-orders/"
ASKERS = ("cowner", "creator")
READERS = ("staff", "powner", "omanager", "powner2", "creator", "cowner", "padmin", "outsider", "solo")
RECORDED = {booking.uuid: booking for booking in BOOKINGS}
OFFERING, PROJECT = UUID(MICROSCOPE).hex, UUID(GENOME_STUDY).hex
AROUND = Scopes(OFFERING, DATASET["offerings"][OFFERING]["customer"], PROJECT, DATASET["projects"][PROJECT]["customer"])
GIVES_UP = 12.0
PAUSE = 0.02
HOURS = 2000
STATUSES = {200, 201, 304, 400, 404, 409, 503}
LISTED = ("", "&state=Creating", "&state=OK", "&o=-created", "&o=-schedules", "&query=trial", "&page=2")


@dataclass(frozen=True)
class Step:
    """What somebody does about a booking: who, where, and what has become of booking and order if it succeeds."""

    user: str
    path: str
    state: str
    order: str


def _steps(entry: Entry) -> list[Step]:
    """What can be done about a booking of which all is known."""
    [state], [order] = entry.states, entry.orders
    booking, by_order = f"{BOOKING}{entry.uuid}/", f"{ORDER}{entry.order_uuid}/"
    ended = "Terminated", "canceled"
    if (state, order) == ("Creating", "pending-consumer"):
        approved = Step("cowner", f"{by_order}approve_by_consumer/", "Creating", "executing")
        return [approved, approved, Step(entry.asker, f"{by_order}cancel/", *ended)]
    if (state, order) == ("Creating", "executing"):
        accepted = [Step(user, f"{booking}accept/", "OK", "done") for user in ("powner", "omanager")]
        return [*accepted, Step("powner", f"{booking}reject/", *ended), Step(entry.asker, f"{booking}reject/", *ended)]
    if (state, order) == ("OK", "done"):
        return [Step("cowner", f"/api/marketplace-resources/{entry.uuid}/terminate/", "Terminated", "done")]
    return []


class Crowd:
    """Everybody who is there, and what they noticed."""

    def __init__(self, port: int, seed: int) -> None:
        self._port, self._chance = port, Random(seed)
        self.ledger = Ledger()
        self._open: list[Entry] = []
        self.told: Counter[int] = Counter()
        self.lost = 0
        """How many answers did not come."""
        self.wrong: list[str] = []
        self._number, self._ending = 0, False

    async def __aenter__(self) -> "Crowd":
        actors = [self._request] * 4 + [self._decide] * 4 + [self._look] * 4
        self._tasks = [asyncio.create_task(self._repeat(actor)) for actor in actors]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ending = True
        await asyncio.gather(*self._tasks)

    async def _repeat(self, actor: Callable[[], Awaitable[None]]) -> None:
        while not self._ending:
            await actor()
            await asyncio.sleep(PAUSE)

    @property
    def failures(self) -> int:
        """How many were told to come back, or nothing at all."""
        return self.told[503] + self.lost

    async def ask(self, user: str, method: str, path: str, sent: Any = None, **headers: str) -> Answer | None:
        """The answer, if one comes."""
        content = b"" if sent is None else json.dumps(sent).encode()
        try:
            async with asyncio.timeout(GIVES_UP):
                answer = await one(self._port, Request(method, path, {**key_of(user), **headers}, content))
        except (OSError, EOFError, TimeoutError):
            self.lost += 1
            return None
        self.told[answer.status] += 1
        if answer.status not in STATUSES or (answer.status == 503 and "retry-after" not in answer.headers):
            self.wrong.append(f"{method} {path}: {answer}")
        return answer

    async def _request(self) -> None:
        """Asks for a period which is perhaps taken; who has a key tries until the answer is clear, others do not."""
        self._number += 1
        asker, hour = self._chance.choice(ASKERS), self._chance.randrange(HOURS) / 2
        entry = self.ledger.ask(f"trial {self._number} of {asker}", asker)
        sent = body(period(hour, hour + self._chance.choice((0.5, 1, 3))))
        sent["attributes"]["name"] = entry.name
        keyed = {"Idempotency-Key": str(uuid4())} if self._chance.random() < 0.5 else {}
        while True:
            answer = await self.ask(asker, "POST", ORDER, sent, **keyed)
            again = answer is None or answer.status in (503, 409)
            if not (keyed and again):
                break
            await asyncio.sleep(0.2)
        if answer is not None:
            self._note(entry, answer)

    def _note(self, entry: Entry, answer: Answer) -> None:
        if answer.status == 201:
            order: Any = answer.json()
            self.ledger.acknowledge(entry, order["marketplace_resource_uuid"], order["uuid"], order["state"])
            self._open.append(entry)
        elif answer.status == 400:
            self.ledger.refused.add(entry.name)
        elif answer.status == 503:
            self.ledger.unavailable.add(entry.name)

    async def _decide(self) -> None:
        """Takes the next step about a booking that nobody else decides about at the time."""
        if not self._open:
            return
        entry = self._open.pop(self._chance.randrange(len(self._open)))
        if not (steps := _steps(entry)):
            return
        step = self._chance.choice(steps)
        answer = await self.ask(step.user, "POST", step.path)
        if answer is None:
            entry.doubt(step.state, step.order)
            return
        if answer.status == 200:
            entry.settle(step.state, step.order)
            await self._compare(entry)
        elif answer.status != 503:
            self.wrong.append(f"{step}: {answer}, though {entry}")
        self._open.append(entry)

    async def _compare(self, entry: Entry) -> None:
        """Who was told of a change finds it so."""
        answer = await self.ask("staff", "GET", f"{BOOKING}{entry.uuid}/?field=state")
        if answer is not None and answer.status == 200 and answer.json() != {"state": next(iter(entry.states))}:
            self.wrong.append(f"{answer}, though {entry}")

    async def _look(self) -> None:
        reader = self._chance.choice(READERS)
        await self._chance.choice((self._list, self._orders, self._one))(reader)

    async def _list(self, reader: str) -> None:
        query = f"?page_size=30&field=uuid&field=name{self._chance.choice(LISTED)}"
        answer = await self.ask(reader, "GET", BOOKING + query)
        for row in self._rows(answer):
            if not self._sees(reader, row["uuid"], row["name"]):
                self.wrong.append(f"{reader} is shown {row}")

    async def _orders(self, reader: str) -> None:
        fields = "&field=marketplace_resource_uuid&field=resource_name"
        answer = await self.ask(reader, "GET", f"{ORDER}?page_size=30&o=-created{fields}")
        for row in self._rows(answer):
            if not self._sees(reader, row["marketplace_resource_uuid"], row["resource_name"], as_member=True):
                self.wrong.append(f"{reader} is shown the order {row}")

    @staticmethod
    def _rows(answer: Answer | None) -> list[Any]:
        rows: Any = answer.json() if answer is not None and answer.status == 200 else []
        return list(rows)

    async def _one(self, reader: str) -> None:
        uuid = self._chance.choice([*RECORDED, *self.ledger.by_uuid])
        name = self.ledger.by_uuid[uuid].name if uuid in self.ledger.by_uuid else ""
        answer = await self.ask(reader, "GET", f"{BOOKING}{uuid}/?field=uuid")
        expected = 200 if self._sees(reader, uuid, name) else 404
        if answer is not None and answer.status not in (expected, 503):
            self.wrong.append(f"{reader} gets {answer.status} for {uuid} {name}")

    @staticmethod
    def _sees(reader: str, uuid: str, name: str, *, as_member: bool = False) -> bool:
        """Whether the rule shows a booking, or its orders, to a reader; the name tells who asked for it."""
        person = PEOPLE[reader]
        if uuid in RECORDED:
            scopes, sees = scopes_of(RECORDED[uuid]), standing(reader, RECORDED[uuid]).sees
        else:
            scopes, sees = AROUND, Standing(person, AROUND, asked=name.endswith(f" of {reader}")).sees
        return sees or (as_member and is_member(person, scopes))
