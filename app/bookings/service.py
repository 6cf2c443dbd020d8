"""In what order things are decided: found, allowed, possible, done."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.bookings import repository
from app.bookings.repository import BOOKINGS, changes_of
from app.bookings.transitions import Transition
from app.errors import BookingNotFound, Forbidden, InvalidState, OrderMissing, OrdersAmbiguous
from app.kit.collection import Query
from app.kit.fieldset import Context
from app.kit.pagination import Listing, Page
from app.models.enums import OrderState


async def list_page(connection: AsyncConnection, context: Context, query: Query, page: Page) -> Listing:
    """A page of the bookings that the caller may see; raises InvalidPage beyond the last one."""
    return await BOOKINGS.page(connection, context, query, page)


async def count(connection: AsyncConnection, context: Context, query: Query, page: Page) -> Listing:
    """What `list_page` would find, without the bookings."""
    return await BOOKINGS.head(connection, context, query, page)


async def retrieve(
    connection: AsyncConnection, context: Context, uuid: UUID, fields: Collection[str]
) -> dict[str, Any]:
    """One booking; raises BookingNotFound."""
    return await BOOKINGS.one(connection, context, uuid, fields)


async def history_page(connection: AsyncConnection, context: Context, uuid: UUID, page: Page) -> Listing:
    """A page of the changes of a booking, oldest first; raises BookingNotFound."""
    await BOOKINGS.require(connection, context.caller, uuid)
    return await changes_of(uuid).page(connection, context, Query(), page)


async def change(
    connection: AsyncConnection, caller: Caller, uuid: UUID, transition: Transition, comment: str | None = None
) -> UUID:
    """Moves a booking on, ends its order and records who did it; returns the order's uuid.

    Raises BookingNotFound, Forbidden, InvalidState, OrderMissing or OrdersAmbiguous, in this order (decision 21).
    """
    facts = await repository.facts(connection, caller, uuid)
    if facts is None:
        raise BookingNotFound
    if not transition.allowed(caller, facts):
        raise Forbidden
    now = datetime.now(UTC)
    if not await repository.change_state(connection, uuid, transition, now):
        raise InvalidState([transition.source])
    side = "provider" if transition.for_provider(caller, facts) else "consumer"
    changes: dict[str, Any] = {f"{side}_reviewed_by_uuid": caller.uuid, f"{side}_reviewed_at": now}
    if transition.order_ends == OrderState.DONE:
        changes["completed_at"] = now
    if comment:
        changes["termination_comment"] = comment
    orders = await repository.end_order(connection, uuid, transition.order_ends, now, changes)
    if len(orders) != 1:
        raise OrdersAmbiguous if orders else OrderMissing
    await repository.record(
        connection,
        resource_uuid=uuid,
        order_uuid=orders[0],
        user_uuid=caller.uuid,
        created=now,
        from_state=transition.source,
        to_state=transition.target,
        comment=comment or None,
    )
    return orders[0]
