"""In what order things are decided: found, allowed, possible, done."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.bookings import repository
from app.bookings.permissions import TERMINABLE_STATES, may_terminate, terminable_by
from app.bookings.repository import BOOKINGS, changes_of
from app.bookings.transitions import REJECT, Transition
from app.errors import BookingNotFound, Forbidden, InvalidState, OrderMissing, OrdersAmbiguous, RuleBroken
from app.kit.collection import Query
from app.kit.fieldset import Context
from app.kit.pagination import Listing, Page
from app.kit.versions import IfMatch
from app.models.enums import OrderState, ResourceState


async def list_page(connection: AsyncConnection, context: Context, query: Query, page: Page) -> Listing:
    """A page of the bookings that the caller may see; raises InvalidPage beyond the last one."""
    return await BOOKINGS.page(connection, context, query, page)


async def count(connection: AsyncConnection, context: Context, query: Query, page: Page) -> Listing:
    """What `list_page` would find, without the bookings."""
    return await BOOKINGS.head(connection, context, query, page)


async def retrieve(
    connection: AsyncConnection, context: Context, uuid: UUID, fields: Collection[str]
) -> tuple[dict[str, Any], datetime]:
    """One booking, and when it last changed; raises BookingNotFound."""
    found = await BOOKINGS.one(connection, context, uuid, fields)
    return found, await repository.version(connection, uuid)


async def history_page(connection: AsyncConnection, context: Context, uuid: UUID, page: Page) -> Listing:
    """A page of the changes of a booking, oldest first; raises BookingNotFound."""
    await BOOKINGS.require(connection, context.caller, uuid)
    return await changes_of(uuid).page(connection, context, Query(), page)


async def change(
    connection: AsyncConnection,
    caller: Caller,
    uuid: UUID,
    transition: Transition,
    comment: str | None = None,
    seen: IfMatch | None = None,
) -> UUID:
    """Moves a booking on, ends its order and records who did it; returns the order's uuid.

    Raises BookingNotFound, Forbidden, PreconditionFailed, InvalidState, OrderMissing or OrdersAmbiguous, in this order
    (decision 21).
    """
    facts = await repository.facts(connection, caller, uuid)
    if facts is None:
        raise BookingNotFound
    if not transition.allowed(caller, facts):
        raise Forbidden
    if seen is not None:
        seen.check(await repository.version(connection, uuid, lock=True))
    now = datetime.now(UTC)
    if not await repository.change_state(connection, uuid, transition.source, transition.target, now):
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
    states = (transition.source, transition.target)
    await _record(connection, caller, uuid, orders[0], states, comment, now)
    return orders[0]


async def terminate(connection: AsyncConnection, caller: Caller, uuid: UUID, comment: str | None) -> UUID:
    """Ends a settled booking, which frees its slots at once; returns the uuid of the order that says so.

    Raises BookingNotFound, Forbidden, InvalidState or RuleBroken, in this order.
    """
    facts = await repository.facts(connection, caller, uuid, terminable_by)
    if facts is None:
        raise BookingNotFound
    if not may_terminate(caller, facts):
        raise Forbidden
    if facts.state not in TERMINABLE_STATES:
        raise InvalidState(TERMINABLE_STATES)
    if facts.consumer_closed:
        raise RuleBroken("Blocked or archived organization is not available.")
    if facts.order_in_progress is not None:
        raise RuleBroken("Pending order for resource already exists.")
    now = datetime.now(UTC)
    if not await repository.change_state(connection, uuid, facts.state, ResourceState.TERMINATED, now):
        raise InvalidState(TERMINABLE_STATES)
    order = await repository.add_termination(connection, caller, uuid, now, termination_comment=comment or None)
    await _record(connection, caller, uuid, order, (facts.state, ResourceState.TERMINATED), comment, now)
    return order


async def expire(connection: AsyncConnection, uuid: UUID, now: datetime, reason: str) -> bool:
    """Rejects a request on behalf of the service; says whether there was still one to reject."""
    source, target = REJECT.source, REJECT.target
    if not await repository.change_state(connection, uuid, source, target, now):
        return False
    orders = await repository.cancel_orders(connection, uuid, now, reason)
    await _record(connection, None, uuid, orders[0] if orders else None, (source, target), reason, now)
    return True


async def _record(
    connection: AsyncConnection,
    caller: Caller | None,
    uuid: UUID,
    order: UUID | None,
    states: tuple[ResourceState, ResourceState],
    comment: str | None,
    now: datetime,
) -> None:
    await repository.record(
        connection,
        resource_uuid=uuid,
        order_uuid=order,
        user_uuid=caller.uuid if caller else None,
        created=now,
        from_state=states[0],
        to_state=states[1],
        comment=comment or None,
    )
