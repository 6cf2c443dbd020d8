"""Periods of time, half-open: how they are read, compared, merged and cut out of one another."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.values import NoMoment, is_storable, moment_of


@dataclass(frozen=True, order=True)
class Period:
    """From `start` on, up to but without `end`; both in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Period") -> bool:
        """Whether the two have a moment in common; neighbours have none."""
        return self.start < other.end and other.start < self.end

    @property
    def is_storable(self) -> bool:
        """Whether PostgreSQL can store both ends."""
        return is_storable(self.start) and is_storable(self.end)

    def contains(self, other: "Period") -> bool:
        """Whether no moment of the other is outside."""
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True)
class RequestedPeriod:
    """A period with the texts by which it was asked for, which messages repeat."""

    period: Period
    start: object
    end: object

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


def without(windows: Sequence[Period], busy: Iterable[Period]) -> list[Period]:
    """What of the windows is left when the busy time is cut out; windows must be merged. Walks along time once."""
    free: list[Period] = []
    taken = merged(busy)
    at = 0
    for window in windows:
        start = window.start
        while at < len(taken) and taken[at].end <= start:
            at += 1
        while at < len(taken) and taken[at].start < window.end:
            if start < taken[at].start:
                free.append(Period(start, taken[at].start))
            start = taken[at].end
            if start >= window.end:
                break  # the next window may begin within it
            at += 1
        if start < window.end:
            free.append(Period(start, window.end))
    return free


def scheduled(attributes: Mapping[str, object]) -> list[Period]:
    """The periods of `schedules` in attributes, as they are there; what is no period does not count."""
    schedules = attributes.get("schedules")
    found = []
    for item in schedules if isinstance(schedules, list) else ():
        if isinstance(item, dict):
            start, end = moment(item.get("start")), moment(item.get("end"))
            if start and end and start < end:
                found.append(Period(start, end))
    return found


def windows(attributes: Mapping[str, object]) -> list[Period]:
    """The time that `schedules` in attributes cover, in as few periods as possible."""
    return merged(scheduled(attributes))
