"""Bookings that a caller may see, and the guarded change of one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.bookings.filters import ORDERINGS
from app.bookings.permissions import FACTS, Facts, visible_to
from app.bookings.schemas import BOOKING_RESOURCES, HISTORY
from app.errors import BookingNotFound
from app.kit.collection import Collection
from app.models import History, Order, Resource, Slot
from app.models.enums import UNDECIDED_STATES, OrderState, RequestType, ResourceState

BOOKINGS = Collection(BOOKING_RESOURCES, visible_to, ORDERINGS, "name", BookingNotFound)


def changes_of(uuid: UUID) -> Collection:
    """The recorded changes of a booking, oldest first; whether the caller may see the booking is not asked here."""
    orderings: dict[str, ColumnElement[Any]] = {"created": History.created.expression}
    return Collection(HISTORY, lambda _: History.resource_uuid == uuid, orderings, "created", BookingNotFound)


async def facts(
    connection: AsyncConnection, caller: Caller, uuid: UUID, known: Callable[[Caller], ColumnElement[bool]] = visible_to
) -> Facts | None:
    """What decides over a change of a booking of which the caller may know; None if there is none."""
    statement = BOOKINGS.selecting(list(FACTS.values()), [Resource.uuid == uuid, known(caller)])
    row = (await connection.execute(statement, {"caller": caller.uuid})).one_or_none()
    return None if row is None else Facts(*row)


async def version(connection: AsyncConnection, uuid: UUID, *, lock: bool = False) -> datetime:
    """When a booking last changed; with `lock`, it stays so until the transaction ends."""
    statement = select(Resource.modified).where(Resource.uuid == uuid)
    return (await connection.execute(statement.with_for_update() if lock else statement)).scalar_one()


async def change_state(
    connection: AsyncConnection, uuid: UUID, source: ResourceState, target: ResourceState, now: datetime
) -> bool:
    """Moves the booking on, if it still is in the source state: of any number of callers one succeeds."""
    statement = (
        update(Resource).where(Resource.uuid == uuid, Resource.state == source).values(state=target, modified=now)
    )
    return (await connection.execute(statement)).rowcount == 1


async def add_termination(
    connection: AsyncConnection, caller: Caller, uuid: UUID, now: datetime, **values: Any
) -> UUID:
    """Records the order by which a booking was terminated, and returns its uuid."""
    copied = select(
        Resource.uuid,
        Resource.offering_uuid,
        Resource.project_uuid,
        Resource.plan_uuid,
        Resource.cost,
        literal(RequestType.TERMINATE, Order.type.type),
        literal(OrderState.DONE, Order.state.type),
        *(literal(caller.uuid) for _ in range(2)),
        *(literal(now) for _ in range(4)),
        *(literal(value) for value in values.values()),
    ).where(Resource.uuid == uuid)
    columns = ["resource_uuid", "offering_uuid", "project_uuid", "plan_uuid", "cost", "type", "state"]
    people = ["created_by_uuid", "consumer_reviewed_by_uuid"]
    moments = ["consumer_reviewed_at", "completed_at", "created", "modified"]
    added = insert(Order).from_select([*columns, *people, *moments, *values], copied).returning(Order.uuid)
    return (await connection.execute(added)).scalar_one()


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


async def overdue(connection: AsyncConnection, now: datetime) -> Sequence[UUID]:
    """Requests without a decision whose last slot has begun. Rule: decision 27."""
    last = select(func.max(Slot.start)).where(Slot.resource_uuid == Resource.uuid).correlate(Resource).scalar_subquery()
    statement = select(Resource.uuid).where(Resource.state == ResourceState.CREATING, last < now)
    return (await connection.execute(statement.order_by(Resource.uuid))).scalars().all()


async def cancel_orders(connection: AsyncConnection, uuid: UUID, now: datetime, comment: str) -> Sequence[UUID]:
    """Cancels whatever orders of a booking have not ended, and returns their uuids, oldest first."""
    statement = (
        update(Order)
        .where(Order.resource_uuid == uuid, Order.state.in_(UNDECIDED_STATES))
        .values(state=OrderState.CANCELED, modified=now, termination_comment=comment)
        .returning(Order.uuid)
    )
    return (await connection.execute(statement)).scalars().all()
