"""What may be asked about the use of an offering, and what is answered."""

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field, WithJsonSchema

from app.api.parameters import choice, refusal
from app.query.filtering import FilterSet, given
from app.values import NoMoment, is_storable, moment_of

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class GroupBy(StrEnum):
    """By what figures of use are told apart."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    WEEKDAY_HOUR = "weekday_hour"
    PROJECT = "project"
    CUSTOMER = "customer"
    USER = "user"


def _day_or_moment(value: str) -> date | datetime:
    text = value.strip()
    try:
        moment = moment_of(text)
    except NoMoment as error:
        raise refusal(str(error)) from None
    if not is_storable(moment):
        raise refusal("Enter a valid date/time.")
    return moment.date() if _DAY.fullmatch(text) else moment


DayOrMoment = Annotated[
    datetime | date,
    BeforeValidator(_day_or_moment),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "date-time"}]}),
]
"""A point in time; a plain date is its midnight on the offering's clock."""
_Choice = Annotated[
    str, choice(GroupBy), WithJsonSchema({"type": "string", "enum": [str(each) for each in GroupBy], "default": "day"})
]


class Asked(FilterSet):
    """A part of time in which use is looked at, and by what it is told apart."""

    start: DayOrMoment = given("From when on; 30 days before the end if not given.")
    end: DayOrMoment = given(
        "Until when; now, or 30 days after the start, if not given; at most 366 days after it by the local clock."
    )
    group_by: _Choice = given(
        "What a group is: a `day`, a `week` from Monday on, a `month`, an hour of the week (`weekday_hour`), or what "
        "the bookings are of: a `project`, its organisation (`customer`), or the `user` who asked for them."
    )


class Figures(BaseModel):
    """How much an offering was used; hours are to four decimals."""

    open_hours: float = Field(description="Time within windows and weekly hours, as they are now.")
    booked_hours: float = Field(description="Time of bookings that were accepted, until they were terminated.")
    blocked_hours: float = Field(description="Time that the provider kept free of bookings.")
    utilisation: float | None = Field(description="Booked by open hours, to four decimals; null where nothing is open.")
    bookings: int = Field(description="Requests that were accepted, here and below by when their first period starts.")
    rejections: int = Field(description="Requests that the provider's side rejected.")
    expired: int = Field(description="Requests that the service rejected, since nobody had decided in time.")
    median_decision_seconds: float | None = Field(
        description="Half of the decisions of the provider's side came within this time after the request."
    )


class Group(Figures):
    """The figures of a day, week, month or hour of the week, or of a project, an organisation or a user."""

    key: str | None = Field(
        description="The day, the Monday of the week, the month (2026-01), day of the week and hour (1T08), or a UUID."
    )
    name: str | None = Field(description="Name of the project, organisation or user.")
    weekday: int | None = Field(description="With `weekday_hour`: the day, from 0 for Sunday to 6.")
    hour: int | None = Field(description="With `weekday_hour`: the hour by the local clock, from 0 to 23.")


class Usage(BaseModel):
    """How much an offering was used within a span, in all and in groups."""

    offering_uuid: UUID = Field(description="UUID of the offering.")
    start: datetime = Field(description="The first moment that was looked at.")
    end: datetime = Field(description="The first moment that no longer was.")
    time_zone: str = Field(description="IANA name of the time zone by whose clock days and hours are.")
    group_by: GroupBy = Field(description="What a group is.")
    total: Figures = Field(description="The figures of the whole span.")
    groups: list[Group] = Field(description="The figures of each group.")
