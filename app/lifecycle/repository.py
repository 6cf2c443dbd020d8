"""The facts about a booking, the guarded change of its state, and what it does to orders and history."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Update, Uuid, bindparam, insert, literal, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.columns import Scope, Statement, any_of, columns_of, values_of
from app.database.prepared import Statements, adding, among, prepared
from app.lifecycle.facts import Facts
from app.models import History, Order, Resource
from app.models.enums import UNDECIDED_STATES, OrderState, RequestType, ResourceState
from app.query.joins import with_joins
from app.relations import BOOKING_RELATIONS

_statements = Statements()
_FACTS = tuple(columns_of(Facts).values())
_BOOKING = bindparam("booking", type_=Uuid(), required=False)


def _facts(condition: ColumnElement[bool]) -> Statement:
    return with_joins(select(*_FACTS), Resource, BOOKING_RELATIONS, _FACTS).where(Resource.uuid == _BOOKING, condition)


async def facts(connection: AsyncConnection, uuid: UUID, scopes: Sequence[Scope] | None = None) -> Facts | None:
    """What decides over a change of the booking, if it is of any of the scopes (all if left out); None if it is not."""
    shape = None if scopes is None else tuple(scope.kind for scope in scopes)
    statement = _statements.of(("facts", shape), lambda: _facts(true() if scopes is None else any_of(scopes)))
    return await statement.one(connection, Facts, {"booking": uuid, **values_of(scopes or ())})


_VERSION = prepared(select(Resource.modified).where(Resource.uuid == _BOOKING).with_for_update())


async def locked_version(connection: AsyncConnection, uuid: UUID) -> datetime:
    """When a booking last changed; it stays so until the transaction ends."""
    [row] = await _VERSION.rows(connection, {"booking": uuid})
    modified: datetime = row["modified"]
    return modified


_SOURCE = bindparam("source", type_=Resource.__table__.c.state.type, required=False)
_MOVED = prepared(
    update(Resource).where(Resource.uuid == _BOOKING, Resource.state == _SOURCE).returning(Resource.offering_uuid),
    ("state", "modified"),
)


async def change_state(
    connection: AsyncConnection, uuid: UUID, source: ResourceState, target: ResourceState, now: datetime
) -> UUID | None:
    """Moves the booking on, if it still is in the source state: of any number of callers one succeeds.

    Returns the offering; None if it is in another state.
    """
    rows = await _MOVED.rows(connection, {"booking": uuid, "source": source, "state": target, "modified": now})
    return rows[0]["offering_uuid"] if rows else None


@dataclass(frozen=True, kw_only=True)
class OrderFacts:
    """An order, as far as it matters to a transition."""

    uuid: Annotated[UUID, Order.uuid]
    type: Annotated[RequestType, Order.type]
    state: Annotated[OrderState, Order.state]


_UNDECIDED = prepared(
    select(*columns_of(OrderFacts).values())
    .where(Order.state.in_(UNDECIDED_STATES), Order.resource_uuid == _BOOKING)
    .order_by(Order.created, Order.uuid)
)


async def undecided_orders(connection: AsyncConnection, booking: UUID) -> list[OrderFacts]:
    """The orders of a booking that have not ended, oldest first. Whoever changes them has changed the booking first."""
    return [OrderFacts(**row) for row in await _UNDECIDED.rows(connection, {"booking": booking})]


_UUIDS = bindparam("uuids", type_=ARRAY(Uuid()), required=False)
_RECORD = ("resource_uuid", "order_uuid", "user_uuid", "created", "from_state", "to_state", "comment")
_RECORDED = prepared(adding(History, _RECORD))


def _changing(names: Iterable[str]) -> Update:
    columns = {name: bindparam(name, type_=Order.__table__.c[name].type, required=False) for name in names}
    return update(Order).where(among(Order.uuid, _UUIDS)).values(columns)


async def change_orders(
    connection: AsyncConnection, uuids: Sequence[UUID], recorded: Mapping[str, object] | None = None, **values: object
) -> None:
    """Sets columns of orders, and appends a row about the first of them to the history, at once."""
    if not uuids:
        if recorded:
            await record(connection, order_uuid=None, **recorded)
        return
    asked = {"uuids": uuids, **values}
    if recorded is None:
        await _statements.of(("orders", *values), lambda: _changing(values)).rows(connection, asked)
        return
    recording = adding(History, _RECORD)
    statement = _statements.of(
        ("orders, recorded", *values), lambda: recording.add_cte(_changing(values).cte("changed"))
    )
    await statement.rows(connection, {**asked, "order_uuid": uuids[0], **recorded})


async def record(connection: AsyncConnection, **values: object) -> None:
    """Appends one row to the history."""
    await _RECORDED.rows(connection, values)


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
