"""What is stored already, of that which an import concerns."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, any_, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from app.commands.importing.audit import Claim
from app.models import Order, Resource, Slot, User
from app.models.enums import IN_PROGRESS_STATES
from app.slots.periods import Period

Value = TypeVar("Value", UUID, str)


def _among(column: InstrumentedAttribute[Value], values: Collection[Value]) -> ColumnElement[bool]:
    return column == any_(literal(list(values), ARRAY(column.type)))


async def latest_change(connection: AsyncConnection) -> datetime | None:
    """The greatest `modified` of all bookings; None without any."""
    return (await connection.execute(select(func.max(Resource.modified)))).scalar_one()


async def changes_of(connection: AsyncConnection, uuids: Collection[UUID]) -> Mapping[UUID, datetime]:
    """When those of the bookings that are stored last changed."""
    statement = select(Resource.uuid, Resource.modified).where(_among(Resource.uuid, uuids))
    return dict((await connection.execute(statement)).all())


async def same_names(connection: AsyncConnection, users: Collection[str]) -> Mapping[UUID, str]:
    """Usernames by the uuid under which they are stored, of those names that are."""
    statement = select(User.uuid, User.username).where(_among(User.username, users))
    return dict((await connection.execute(statement)).all())


async def open_orders(connection: AsyncConnection, bookings: Collection[UUID]) -> Mapping[UUID, UUID]:
    """The booking of each stored order in progress."""
    statement = select(Order.uuid, Order.resource_uuid).where(
        _among(Order.resource_uuid, bookings), Order.state.in_(IN_PROGRESS_STATES)
    )
    return dict((await connection.execute(statement)).all())


async def live_claims(connection: AsyncConnection, near: Mapping[UUID, Period]) -> list[Claim]:
    """Stored live bookings with slots of the offerings that touch the given periods, with those slots."""
    claims: dict[UUID, Claim] = {}
    for offering, period in near.items():
        columns = (Resource.uuid, Resource.name, Resource.created, Slot.start, Slot.end)
        touching = func.tstzrange(Slot.start, func.greatest(Slot.end, Slot.held_until)).op("&&")(
            func.tstzrange(period.start, period.end)
        )
        statement = (
            select(*columns)
            .join(Slot, Slot.resource_uuid == Resource.uuid)
            .where(Slot.offering_uuid == offering, Slot.live, touching)
        )
        for uuid, name, created, start, end in (await connection.execute(statement)).all():
            known = claims.get(uuid) or Claim(uuid, name, offering, created, (), here=True)
            claims[uuid] = replace(known, periods=(*known.periods, Period(start, end)))
    return list(claims.values())
