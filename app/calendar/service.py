"""When an offering is taken and free, and how the provider takes it off for maintenance."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import manages
from app.auth import Caller
from app.calendar import repository
from app.calendar.repository import BUSY_SLOT, CalendarOffering, TakenPeriod, busy_slots_of
from app.calendar.schemas import BusySlotRequest, Sought, Within
from app.database.locks import Lock, wait_for
from app.errors import Forbidden, Invalid, NotFound
from app.query.fieldset import Context, Item
from app.slots.conflicts import check_free
from app.slots.opening import Opening
from app.slots.periods import Period, RequestedPeriod
from app.slots.repository import FreeTime, Grid, free_time, holders
from app.slots.rules import Rules, rules_of
from app.values import text_of

USUAL_SPAN = timedelta(days=30)
LONGEST_SPAN = timedelta(days=366)
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)
OFFERING = "Offering"
"""What error messages call an offering."""


async def calendar(
    connection: AsyncConnection, caller: Caller, uuid: UUID, within: Within
) -> tuple[list[TakenPeriod], int]:
    """The periods in which an offering is taken, earliest first, and how many there are; raises NotFound, Invalid."""
    _check_order(within.start, within.end)
    offering = await _offering(connection, caller, uuid)
    all_names = manages(caller, offering.uuid, offering.provider)
    rows = await repository.calendar(connection, caller, uuid, within.start, within.end, all_names=all_names)
    return rows, rows[0].total if rows else 0


async def count(connection: AsyncConnection, caller: Caller, uuid: UUID, within: Within) -> int:
    """How many periods `calendar` would find; raises as it does."""
    _check_order(within.start, within.end)
    await _offering(connection, caller, uuid)
    return await repository.count(connection, uuid, within.start, within.end)


async def free(
    connection: AsyncConnection, caller: Caller, uuid: UUID, sought: Sought, zone: ZoneInfo
) -> tuple[list[FreeTime], int]:
    """The periods in which an offering is open and not taken, and how many there are; raises NotFound, Invalid.

    `zone` is that of weekly hours that do not say theirs.
    """
    now = datetime.now(UTC)
    start, end = _span(sought, now)
    offering = await _offering(connection, caller, uuid)
    rules, opening = rules_of(offering.rules), Opening(offering.attributes, zone)
    span = rules.bookable(Period(start, end), now)
    shortest = max(sought.duration or timedelta(), rules.min or timedelta())
    if span is None or (rules.max is not None and shortest > rules.max):
        return [], 0
    is_open = opening.within(span)
    rows = await free_time(
        connection,
        uuid,
        is_open,
        shortest,
        repository.MOST_PERIODS,
        turnaround=rules.turnaround or timedelta(),
        grid=_grid(rules, opening, is_open),
    )
    return rows, rows[0].total if rows else 0


def _grid(rules: Rules, opening: Opening, is_open: Sequence[Period]) -> Grid | None:
    """Where slots may begin in each part of the open time, of which only the first may have begun before."""
    if not rules.slot or not is_open:
        return None
    first, *others = is_open
    return Grid(slot=rules.slot, origins=[opening.beginning(first.start), *(each.start for each in others)])


def _span(sought: Sought, now: datetime) -> tuple[datetime, datetime]:
    """From when until when to look; nothing before `now`. Raises Invalid."""
    first = sought.start or now
    start = max(first, now)
    end = sought.end or start + min(USUAL_SPAN, LAST_MOMENT - start)
    _check_order(first, end)
    if end - start > LONGEST_SPAN:
        raise Invalid({"end": [f"Must be at most {LONGEST_SPAN.days} days after start."]})
    return start, end


def _check_order(start: datetime | None, end: datetime | None) -> None:
    if start is not None and end is not None and start >= end:
        raise Invalid({"end": ["Must be after start."]})


async def add_busy_slot(connection: AsyncConnection, context: Context, uuid: UUID, asked: BusySlotRequest) -> Item:
    """Keeps a period free of bookings, unless one is in it; raises NotFound, Forbidden, Invalid or PeriodTaken."""
    await require_managed(connection, context.caller, uuid)
    _check_order(asked.start, asked.end)
    period = Period(asked.start, asked.end)
    await wait_for(connection, Lock.PERIODS, uuid)
    requested = RequestedPeriod(period, text_of(period.start), text_of(period.end))
    check_free([requested], await holders(connection, uuid, [period], busy=False))
    added = await repository.add_busy_slot(
        connection,
        offering_uuid=uuid,
        start=period.start,
        end=period.end,
        comment=asked.comment,
        created_by_uuid=context.caller.uuid,
    )
    return await busy_slots_of(uuid).one(connection, context, added)


async def drop_busy_slot(connection: AsyncConnection, caller: Caller, uuid: UUID, busy_slot: UUID) -> None:
    """Opens a busy period again; raises NotFound or Forbidden."""
    await require_managed(connection, caller, uuid)
    if not await repository.drop_busy_slot(connection, uuid, busy_slot):
        raise NotFound.of(BUSY_SLOT)


async def _offering(connection: AsyncConnection, caller: Caller, uuid: UUID) -> CalendarOffering:
    found = await repository.offering(connection, caller, uuid)
    if found is None:
        raise NotFound.of(OFFERING)
    return found


async def require_managed(connection: AsyncConnection, caller: Caller, uuid: UUID) -> None:
    """Raises NotFound or Forbidden, unless the caller says when the offering is busy."""
    offering = await _offering(connection, caller, uuid)
    if not manages(caller, offering.uuid, offering.provider):
        raise Forbidden
