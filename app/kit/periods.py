"""Periods of time, half-open: how they are read, compared, merged and cut out of one another."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?\s?(Z|[+-]\d\d(:?\d\d)?)", re.ASCII | re.IGNORECASE)


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
        """Whether it is within the years 2 to 9998; the database driver takes the ends of the calendar for infinity."""
        return self.start.year > 1 and self.end.year < 9999

    def contains(self, other: "Period") -> bool:
        """Whether no moment of the other is outside."""
        return self.start <= other.start and other.end <= self.end


def moment(text: Any) -> datetime | None:
    """A point in time with second and offset, as requests must give it; None for anything else."""
    if not isinstance(text, str) or not _MOMENT.fullmatch(text.strip()):
        return None
    whole, dot, fraction = text.strip().upper().replace(" ", "").partition(".")
    if dot:
        digits = re.match(r"\d+", fraction)
        assert digits
        fraction = digits[0][:6].ljust(6, "0") + fraction[digits.end() :]
    try:
        return datetime.fromisoformat(whole + dot + fraction).astimezone(UTC)
    except (ValueError, OverflowError):
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


def scheduled(attributes: Any) -> list[Period]:
    """The periods of `schedules` in attributes, as they are there; what is no period does not count."""
    schedules = attributes.get("schedules") if isinstance(attributes, dict) else None
    found = []
    for item in schedules if isinstance(schedules, list) else ():
        if isinstance(item, dict):
            start, end = moment(item.get("start")), moment(item.get("end"))
            if start and end and start < end:
                found.append(Period(start, end))
    return found


def windows(attributes: Any) -> list[Period]:
    """The time that `schedules` in attributes cover, in as few periods as possible."""
    return merged(scheduled(attributes))
