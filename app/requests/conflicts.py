"""What is said when a period is taken: by what, as far as the caller may know."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from app.errors import PeriodTaken
from app.models.enums import ResourceState
from app.requests.rules import Asked

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
PERIOD_TAKEN = {
    "title": "PeriodTaken",
    "description": "Rules that the request breaks; where a period is taken, all that is in the way follows.",
    "type": "array",
    "items": {"anyOf": [{"type": "string"}, _CONFLICTS]},
    "minItems": 1,
}
"""How such an answer is described in the OpenAPI document."""


def check_free(asked: Sequence[Asked], taken: Sequence[Row[Any]]) -> None:
    """Raises PeriodTaken about the first period that collides, with all collisions.

    `taken` has start, end, state and uuid of what is in the way, and whether the caller may see it.
    """
    for item in asked:
        colliding = [row for row in taken if row.start < item.period.end and item.period.start < row.end]
        if colliding:
            requested = all(row.state == ResourceState.CREATING for row in colliding)
            more = " Other booking request exists." if requested else ""
            raise PeriodTaken(f"{item} is not available.{more}", [_conflict(row) for row in taken])


def _conflict(row: Row[Any]) -> dict[str, Any]:
    shown = {"uuid": str(row.uuid), "state": row.state} if row.visible else {}
    return {"start": text_of(row.start), "end": text_of(row.end), **shown}


def text_of(moment: datetime) -> str:
    """A point in time as answers write it."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
