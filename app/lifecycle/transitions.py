"""What may happen to a booking: one entry for each transition. `apply` in `service` carries any of them out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.access import known_scopes, scopes_of_one
from app.auth import Caller
from app.columns import Scope
from app.lifecycle import permissions
from app.lifecycle.facts import Facts
from app.lifecycle.permissions import Side
from app.models.enums import UNDECIDED_STATES, OrderState, ResourceState

CREATING, OK, ERRED, TERMINATED = (
    ResourceState.CREATING,
    ResourceState.OK,
    ResourceState.ERRED,
    ResourceState.TERMINATED,
)
EXECUTING, DONE, PENDING_CONSUMER = OrderState.EXECUTING, OrderState.DONE, OrderState.PENDING_CONSUMER

CLOSED = "Blocked or archived organization is not available."
"""What an organisation is told that may neither agree to anything nor end what it has; refusing is open to all."""


@dataclass(frozen=True, kw_only=True)
class Transition:
    """From which states to which; what becomes of the orders that asked for the booking; who may, and for which side.

    What an entry does not say is as when a request ends without success. Without `allowed`, it is the service's own.
    Where `order_from` is empty, an order is added that says what was done. `obstacles` are rules that stand against it,
    each with the message that tells so.
    """

    name: str
    sources: tuple[ResourceState, ...] = (CREATING,)
    target: ResourceState = TERMINATED
    order_from: tuple[OrderState, ...] = UNDECIDED_STATES
    order_to: OrderState = OrderState.CANCELED
    order_needed: bool = True
    allowed: Callable[[Caller, Facts], bool] | None = None
    side: Callable[[Caller, Facts], Side] = lambda caller, facts: Side.CONSUMER
    known: Callable[[Caller], Sequence[Scope]] = scopes_of_one
    obstacles: tuple[tuple[Callable[[Facts], bool], str], ...] = ()

    def is_allowed(self, caller: Caller, facts: Facts) -> bool:
        """Whether the caller may, in whatever state things are."""
        return self.allowed is not None and self.allowed(caller, facts)

    def is_possible(self, caller: Caller, facts: Facts) -> bool:
        """Whether the caller would succeed now."""
        blocked = facts.state not in self.sources or any(stands(facts) for stands, _ in self.obstacles)
        return not blocked and self._has_order(facts) and self.is_allowed(caller, facts)

    def _has_order(self, facts: Facts) -> bool:
        if not self.order_from:
            return True
        only_executing = self.order_from == (EXECUTING,)
        found = facts.executing_creators if only_executing else facts.undecided_creators
        return bool(found) and len(facts.executing_creators) <= 1


ACCEPT = Transition(
    name="accept",
    target=OK,
    order_from=(EXECUTING,),
    order_to=DONE,
    allowed=permissions.may_accept,
    side=lambda caller, facts: Side.PROVIDER,
    obstacles=((lambda facts: facts.provider_closed, CLOSED),),
)
REJECT = Transition(name="reject", allowed=permissions.may_reject, side=permissions.own_side)
CANCEL = Transition(name="cancel", allowed=permissions.may_cancel)
APPROVE = Transition(
    name="approve_by_consumer",
    target=CREATING,
    order_from=(PENDING_CONSUMER,),
    order_to=EXECUTING,
    allowed=permissions.may_approve,
    obstacles=((lambda facts: facts.consumer_closed, CLOSED),),
)
REJECT_FOR_CONSUMER = Transition(
    name="reject_by_consumer",
    order_from=(PENDING_CONSUMER,),
    order_to=OrderState.REJECTED,
    allowed=permissions.may_reject_for_consumer,
)
START = Transition(
    name="start",
    target=CREATING,
    order_from=(OrderState.PENDING_PROJECT, OrderState.PENDING_START_DATE),
    order_to=EXECUTING,
)
EXPIRE = Transition(name="expire", order_needed=False)
TERMINATE = Transition(
    name="terminate",
    sources=(OK, ERRED),
    order_from=(),
    order_to=DONE,
    allowed=permissions.may_terminate,
    known=known_scopes,
    obstacles=(
        (lambda facts: facts.consumer_closed, CLOSED),
        (lambda facts: facts.order_in_progress is not None, "Pending order for resource already exists."),
    ),
)
SHOWN = (ACCEPT, REJECT)
"""Those that `available_actions` of a booking tells of (decision 9)."""
