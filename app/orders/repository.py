"""What requests read and write: the offering, the project, the new booking, and the orders that are decided on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Date,
    DateTime,
    Insert,
    Integer,
    Interval,
    Text,
    Uuid,
    and_,
    bindparam,
    cast,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import join

from app.access import has_member, order_scopes, orderable_offerings, visible_orders
from app.auth import Caller
from app.columns import Expression, Kind, Statement, columns_of, read_one
from app.database.prepared import Statements, adding, prepared
from app.lifecycle.repository import OrderFacts
from app.models import Customer, Offering, OfferingComponent, Order, Plan, PlanComponent, Project, Resource, Slot
from app.models.bookings import SLUG_NUMBER, SLUG_STEM
from app.models.enums import BillingType, OrderState, RequestType, ResourceState
from app.orders.counts import counted
from app.orders.rules import RequestedOffering, RequestingProject
from app.orders.schemas import ORDER_DETAILS
from app.query.collection import Collection
from app.slots.periods import Period

ORDERS = Collection(
    "Order",
    ORDER_DETAILS,
    order_scopes,
    {
        "consumer_reviewed_at": Order.consumer_reviewed_at,
        "cost": Order.cost,
        "created": Order.created,
        "state": Order.state,
    },
    "created",
    counted=counted,
)


@dataclass(frozen=True)
class Parties:
    """What a request names, as far as the caller may name it, and what a booking costs by that plan."""

    offering: RequestedOffering | None
    project: RequestingProject | None
    plan: UUID | None
    cost: Decimal | None


_statements = Statements()
_ONCE = (
    select(func.coalesce(func.sum(PlanComponent.price), 0))
    .join(OfferingComponent, OfferingComponent.uuid == PlanComponent.component_uuid)
    .where(PlanComponent.plan_uuid == Plan.uuid, OfferingComponent.billing_type == BillingType.ONE_TIME)
    .correlate(Plan)
    .scalar_subquery()
)
"""The price of a plan's one-time components. Rule: contract, 8.6."""


def _named(name: str) -> BindParameter[UUID]:
    return bindparam(name, type_=Uuid(), required=False)


def _labelled(name: str, kind: type) -> list[Expression]:
    return [column.label(f"{name}_{member}") for member, column in columns_of(kind).items()]


def _parties(caller: Caller) -> Statement:
    consumer = join(Project, Customer, Customer.uuid == Project.customer_uuid)
    is_member = or_(literal(caller.is_staff), has_member(caller))
    plan = and_(Plan.uuid == _named("plan"), Plan.offering_uuid == Offering.uuid, Plan.archived.is_(False))
    found = (
        select(literal(1))
        .subquery("request")
        .outerjoin(Offering, and_(Offering.uuid == _named("offering"), orderable_offerings(caller)))
        .outerjoin(consumer, and_(Project.uuid == _named("project"), Project.is_removed.is_(False), is_member))
        .outerjoin(Plan, plan)
    )
    columns = [*_labelled("offering", RequestedOffering), *_labelled("project", RequestingProject)]
    return select(*columns, Plan.uuid.label("plan"), (Plan.unit_price + _ONCE).label("cost")).select_from(found)


async def parties(
    connection: AsyncConnection, caller: Caller, offering: UUID | None, project: UUID | None, plan: UUID | None
) -> Parties:
    """The offering, if the caller may order it; the project, if the caller is a member of it or of its organisation;
    the plan, if the offering has it, and it is not archived."""
    statement = _statements.of(caller.is_staff, lambda: _parties(caller))
    named = {"offering": offering, "project": project, "plan": plan, "scopes": list(caller.scopes)}
    [row] = await statement.rows(connection, named)
    return Parties(
        _party(RequestedOffering, row, "offering"), _party(RequestingProject, row, "project"), row["plan"], row["cost"]
    )


def _party(kind: type[Kind], row: Mapping[str, object], name: str) -> Kind | None:
    values = {member: row[f"{name}_{member}"] for member in columns_of(kind)}
    return None if row[f"{name}_uuid"] is None else kind(**values)


def unchanged(offering: RequestedOffering) -> str:
    """A statement that finds a row while the offering is as it was read."""
    return f"SELECT FROM offering WHERE uuid = '{offering.uuid}' AND xmin = '{offering.version}'"


def _slug() -> ColumnElement[str]:
    """The stem and a number that is greater than those in use with it."""
    stem = bindparam("stem", type_=Text(), required=False)
    number: ColumnElement[int] = literal_column(SLUG_NUMBER, Integer)
    greatest = select(func.max(number)).select_from(Resource).where(literal_column(SLUG_STEM) == stem).scalar_subquery()
    return func.concat(stem, "-", func.coalesce(greatest, 0) + 1)


_SHARED = ("offering_uuid", "project_uuid", "plan_uuid", "cost", "attributes", "created", "modified")
_OF_BOOKING = (*_SHARED, "name", "end_date", "end_date_requested_by_uuid", "first_start")
_REVIEWED = ("consumer_reviewed_by_uuid", "consumer_reviewed_at")
_OF_ORDER = (*_SHARED, *_REVIEWED, "type", "state", "created_by_uuid", "callback_url", "request_comment", "start_date")
_MOMENTS = ARRAY(DateTime(timezone=True))


_TURNAROUND = bindparam("turnaround", type_=Interval(), required=False)


def _storing() -> Insert:
    """A booking, its slots and its order, in one statement; with its first start, so that it is not written again."""
    creating = literal(ResourceState.CREATING, Resource.__table__.c.state.type)
    booking = adding(Resource, _OF_BOOKING, state=creating, slug=_slug())
    added = booking.returning(Resource.uuid, Resource.offering_uuid, Resource.live).cte("booking")
    ends = [bindparam(name, type_=_MOMENTS, required=False) for name in ("starts", "ends")]
    period = func.unnest(*ends).table_valued("start", "end", name="period").render_derived()
    backend_id = func.concat("booking_", func.replace(cast(func.gen_random_uuid(), Text), "-", ""))
    slots = insert(Slot).from_select(
        ["resource_uuid", "offering_uuid", "live", "start", "end", "held_until", "backend_id"],
        select(*added.c, period.c.start, period.c.end, period.c.end + _TURNAROUND, backend_id),
    )
    order = adding(Order, _OF_ORDER, resource_uuid=select(added.c.uuid).scalar_subquery())
    return order.returning(Order.uuid, Order.resource_uuid).add_cte(slots.cte("slots"))


_STORED = prepared(_storing())


async def store(connection: AsyncConnection, periods: Sequence[Period], **values: object) -> tuple[UUID, UUID]:
    """Adds a booking, its slots and its order; returns the uuids of the order and the booking.

    `stem` begins the booking's slug. Raises PostgresError with SQLSTATE 23P01 if a period is taken.
    """
    ordered = sorted(periods)
    ends = {"starts": [each.start for each in ordered], "ends": [each.end for each in ordered]}
    [row] = await _STORED.rows(connection, {**values, **ends, "first_start": ordered[0].start})
    return row["uuid"], row["resource_uuid"]


async def open_periods(connection: AsyncConnection, offering: UUID, project: UUID, user: UUID) -> tuple[int, int]:
    """How many live periods of an offering that have not ended the user has asked for, and the project has."""
    creation = Order.resource_uuid == Resource.uuid, Order.type == RequestType.CREATE, Order.created_by_uuid == user
    of_user, of_project = select(Order.uuid).where(*creation).exists(), Resource.project_uuid == project
    statement = (
        select(func.count().filter(of_user), func.count().filter(of_project))
        .select_from(join(Slot, Resource, Resource.uuid == Slot.resource_uuid))
        .where(Slot.offering_uuid == offering, Slot.live, Slot.end > func.now())
    )
    row = (await connection.execute(statement)).one()
    return row[0], row[1]


TODAY: ColumnElement[date] = cast(func.timezone("UTC", func.now()), Date)
"""The day, UTC, by the clock of PostgreSQL."""


@dataclass(frozen=True, kw_only=True)
class PlacedOrder(OrderFacts):
    """An order, with its booking, and the days for which it waits."""

    booking: Annotated[UUID, Order.resource_uuid]
    starts: Annotated[date | None, Order.start_date]
    project_starts: Annotated[date | None, Project.start_date]
    today: Annotated[date, TODAY]


async def placed(connection: AsyncConnection, caller: Caller, uuid: UUID) -> PlacedOrder | None:
    """The order, if the caller may see it."""
    return await read_one(connection, PlacedOrder, _PLACED.where(Order.uuid == uuid, visible_orders(caller)))


@dataclass(frozen=True)
class Ordered:
    """What an order is about."""

    booking: Annotated[UUID, Order.resource_uuid]
    offering: Annotated[UUID, Order.offering_uuid]


async def ordered(connection: AsyncConnection, caller: Caller, uuid: UUID) -> Ordered:
    """What the order is about, if the caller may see it; raises NotFound."""
    statement = select(*columns_of(Ordered).values()).where(Order.uuid == uuid, visible_orders(caller))
    found = await read_one(connection, Ordered, statement)
    if found is None:
        raise ORDERS.not_found()
    return found


_PLACED = select(*columns_of(PlacedOrder).values()).join(Project, Project.uuid == Order.project_uuid)


async def due(connection: AsyncConnection, most: int) -> list[PlacedOrder]:
    """So many orders for new bookings whose day, or whose project's day, has come."""
    begun: ColumnElement[bool] = or_(Project.start_date.is_(None), Project.start_date <= TODAY)
    statement = _PLACED.join(Resource, Resource.uuid == Order.resource_uuid).where(
        Order.type == RequestType.CREATE,
        Resource.state == ResourceState.CREATING,
        or_(
            and_(Order.state == OrderState.PENDING_PROJECT, begun),
            and_(Order.state == OrderState.PENDING_START_DATE, Order.start_date <= TODAY),
        ),
    )
    return [PlacedOrder(**row) for row in (await connection.execute(statement.limit(most))).mappings()]
