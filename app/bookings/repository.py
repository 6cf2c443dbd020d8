"""Bookings that a caller may see, their recorded changes, and those that nobody decided on in time."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Interval, and_, func, literal, not_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import booking_scopes, traceback_audience
from app.bookings.aggregates import LAST_START
from app.bookings.filters import ORDERINGS
from app.bookings.schemas import BOOKING_RESOURCES, HISTORY
from app.columns import Statement
from app.lifecycle.service import BOOKING
from app.models import BookingCount, BookingTotal, History, Offering, Project, Resource
from app.models.bookings import ANY_PROJECT, REFERENCE_VERSION
from app.models.enums import BOOKING_OFFERING_TYPE, ResourceState
from app.query.collection import Collection
from app.query.joins import Relations, in_terms_of, mentions, names, with_joins
from app.query.lists import Versions, any_scope
from app.slots.rules import rules_of

_COUNTED_BY = {
    "offering_uuid": BookingCount.offering_uuid,
    "provider_uuid": Offering.customer_uuid,
    "project_uuid": BookingCount.project_uuid,
    "state": BookingCount.state,
    "is_booking": Offering.type == BOOKING_OFFERING_TYPE,
}
"""What counters know of bookings, and what says the same of a counter."""
_TOTALLED_BY = {"state": BookingTotal.state, "is_booking": true()}
"""What the sums over all offerings know of bookings."""
_COUNTER_RELATIONS: Relations = {
    Offering: Offering.uuid == BookingCount.offering_uuid,
    Project: Project.uuid == BookingCount.project_uuid,
}


def counted(conditions: Sequence[ColumnElement[bool]]) -> Statement | None:
    """The sum of the counters that meet the conditions, if these speak of nothing but what counters know."""
    said = [in_terms_of(condition, Resource, _TOTALLED_BY) for condition in conditions]
    if not any(mentions(condition, Resource, Project, Offering) for condition in said):
        return select(func.coalesce(func.sum(BookingTotal.number), 0)).where(*said)
    said = [in_terms_of(condition, Resource, _COUNTED_BY) for condition in conditions]
    return None if any(mentions(condition, Resource) for condition in said) else _by_offering(said)


def _by_offering(said: Sequence[ColumnElement[bool]]) -> Statement:
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


async def overdue(connection: AsyncConnection, after: UUID, most: int) -> Sequence[UUID]:
    """The next requests without a decision whose last slot has begun, by the clock of PostgreSQL. Rule: decision 27."""
    return await _waiting(connection, func.now() > LAST_START, after, most)


async def overdue_by_rules(connection: AsyncConnection, after: UUID, most: int) -> Sequence[UUID]:
    """The next requests on which nobody decided within the time that the rules of their offerings give.

    A request that waited already when the rules were changed has that time from then on.
    """
    ruled = select(Offering.uuid, Offering.rules, Offering.rules_changed).where(
        Offering.rules.has_key("pending_expires")
    )
    found = [(row, rules_of(row.rules).pending_expires) for row in await connection.execute(ruled)]
    late = [
        and_(
            Resource.offering_uuid == row.uuid,
            func.greatest(Resource.created, row.rules_changed) + literal(within, Interval()) <= func.now(),
        )
        for row, within in found
        if within is not None
    ]
    return await _waiting(connection, or_(*late), after, most) if late else []


async def _waiting(
    connection: AsyncConnection, condition: ColumnElement[bool], after: UUID, most: int
) -> Sequence[UUID]:
    waiting = Resource.is_booking, Resource.state == ResourceState.CREATING
    statement = select(Resource.uuid).where(*waiting, condition, Resource.uuid > after)
    return (await connection.execute(statement.order_by(Resource.uuid).limit(most))).scalars().all()
