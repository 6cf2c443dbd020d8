"""Local clocks: on which one an offering is, and which part of a span each of its days or hours is."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from app.slots.hours import same_offset
from app.slots.periods import Period
from app.values import NoTimeZone, zone_of

Key = TypeVar("Key", bound=Hashable)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def local_zone(attributes: Mapping[str, object], usual: ZoneInfo) -> ZoneInfo:
    """The time zone of the first window of `schedules` that says one; else the usual one."""
    schedules = attributes.get("schedules")
    for window in schedules if isinstance(schedules, list) else ():
        properties = window.get("extendedProps") if isinstance(window, dict) else None
        config = properties.get("config") if isinstance(properties, dict) else None
        name = config.get("timeZone") if isinstance(config, dict) else None
        if name:
            try:
                return zone_of(name)
            except NoTimeZone:
                continue
    return usual


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment at which the local clock shows the day; where it never does, that of the next day."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    around = Period(start - timedelta(days=2), start + timedelta(days=3))
    return next(part.start for part, shown in steps(zone, around, timedelta(days=1)) if shown.date() >= day)


def steps(zone: ZoneInfo, span: Period, step: timedelta) -> Iterator[tuple[Period, datetime]]:
    """The span in parts in each of which the local clock shows the same step, such as an hour, and when it begins.

    A step that the clock shows twice has a part each time.
    """
    for same, offset in same_offset(zone, span):
        start = same.start
        while start < same.end:
            local = start + offset
            shown = local - (local - _EPOCH) % step
            end = min(shown + step - offset, same.end)
            yield Period(start, end), shown
            start = end


def cells(
    zone: ZoneInfo, span: Period, step: timedelta, key: Callable[[datetime], Key]
) -> tuple[list[datetime], list[Key]]:
    """Where the parts of a span that have the same key begin, with the span's end, and the keys of these parts."""
    bounds: list[datetime] = []
    keys: list[Key] = []
    for part, shown in steps(zone, span, step):
        found = key(shown)
        if not keys or keys[-1] != found:
            bounds.append(part.start)
            keys.append(found)
    return [*bounds, span.end], keys
