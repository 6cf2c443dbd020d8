"""What clients were told about the bookings that they asked for, and what the database says of it in the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import asyncpg

from tests.databases import other

STORED = """
SELECT resource.name, resource.uuid::text, resource.state::text, "order".state::text AS "order",
       (SELECT count(*) FROM slot WHERE slot.resource_uuid = resource.uuid) AS slots,
       (SELECT count(*) FROM "order" AS o WHERE o.resource_uuid = resource.uuid AND o.type = 'Create') AS asked,
       (SELECT count(*) FROM history WHERE history.resource_uuid = resource.uuid) AS changes
FROM resource JOIN "order" ON "order".resource_uuid = resource.uuid AND "order".type = 'Create'
WHERE resource.name LIKE 'trial %'
"""
OVERLAPS = """
SELECT count(*) FROM slot AS one JOIN slot AS other ON one.id < other.id AND one.resource_uuid <> other.resource_uuid
JOIN resource AS first ON first.uuid = one.resource_uuid JOIN resource AS second ON second.uuid = other.resource_uuid
WHERE first.offering_uuid = second.offering_uuid AND one."start" < other."end" AND other."start" < one."end"
AND first.state IN ('Creating', 'Updating', 'OK') AND second.state IN ('Creating', 'Updating', 'OK')
"""
CHANGES = {"Creating": {0}, "OK": {1}, "Terminated": {1, 2}}
"""How many lines the history of a booking in a state has."""


@dataclass
class Entry:
    """A booking that somebody asked for: in which states it may be, and its order, by what was acknowledged."""

    name: str
    asker: str
    uuid: str = ""
    order_uuid: str = ""
    states: set[str] = field(default_factory=set)
    orders: set[str] = field(default_factory=set)

    def settle(self, state: str, order: str) -> None:
        """It was acknowledged that it is so."""
        self.states, self.orders = {state}, {order}

    def doubt(self, state: str, order: str) -> None:
        """It may be so, or as before: nobody was told."""
        self.states.add(state)
        self.orders.add(order)


class Ledger:
    """All that was asked for."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.by_uuid: dict[str, Entry] = {}
        self.refused: set[str] = set()
        self.unavailable: set[str] = set()
        """What was answered 503 and not tried again: nothing of it may be stored."""

    def ask(self, name: str, asker: str) -> Entry:
        """A new entry, which may or may not be stored."""
        entry = self.entries[name] = Entry(name, asker)
        return entry

    def acknowledge(self, entry: Entry, uuid: str, order_uuid: str, order: str) -> None:
        """The request was answered with success."""
        entry.uuid, entry.order_uuid = uuid, order_uuid
        entry.settle("Creating", order)
        self.by_uuid[uuid] = entry

    @property
    def acknowledged(self) -> int:
        """How many requests were answered with success."""
        return len(self.by_uuid)

    def contradictions(self, stored: Sequence[asyncpg.Record]) -> list[str]:
        """Where the database does not say what clients were told."""
        names = [row["name"] for row in stored]
        found = [f"{name} is stored twice" for name in set(names) if names.count(name) > 1]
        found += [f"{entry.name} is lost" for entry in self.by_uuid.values() if entry.name not in names]
        found += [f"{name} is stored, though refused" for name in self.refused.intersection(names)]
        found += [f"{name} is stored, though answered 503" for name in self.unavailable.intersection(names)]
        return found + [wrong for row in stored for wrong in self._wrong(row)]

    def _wrong(self, row: asyncpg.Record) -> Iterable[str]:
        entry = self.entries[row["name"]]
        if entry.uuid and (row["uuid"], row["state"], row["order"]) not in self._possible(entry):
            yield f"{dict(row)} instead of {entry}"
        if row["slots"] != 1 or row["asked"] != 1 or row["changes"] not in CHANGES[row["state"]]:
            yield f"{dict(row)} is half there"

    def _possible(self, entry: Entry) -> set[tuple[str, str, str]]:
        return {(entry.uuid, state, order) for state in entry.states for order in entry.orders}


async def verdict(url: str, ledger: Ledger) -> list[str]:
    """What is wrong in the database; nothing acknowledged is lost, nothing is half there, nothing overlaps."""
    async with other(url) as connection:
        overlaps = await connection.fetchval(OVERLAPS)
        found = ledger.contradictions(await connection.fetch(STORED))
    return found + ([f"{overlaps} overlaps"] if overlaps else [])
