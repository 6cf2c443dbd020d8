"""Periods of an offering: booked, busy, and what is changed about the busy ones."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, insert, literal, null, or_, select, true, union_all
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.availability.permissions import Offered, visible_to
from app.availability.schemas import BUSY_PERIOD
from app.errors import NotFound
from app.kit.collection import Collection
from app.kit.periods import Period
from app.models import BusySlot, Offering, Order, Resource, RoleGrant, Slot, User
from app.models.enums import RequestType
from app.orders.schemas import full_name
from app.requests.repository import MOST_CONFLICTS

MOST_PERIODS = 5_000
FROM_CALENDAR = "google calendar"


def no_busy_slot() -> NotFound:
    """What is said of a busy slot that the offering does not have."""
    return NotFound("No BusySlot matches the given query.")


def busy_slots_of(offering_uuid: UUID) -> Collection:
    """The busy slots of an offering, earliest first; whether the caller may see them is not asked here."""
    orderings: dict[str, ColumnElement[Any]] = {"start": BusySlot.start.expression}
    own = BusySlot.offering_uuid == offering_uuid
    return Collection(BUSY_PERIOD, lambda _: own, orderings, "start", no_busy_slot)


async def offered(connection: AsyncConnection, caller: Caller, uuid: UUID) -> Offered | None:
    """The offering, if the caller may see its calendar."""
    statement = select(Offering.uuid, Offering.customer_uuid, Offering.attributes)
    row = (await connection.execute(statement.where(Offering.uuid == uuid, visible_to(caller)))).one_or_none()
    return None if row is None else Offered(*row)


def _touches(model: Any, start: datetime | None, end: datetime | None) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = func.tstzrange(model.start, model.end).op("&&", is_comparison=True)(
        literal(Range(start, end), TSTZRANGE())
    )
    return condition


def _taken(offering_uuid: UUID, start: datetime | None, end: datetime | None) -> Any:
    """Live slots and busy slots that touch the time between, with the booking or the calendar they come from."""
    slots = select(Slot.start, Slot.end, Slot.resource_uuid, null().label("backend_id")).where(
        Slot.offering_uuid == offering_uuid, Slot.live, _touches(Slot, start, end)
    )
    busy = select(BusySlot.start, BusySlot.end, null(), func.nullif(BusySlot.backend_id, "")).where(
        BusySlot.offering_uuid == offering_uuid, _touches(BusySlot, start, end)
    )
    return union_all(slots, busy).subquery("taken")


def _has_role_at_same_organisation(caller: Caller) -> ColumnElement[bool]:
    unexpired = or_(RoleGrant.expiration_time.is_(None), RoleGrant.expiration_time > func.now())
    shared = and_(RoleGrant.user_uuid == User.uuid, RoleGrant.customer_uuid.in_(caller.scopes))
    return select(RoleGrant.uuid).where(shared, RoleGrant.is_active, unexpired).correlate(User).exists()


async def calendar(
    connection: AsyncConnection,
    caller: Caller,
    offering_uuid: UUID,
    start: datetime | None,
    end: datetime | None,
    *,
    all_names: bool,
) -> Sequence[Row[Any]]:
    """The earliest periods that are taken: who booked, start, end, and how many there are in all.

    Unless `all_names`, only those creators are named who have a role at an organisation at which the caller has one.
    """
    taken = _taken(offering_uuid, start, end)
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
    statement: Any = (
        select(name.label("created_by_full_name"), first.c.start, first.c.end, first.c.total)
        .select_from(first)
        .outerjoin(creation, true())
        .outerjoin(User, User.uuid == creation.c.created_by_uuid)
        .order_by(*(first.c[column] for column in order))
    )
    return (await connection.execute(statement)).all()


async def count(connection: AsyncConnection, offering_uuid: UUID, start: datetime | None, end: datetime | None) -> int:
    """How many periods are taken."""
    statement = select(func.count()).select_from(_taken(offering_uuid, start, end))
    return int((await connection.execute(statement)).scalar_one())


async def taken(connection: AsyncConnection, offering_uuid: UUID, start: datetime, end: datetime) -> list[Period]:
    """The periods that are taken, in any order; they may overlap."""
    found = _taken(offering_uuid, start, end)
    return [Period(*row) for row in (await connection.execute(select(found.c.start, found.c.end))).all()]


async def booked(connection: AsyncConnection, offering_uuid: UUID, period: Period) -> Sequence[Row[Any]]:
    """Live slots that touch the period, earliest first, as `app.requests.conflicts` reads them.

    Whoever may ask sees all bookings of the offering.
    """
    statement: Any = (
        select(Slot.start, Slot.end, Resource.state, Resource.uuid, literal(True).label("visible"))
        .join(Resource, Resource.uuid == Slot.resource_uuid)
        .where(Slot.offering_uuid == offering_uuid, Slot.live, _touches(Slot, period.start, period.end))
        .order_by(Slot.start)
        .limit(MOST_CONFLICTS)
    )
    return (await connection.execute(statement)).all()


async def add_busy_slot(connection: AsyncConnection, **values: Any) -> UUID:
    """Stores a busy slot and returns its uuid."""
    return (await connection.execute(insert(BusySlot).values(**values).returning(BusySlot.uuid))).scalar_one()


async def drop_busy_slot(connection: AsyncConnection, offering_uuid: UUID, uuid: UUID) -> bool:
    """Removes a busy slot of the offering; whether there was one."""
    statement = delete(BusySlot).where(BusySlot.uuid == uuid, BusySlot.offering_uuid == offering_uuid)
    return (await connection.execute(statement)).rowcount == 1
