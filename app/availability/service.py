"""When an offering is taken and free, and how the provider takes it off for maintenance."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.availability import repository
from app.availability.permissions import Offered, manages
from app.availability.repository import busy_slots_of, no_busy_slot
from app.availability.schemas import BusySlotRequest, Sought, Within
from app.errors import Forbidden, Invalid, NotFound
from app.kit.collection import Query
from app.kit.fieldset import Context
from app.kit.pagination import Listing, Page
from app.kit.periods import Period, windows, without
from app.requests.conflicts import check_free, text_of
from app.requests.repository import lock
from app.requests.rules import Asked

USUAL_SPAN = timedelta(days=30)
LONGEST_SPAN = timedelta(days=366)
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


def no_offering() -> NotFound:
    """What is said of an offering that is not there, or whose calendar the caller may not see."""
    return NotFound("No Offering matches the given query.")


async def calendar(
    connection: AsyncConnection, caller: Caller, uuid: UUID, within: Within
) -> tuple[Sequence[Row[Any]], int]:
    """The periods in which an offering is taken, earliest first, and how many there are; raises NotFound, Invalid."""
    _check_order(within.start, within.end)
    offered = await _offered(connection, caller, uuid)
    all_names = manages(caller, offered)
    rows = await repository.calendar(connection, caller, uuid, within.start, within.end, all_names=all_names)
    return rows, rows[0].total if rows else 0


async def count(connection: AsyncConnection, caller: Caller, uuid: UUID, within: Within) -> int:
    """How many periods `calendar` would find; raises as it does."""
    _check_order(within.start, within.end)
    await _offered(connection, caller, uuid)
    return await repository.count(connection, uuid, within.start, within.end)


async def free(connection: AsyncConnection, caller: Caller, uuid: UUID, sought: Sought) -> list[Period]:
    """The periods in which an offering is open and not taken; raises NotFound, Invalid."""
    start, end = _span(sought, datetime.now(UTC))
    offered = await _offered(connection, caller, uuid)
    taken = await repository.taken(connection, uuid, start, end) if start < end else []
    span = Period(start, end)
    is_open = [
        Period(max(window.start, start), min(window.end, end))
        for window in windows(offered.attributes)
        if window.overlaps(span)
    ]
    shortest = sought.duration or timedelta()
    return [period for period in without(is_open, taken) if period.end - period.start >= shortest]


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


async def busy_slots(connection: AsyncConnection, context: Context, uuid: UUID, page: Page) -> Listing:
    """A page of the busy slots of an offering, earliest first; raises NotFound, Forbidden or InvalidPage."""
    await _managed(connection, context.caller, uuid)
    return await busy_slots_of(uuid).page(connection, context, Query(), page)


async def add_busy_slot(
    connection: AsyncConnection, context: Context, uuid: UUID, asked: BusySlotRequest
) -> dict[str, Any]:
    """Keeps a period free of bookings, unless one is in it; raises NotFound, Forbidden, Invalid or PeriodTaken."""
    await _managed(connection, context.caller, uuid)
    _check_order(asked.start, asked.end)
    period = Period(asked.start, asked.end)
    await lock(connection, uuid)
    named = Asked(period, text_of(period.start), text_of(period.end))
    check_free([named], await repository.booked(connection, uuid, period))
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
    await _managed(connection, caller, uuid)
    if not await repository.drop_busy_slot(connection, uuid, busy_slot):
        raise no_busy_slot()


async def _offered(connection: AsyncConnection, caller: Caller, uuid: UUID) -> Offered:
    found = await repository.offered(connection, caller, uuid)
    if found is None:
        raise no_offering()
    return found


async def _managed(connection: AsyncConnection, caller: Caller, uuid: UUID) -> None:
    if not manages(caller, await _offered(connection, caller, uuid)):
        raise Forbidden
