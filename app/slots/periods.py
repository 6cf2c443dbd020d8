"""Periods of time, half-open: how they are read, compared and merged."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.values import NoMoment, is_storable, moment_of


@dataclass(frozen=True, order=True)
class Period:
    """From `start` on, up to but without `end`; both in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Period") -> bool:
        """Whether the two have a moment in common; neighbours have none."""
        return self.start < other.end and other.start < self.end

    def common(self, other: "Period") -> "Period | None":
        """The time that the two have in common; None if there is none."""
        return Period(max(self.start, other.start), min(self.end, other.end)) if self.overlaps(other) else None

    @property
    def is_storable(self) -> bool:
        """Whether PostgreSQL can store both ends."""
        return is_storable(self.start) and is_storable(self.end)


@dataclass(frozen=True)
class RequestedPeriod:
    """A period with the texts by which it was asked for, which messages repeat."""

    period: Period
    start: object
    end: object
    turnaround: timedelta = timedelta()

    @property
    def held(self) -> Period:
        """The period, with the time that is to be kept free after it."""
        return Period(self.period.start, self.period.end + self.turnaround)

    def __str__(self) -> str:
        return f"Time period from {self.start} to {self.end}"


def moment(text: object) -> datetime | None:
    """A point in time with second and offset, as requests must give it; None for anything else."""
    try:
        return moment_of(text, to_the_second=True) if isinstance(text, str) else None
    except NoMoment:
        return None


def merged(periods: Iterable[Period]) -> list[Period]:
    """The same time in as few periods as possible: overlapping and adjacent ones become one."""
    result: list[Period] = []
    for period in sorted(periods):
        if result and period.start <= result[-1].end:
            result[-1] = Period(result[-1].start, max(result[-1].end, period.end))
        else:
            result.append(period)
    return result


def period_of(item: object) -> Period | None:
    """The period that an item of `schedules` is; None for anything else."""
    if not isinstance(item, dict):
        return None
    start, end = moment(item.get("start")), moment(item.get("end"))
    return Period(start, end) if start and end and start < end else None


def scheduled(attributes: Mapping[str, object]) -> list[Period]:
    """The periods of `schedules` in attributes, as they are there; what is no period does not count."""
    schedules = attributes.get("schedules")
    found = [period_of(item) for item in schedules] if isinstance(schedules, list) else []
    return [period for period in found if period is not None]
