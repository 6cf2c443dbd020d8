"""What is said when a period is taken: by what, as far as the caller may know."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.errors import RuleBroken
from app.models.enums import ResourceState
from app.slots.periods import Period, RequestedPeriod
from app.values import JsonObject, text_of

_MOMENT = {"type": "string", "format": "date-time"}
_CONFLICT = {
    "type": "object",
    "properties": {
        "start": _MOMENT,
        "end": _MOMENT,
        "uuid": {"type": "string", "format": "uuid", "description": "The booking, if the caller may see it."},
        "state": {"type": "string", "description": "Its state."},
    },
    "required": ["start", "end"],
}
_CONFLICTS = {
    "type": "object",
    "properties": {"conflicts": {"type": "array", "items": _CONFLICT}},
    "required": ["conflicts"],
}
PERIOD_TAKEN: JsonObject = {
    "title": "PeriodTaken",
    "description": "Rules that the request breaks; where a period is taken, all that is in the way follows.",
    "type": "array",
    "items": {"anyOf": [{"type": "string"}, _CONFLICTS]},
    "minItems": 1,
}
"""How such an answer is described in the OpenAPI document."""


@dataclass(frozen=True)
class Holder:
    """What holds a period of an offering: a booking, or busy time, which has neither state nor uuid."""

    start: datetime
    end: datetime
    state: ResourceState | None
    uuid: UUID | None
    visible: bool

    def collides_with(self, requested: RequestedPeriod) -> bool:
        """Whether the two have a moment in common."""
        return requested.period.overlaps(Period(self.start, self.end))

    def shown(self) -> dict[str, str]:
        """What the caller is told of it: always when, and which booking if that is visible."""
        period = {"start": text_of(self.start), "end": text_of(self.end)}
        return {**period, "uuid": str(self.uuid), "state": str(self.state)} if self.visible else period


class PeriodTaken(RuleBroken):
    """Periods that collide with others; those follow the message, for clients that can show them."""

    def __init__(self, requested: RequestedPeriod, holders: Sequence[Holder]) -> None:
        colliding = [holder for holder in holders if holder.collides_with(requested)]
        waiting = bool(colliding) and all(holder.state == ResourceState.CREATING for holder in colliding)
        more = " Other booking request exists." if waiting else ""
        conflicts = {"conflicts": [holder.shown() for holder in holders]}
        super().__init__(f"{requested} is not available.{more}", conflicts)


def check_free(requested: Sequence[RequestedPeriod], holders: Sequence[Holder]) -> None:
    """Raises PeriodTaken about the first period that collides, with all that is in the way."""
    for each in requested:
        if any(holder.collides_with(each) for holder in holders):
            raise PeriodTaken(each, holders)
