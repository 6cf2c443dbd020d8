"""What is looked up before something is created, and how an offering changes."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from sqlalchemy import false, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import visible_customers, visible_offerings
from app.auth import Caller
from app.columns import columns_of, read_one
from app.models import Category, Customer, Offering
from app.models.enums import OfferingState
from app.values import JsonObject

_CLOSED = or_(Customer.blocked, Customer.archived)


@dataclass(frozen=True, kw_only=True)
class Party:
    """An organisation in which something is to be made."""

    uuid: Annotated[UUID, Customer.uuid]
    is_closed: Annotated[bool, _CLOSED]


@dataclass(frozen=True, kw_only=True)
class OwnOffering:
    """An offering that is to be changed."""

    uuid: Annotated[UUID, Offering.uuid]
    provider: Annotated[UUID | None, Offering.customer_uuid]
    is_closed: Annotated[bool, func.coalesce(_CLOSED, false())]
    state: Annotated[OfferingState, Offering.state]
    attributes: Annotated[JsonObject, Offering.attributes]


async def party(connection: AsyncConnection, caller: Caller, uuid: UUID | None) -> Party | None:
    """The organisation, if the caller may see it."""
    statement = select(*columns_of(Party).values()).where(Customer.uuid == uuid, visible_customers(caller))
    return await read_one(connection, Party, statement)


async def has_category(connection: AsyncConnection, uuid: UUID | None) -> bool:
    """Whether there is that kind."""
    return (await connection.execute(select(Category.uuid).where(Category.uuid == uuid))).first() is not None


async def own_offering(connection: AsyncConnection, caller: Caller, uuid: UUID) -> OwnOffering | None:
    """The offering, if the caller may see it."""
    statement = select(*columns_of(OwnOffering).values()).outerjoin(Customer, Customer.uuid == Offering.customer_uuid)
    return await read_one(connection, OwnOffering, statement.where(Offering.uuid == uuid, visible_offerings(caller)))


async def change(connection: AsyncConnection, uuid: UUID, states: Iterable[OfferingState], **values: object) -> bool:
    """Changes an offering, if it is in one of the states when its turn comes; says whether it was."""
    changed = update(Offering).where(Offering.uuid == uuid, Offering.state.in_(tuple(states)))
    return (await connection.execute(changed.values(modified=func.now(), **values))).rowcount == 1
