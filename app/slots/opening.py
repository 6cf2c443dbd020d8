"""When an offering is open: its windows, each within its weekly hours. Source for all that depend on it."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from app.slots.hours import NoHours, WeeklyHours, weekly_hours
from app.slots.periods import Period, merged, moment, period_of
from app.values import STORABLE_YEARS

MOST_WINDOWS = 1_000
"""How many windows an offering may have."""
MOST_FAULTS = 10
"""How many faults of windows are told of at most."""

_AT_ONCE = timedelta(days=366)
"""How much time is looked at in one step."""
_A_WEEK = timedelta(days=8)
_FIRST = datetime(STORABLE_YEARS[0], 1, 1, tzinfo=UTC)


class Opening:
    """The open time of an offering, of which no more is worked out than is asked for."""

    def __init__(self, attributes: Mapping[str, object], usual: ZoneInfo) -> None:
        """Reads `schedules`; what is no window, or has hours that are none, opens nothing.

        `usual` is the time zone of hours that do not say theirs.
        """
        schedules = attributes.get("schedules")
        found: dict[WeeklyHours | None, list[Period]] = {}
        for item in schedules if isinstance(schedules, list) else ():
            window = period_of(item)
            if window is not None:
                try:
                    found.setdefault(hours_of(item, usual), []).append(window)
                except NoHours:
                    continue
        self._windows = {hours: merged(windows) for hours, windows in found.items()}

    def within(self, span: Period) -> list[Period]:
        """The open time of the span, in as few periods as possible."""
        return merged(
            period
            for hours, windows in self._windows.items()
            for window in windows
            if (part := window.common(span)) is not None
            for period in ([part] if hours is None else hours.within(part))
        )

    def lasts_beyond(self, moment: datetime) -> bool:
        """Whether there is a window that ends later."""
        return any(window.end > moment for windows in self._windows.values() for window in windows)

    def covers(self, period: Period) -> bool:
        """Whether it is open all the time; looks no further than to where it is closed."""
        start = period.start
        while start < period.end:
            part = Period(start, period.end if period.end - start < _AT_ONCE else start + _AT_ONCE)
            if self.within(part) != [part]:
                return False
            start = part.end
        return True

    def beginning(self, moment: datetime) -> datetime:
        """Where the open time begins that the moment is in."""
        found, step = moment, _A_WEEK
        while found > _FIRST:
            span = Period(max(_FIRST, found - step) if found - _FIRST > step else _FIRST, found)
            before = self.within(span)
            if not before or before[-1].end < found:
                return found
            found, step = before[-1].start, _AT_ONCE
            if found > span.start:
                return found
        return found

    def covering(self, periods: Sequence[Period]) -> list[bool]:
        """Of each of the periods, whether it is open all the time."""
        if not periods:
            return []
        span = Period(min(each.start for each in periods), max(each.end for each in periods))
        if span.end - span.start > _AT_ONCE:
            return [self.covers(each) for each in periods]
        found = self.within(span)
        starts = [each.start for each in found]
        at = [bisect_right(starts, each.start) - 1 for each in periods]
        return [index >= 0 and each.end <= found[index].end for index, each in zip(at, periods, strict=True)]


def faults(attributes: Mapping[str, object], usual: ZoneInfo) -> list[str]:
    """What is wrong with `schedules`, each item by its number from 1 on; nothing if there are none."""
    schedules = attributes.get("schedules")
    if schedules is None:
        return []
    if not isinstance(schedules, list):
        return ["Must be a list of windows."]
    if len(schedules) > MOST_WINDOWS:
        return [f"There are more than {MOST_WINDOWS} windows."]
    told = ((number, _fault(item, usual)) for number, item in enumerate(schedules, 1))
    return [f"Window {number}: {fault}" for number, fault in told if fault][:MOST_FAULTS]


def _fault(item: object, usual: ZoneInfo) -> str | None:
    if not isinstance(item, dict):
        return "must be an object with start and end."
    for name in ("start", "end"):
        found = moment(item.get(name))
        if found is None:
            return f"{name} must be a date and time with seconds, and Z or an offset, such as 2026-01-31T08:00:00Z."
        if found.year < STORABLE_YEARS[0]:
            return f"{name} must be in the year {STORABLE_YEARS[0]} or later."
    if period_of(item) is None:
        return "end must be after start."
    try:
        hours_of(item, usual)
    except NoHours as error:
        return str(error)
    return None


def hours_of(window: Mapping[str, object], usual: ZoneInfo) -> WeeklyHours | None:
    """The weekly hours of a window, from `extendedProps.config`; None if it has none. Raises NoHours."""
    properties = window.get("extendedProps")
    config = properties.get("config") if isinstance(properties, dict) else None
    return weekly_hours(config, usual) if isinstance(config, dict) else None
