"""The calendar of an offering: who has booked which periods, and what is changed about its busy slots."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, func, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import visible_calendars
from app.auth import GRANT_HOLDS, Caller
from app.calendar.schemas import BUSY_PERIOD
from app.columns import columns_of, read_one
from app.models import BusySlot, Offering, Order, RoleGrant, User
from app.models.enums import RequestType
from app.query.collection import Collection
from app.query.lists import any_scope
from app.relations import full_name
from app.slots.repository import taken_time
from app.values import JsonObject

MOST_PERIODS = 5_000
FROM_CALENDAR = "google calendar"
BUSY_SLOT = "BusySlot"
"""What error messages call a busy slot."""


@dataclass(frozen=True, kw_only=True)
class CalendarOffering:
    """An offering, with what its calendar depends on."""

    uuid: Annotated[UUID, Offering.uuid]
    provider: Annotated[UUID | None, Offering.customer_uuid]
    attributes: Annotated[JsonObject, Offering.attributes]
    rules: Annotated[JsonObject, Offering.rules]


@dataclass(frozen=True)
class TakenPeriod:
    """A period in which an offering is taken, by whom as far as the caller may know, and how many there are in all."""

    created_by_full_name: str | None
    start: datetime
    end: datetime
    total: int


def busy_slots_of(offering_uuid: UUID) -> Collection:
    """The busy slots of an offering, earliest first; whether the caller may see them is not asked here."""
    own = BusySlot.offering_uuid == offering_uuid
    return Collection(BUSY_SLOT, BUSY_PERIOD, any_scope(lambda _: own), {"start": BusySlot.start}, "start")


async def offering(connection: AsyncConnection, caller: Caller, uuid: UUID) -> CalendarOffering | None:
    """The offering, if the caller may see its calendar."""
    statement = select(*columns_of(CalendarOffering).values())
    return await read_one(
        connection, CalendarOffering, statement.where(Offering.uuid == uuid, visible_calendars(caller))
    )


def _has_role_at_same_organisation(caller: Caller) -> ColumnElement[bool]:
    shared = and_(RoleGrant.user_uuid == User.uuid, RoleGrant.customer_uuid.in_(caller.scopes))
    return select(RoleGrant.uuid).where(shared, GRANT_HOLDS).correlate(User).exists()


async def calendar(
    connection: AsyncConnection,
    caller: Caller,
    offering_uuid: UUID,
    start: datetime | None,
    end: datetime | None,
    *,
    all_names: bool,
) -> list[TakenPeriod]:
    """The earliest periods that are taken: who booked, start, end, and how many there are in all.

    Unless `all_names`, only those creators are named who have a role at an organisation at which the caller has one.
    """
    taken = taken_time(offering_uuid, start, end)
    order = ("start", "end", "resource_uuid")
    first = select(taken, func.count().over().label("total")).order_by(*order).limit(MOST_PERIODS).subquery("first")
    creation = (
        select(Order.created_by_uuid)
        .where(Order.resource_uuid == first.c.resource_uuid, Order.type == RequestType.CREATE)
        .order_by(Order.created, Order.uuid)
        .limit(1)
        .lateral("creation")
    )
    named = User.uuid.is_not(None) if all_names else _has_role_at_same_organisation(caller)
    name = case((first.c.backend_id.is_not(None), FROM_CALENDAR), (named, full_name(User)))
    statement = (
        select(name.label("created_by_full_name"), first.c.start, first.c.end, first.c.total)
        .select_from(first)
        .outerjoin(creation, true())
        .outerjoin(User, User.uuid == creation.c.created_by_uuid)
        .order_by(*(first.c[column] for column in order))
    )
    return [TakenPeriod(**row) for row in (await connection.execute(statement)).mappings()]


async def count(connection: AsyncConnection, offering_uuid: UUID, start: datetime | None, end: datetime | None) -> int:
    """How many periods are taken."""
    statement = select(func.count()).select_from(taken_time(offering_uuid, start, end))
    return int((await connection.execute(statement)).scalar_one())


async def add_busy_slot(connection: AsyncConnection, **values: object) -> UUID:
    """Stores a busy slot and returns its uuid."""
    return (await connection.execute(insert(BusySlot).values(values).returning(BusySlot.uuid))).scalar_one()


async def drop_busy_slot(connection: AsyncConnection, offering_uuid: UUID, uuid: UUID) -> bool:
    """Removes a busy slot of the offering; whether there was one."""
    statement = delete(BusySlot).where(BusySlot.uuid == uuid, BusySlot.offering_uuid == offering_uuid)
    return (await connection.execute(statement)).rowcount == 1
