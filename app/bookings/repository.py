"""Bookings that a caller may see, and the guarded change of one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.bookings.filters import ORDERINGS
from app.bookings.permissions import FACTS, Facts, visible_to
from app.bookings.schemas import BOOKING_RESOURCES, HISTORY
from app.bookings.transitions import Transition
from app.errors import BookingNotFound
from app.kit.collection import Collection
from app.models import History, Order, Resource
from app.models.enums import OrderState, RequestType

BOOKINGS = Collection(BOOKING_RESOURCES, visible_to, ORDERINGS, "name", BookingNotFound)


def changes_of(uuid: UUID) -> Collection:
    """The recorded changes of a booking, oldest first; whether the caller may see the booking is not asked here."""
    orderings: dict[str, ColumnElement[Any]] = {"created": History.created.expression}
    return Collection(HISTORY, lambda _: History.resource_uuid == uuid, orderings, "created", BookingNotFound)


async def facts(connection: AsyncConnection, caller: Caller, uuid: UUID) -> Facts | None:
    """What decides over a change of a booking that the caller may see; None if there is none."""
    statement = BOOKINGS.selecting(list(FACTS.values()), [Resource.uuid == uuid, visible_to(caller)])
    row = (await connection.execute(statement, {"caller": caller.uuid})).one_or_none()
    return None if row is None else Facts(*row)


async def change_state(connection: AsyncConnection, uuid: UUID, transition: Transition, now: datetime) -> bool:
    """Moves the booking on, if it still is where the transition starts: of any number of callers one succeeds."""
    statement = (
        update(Resource)
        .where(Resource.uuid == uuid, Resource.state == transition.source)
        .values(state=transition.target, modified=now)
    )
    return (await connection.execute(statement)).rowcount == 1


async def end_order(
    connection: AsyncConnection, uuid: UUID, state: OrderState, now: datetime, changes: dict[str, Any]
) -> Sequence[UUID]:
    """Ends the executing orders that asked for the booking, and returns their uuids."""
    statement = (
        update(Order)
        .where(Order.resource_uuid == uuid, Order.type == RequestType.CREATE, Order.state == OrderState.EXECUTING)
        .values(state=state, modified=now, **changes)
        .returning(Order.uuid)
    )
    return (await connection.execute(statement)).scalars().all()


async def record(connection: AsyncConnection, **values: Any) -> None:
    """Appends one row to the history."""
    await connection.execute(insert(History).values(**values))
