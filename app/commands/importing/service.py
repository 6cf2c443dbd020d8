"""An import: read, look up, hold against what is stored, load; all or nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TypeAlias, TypeVar
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.importing import repository
from app.commands.importing.audit import Claim, Overlap, giving_way, overlaps
from app.commands.importing.mapping import GUESSED, Dataset, derived, linked, required_uuid
from app.commands.importing.reader import BOOKINGS, MARGIN, Object, Reader
from app.commands.progress import Progress, silent
from app.commands.transfer import Report, load_dataset
from app.commands.transfer.rows import ResourceRow
from app.database import Database
from app.models.enums import LIVE_STATES, UNDECIDED_STATES, OrderState, ResourceState
from app.slots.periods import Period

LOOKED_UP_AT_ONCE = 50
Show: TypeAlias = Callable[[str, Object], None]
Item = TypeVar("Item")
Answer = TypeVar("Answer")
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class Outcome:
    """What an import did, or would do."""

    since: datetime | None = None
    bookings: int = 0
    report: Report = field(default_factory=Report)
    overlaps: list[Overlap] = field(default_factory=list)
    ended: dict[Claim, list[Claim]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    latest: datetime | None = None
    """The latest change among the bookings read."""


class OverlapsFound(Exception):
    """Nothing was stored, for live bookings that overlap."""

    def __init__(self, found: list[Overlap]) -> None:
        super().__init__(f"{len(found)} pairs of live bookings overlap")
        self.overlaps = found


class _NothingToKeep(Exception):
    """Leaves a transaction without committing it."""


async def known_until(database: Database) -> datetime | None:
    """The latest change among all stored bookings: where the next import takes up."""
    async with database.transaction(snapshot=True) as connection:
        return await repository.latest_change(connection)


async def import_bookings(
    database: Database,
    reader: Reader,
    *,
    since: datetime | None = None,
    dry_run: bool = False,
    terminate_overlapping: bool = False,
    progress: Progress = silent,
) -> Outcome:
    """Brings over all bookings that have changed since, and what they refer to.

    Raises SourceError, LoadRefused, and OverlapsFound; then nothing is stored.
    """
    data, outcome = Dataset(), Outcome(since=since)
    async for item in reader.bookings(since - MARGIN if since else None, progress):
        data.add_booking(item)
    outcome.bookings = len(data.tables["resources"])
    await _add_rivals(database, reader, data)
    await _add_what_ended(database, reader, data, outcome)
    await _look_up(reader, data, progress)
    with suppress(_NothingToKeep):
        async with database.transaction() as connection:
            await _join_people(connection, data)
            rows = _bookings(data)
            outcome.latest = max((row.modified for row in rows if row.modified), default=None)
            outcome.overlaps = overlaps(await _claims(connection, rows))
            if outcome.overlaps and not terminate_overlapping:
                raise OverlapsFound(outcome.overlaps)
            outcome.ended = dict(giving_way(outcome.overlaps))
            _end(data, outcome.ended)
            outcome.report = await load_dataset(connection, data.rows())
            if dry_run:
                raise _NothingToKeep
    return outcome


def _bookings(data: Dataset) -> list[ResourceRow]:
    """The bookings as they will be stored; those that cannot be are left to the load, which names them."""
    found = []
    for uuid, row in data.tables["resources"].items():
        with suppress(ValidationError):
            found.append(ResourceRow.read(uuid, row))
    return found


async def _claims(connection: AsyncConnection, rows: Iterable[ResourceRow]) -> list[Claim]:
    """What live bookings there will be: those that come, but not where a newer one is stored, and those near them."""
    stored = await repository.changes_of(connection, [row.uuid for row in rows])
    coming = [row for row in rows if row.uuid not in stored or (row.modified and stored[row.uuid] <= row.modified)]
    claims = [
        Claim(row.uuid, row.name, row.offering_uuid, row.created or _NEVER, periods)
        for row in coming
        if row.state in LIVE_STATES and (periods := tuple(Period(slot.start, slot.end) for slot in row.slots))
    ]
    near: dict[UUID, Period] = {}
    for claim in claims:
        known = (*claim.periods, near.get(claim.offering, claim.periods[0]))
        near[claim.offering] = Period(min(each.start for each in known), max(each.end for each in known))
    own = {row.uuid for row in coming}
    return claims + [claim for claim in await repository.live_claims(connection, near) if claim.uuid not in own]


async def _add_rivals(database: Database, reader: Reader, data: Dataset) -> None:
    """Reads stored bookings again that overlap what has been read, so that the same ones give way each time."""
    asked: set[UUID] = set()
    while True:
        async with database.transaction(snapshot=True) as connection:
            found = overlaps(await _claims(connection, _bookings(data)))
        here = {claim.uuid for pair in found for claim in (pair.first, pair.second) if claim.here}
        unknown = {uuid for uuid in here - asked if str(uuid) not in data.tables["resources"]}
        if not unknown:
            return
        asked |= unknown
        for item in await _each(unknown, lambda uuid: reader.shown(f"{BOOKINGS}{uuid}/")):
            if item:
                data.add_booking(item)


async def _add_what_ended(database: Database, reader: Reader, data: Dataset, outcome: Outcome) -> None:
    """Parents of bookings, and orders that are no longer in progress; neither is shown with the booking."""
    resources, orders = data.tables["resources"], data.tables["orders"]
    parents = ((row.get("parent"), row) for row in resources.values())
    children = {parent: row for parent, row in parents if isinstance(parent, str) and parent not in resources}
    async with database.transaction(snapshot=True) as connection:
        stored = await repository.changes_of(connection, [UUID(uuid) for uuid in children])
        known = await repository.open_orders(connection, [UUID(uuid) for uuid in resources])
    for parent in children.keys() - {str(uuid) for uuid in stored}:
        if item := await reader.shown(f"{BOOKINGS}{parent}/"):
            data.add_booking(item)
        else:
            data.add_parent(parent, children[parent])
    left = {str(order): str(booking) for order, booking in known.items() if str(order) not in orders}
    for order, booking in left.items():
        if item := await reader.shown(f"/api/marketplace-orders/{order}/"):
            data.add_order(item, booking)
        else:
            outcome.notes.append(f"Order {order} has ended; the source does not show how, so it is left as it was.")


async def _look_up(reader: Reader, data: Dataset, progress: Progress) -> None:
    """Asks the source for what bookings refer to. What it does not show stays as the bookings describe it."""
    show = partial(_show, reader, progress)
    asked: set[str] = set()
    while left := data.tables["offerings"].keys() - asked:  # parents turn up on the way
        asked |= left
        await show("offerings", left, data.show_offering, "marketplace-public-offerings", "booking-offerings")
    for uuid, plan in [row for row in data.tables["plans"].items() if row[1]["modified"] == GUESSED]:
        item = await reader.shown(f"/api/marketplace-public-offerings/{plan['offering']}/plans/{uuid}/")
        if item and "unit" in item:
            data.show_plan(str(plan["offering"]), {**item, "uuid": uuid})
    await show("projects", data.tables["projects"], data.show_project, "projects")
    await show("customers", data.tables["customers"], data.show_customer, "customers")
    for name, uuid in list(data.usernames.items()):
        if uuid == derived("user", name):
            found = await reader.one("/api/users/", username=name)
            for user in found if isinstance(found, list) else ():
                if isinstance(user, dict) and user.get("username") == name and "uuid" in user:
                    data.person(required_uuid(user, "uuid"), name)
    await show("users", data.tables["users"], data.show_user, "users")


async def _show(reader: Reader, progress: Progress, step: str, uuids: Iterable[str], show: Show, *places: str) -> None:
    """Hands over what the source shows for each uuid, in the first of the places that has it."""

    async def ask(uuid: str) -> tuple[str, Object | None]:
        for place in places:
            item = await reader.shown(f"/api/{place}/{uuid}/")
            if item is not None and linked({"uuid": item.get("uuid", uuid)}, "uuid") == uuid:
                return uuid, item
        return uuid, None

    known = sorted(uuids)
    for done in range(0, len(known), LOOKED_UP_AT_ONCE):
        for uuid, item in await _each(known[done : done + LOOKED_UP_AT_ONCE], ask):
            if item is not None:
                show(uuid, item)
        progress(step, min(done + LOOKED_UP_AT_ONCE, len(known)), len(known))


async def _each(items: Iterable[Item], ask: Callable[[Item], Awaitable[Answer]]) -> list[Answer]:
    return await asyncio.gather(*map(ask, items))


async def _join_people(connection: AsyncConnection, data: Dataset) -> None:
    """Whoever has the name of a stored user is that user, whatever uuid the source knows."""
    stored = {name: str(uuid) for uuid, name in (await repository.same_names(connection, data.usernames)).items()}
    people = {name: stored.get(name, uuid) for name, uuid in data.usernames.items()}
    known = {uuid: people[name] for name, uuid in data.usernames.items()}
    known |= {derived("user", name): uuid for name, uuid in people.items()}
    data.same_people({uuid: other for uuid, other in known.items() if uuid != other})


def _end(data: Dataset, ended: Mapping[Claim, list[Claim]]) -> None:
    """Lets bookings come as Terminated, with their orders and a line in their history that say for which others."""
    undecided: dict[object, list[Object]] = {}
    for order in data.tables["orders"].values():
        if order["state"] in UNDECIDED_STATES:
            undecided.setdefault(order["resource"], []).append(order)
    for claim, rivals in ended.items():
        uuid, row = str(claim.uuid), data.tables["resources"][str(claim.uuid)]
        comment = f"Overlapped with {', '.join(str(rival.uuid) for rival in rivals)} when it was imported."
        change = {"resource": uuid, "from_state": row["state"], "to_state": ResourceState.TERMINATED}
        data.tables["history"][derived("end", f"{uuid}/{row['state']}")] = {**change, "comment": comment}
        row["state"] = ResourceState.TERMINATED
        for order in undecided.get(uuid, ()):
            order |= {"state": OrderState.CANCELED, "termination_comment": comment}
