"""What may happen to a booking: one entry for each transition."""

from collections.abc import Callable
from dataclasses import dataclass

from app.auth import Caller
from app.bookings.permissions import Facts, decides_for_provider, may_accept, may_reject
from app.models.enums import OrderState, ResourceState


@dataclass(frozen=True)
class Transition:
    """From which state to which, how the order that asked for the booking ends, who may, and for which side."""

    name: str
    source: ResourceState
    target: ResourceState
    order_ends: OrderState
    allowed: Callable[[Caller, Facts], bool]
    for_provider: Callable[[Caller, Facts], bool]

    def possible(self, caller: Caller, facts: Facts) -> bool:
        """Whether the caller would succeed now."""
        return facts.state == self.source and facts.creations_executing == 1 and self.allowed(caller, facts)


ACCEPT = Transition(
    "accept", ResourceState.CREATING, ResourceState.OK, OrderState.DONE, may_accept, lambda caller, facts: True
)
REJECT = Transition(
    "reject",
    ResourceState.CREATING,
    ResourceState.TERMINATED,
    OrderState.CANCELED,
    may_reject,
    decides_for_provider,
)
TRANSITIONS = (ACCEPT, REJECT)
