"""What can be said of something new before it is stored."""

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.slots.opening import Opening

NO_WINDOWS = "It has no opening windows that are still to come, so nobody can book it."

ANYWHERE = ZoneInfo("UTC")
"""A time zone where none matters: when windows end, and whether they are some, is the same in all."""


def is_ever_open(attributes: Mapping[str, object]) -> bool:
    """Whether there is a window in which the offering may still be booked."""
    return Opening(attributes, ANYWHERE).lasts_beyond(datetime.now(UTC))
