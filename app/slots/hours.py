"""Weekly hours on a local clock: how they are read, and which periods of a span they are. Rule: contract, 9.2.

They are written as FullCalendar takes `businessHours`; what it does not take, opens nothing.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

from app.slots.periods import Period
from app.values import STORABLE_YEARS, NoTimeZone, zone_of

MOST_HOURS = 100
"""How many items a list of hours may have."""
_TIME = re.compile(r"(\d\d?):([0-5]\d)(?::([0-5]\d)(?:\.\d{1,3})?)?", re.ASCII)
_DAY, _WEEK = timedelta(days=1), timedelta(weeks=1)
_LATEST = timedelta(days=2)
_SUNDAY = datetime(2000, 1, 2, tzinfo=UTC)
"""Midnight of a Sunday, from which weeks are counted."""
_STEP = timedelta(hours=6)
"""No clock is changed twice in that time."""
_USUAL_DAYS, _USUAL_START, _USUAL_END = [1, 2, 3, 4, 5], "09:00", "17:00"
"""What FullCalendar takes where an object does not say."""
Week: TypeAlias = tuple[tuple[timedelta, timedelta], ...]
"""Parts of a week, each from and to so long after the midnight of Sunday; apart, and in their order."""


class NoHours(ValueError):
    """Hours, or their time zone, that are none; the message tells why."""


@dataclass(frozen=True)
class WeeklyHours:
    """When something is open in each week, on the clocks of a time zone."""

    zone: ZoneInfo
    week: Week

    def within(self, span: Period) -> Iterator[Period]:
        """The periods of the span that are within the hours by the local clock, in their order; they may touch."""
        for same in same_offset(self.zone, span):
            yield from self._by_offset(*same)

    def _by_offset(self, span: Period, offset: timedelta) -> Iterator[Period]:
        """The periods of a span in which the clock is not changed."""
        if not self.week:
            return
        count, into = divmod(span.start + offset - _SUNDAY, _WEEK)
        index = bisect_right(self.week, into, key=lambda part: part[1])
        while True:
            if index == len(self.week):
                count, index = count + 1, 0
            opens, closes = self.week[index]
            begin = _SUNDAY - offset + count * _WEEK
            start, end = max(begin + opens, span.start), min(begin + closes, span.end)
            if start >= span.end:
                return
            yield Period(start, end)
            index += 1


def same_offset(zone: ZoneInfo, span: Period) -> Iterator[tuple[Period, timedelta]]:
    """The span in parts in each of which the local clock is as far from UTC all the time, in their order."""
    for year in range(max(span.start.year, STORABLE_YEARS[0]), min(span.end.year, STORABLE_YEARS[-1]) + 1):
        for part, offset in _offsets(zone, year):
            if part.overlaps(span):
                yield Period(max(part.start, span.start), min(part.end, span.end)), offset


@lru_cache(maxsize=4_096)
def _offsets(zone: ZoneInfo, year: int) -> tuple[tuple[Period, timedelta], ...]:
    """How far the local clock is from UTC in a year, which is split where it is changed."""
    start, last = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    found, offset, before = [], _offset(zone, start), start
    while before < last:
        after = min(before + _STEP, last)
        following = _offset(zone, after)
        if following != offset:
            changed = _change(zone, before, after, offset)
            found.append((Period(start, changed), offset))
            start, offset = changed, following
        before = after
    return (*found, (Period(start, last), offset)) if start < last else tuple(found)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _change(zone: ZoneInfo, before: datetime, after: datetime, offset: timedelta) -> datetime:
    """The first second at which the offset no longer is what it was before."""
    while after - before > timedelta(seconds=1):
        between = before + (after - before) // timedelta(seconds=2) * timedelta(seconds=1)
        before, after = (between, after) if _offset(zone, between) == offset else (before, between)
    return after


def weekly_hours(config: Mapping[str, object], usual: ZoneInfo) -> WeeklyHours | None:
    """The hours that `businessHours` and `timeZone` say; None without any, so that all time is open.

    Raises NoHours.
    """
    given = config.get("businessHours")
    if given is None or given is False:
        return None
    name = config.get("timeZone")
    try:
        zone = usual if name is None or name == "" else zone_of(name)
    except NoTimeZone as error:
        raise NoHours(f"timeZone: {error}") from None
    week = _week(given)
    return None if week == ((timedelta(), _WEEK),) else WeeklyHours(zone, week)


def _week(given: object) -> Week:
    items = given if isinstance(given, list) else [{} if given is True else given]
    if len(items) > MOST_HOURS:
        raise NoHours(f"businessHours has more than {MOST_HOURS} items.")
    parts = []
    for item in items:
        if not isinstance(item, dict):
            raise NoHours("businessHours must be an object, or a list of objects.")
        parts += _parts(item, listed=isinstance(given, list))
    return _joined(parts)


def _parts(item: Mapping[str, object], *, listed: bool) -> list[tuple[timedelta, timedelta]]:
    """One object of hours, of which those of a list say their days, and others those that they do not mean."""
    days = item.get("daysOfWeek", None if listed else _USUAL_DAYS)
    if not isinstance(days, list) or not all(type(day) is int and 0 <= day <= 6 for day in days):
        raise NoHours("daysOfWeek must be a list of days, from 0 for Sunday to 6 for Saturday.")
    opens, closes = _time(item, "startTime", _USUAL_START), _time(item, "endTime", _USUAL_END)
    return [(day * _DAY + opens, day * _DAY + closes) for day in set(days) if opens < closes]


def _time(item: Mapping[str, object], name: str, usual: str) -> timedelta:
    text = item.get(name, usual)
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (99, 0, 0)
    time = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if time > _LATEST:
        raise NoHours(f"{name} must be a time such as 08:00, at most 48:00.")
    return time


def _joined(parts: list[tuple[timedelta, timedelta]]) -> Week:
    """The parts within one week, in their order, as few as possible; what is beyond its end is at its beginning."""
    within = [(start, min(end, _WEEK)) for start, end in parts if start < _WEEK]
    beyond = [(max(start - _WEEK, timedelta()), end - _WEEK) for start, end in parts if end > _WEEK]
    result: list[tuple[timedelta, timedelta]] = []
    for start, end in sorted([*within, *beyond]):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return tuple(result)
