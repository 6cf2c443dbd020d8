"""Bookings that a caller may see, their recorded changes, and those that nobody decided on in time."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import booking_scopes
from app.bookings.aggregates import LAST_START
from app.bookings.filters import ORDERINGS
from app.bookings.schemas import BOOKING_RESOURCES, HISTORY
from app.lifecycle.service import BOOKING
from app.models import History, Resource
from app.models.enums import ResourceState
from app.query.collection import Collection

BOOKINGS = Collection(BOOKING, BOOKING_RESOURCES, booking_scopes, ORDERINGS, "name", version=Resource.modified)


def changes_of(uuid: UUID) -> Collection:
    """The recorded changes of a booking, oldest first; whether the caller may see the booking is not asked here."""
    own = History.resource_uuid == uuid
    return Collection(BOOKING, HISTORY, lambda _: [own], {"created": History.created}, "created")


async def overdue(connection: AsyncConnection, now: datetime) -> Sequence[UUID]:
    """Requests without a decision whose last slot has begun. Rule: decision 27."""
    statement = select(Resource.uuid).where(Resource.state == ResourceState.CREATING, now > LAST_START)
    return (await connection.execute(statement.order_by(Resource.uuid))).scalars().all()
