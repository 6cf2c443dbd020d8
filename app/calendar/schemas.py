"""What may be asked about the time of an offering, and what is answered."""

import re
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

from app.api.parameters import Moment, refusal
from app.api.wire import Comment
from app.models import BusySlot
from app.query.fieldset import Fieldset, View, column
from app.query.filtering import FilterSet, given
from app.values import DURATION, STORABLE_YEARS, NoDuration, duration_of, is_storable

_MINUTES = re.compile(r"\d{1,6}", re.ASCII)
_DURATION_SCHEMA = {"type": "string", "pattern": rf"^([0-9]{{1,6}}|{DURATION})$"}


def _duration(value: str) -> timedelta:
    if _MINUTES.fullmatch(value.strip()):
        return timedelta(minutes=int(value))
    try:
        return duration_of(value)
    except NoDuration:
        raise refusal("Enter a duration, as PT1H30M, or a whole number of minutes.") from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise refusal("Enter a valid date/time.")
    return value


def _storable(moment: datetime) -> datetime:
    """The moment, unless the database driver would take it for infinity."""
    if not is_storable(moment):
        raise refusal(f"Must be in the years {STORABLE_YEARS[0]} to {STORABLE_YEARS[-1]}.")
    return moment


Duration = Annotated[timedelta, BeforeValidator(_duration), WithJsonSchema(_DURATION_SCHEMA)]
"""A length of time; one unit below another may be left out, months and years have no fixed length."""
GivenMoment = Annotated[Moment, BeforeValidator(_text), AfterValidator(_storable)]
"""A point in time in a body, with an offset or Z; a plain date is its midnight UTC."""


class Within(FilterSet):
    """A part of time, half-open; what is not given, or given empty, does not limit it."""

    start: Moment = given("Only periods that end after this moment.")
    end: Moment = given("Only periods that start before this moment.")


class Sought(FilterSet):
    """A part of time in which free periods are looked for."""

    start: Moment = given("From when on to look; now, if it is not given or has passed.")
    end: Moment = given("Until when to look; 30 days after the start if not given, at most 366 days after it.")
    duration: Duration = given(
        "Only periods at least that long: an ISO 8601 duration such as `PT1H30M`, or whole minutes."
    )


class BookedPeriod(BaseModel):
    """A period in which an offering cannot be booked."""

    created_by_full_name: str | None = Field(
        description="Who has booked it, where the caller may know; `google calendar` for busy time from a calendar."
    )
    start: datetime = Field(description="The first moment that belongs to the period.")
    end: datetime = Field(description="The first moment that no longer belongs to it.")


class FreePeriod(BaseModel):
    """A period in which an offering is open, and neither booked nor busy."""

    start: datetime = Field(description="The first moment that is free.")
    end: datetime = Field(description="The first moment that no longer is.")


class BusySlotRequest(BaseModel):
    """A period to be kept free of bookings."""

    start: GivenMoment = Field(description="The first moment that belongs to it, with an offset or Z.")
    end: GivenMoment = Field(description="The first moment that no longer belongs to it, with an offset or Z.")
    comment: Comment = Field(default="", description="What it is for; shown to the provider's side only.")


class BusyPeriod(Fieldset):
    """A period that the provider keeps free of bookings."""

    uuid: UUID = column(BusySlot.uuid, "UUID of the busy slot.")
    start: datetime = column(BusySlot.start, "The first moment that belongs to it.")
    end: datetime = column(BusySlot.end, "The first moment that no longer belongs to it.")
    comment: str = column(BusySlot.comment, "What it is for.")


BUSY_PERIOD = View(BusyPeriod, BusySlot, {})
