"""What media files contain, and what is changed of offerings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import visible_calendars, visible_media
from app.auth import Caller
from app.columns import columns_of, read_one
from app.models import MediaFile, Offering, OfferingChange, Resource, Slot
from app.models.enums import BOOKING_OFFERING_TYPE, Permission, ResourceState
from app.slots.periods import Period
from app.values import JsonObject

MOST_SLOTS = 50_000
"""How many slots are looked at to tell which stand outside new hours."""


async def stored_media(connection: AsyncConnection, caller: Caller, uuid: UUID) -> tuple[bytes, str] | None:
    """Content and MIME type of a file that the caller may look at; None if it is not stored here."""
    statement = select(MediaFile.content, MediaFile.mime_type).where(MediaFile.uuid == uuid, visible_media(caller))
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None or row.content is None else (row.content, row.mime_type)


@dataclass(frozen=True, kw_only=True)
class ProvidedOffering:
    """An offering, with what decides over a change of it."""

    uuid: Annotated[UUID, Offering.uuid]
    provider: Annotated[UUID | None, Offering.customer_uuid]
    attributes: Annotated[JsonObject, Offering.attributes]
    rules: Annotated[JsonObject, Offering.rules]


def _may(caller: Caller, permission: Permission) -> ColumnElement[bool]:
    scopes = caller.permissions.get(permission, frozenset())
    return or_(Offering.uuid.in_(scopes), Offering.customer_uuid.in_(scopes))


async def provided(
    connection: AsyncConnection, caller: Caller, uuid: UUID, permission: Permission, *, lock: bool = False
) -> ProvidedOffering | None:
    """The offering, if the caller sees its calendar or holds the permission on it; with `lock`, it stays as it is."""
    seen = or_(visible_calendars(caller), _may(caller, permission))
    statement = select(*columns_of(ProvidedOffering).values()).where(Offering.uuid == uuid, seen)
    statement = statement.where(Offering.type == BOOKING_OFFERING_TYPE)
    return await read_one(connection, ProvidedOffering, statement.with_for_update() if lock else statement)


async def change(connection: AsyncConnection, uuid: UUID, now: datetime, values: Mapping[str, object]) -> None:
    """Sets columns of an offering."""
    await connection.execute(update(Offering).where(Offering.uuid == uuid).values(modified=now, **values))


async def record(connection: AsyncConnection, **values: object) -> None:
    """Appends one row to the changes of offerings."""
    await connection.execute(insert(OfferingChange).values(**values))


@dataclass(frozen=True, kw_only=True)
class BookedSlot:
    """A slot that a live booking holds."""

    uuid: Annotated[UUID, Resource.uuid]
    name: Annotated[str, Resource.name]
    state: Annotated[ResourceState, Resource.state]
    start: Annotated[datetime, Slot.start]
    end: Annotated[datetime, Slot.end]

    @property
    def period(self) -> Period:
        """From when until when."""
        return Period(self.start, self.end)


async def booked_slots(connection: AsyncConnection, offering: UUID, after: datetime) -> list[BookedSlot]:
    """Slots of live bookings that end after a moment, the earliest of them."""
    statement = (
        select(*columns_of(BookedSlot).values())
        .join(Resource, Resource.uuid == Slot.resource_uuid)
        .where(Slot.offering_uuid == offering, Slot.live, Slot.end > after)
        .order_by(Slot.start, Slot.id)
        .limit(MOST_SLOTS)
    )
    return [BookedSlot(**row) for row in (await connection.execute(statement)).mappings()]
