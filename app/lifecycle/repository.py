"""The facts about a booking, the guarded change of its state, and what it does to orders and history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.columns import columns_of, read_one
from app.lifecycle.facts import Facts
from app.models import History, Order, Resource
from app.models.enums import UNDECIDED_STATES, OrderState, RequestType, ResourceState
from app.query.joins import with_joins
from app.relations import BOOKING_RELATIONS

_FACTS = tuple(columns_of(Facts).values())
_READING = with_joins(select(*_FACTS), Resource, BOOKING_RELATIONS, _FACTS)


async def facts(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> Facts | None:
    """What decides over a change of the booking that meets the conditions; None if there is none."""
    return await read_one(connection, Facts, _READING.where(*conditions))


async def locked_version(connection: AsyncConnection, uuid: UUID) -> datetime:
    """When a booking last changed; it stays so until the transaction ends."""
    statement = select(Resource.modified).where(Resource.uuid == uuid).with_for_update()
    return (await connection.execute(statement)).scalar_one()


async def change_state(
    connection: AsyncConnection, uuid: UUID, source: ResourceState, target: ResourceState, now: datetime
) -> bool:
    """Moves the booking on, if it still is in the source state: of any number of callers one succeeds."""
    moved = update(Resource).where(Resource.uuid == uuid, Resource.state == source).values(state=target, modified=now)
    return (await connection.execute(moved)).rowcount == 1


@dataclass(frozen=True, kw_only=True)
class OrderFacts:
    """An order, as far as it matters to a transition."""

    uuid: Annotated[UUID, Order.uuid]
    type: Annotated[RequestType, Order.type]
    state: Annotated[OrderState, Order.state]


_UNDECIDED = select(*columns_of(OrderFacts).values()).where(Order.state.in_(UNDECIDED_STATES))


async def undecided_orders(connection: AsyncConnection, booking: UUID) -> list[OrderFacts]:
    """The orders of a booking that have not ended, oldest first. Whoever changes them has changed the booking first."""
    statement = _UNDECIDED.where(Order.resource_uuid == booking).order_by(Order.created, Order.uuid)
    return [OrderFacts(**row) for row in (await connection.execute(statement)).mappings()]


async def change_orders(connection: AsyncConnection, uuids: Sequence[UUID], **values: object) -> None:
    """Sets columns of orders."""
    if uuids:
        await connection.execute(update(Order).where(Order.uuid.in_(uuids)).values(values))


async def add_termination(connection: AsyncConnection, booking: UUID, **values: Any) -> UUID:
    """Adds the order by which a booking was terminated, and returns its uuid; `values` are further columns."""
    copied = ("offering_uuid", "project_uuid", "plan_uuid", "cost")
    kind = literal(RequestType.TERMINATE, Order.type.type)
    given = [literal(value, Order.__table__.c[name].type) for name, value in values.items()]
    found = select(Resource.uuid, kind, *(Resource.__table__.c[name] for name in copied), *given)
    added = insert(Order).from_select(
        ["resource_uuid", "type", *copied, *values], found.where(Resource.uuid == booking)
    )
    return (await connection.execute(added.returning(Order.uuid))).scalar_one()


async def record(connection: AsyncConnection, **values: object) -> None:
    """Appends one row to the history."""
    await connection.execute(insert(History).values(values))
