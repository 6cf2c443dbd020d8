"""What a request must fulfil, in the order and with the texts that the contract has (contract, 8.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import pairwise
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from app.columns import version_of
from app.errors import Invalid, RuleBroken
from app.models import Customer, Offering, Project
from app.models.enums import OfferingState
from app.registry.rules import NO_WINDOWS, is_ever_open
from app.slots.opening import Opening
from app.slots.periods import Period, RequestedPeriod, moment
from app.slots.rules import Rules, check_rules, rules_of
from app.values import JsonObject

MOST_PERIODS = 300
LONGEST_NAME = 150


@dataclass(frozen=True, kw_only=True)
class RequestedOffering:
    """The offering that is asked for, with what the rules look at."""

    uuid: Annotated[UUID, Offering.uuid]
    version: Annotated[str, version_of(Offering)]
    name: Annotated[str, Offering.name]
    state: Annotated[OfferingState, Offering.state]
    shared: Annotated[bool, Offering.shared]
    billable: Annotated[bool, Offering.billable]
    provider: Annotated[UUID | None, Offering.customer_uuid]
    plugin_options: Annotated[JsonObject, Offering.plugin_options]
    attributes: Annotated[JsonObject, Offering.attributes]
    rules: Annotated[JsonObject, Offering.rules]
    terms_of_service: Annotated[str, Offering.terms_of_service]


@dataclass(frozen=True, kw_only=True)
class RequestingProject:
    """The project that the booking is for, with what the rules look at."""

    uuid: Annotated[UUID, Project.uuid]
    name: Annotated[str, Project.name]
    start_date: Annotated[date | None, Project.start_date]
    end_date: Annotated[date | None, Project.end_date]
    consumer: Annotated[UUID, Customer.uuid]
    consumer_name: Annotated[str, Customer.name]
    blocked: Annotated[bool, Customer.blocked]
    archived: Annotated[bool, Customer.archived]


def check_form(offering: RequestedOffering, limits: object, accepting_terms: bool) -> None:
    """Rules about single members of the request; raises Invalid."""
    if offering.state != OfferingState.ACTIVE:
        raise Invalid({"offering": ["Offering is not available."]})
    if limits:
        raise Invalid({"limits": ["Limits update is not supported for this resource."]})
    if offering.shared and offering.terms_of_service and not accepting_terms:
        message = f"Terms of service for offering '{offering.name}' have not been accepted."
        raise Invalid({"non_field_errors": [message]})


def check_parties(offering: RequestedOffering, project: RequestingProject, today: date) -> None:
    """Rules about who asks whom; raises RuleBroken."""
    if project.blocked:
        raise RuleBroken("Blocked organization is not available.")
    if project.archived:
        raise RuleBroken("Archived organization is not available.")
    if project.end_date is not None and project.end_date < today:
        raise RuleBroken(f"Project '{project.name}' is expired.")
    if not offering.shared and offering.provider != project.consumer:
        raise RuleBroken(f'Offering "{offering.name}" is not allowed in organization "{project.consumer_name}".')


def check_name(attributes: Mapping[str, object]) -> str:
    """The name of the booking; raises Invalid."""
    name = attributes.get("name", "")
    if name is None:
        return ""
    if not isinstance(name, str):
        raise Invalid({"attributes": ["Name is not a valid string."]})
    if len(name) > LONGEST_NAME:
        raise Invalid({"attributes": [f"Name has more than {LONGEST_NAME} characters."]})
    return name


def check_end_date(attributes: Mapping[str, object]) -> date | None:
    """The day on which the booking is to end, if any; raises Invalid."""
    given = attributes.get("end_date")
    if given is None or given == "":
        return None
    try:
        return date.fromisoformat(given[:10] if isinstance(given, str) and given[4:5] == "-" else "")
    except ValueError:
        raise Invalid({"attributes": ["End date has wrong format. Use YYYY-MM-DD."]}) from None


def check_periods(
    attributes: Mapping[str, object], offering: RequestedOffering, now: datetime, zone: ZoneInfo
) -> list[RequestedPeriod]:
    """The periods asked for, each possible in itself, while the offering is open, and apart; raises RuleBroken.

    `zone` is that of weekly hours that do not say theirs.
    """
    schedules = attributes.get("schedules")
    if not schedules or not isinstance(schedules, list):
        raise RuleBroken("Schedules are required.")
    if len(schedules) > MOST_PERIODS:
        raise RuleBroken(f"More than {MOST_PERIODS} periods cannot be asked for at once.")
    asked = [_period(item, now) for item in schedules]
    opening = Opening(offering.attributes, zone)
    for item in asked:
        if not opening.covers(item.period):
            never = "" if is_ever_open(offering.attributes) else f" {NO_WINDOWS}"
            raise RuleBroken(f"{item} is not available for selected offering.{never}")
    rules = rules_of(offering.rules)
    for item in asked:
        check_rules(rules, item, opening, now)
    _check_apart(asked)
    return [replace(item, turnaround=rules.turnaround or item.turnaround) for item in asked]


def check_limits(rules: Rules, asked: int, of_user: int, of_project: int) -> None:
    """Raises RuleBroken if somebody would have more periods at once than the rules allow."""
    held = (
        ("person", "user", rules.max_open_per_user, of_user),
        ("project", "project", rules.max_open_per_project, of_project),
    )
    for whose, name, most, number in held:
        if most is not None and number + asked > most:
            rule = (
                f"At most {most} periods that have not ended may be booked for one {whose} (rule max_open_per_{name})"
            )
            raise RuleBroken(f"{rule}: {number} are, so that {max(most - number, 0)} more may be asked for.")


def _period(item: object, now: datetime) -> RequestedPeriod:
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
    asked = RequestedPeriod(Period(start, end), item["start"], item["end"])
    if start >= end:
        raise RuleBroken(f"{asked} does not end after its start.")
    if not asked.period.is_storable:
        raise RuleBroken(f"The value {item['end']} does not match the format.")
    return asked


def _check_apart(asked: Sequence[RequestedPeriod]) -> None:
    by_start = sorted(asked, key=lambda item: item.period)
    for earlier, later in pairwise(by_start):
        if earlier.period.overlaps(later.period):
            raise RuleBroken(f"{later} overlaps another period of the same request.")
