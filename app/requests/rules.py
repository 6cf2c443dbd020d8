"""What a request must fulfil, in the order and with the texts of the reference (7.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from app.errors import Invalid, RuleBroken
from app.kit.periods import Period, moment, windows
from app.models.enums import OfferingState

MOST_PERIODS = 300
LONGEST_NAME = 150


@dataclass(frozen=True)
class Asked:
    """A period as it was asked for: with the texts that were sent, which messages repeat."""

    period: Period
    start: Any
    end: Any

    def __str__(self) -> str:
        return f"Time period from {self.start} to {self.end}"


@dataclass(frozen=True)
class Ordered:
    """The offering that is asked for, with what the rules look at."""

    uuid: UUID
    name: str
    state: OfferingState
    shared: bool
    billable: bool
    provider: UUID | None
    plugin_options: dict[str, Any]
    attributes: dict[str, Any]
    terms_of_service: str


@dataclass(frozen=True)
class Purpose:
    """The project that is asked for, with what the rules look at."""

    uuid: UUID
    name: str
    start_date: date | None
    end_date: date | None
    consumer: UUID
    consumer_name: str
    blocked: bool
    archived: bool


def check_form(offering: Ordered, limits: Any, accepting_terms: bool) -> None:
    """Rules about single members of the request; raises Invalid."""
    if offering.state != OfferingState.ACTIVE:
        raise Invalid({"offering": ["Offering is not available."]})
    if limits:
        raise Invalid({"limits": ["Limits update is not supported for this resource."]})
    if offering.shared and offering.terms_of_service and not accepting_terms:
        message = f"Terms of service for offering '{offering.name}' have not been accepted."
        raise Invalid({"non_field_errors": [message]})


def check_parties(offering: Ordered, project: Purpose, today: date) -> None:
    """Rules about who asks whom; raises RuleBroken."""
    if project.blocked:
        raise RuleBroken("Blocked organization is not available.")
    if project.archived:
        raise RuleBroken("Archived organization is not available.")
    if project.end_date is not None and project.end_date < today:
        raise RuleBroken(f"Project '{project.name}' is expired.")
    if not offering.shared and offering.provider != project.consumer:
        raise RuleBroken(f'Offering "{offering.name}" is not allowed in organization "{project.consumer_name}".')


def check_name(attributes: dict[str, Any]) -> str:
    """The name of the booking; raises Invalid."""
    name = attributes.get("name", "")
    if name is None:
        return ""
    if not isinstance(name, str):
        raise Invalid({"attributes": ["Name is not a valid string."]})
    if len(name) > LONGEST_NAME:
        raise Invalid({"attributes": [f"Name has more than {LONGEST_NAME} characters."]})
    return name


def check_end_date(attributes: dict[str, Any]) -> date | None:
    """The day on which the booking is to end, if any; raises Invalid."""
    given = attributes.get("end_date")
    if given is None or given == "":
        return None
    try:
        return date.fromisoformat(given[:10] if isinstance(given, str) and given[4:5] == "-" else "")
    except ValueError:
        raise Invalid({"attributes": ["End date has wrong format. Use YYYY-MM-DD."]}) from None


def check_periods(attributes: dict[str, Any], offering: Ordered, now: datetime) -> list[Asked]:
    """The periods asked for, each possible in itself, inside the offering's windows, and apart; raises RuleBroken."""
    schedules = attributes.get("schedules")
    if not schedules or not isinstance(schedules, list):
        raise RuleBroken("Schedules are required.")
    if len(schedules) > MOST_PERIODS:
        raise RuleBroken(f"More than {MOST_PERIODS} periods cannot be asked for at once.")
    asked = [_period(item, now) for item in schedules]
    open_hours = windows(offering.attributes)
    for item in asked:
        if not any(window.contains(item.period) for window in open_hours):
            raise RuleBroken(f"{item} is not available for selected offering.")
    _check_apart(asked)
    return asked


def _period(item: Any, now: datetime) -> Asked:
    if not isinstance(item, dict) or "start" not in item or "end" not in item:
        raise RuleBroken("Key 'start' or 'end' does not exist in schedules item.")
    if not item["start"] or not item["end"]:
        raise RuleBroken("Value 'start' or 'end' does not exist in schedules item.")
    moments = []
    for text in (item["start"], item["end"]):
        found = moment(text)
        if found is None:
            raise RuleBroken(f"The value {text} does not match the format.")
        moments.append(found)
    start, end = moments
    if start < now:
        raise RuleBroken("Past slots are not available for selection.")
    asked = Asked(Period(start, end), item["start"], item["end"])
    if start >= end:
        raise RuleBroken(f"{asked} does not end after its start.")
    if not asked.period.is_storable:
        raise RuleBroken(f"The value {item['end']} does not match the format.")
    return asked


def _check_apart(asked: Sequence[Asked]) -> None:
    by_start = sorted(asked, key=lambda item: item.period)
    for earlier, later in pairwise(by_start):
        if earlier.period.overlaps(later.period):
            raise RuleBroken(f"{later} overlaps another period of the same request.")
