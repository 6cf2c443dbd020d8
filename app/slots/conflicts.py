"""What is said when a period is taken: by what, as far as the caller may know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.errors import RuleBroken
from app.models.enums import ResourceState
from app.slots.periods import Period, RequestedPeriod
from app.values import JsonObject, text_of

PERIOD_TAKEN: JsonObject = {"$ref": "#/components/schemas/PeriodTaken"}
"""How such an answer is described in the OpenAPI document."""


@dataclass(frozen=True)
class Holder:
    """What holds a period of an offering: a booking, or busy time, which has neither state nor uuid.

    Time is kept free after some bookings, until `held_until`.
    """

    start: datetime
    end: datetime
    state: ResourceState | None
    uuid: UUID | None
    visible: bool
    held_until: datetime | None = None

    def collides_with(self, requested: RequestedPeriod) -> bool:
        """Whether the two have a moment in common, or are nearer than one of them is to be kept apart."""
        return requested.held.overlaps(Period(self.start, max(self.end, self.held_until or self.end)))

    def overlaps(self, requested: RequestedPeriod) -> bool:
        """Whether the two have a moment in common."""
        return requested.period.overlaps(Period(self.start, self.end))

    def shown(self) -> dict[str, str]:
        """What the caller is told of it: always when, and which booking if that is visible."""
        period = {"start": text_of(self.start), "end": text_of(self.end)}
        if self.held_until is not None and self.held_until > self.end:
            period["held_until"] = text_of(self.held_until)
        return {**period, "uuid": str(self.uuid), "state": str(self.state)} if self.visible else period


class PeriodTaken(RuleBroken):
    """Periods that collide with others; those follow the message, for clients that can show them."""

    conflict = "period"

    def __init__(self, requested: RequestedPeriod, holders: Sequence[Holder]) -> None:
        colliding = [holder for holder in holders if holder.collides_with(requested)]
        waiting = bool(colliding) and all(holder.state == ResourceState.CREATING for holder in colliding)
        more = " Other booking request exists." if waiting else ""
        if colliding and not any(holder.overlaps(requested) for holder in colliding):
            more = " Time is to be kept free between bookings (rule turnaround)."
        conflicts = {"conflicts": [holder.shown() for holder in holders]}
        super().__init__(f"{requested} is not available.{more}", conflicts)


def check_free(requested: Sequence[RequestedPeriod], holders: Sequence[Holder]) -> None:
    """Raises PeriodTaken about the first period that collides, with all that is in the way."""
    for each in requested:
        if any(holder.collides_with(each) for holder in holders):
            raise PeriodTaken(each, holders)
