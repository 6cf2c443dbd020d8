"""What requests read and write: the offering, the project, the new booking, and the orders that are decided on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Integer, and_, func, insert, literal, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import has_member, orderable_offerings, visible_orders
from app.auth import Caller
from app.columns import columns_of, read_one
from app.lifecycle.repository import OrderFacts
from app.models import Customer, Offering, OfferingComponent, Order, Plan, PlanComponent, Project, Resource, Slot
from app.models.bookings import SLUG_NUMBER, SLUG_STEM
from app.models.enums import BillingType, OrderState, RequestType, ResourceState
from app.orders.rules import RequestedOffering, RequestingProject
from app.orders.schemas import ORDER_DETAILS
from app.query.collection import Collection, any_scope
from app.slots.periods import Period

ORDERS = Collection(
    "Order",
    ORDER_DETAILS,
    any_scope(visible_orders),
    {"created": Order.created, "state": Order.state},
    "created",
)


async def offering(connection: AsyncConnection, caller: Caller, uuid: UUID) -> RequestedOffering | None:
    """The offering, if the caller may order it."""
    statement = select(*columns_of(RequestedOffering).values())
    return await read_one(
        connection, RequestedOffering, statement.where(Offering.uuid == uuid, orderable_offerings(caller))
    )


async def project(connection: AsyncConnection, caller: Caller, uuid: UUID) -> RequestingProject | None:
    """The project, if the caller is a member of it or of its organisation."""
    statement = (
        select(*columns_of(RequestingProject).values())
        .join(Customer, Customer.uuid == Project.customer_uuid)
        .where(Project.uuid == uuid, Project.is_removed.is_(False), or_(literal(caller.is_staff), has_member(caller)))
    )
    return await read_one(connection, RequestingProject, statement)


async def plan_of(connection: AsyncConnection, offering_uuid: UUID, uuid: UUID) -> bool:
    """Whether the offering has that plan, and it is not archived."""
    statement = select(Plan.uuid).where(
        Plan.uuid == uuid, Plan.offering_uuid == offering_uuid, Plan.archived.is_(False)
    )
    return (await connection.execute(statement)).first() is not None


async def cost(connection: AsyncConnection, plan_uuid: UUID | None) -> Decimal | None:
    """What a new booking costs: the plan's price and those of its one-time components. Rule: contract, 8.6."""
    if plan_uuid is None:
        return None
    once = (
        select(func.coalesce(func.sum(PlanComponent.price), 0))
        .join(OfferingComponent, OfferingComponent.uuid == PlanComponent.component_uuid)
        .where(PlanComponent.plan_uuid == plan_uuid, OfferingComponent.billing_type == BillingType.ONE_TIME)
        .scalar_subquery()
    )
    return (await connection.execute(select(Plan.unit_price + once).where(Plan.uuid == plan_uuid))).scalar_one()


async def next_slug(connection: AsyncConnection, stem: str) -> str:
    """The stem and a number that is greater than those in use with it."""
    number: ColumnElement[int] = literal_column(SLUG_NUMBER, Integer)
    greatest = select(func.max(number)).select_from(Resource).where(literal_column(SLUG_STEM) == stem)
    return f"{stem}-{((await connection.execute(greatest)).scalar_one() or 0) + 1}"


async def store(
    connection: AsyncConnection, resource: Mapping[str, object], order: Mapping[str, object], periods: Sequence[Period]
) -> UUID:
    """Adds a booking, its slots and its order, and returns the order's uuid.

    Raises DBAPIError with SQLSTATE 23P01 if a period is taken.
    """
    uuid = (await connection.execute(insert(Resource).values(resource).returning(Resource.uuid))).scalar_one()
    slots = [
        {
            "resource_uuid": uuid,
            "offering_uuid": resource["offering_uuid"],
            "live": True,
            "start": each.start,
            "end": each.end,
            "backend_id": f"booking_{uuid4().hex}",
        }
        for each in sorted(periods)
    ]
    await connection.execute(insert(Slot), slots)
    added = insert(Order).values(resource_uuid=uuid, **order).returning(Order.uuid)
    return (await connection.execute(added)).scalar_one()


@dataclass(frozen=True, kw_only=True)
class PlacedOrder(OrderFacts):
    """An order, with its booking, and the days for which it waits."""

    booking: Annotated[UUID, Order.resource_uuid]
    starts: Annotated[date | None, Order.start_date]
    project_starts: Annotated[date | None, Project.start_date]


async def placed(connection: AsyncConnection, caller: Caller, uuid: UUID) -> PlacedOrder | None:
    """The order, if the caller may see it."""
    return await read_one(connection, PlacedOrder, _PLACED.where(Order.uuid == uuid, visible_orders(caller)))


_PLACED = select(*columns_of(PlacedOrder).values()).join(Project, Project.uuid == Order.project_uuid)


async def due(connection: AsyncConnection, today: date) -> list[PlacedOrder]:
    """Orders for new bookings whose day, or whose project's day, has come."""
    begun: ColumnElement[bool] = or_(Project.start_date.is_(None), Project.start_date <= today)
    statement = _PLACED.join(Resource, Resource.uuid == Order.resource_uuid).where(
        Order.type == RequestType.CREATE,
        Resource.state == ResourceState.CREATING,
        or_(
            and_(Order.state == OrderState.PENDING_PROJECT, begun),
            and_(Order.state == OrderState.PENDING_START_DATE, Order.start_date <= today),
        ),
    )
    return [PlacedOrder(**row) for row in (await connection.execute(statement)).mappings()]
