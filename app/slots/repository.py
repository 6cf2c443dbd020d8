"""What holds time of an offering: slots of live bookings, and busy slots."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Subquery, bindparam, func, literal, null, select, true, union_all
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import BusySlot, Resource, Slot
from app.slots.conflicts import Holder
from app.slots.periods import Period

MOST_HOLDERS = 100
"""How many collisions are told of at most."""


def _touches(model: type[Slot | BusySlot], wanted: ColumnElement[Range[datetime]]) -> ColumnElement[bool]:
    return func.tstzrange(model.start, model.end).op("&&", is_comparison=True)(wanted)


async def holders(
    connection: AsyncConnection,
    offering: UUID,
    periods: Sequence[Period],
    *,
    visible: ColumnElement[bool] | None = None,
    busy: bool = True,
) -> list[Holder]:
    """What collides with the periods, earliest first.

    `visible` says which bookings the caller may see (all if left out), `busy` whether busy time counts.
    """
    ranges = bindparam("ranges", [Range(each.start, each.end) for each in periods], type_=ARRAY(TSTZRANGE))
    wanted = func.unnest(ranges).column_valued("wanted")
    found = (
        select(
            Slot.start,
            Slot.end,
            Resource.state,
            Resource.uuid,
            (true() if visible is None else visible).label("visible"),
        )
        .join(Resource, Resource.uuid == Slot.resource_uuid)
        .where(Slot.offering_uuid == offering, Slot.live, select(wanted).where(_touches(Slot, wanted)).exists())
    )
    time_off = select(BusySlot.start, BusySlot.end, null(), null(), literal(False)).where(
        BusySlot.offering_uuid == offering, select(wanted).where(_touches(BusySlot, wanted)).exists()
    )
    everything = union_all(found, time_off) if busy else union_all(found)
    statement = everything.order_by("start").limit(MOST_HOLDERS)
    return [Holder(**row) for row in (await connection.execute(statement)).mappings()]


def taken_time(offering: UUID, start: datetime | None, end: datetime | None) -> Subquery:
    """Live slots and busy slots that touch the time between, with the booking or the calendar they come from."""
    span = literal(Range(start, end), TSTZRANGE())
    slots = select(Slot.start, Slot.end, Slot.resource_uuid, null().label("backend_id")).where(
        Slot.offering_uuid == offering, Slot.live, _touches(Slot, span)
    )
    busy = select(BusySlot.start, BusySlot.end, null(), func.nullif(BusySlot.backend_id, "")).where(
        BusySlot.offering_uuid == offering, _touches(BusySlot, span)
    )
    return union_all(slots, busy).subquery("taken")


async def taken(connection: AsyncConnection, offering: UUID, start: datetime, end: datetime) -> list[Period]:
    """The periods that are taken, in any order; they may overlap."""
    found = taken_time(offering, start, end)
    rows = await connection.execute(select(found.c.start, found.c.end))
    return [Period(start, end) for start, end in rows]
