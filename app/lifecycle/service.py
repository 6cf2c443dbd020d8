"""How a transition is carried out: found, allowed, possible, done; whichever it is, and whoever asks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.errors import Conflict, Forbidden, NotFound, RuleBroken
from app.lifecycle import repository
from app.lifecycle.facts import Facts
from app.lifecycle.permissions import Side
from app.lifecycle.repository import OrderFacts
from app.lifecycle.transitions import ACCEPT, Transition
from app.models.enums import OrderState, RequestType, ResourceState
from app.telemetry import events

BOOKING = "Resource"
"""What error messages call a booking."""
BY_RULE = "accepted by rule"
"""What the history says of requests that nobody had to decide on."""


class InvalidState(Conflict):
    """A transition that does not start from the state that things are in."""

    def __init__(self, valid_states: Iterable[str]) -> None:
        super().__init__(f"Valid states for operation: {', '.join(valid_states)}.")


class OrderMissing(RuleBroken):
    """A booking without the order that a transition would end."""

    message = "Unable to complete action because related order is not found."


class OrdersAmbiguous(RuleBroken):
    """A booking with several orders that a transition could end."""

    message = "Unable to complete action because multiple related orders are found."


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who changes a booking, for which side, and why; without a caller it is the service itself."""

    caller: Caller | None = None
    side: Side | None = None
    comment: str | None = None

    @property
    def uuid(self) -> UUID | None:
        """The user, if it is one."""
        return self.caller.uuid if self.caller else None


async def change(
    connection: AsyncConnection,
    caller: Caller,
    uuid: UUID,
    transition: Transition,
    comment: str | None = None,
    check_version: Callable[[datetime], None] | None = None,
) -> UUID:
    """Carries a transition out for a caller; returns the uuid of the order that ended, or was added.

    Raises NotFound, Forbidden, what `check_version` raises, InvalidState or RuleBroken, in this order (decision 21).
    """
    facts = await repository.facts(connection, uuid, transition.known(caller))
    if facts is None:
        raise NotFound.of(BOOKING)
    if not transition.is_allowed(caller, facts):
        raise Forbidden
    if check_version is not None:
        check_version(await repository.locked_version(connection, uuid))
    _check(transition, facts)
    actor = Actor(caller=caller, side=transition.side(caller, facts), comment=comment)
    orders = await apply(connection, transition, uuid, facts.state, actor)
    return orders[0]


def _check(transition: Transition, facts: Facts) -> None:
    if facts.state not in transition.sources:
        raise InvalidState(transition.sources)
    for stands, message in transition.obstacles:
        if stands(facts):
            raise RuleBroken(message)


async def decide(
    connection: AsyncConnection,
    caller: Caller,
    booking: UUID,
    order: OrderFacts,
    transition: Transition,
    becomes: OrderState | None = None,
) -> None:
    """Carries a transition out by one order of a booking, which becomes `becomes`; for callers who see the order.

    Raises Forbidden, RuleBroken for an order that does not ask for a new booking (decision 31), or InvalidState.
    """
    facts = await repository.facts(connection, booking)
    if facts is None or not transition.is_allowed(caller, facts):
        raise Forbidden
    if order.type != RequestType.CREATE:
        raise RuleBroken("Only a request for a new booking is decided on here.")
    if order.state not in transition.order_from:
        raise InvalidState(transition.order_from)
    _check(transition, facts)
    actor = Actor(caller=caller, side=transition.side(caller, facts))
    await apply(connection, transition, booking, facts.state, actor, order.uuid, becomes)


async def accept_by_rule(connection: AsyncConnection, booking: UUID, order: UUID) -> None:
    """Accepts a request as the rules of its provider say, unless the provider may not agree to anything."""
    facts = await repository.facts(connection, booking)
    if facts is not None and not any(stands(facts) for stands, _ in ACCEPT.obstacles):
        actor = Actor(side=Side.PROVIDER, comment=BY_RULE)
        await apply(connection, ACCEPT, booking, facts.state, actor, order)


async def apply(
    connection: AsyncConnection,
    transition: Transition,
    booking: UUID,
    source: ResourceState,
    actor: Actor,
    order: UUID | None = None,
    becomes: OrderState | None = None,
) -> Sequence[UUID]:
    """Changes the booking if it still is in that state, then its orders, then tells the history; returns the orders.

    With `order`, it is that order that changes. The booking comes first, so that of rivals one waits for the other.
    Raises InvalidState or RuleBroken; the transaction is then to be rolled back.
    """
    now = datetime.now(UTC)
    offering = await repository.change_state(connection, booking, source, transition.target, now)
    if offering is None:
        raise InvalidState(transition.sources)
    events.note(connection, transition.name, booking=booking, offering=offering, caller=actor.uuid)
    recorded = None if transition.target == source else _recorded(transition, booking, source, actor, now)
    if transition.order_from:
        ending = _ending(transition, actor, becomes, now)
        return await _change_orders(connection, transition, booking, order, ending, recorded)
    added = await _add_order(connection, booking, transition, actor, now)
    if recorded:
        await repository.record(connection, order_uuid=added, **recorded)
    return [added]


def _recorded(
    transition: Transition, booking: UUID, source: ResourceState, actor: Actor, now: datetime
) -> dict[str, object]:
    """What the history tells of the change, but for the order."""
    return {
        "resource_uuid": booking,
        "user_uuid": actor.uuid,
        "created": now,
        "from_state": source,
        "to_state": transition.target,
        "comment": actor.comment or None,
    }


async def _change_orders(
    connection: AsyncConnection,
    transition: Transition,
    booking: UUID,
    order: UUID | None,
    ending: Mapping[str, object],
    recorded: Mapping[str, object] | None,
) -> list[UUID]:
    """Ends the orders that the transition is about, and tells; none that asked for the booking outlives it."""
    undecided = await repository.undecided_orders(connection, booking)
    orders = _named(transition, undecided, order) if order else _chosen(transition, undecided)
    await repository.change_orders(connection, orders, recorded, **ending)
    if transition.target == ResourceState.TERMINATED:
        left = [each.uuid for each in undecided if each.type == RequestType.CREATE and each.uuid not in orders]
        await repository.change_orders(connection, left, state=OrderState.CANCELED, modified=ending["modified"])
    return orders


def _chosen(transition: Transition, undecided: Sequence[OrderFacts]) -> list[UUID]:
    """The orders that end with the transition, the executing one first; without `order_needed`, of every type."""
    if not transition.order_needed:
        return [order.uuid for order in undecided]
    creations = [order for order in undecided if order.type == RequestType.CREATE]
    executing = [order.uuid for order in creations if order.state == OrderState.EXECUTING]
    if len(executing) > 1:
        raise OrdersAmbiguous
    found = [order.uuid for order in creations if order.state in transition.order_from]
    if not found:
        raise OrderMissing
    return sorted(found, key=lambda uuid: uuid not in executing)


def _named(transition: Transition, undecided: Sequence[OrderFacts], uuid: UUID) -> list[UUID]:
    if not any(order.uuid == uuid and order.state in transition.order_from for order in undecided):
        raise InvalidState(transition.order_from)
    return [uuid]


def _ending(transition: Transition, actor: Actor, becomes: OrderState | None, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {"state": becomes or transition.order_to, "modified": now}
    if actor.side:
        values |= {f"{actor.side}_reviewed_by_uuid": actor.uuid, f"{actor.side}_reviewed_at": now}
    if transition.order_to == OrderState.DONE:
        values["completed_at"] = now
    if actor.comment and transition.target == ResourceState.TERMINATED:
        values["termination_comment"] = actor.comment
    return values


async def _add_order(
    connection: AsyncConnection, booking: UUID, transition: Transition, actor: Actor, now: datetime
) -> UUID:
    ending = {"termination_comment": None} | _ending(transition, actor, None, now)
    return await repository.add_termination(connection, booking, created=now, created_by_uuid=actor.uuid, **ending)
