"""What requests read and write: the offering, the project, what is taken, and the new booking."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Row,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.bookings.permissions import visible_to as booking_visible_to
from app.kit.periods import Period
from app.models import (
    BusySlot,
    Customer,
    Offering,
    OfferingComponent,
    Order,
    Plan,
    PlanComponent,
    Project,
    Resource,
    Slot,
)
from app.models.enums import BillingType, OrderState, ResourceState
from app.models.resource import SLUG_NUMBER, SLUG_STEM
from app.offerings.permissions import orderable_by
from app.requests.permissions import visible_to
from app.requests.rules import Ordered, Purpose

MOST_CONFLICTS = 100
LOCKED_OFFERINGS = 7_262_155
"""First key of the advisory locks by which requests for one offering are taken one after the other."""


async def offering(connection: AsyncConnection, caller: Caller, uuid: UUID) -> Ordered | None:
    """The offering, if the caller may order it."""
    statement = select(
        Offering.uuid,
        Offering.name,
        Offering.state,
        Offering.shared,
        Offering.billable,
        Offering.customer_uuid,
        Offering.plugin_options,
        Offering.attributes,
        Offering.terms_of_service,
    ).where(Offering.uuid == uuid, orderable_by(caller))
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Ordered(*row)


async def project(connection: AsyncConnection, caller: Caller, uuid: UUID) -> Purpose | None:
    """The project, if the caller is a member of it or of its organisation."""
    member = or_(Project.uuid.in_(caller.scopes), Project.customer_uuid.in_(caller.scopes), literal(caller.is_staff))
    statement = (
        select(
            Project.uuid,
            Project.name,
            Project.start_date,
            Project.end_date,
            Customer.uuid,
            Customer.name,
            Customer.blocked,
            Customer.archived,
        )
        .join(Customer, Customer.uuid == Project.customer_uuid)
        .where(Project.uuid == uuid, member, Project.is_removed.is_(False))
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Purpose(*row)


async def plan_of(connection: AsyncConnection, offering_uuid: UUID, uuid: UUID) -> bool:
    """Whether the offering has that plan, and it is not archived."""
    statement = select(Plan.uuid).where(
        Plan.uuid == uuid, Plan.offering_uuid == offering_uuid, Plan.archived.is_(False)
    )
    return (await connection.execute(statement)).first() is not None


async def lock(connection: AsyncConnection, offering_uuid: UUID) -> None:
    """Waits until no other transaction writes periods of the offering; held to the end of this one."""
    key = func.hashtextextended(str(offering_uuid), LOCKED_OFFERINGS)
    await connection.execute(select(func.pg_advisory_xact_lock(key)))


def _colliding(model: Any, wanted: Any) -> ColumnElement[bool]:
    return select(wanted).where(func.tstzrange(model.start, model.end).op("&&")(wanted)).exists()


async def taken(
    connection: AsyncConnection, caller: Caller, offering_uuid: UUID, periods: Sequence[Period]
) -> Sequence[Row[Any]]:
    """What collides with the periods, earliest first: start, end, state and uuid of the booking, and whether visible.

    Busy time of the offering has neither state nor uuid.
    """
    ranges = bindparam("ranges", [Range(each.start, each.end) for each in periods], type_=ARRAY(TSTZRANGE))
    wanted = func.unnest(ranges).column_valued("wanted")
    bookings = (
        select(Slot.start, Slot.end, Resource.state, Resource.uuid, booking_visible_to(caller).label("visible"))
        .join(Resource, Resource.uuid == Slot.resource_uuid)
        .where(Slot.offering_uuid == offering_uuid, Slot.live, _colliding(Slot, wanted))
    )
    busy = select(BusySlot.start, BusySlot.end, null(), null(), literal(False)).where(
        BusySlot.offering_uuid == offering_uuid, _colliding(BusySlot, wanted)
    )
    statement: Any = union_all(bookings, busy).order_by("start").limit(MOST_CONFLICTS)
    return (await connection.execute(statement)).all()


async def cost(connection: AsyncConnection, plan_uuid: UUID | None) -> Decimal | None:
    """What a new booking costs: the plan's price and those of its one-time components. Rule: reference, 4.4."""
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
    number: Any = literal_column(SLUG_NUMBER, Integer)
    greatest = select(func.max(number)).select_from(Resource).where(literal_column(SLUG_STEM) == stem)
    return f"{stem}-{((await connection.execute(greatest)).scalar_one() or 0) + 1}"


async def store(
    connection: AsyncConnection, resource: dict[str, Any], order: dict[str, Any], periods: Sequence[Period]
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


async def pending(connection: AsyncConnection, caller: Caller, uuid: UUID) -> Any:
    """Booking, project and consumer of an order that the caller may see, and when order and project start."""
    starts = Order.start_date.label("order_starts"), Project.start_date.label("project_starts")
    statement = (
        select(Order.resource_uuid, Project.uuid, Project.customer_uuid, *starts)
        .join(Project, Project.uuid == Order.project_uuid)
        .where(Order.uuid == uuid, visible_to(caller))
    )
    return (await connection.execute(statement)).one_or_none()


async def decide(connection: AsyncConnection, uuid: UUID, state: OrderState, caller: Caller, now: datetime) -> bool:
    """Ends the consumer's review of an order, if nobody else has; of any number of callers one succeeds."""
    statement = (
        update(Order)
        .where(Order.uuid == uuid, Order.state == OrderState.PENDING_CONSUMER)
        .values(state=state, modified=now, consumer_reviewed_by_uuid=caller.uuid, consumer_reviewed_at=now)
    )
    return (await connection.execute(statement)).rowcount == 1


async def touch(connection: AsyncConnection, resource_uuid: UUID, now: datetime) -> None:
    """Marks a booking as changed, since its order is shown with it."""
    await connection.execute(update(Resource).where(Resource.uuid == resource_uuid).values(modified=now))


async def free(connection: AsyncConnection, resource_uuid: UUID, now: datetime) -> None:
    """Ends a booking that has not been accepted, which frees its periods."""
    statement = (
        update(Resource)
        .where(Resource.uuid == resource_uuid, Resource.state == ResourceState.CREATING)
        .values(state=ResourceState.TERMINATED, modified=now)
    )
    await connection.execute(statement)


async def start_due(connection: AsyncConnection, now: datetime) -> None:
    """Hands orders over to the provider whose day and whose project's day have come."""
    today = now.date()
    begun = select(Project.uuid).where(or_(Project.start_date.is_(None), Project.start_date <= today))
    due = or_(
        and_(Order.state == OrderState.PENDING_PROJECT, Order.project_uuid.in_(begun)),
        and_(Order.state == OrderState.PENDING_START_DATE, Order.start_date <= today),
    )
    waiting, executing = (
        cast(state, Order.state.type) for state in (OrderState.PENDING_START_DATE, OrderState.EXECUTING)
    )
    state = case((Order.start_date > today, waiting), else_=executing)
    started = update(Order).where(due).values(state=state, modified=now).returning(Order.resource_uuid)
    for uuid in (await connection.execute(started)).scalars().all():
        await touch(connection, uuid, now)
