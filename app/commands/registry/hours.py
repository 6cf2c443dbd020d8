"""Opening hours, as one types them: what they are in the attributes of an offering."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.values import JsonObject

ALWAYS = "always"
FOR_EVER = date(2100, 1, 1)
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""As calendars on the web count them: Sunday is 0."""
_HOURS = re.compile(r"(?P<days>\S(?:.*\S)?)\s+(?P<start>\d{1,2}:\d\d)\s*-\s*(?P<end>\d{1,2}:\d\d)", re.ASCII)
_FORM = "Hours are typed as in 'Mon-Fri 08:00-18:00', 'Sat,Sun 10:00-12:00', 'daily 00:00-24:00', or 'always'."


class NoHours(ValueError):
    """A text that says no opening hours, or a time zone that there is not; the message tells which."""


def business_hours(text: str) -> JsonObject:
    """Days of the week and times of the day that the text says; raises NoHours."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise NoHours(f"{text!r} says no opening hours. {_FORM}")
    days = sorted({day for part in found["days"].split(",") for day in _days(part.strip().lower(), text)})
    start, end = _minutes(found["start"], text), _minutes(found["end"], text)
    if start >= end:
        raise NoHours(f"{text!r} closes before it opens. Hours past midnight are those of two days.")
    return {"daysOfWeek": days, "startTime": _clock(start), "endTime": _clock(end)}


def _days(text: str, whole: str) -> list[int]:
    if text == "daily":
        return list(range(7))
    ends = [part.strip()[:3] for part in text.split("-")]
    if len(ends) > 2 or not {*ends} <= {*DAYS}:
        raise NoHours(f"{text!r} in {whole!r} names no days. {_FORM}")
    first, last = DAYS.index(ends[0]), DAYS.index(ends[-1])
    return [(first + step) % 7 for step in range((last - first) % 7 + 1)]


def _minutes(text: str, whole: str) -> int:
    hours, minutes = map(int, text.split(":"))
    if minutes > 59 or hours * 60 + minutes > 24 * 60:
        raise NoHours(f"{text!r} in {whole!r} is no time of day.")
    return hours * 60 + minutes


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def schedules(opened: Sequence[str], time_zone: str | None, first: date, last: date | None) -> list[JsonObject]:
    """The window of an offering that is open so from one day to another, in `attributes.schedules`; none if never."""
    if not opened:
        return []
    config: JsonObject = {}
    if ALWAYS not in opened:
        hours = [business_hours(text) for text in opened]
        config["businessHours"] = hours if len(hours) > 1 else hours[0]
    if time_zone:
        config["timeZone"] = _zone(time_zone)
    window: JsonObject = {"id": "open", "start": _midnight(first), "end": _midnight(last or FOR_EVER)}
    return [window | {"extendedProps": {"config": config}} if config else window]


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NoHours(f"There is no time zone {name!r}; one is called Europe/Tallinn, for example.") from None


def _midnight(day: date) -> str:
    return f"{datetime.combine(day, time(), UTC):%Y-%m-%dT%H:%M:%S}.000Z"
