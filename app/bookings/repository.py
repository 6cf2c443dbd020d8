"""Bookings that a caller may see, their recorded changes, and those that nobody decided on in time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import booking_scopes, traceback_audience
from app.bookings.aggregates import LAST_START
from app.bookings.filters import ORDERINGS
from app.bookings.schemas import BOOKING_RESOURCES, HISTORY
from app.columns import Statement
from app.lifecycle.service import BOOKING
from app.models import BookingCount, History, Offering, Project, Resource
from app.models.bookings import ANY_PROJECT, REFERENCE_VERSION
from app.models.enums import BOOKING_OFFERING_TYPE, ResourceState
from app.query.collection import Collection, Versions, any_scope
from app.query.joins import Relations, in_terms_of, mentions, names, with_joins

_COUNTED_BY = {
    "offering_uuid": BookingCount.offering_uuid,
    "provider_uuid": Offering.customer_uuid,
    "project_uuid": BookingCount.project_uuid,
    "state": BookingCount.state,
    "is_booking": Offering.type == BOOKING_OFFERING_TYPE,
}
"""What counters know of bookings, and what says the same of a counter."""
_COUNTER_RELATIONS: Relations = {
    Offering: Offering.uuid == BookingCount.offering_uuid,
    Project: Project.uuid == BookingCount.project_uuid,
}


def counted(conditions: Sequence[ColumnElement[bool]]) -> Statement | None:
    """The sum of the counters that meet the conditions, if these speak of nothing but what counters know."""
    said = [in_terms_of(condition, Resource, _COUNTED_BY) for condition in conditions]
    if any(mentions(condition, Resource) for condition in said):
        return None
    by_project = any(mentions(condition, Project) or names(condition, "project_uuid") for condition in said)
    of_all = BookingCount.project_uuid == ANY_PROJECT
    total = func.coalesce(func.sum(BookingCount.number), 0)
    statement = with_joins(select(total), BookingCount, _COUNTER_RELATIONS, said)
    return statement.where(not_(of_all) if by_project else of_all, *said)


VERSIONS = Versions(
    modified=Resource.modified,
    columns={
        "version": Resource.version,
        "version_of_references": select(REFERENCE_VERSION.c.value).scalar_subquery(),
    },
    audience=traceback_audience,
)
BOOKINGS = Collection(BOOKING, BOOKING_RESOURCES, booking_scopes, ORDERINGS, "name", versions=VERSIONS, counted=counted)


def changes_of(uuid: UUID) -> Collection:
    """The recorded changes of a booking, oldest first; whether the caller may see the booking is not asked here."""
    own = History.resource_uuid == uuid
    return Collection(BOOKING, HISTORY, any_scope(lambda _: own), {"created": History.created}, "created")


async def overdue(connection: AsyncConnection, now: datetime) -> Sequence[UUID]:
    """Requests without a decision whose last slot has begun. Rule: decision 27."""
    statement = select(Resource.uuid).where(Resource.state == ResourceState.CREATING, now > LAST_START)
    return (await connection.execute(statement.order_by(Resource.uuid))).scalars().all()
