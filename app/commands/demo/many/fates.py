"""What becomes of bookings, how often, and other things that are picked by weight."""

from bisect import bisect
from collections.abc import Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, NamedTuple, TypeVar

from app.commands.demo.many.words import KINDS, QUALITIES, SUBJECTS
from app.models.enums import OrderState, RequestType, ResourceState

CREATING, OK, TERMINATED = ResourceState.CREATING, ResourceState.OK, ResourceState.TERMINATED
Choice = TypeVar("Choice")


class Fate(NamedTuple):
    """What has become of a booking: the states it went through, the Create order's state, and a later order."""

    path: tuple[ResourceState, ...]
    order: OrderState
    later: tuple[RequestType, OrderState] | None = None


WAITING = Fate((CREATING,), OrderState.EXECUTING)
UNAPPROVED = Fate((CREATING,), OrderState.PENDING_CONSUMER)
ACCEPTED = Fate((CREATING, OK), OrderState.DONE)
GIVEN_UP = Fate((CREATING, OK, TERMINATED), OrderState.DONE, (RequestType.TERMINATE, OrderState.DONE))
REJECTED = Fate((CREATING, TERMINATED), OrderState.CANCELED)
FAILED = Fate((CREATING, ResourceState.ERRED), OrderState.ERRED)
LEAVING = Fate(
    (CREATING, OK, ResourceState.TERMINATING), OrderState.DONE, (RequestType.TERMINATE, OrderState.EXECUTING)
)
CHANGING = Fate((CREATING, OK, ResourceState.UPDATING), OrderState.DONE, (RequestType.UPDATE, OrderState.EXECUTING))


class Weighted(Generic[Choice]):
    """Things that are picked by weight, at the cost of one random number."""

    def __init__(self, weights: Mapping[Choice, float] | Sequence[tuple[Choice, float]]) -> None:
        pairs = list(weights.items() if isinstance(weights, Mapping) else weights)
        self._things = [thing for thing, _ in pairs]
        self._sums = list(accumulate(weight for _, weight in pairs))

    def pick(self, chance: Random) -> Choice:
        """One of the things."""
        return self._things[bisect(self._sums, chance.random() * self._sums[-1], hi=len(self._things) - 1)]


def falling(things: Sequence[Choice], offset: int = 1) -> Weighted[Choice]:
    """By Zipf's law: the first is picked most often."""
    return Weighted([(thing, 1 / (number + offset)) for number, thing in enumerate(things)])


PAST = Weighted(
    {ACCEPTED: 0.78, GIVEN_UP: 0.09, REJECTED: 0.08, FAILED: 0.02, LEAVING: 0.015, CHANGING: 0.015},
)
UPCOMING = Weighted(
    {WAITING: 0.32, UNAPPROVED: 0.08, ACCEPTED: 0.46}
    | {GIVEN_UP: 0.05, REJECTED: 0.04, FAILED: 0.02, LEAVING: 0.015, CHANGING: 0.015}
)
"""Together 70 % are OK, 15 % Terminated and 10 % Creating."""
SLOTS = Weighted({1: 0.6, 2: 0.22, 3: 0.12, 4: 0.06})
RUNTIME_STATES = Weighted(
    {"finished": 0.6, "reserved": 0.2, "running": 0.1, "stopped": 0.06, "error": 0.03, "maintenance": 0.01}
)
NAMES = (falling(QUALITIES), falling(SUBJECTS, 4), falling(KINDS, 2))
