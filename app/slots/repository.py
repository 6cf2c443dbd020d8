"""What holds time of an offering: slots of live bookings, and busy slots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    DateTime,
    Integer,
    Interval,
    Subquery,
    Uuid,
    and_,
    bindparam,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSTZMULTIRANGE, TSTZRANGE, Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.columns import Scope, Statement, any_of, values_of
from app.database.prepared import Statements
from app.models import BusySlot, Resource, Slot
from app.slots.conflicts import Holder
from app.slots.periods import Period

MOST_HOLDERS = 100
"""How many collisions are told of at most."""


def _held(model: type[Slot | BusySlot]) -> ColumnElement[Range[datetime]]:
    """The time that a row holds, with what is kept free after it."""
    end = func.greatest(Slot.end, Slot.held_until) if model is Slot else model.end
    return func.tstzrange(model.start, end, type_=TSTZRANGE())


def _touches(model: type[Slot | BusySlot], wanted: ColumnElement[Range[datetime]]) -> ColumnElement[bool]:
    return _held(model).op("&&", is_comparison=True)(wanted)


_statements = Statements()
_OFFERING = bindparam("offering", type_=Uuid(), required=False)
_RANGES = bindparam("ranges", type_=ARRAY(TSTZRANGE), required=False)
_SPAN = bindparam("span", type_=TSTZRANGE, required=False)
"""From the first range to the last, so that an index is read no further."""


def _collides(model: type[Slot | BusySlot]) -> ColumnElement[bool]:
    wanted = func.unnest(_RANGES).column_valued("wanted")
    touched = select(wanted).where(_touches(model, wanted)).exists()
    return and_(model.offering_uuid == _OFFERING, _touches(model, _SPAN), touched)


def _holding(visible: ColumnElement[bool], *, busy: bool) -> Statement:
    found = (
        select(Slot.start, Slot.end, Resource.state, Resource.uuid, visible.label("visible"), Slot.held_until)
        .join(Resource, Resource.uuid == Slot.resource_uuid)
        .where(Slot.live, _collides(Slot))
    )
    time_off = select(BusySlot.start, BusySlot.end, null(), null(), literal(False), null()).where(_collides(BusySlot))
    held = (union_all(found, time_off) if busy else found).subquery("held")
    return select(held).order_by(held.c.start).limit(MOST_HOLDERS)


async def holders(
    connection: AsyncConnection,
    offering: UUID,
    periods: Sequence[Period],
    *,
    visible_to: Sequence[Scope] | None = None,
    busy: bool = True,
) -> list[Holder]:
    """What collides with the periods, of which there is at least one; earliest first.

    `visible_to` says which bookings the caller may see (all if left out), `busy` whether busy time counts.
    """
    kinds = None if visible_to is None else tuple(scope.kind for scope in visible_to)
    visible = true() if visible_to is None else any_of(visible_to)
    statement = _statements.of((kinds, busy), lambda: _holding(visible, busy=busy))
    asked = {
        "offering": offering,
        "ranges": [Range(each.start, each.end) for each in periods],
        "span": Range(min(each.start for each in periods), max(each.end for each in periods)),
    }
    rows = await statement.rows(connection, {**asked, **values_of(visible_to or ())})
    return [Holder(**row) for row in rows]


def taken_time(offering: UUID, start: datetime | None, end: datetime | None) -> Subquery:
    """Live slots and busy slots that touch the time between, with the booking or the calendar they come from."""
    span = literal(Range(start, end), TSTZRANGE())
    itself = func.tstzrange(Slot.start, Slot.end).op("&&", is_comparison=True)(span)
    slots = select(Slot.start, Slot.end, Slot.resource_uuid, null().label("backend_id")).where(
        Slot.offering_uuid == offering, Slot.live, _touches(Slot, span), itself
    )
    busy = select(BusySlot.start, BusySlot.end, null(), func.nullif(BusySlot.backend_id, "")).where(
        BusySlot.offering_uuid == offering, _touches(BusySlot, span)
    )
    return union_all(slots, busy).subquery("taken")


def _held_time(offering: UUID, start: datetime, end: datetime) -> Subquery:
    """The time that live slots and busy slots hold, as far as it touches the time between, as `held`."""
    span = literal(Range(start, end), TSTZRANGE())
    slots = select(_held(Slot).label("held")).where(Slot.offering_uuid == offering, Slot.live, _touches(Slot, span))
    busy = select(_held(BusySlot)).where(BusySlot.offering_uuid == offering, _touches(BusySlot, span))
    return union_all(slots, busy).subquery("taken")


@dataclass(frozen=True)
class FreeTime:
    """A period that is free, and how many such periods there are in all."""

    start: datetime
    end: datetime
    total: int


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Slots so long, of which the first begins where open time does: of the periods, each at its origin."""

    slot: timedelta
    origins: Sequence[datetime]


async def free_time(
    connection: AsyncConnection,
    offering: UUID,
    is_open: Sequence[Period],
    shortest: timedelta,
    most: int,
    *,
    turnaround: timedelta = timedelta(),
    grid: Grid | None = None,
) -> list[FreeTime]:
    """What of the open time is neither booked nor busy, in periods at least so long: the earliest of them.

    `turnaround` is left before what is held, and periods are of whole slots of the grid. PostgreSQL cuts it out,
    however many periods are taken, so that nobody else waits meanwhile.
    """
    if not is_open:
        return []
    apart = literal(turnaround, Interval())
    found = _held_time(offering, is_open[0].start, is_open[-1].end + turnaround)
    held = func.tstzrange(func.lower(found.c.held) - apart, func.upper(found.c.held))
    taken = select(func.range_agg(held)).scalar_subquery()
    opened = literal([Range(each.start, each.end) for each in is_open], TSTZMULTIRANGE())
    left = opened - func.coalesce(taken, literal([], TSTZMULTIRANGE()), type_=TSTZMULTIRANGE())
    period = func.unnest(left).column_valued("period")
    start, end = _on_grid(func.lower(period), func.upper(period), is_open, grid)
    cut = select(start.label("start"), end.label("end")).subquery("cut")
    columns = cut.c.start, cut.c.end, func.count().over().label("total")
    statement = select(*columns).where(cut.c.end > cut.c.start, cut.c.end - cut.c.start >= shortest)
    rows = await connection.execute(statement.order_by(cut.c.start).limit(most))
    return [FreeTime(**row) for row in rows.mappings()]


def _on_grid(
    start: ColumnElement[datetime], end: ColumnElement[datetime], is_open: Sequence[Period], grid: Grid | None
) -> tuple[ColumnElement[datetime], ColumnElement[datetime]]:
    """The first and the last moment of slots within a period of the open time."""
    if grid is None:
        return start, end
    moments = ARRAY(DateTime(timezone=True))
    starts, origins = literal([each.start for each in is_open], moments), literal(list(grid.origins), moments)
    of_parts = select(origins.label("origins")).subquery("parts")
    origin = select(of_parts.c.origins[func.width_bucket(start, starts, type_=Integer())]).scalar_subquery()
    slot, less = literal(grid.slot, Interval()), literal(grid.slot - timedelta.resolution, Interval())
    moment = DateTime(timezone=True)
    return func.date_bin(slot, start + less, origin, type_=moment), func.date_bin(slot, end, origin, type_=moment)
