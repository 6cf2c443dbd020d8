"""Weekly hours on local clocks, held against minutes that are looked at one by one."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest

from app.slots.hours import MOST_HOURS, NoHours, weekly_hours
from app.slots.opening import Opening
from app.slots.periods import Period, merged

MINUTE, HOUR, DAY, WEEK_LONG = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
UTC_ZONE = ZoneInfo("UTC")
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
Change = tuple[datetime, timedelta, timedelta]
"""When clocks were changed, and how far they were from UTC before and after."""


@cache
def changes() -> dict[tuple[Change, ...], list[str]]:
    """What was changed in the last five years, and in which time zones just that."""
    found: dict[tuple[Change, ...], list[str]] = {}
    weeks = [NOW - number * WEEK_LONG for number in range(5 * 53, -1, -1)]
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        offsets = [offset(zone, week) for week in weeks]
        changed = [week for week, one, other in zip(weeks, offsets, offsets[1:], strict=False) if one != other]
        found.setdefault(tuple(change(zone, week) for week in changed), []).append(name)
    found.pop((), None)
    return found


def offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def change(zone: ZoneInfo, week: datetime) -> Change:
    """The first minute of the week with another offset than the week begins with."""
    first, last, before = 0, WEEK_LONG // MINUTE, offset(zone, week)
    while last - first > 1:
        between = (first + last) // 2
        first, last = (between, last) if offset(zone, week + between * MINUTE) == before else (first, between)
    return week + last * MINUTE, before, offset(zone, week + last * MINUTE)


def clock(number: int) -> str:
    return f"{number // 60:02}:{number % 60:02}"


def some_hours(chance: Random) -> list[dict[str, Any]]:
    """Hours for each day, more of them at night, when clocks are changed; some run on into the next day."""
    found = []
    for day in range(7):
        for _ in range(4):
            start = chance.choice((chance.randrange(0, 240), chance.randrange(24 * 60)))
            end = min(start + chance.randrange(1, chance.choice((60, 300, 900))), 48 * 60)
            found.append({"daysOfWeek": [day], "startTime": clock(start), "endTime": clock(end)})
    return found


def open_minutes(hours: list[dict[str, Any]]) -> set[int]:
    """Minutes since the midnight of Sunday at which a clock is within hours."""
    found: set[int] = set()
    for each in hours:
        start, end = (int(each[name][:2]) * 60 + int(each[name][3:]) for name in ("startTime", "endTime"))
        found.update(
            (day * 24 * 60 + minute) % (7 * 24 * 60) for day in each["daysOfWeek"] for minute in range(start, end)
        )
    return found


def shown(local: datetime) -> int:
    """What a clock shows, as minutes since the midnight of Sunday."""
    return local.isoweekday() % 7 * 24 * 60 + local.hour * 60 + local.minute


def attributes(hours: object, zone: str | None = None, start: str = "2000-01-01", end: str = "2100-01-01") -> Any:
    config = {"businessHours": hours} | ({"timeZone": zone} if zone else {})
    window = {"start": f"{start}T00:00:00Z", "end": f"{end}T00:00:00Z", "extendedProps": {"config": config}}
    return {"schedules": [window]}


def check_minutes(name: str, seed: str, minutes: list[datetime]) -> None:
    """That each of the minutes, which follow each other, is open where the clock says so."""
    hours = some_hours(Random(seed))
    zone = ZoneInfo(name)
    found = Opening(attributes(hours, name), UTC_ZONE).within(Period(minutes[0], minutes[-1] + MINUTE))
    is_open = open_minutes(hours)
    expected = merged(Period(each, each + MINUTE) for each in minutes if shown(each.astimezone(zone)) in is_open)
    assert found == expected, (name, seed)


def around(moment: datetime, before: timedelta, after: timedelta) -> list[datetime]:
    return [moment - before + number * MINUTE for number in range((before + after) // MINUTE)]


def test_hours_are_those_of_the_clock_whenever_clocks_were_changed() -> None:
    """Each way in which clocks were changed, minute by minute around the change."""
    ways = changes()
    assert len(ways) > 30
    for all_changes, names in ways.items():
        for moment, _, _ in all_changes[-4:]:
            check_minutes(names[0], f"{names[0]} {moment}", around(moment, 2 * HOUR, 2 * HOUR))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(8))
def test_hours_are_those_of_the_clock_in_all_zones(part: int) -> None:
    """All zones, whole days on which clocks were changed, minute by minute."""
    zones = [(name, each) for each, names in changes().items() for name in names]
    assert len(zones) > 200
    for name, all_changes in sorted(zones)[part::8]:
        for moment, _, _ in all_changes:
            check_minutes(name, f"{name} {moment}", around(moment, DAY, DAY))


NIGHT = {"daysOfWeek": [0], "startTime": "02:00", "endTime": "04:00"}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-03-29", [("01:00", "02:00")]),
        ("2026-10-25", [("00:00", "03:00")]),
        ("2026-06-07", [("00:00", "02:00")]),
    ],
    ids=["an hour that does not exist", "an hour that comes twice", "a usual day"],
)
def test_clocks_of_berlin(day: str, expected: list[tuple[str, str]]) -> None:
    start = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    found = Opening(attributes(NIGHT, "Europe/Berlin"), UTC_ZONE).within(Period(start, start + DAY))
    assert [(f"{each.start:%H:%M}", f"{each.end:%H:%M}") for each in found] == expected


WEEK = Period(datetime(2030, 5, 5, tzinfo=UTC), datetime(2030, 5, 12, tzinfo=UTC))
"""Sunday to Sunday."""


def opened(hours: object, zone: str | None = None, usual: str = "UTC") -> list[tuple[float, float]]:
    """Hours of that week that are open, counted from its beginning."""
    found = Opening(attributes(hours, zone), ZoneInfo(usual)).within(WEEK)
    return [((each.start - WEEK.start) / HOUR, (each.end - WEEK.start) / HOUR) for each in found]


def daily(days: list[int], start: str, end: str) -> dict[str, Any]:
    return {"daysOfWeek": days, "startTime": start, "endTime": end}


USUAL = [(day * 24 + 9, day * 24 + 17) for day in range(1, 6)]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (None, [(0, 168)]),
        (False, [(0, 168)]),
        (True, USUAL),
        ({}, USUAL),
        ([], []),
        (daily([], "08:00", "10:00"), []),
        (daily([0], "08:00", "10:00"), [(8, 10)]),
        (daily([6, 6], "8:00", "10:30:30.5"), [(152, 154 + 30.5 / 60)]),
        (daily([0, 1], "00:00", "24:00"), [(0, 48)]),
        (daily([6], "22:00", "26:00"), [(0, 2), (166, 168)]),
        (daily([0], "25:00", "26:00"), [(25, 26)]),
        (daily([6], "25:00", "26:00"), [(1, 2)]),
        (daily([0], "10:00", "10:00"), []),
        (daily([0], "22:00", "06:00"), []),
        (daily(list(range(7)), "00:00", "24:00"), [(0, 168)]),
        (
            [daily([0], "08:00", "12:00"), daily([0], "11:00", "13:00"), daily([1], "00:00", "01:00")],
            [(8, 13), (24, 25)],
        ),
    ],
)
def test_hours_mean_what_fullcalendar_takes_them_for(hours: Any, expected: Any) -> None:
    assert opened(hours) == expected


def test_time_zone_of_the_window_comes_before_the_usual_one() -> None:
    hours = daily([0], "08:00", "10:00")
    assert opened(hours, usual="Europe/Tallinn") == [(5, 7)]
    assert opened(hours, "America/New_York", usual="Europe/Tallinn") == [(12, 14)]
    assert opened(hours, "", usual="Europe/Tallinn") == [(5, 7)]


DAYS = "daysOfWeek must be a list of days, from 0 for Sunday to 6 for Saturday."
TIMES = "{} must be a time such as 08:00, at most 48:00."
ZONE = "timeZone: Must be the IANA name of a time zone, such as Europe/Tallinn."


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"businessHours": "often"}, "businessHours must be an object, or a list of objects."),
        ({"businessHours": [7]}, "businessHours must be an object, or a list of objects."),
        ({"businessHours": [{}] * (MOST_HOURS + 1)}, "businessHours has more than 100 items."),
        ({"businessHours": [{"startTime": "08:00"}]}, DAYS),
        ({"businessHours": {"daysOfWeek": 1}}, DAYS),
        ({"businessHours": {"daysOfWeek": [7]}}, DAYS),
        ({"businessHours": {"daysOfWeek": [True]}}, DAYS),
        ({"businessHours": {"daysOfWeek": ["1"]}}, DAYS),
        ({"businessHours": {"startTime": "8"}}, TIMES.format("startTime")),
        ({"businessHours": {"startTime": None}}, TIMES.format("startTime")),
        ({"businessHours": {"endTime": "48:01"}}, TIMES.format("endTime")),
        ({"businessHours": {"endTime": "08:60"}}, TIMES.format("endTime")),
        ({"businessHours": {}, "timeZone": "Mars/Olympus"}, ZONE),
        ({"businessHours": {}, "timeZone": "../etc/passwd"}, ZONE),
        ({"businessHours": {}, "timeZone": "Europe"}, ZONE),
        ({"businessHours": {}, "timeZone": "x" * 500}, ZONE),
        ({"businessHours": {}, "timeZone": "U\x00C"}, ZONE),
        ({"businessHours": {}, "timeZone": 5}, ZONE),
    ],
)
def test_hours_that_are_none_open_nothing(config: Any, message: str) -> None:
    with pytest.raises(NoHours) as raised:
        weekly_hours(config, UTC_ZONE)
    assert str(raised.value) == message
    given = attributes({})
    given["schedules"][0]["extendedProps"]["config"] = config
    assert Opening(given, UTC_ZONE).within(WEEK) == []


@pytest.mark.parametrize("properties", [None, 7, {}, {"config": None}, {"config": 7}, {"config": {}}])
def test_window_without_hours_is_open_all_the_time(properties: Any) -> None:
    given = attributes({})
    given["schedules"][0]["extendedProps"] = properties
    assert Opening(given, UTC_ZONE).within(WEEK) == [WEEK]


def test_windows_with_different_hours_are_joined() -> None:
    given = {
        "schedules": [
            *attributes(daily([0], "08:00", "12:00"))["schedules"],
            *attributes(daily([0], "12:00", "14:00"), "Etc/GMT-2")["schedules"],
            *attributes(None, start="2030-05-05", end="2030-05-06")["schedules"],
        ]
    }
    assert Opening(given, UTC_ZONE).within(WEEK) == [Period(WEEK.start, WEEK.start + DAY)]


def spans() -> Iterator[Period]:
    for year, days in ((2026, 1), (2026, 366), (2030, 36_525), (9_990, 3_000)):
        start = datetime(year, 1, 1, tzinfo=UTC)
        yield Period(start, start + timedelta(days=days))


@pytest.mark.parametrize("span", list(spans()), ids=lambda span: f"{span.start.year}-{span.end.year}")
def test_long_spans_are_worked_out_in_no_time(span: Period) -> None:
    given = attributes(daily([1, 2, 3, 4, 5], "08:00", "18:00"), "Europe/Tallinn", end="9999-01-01")
    began = time.process_time()
    opening = Opening(given, UTC_ZONE)
    assert not opening.covers(span)
    assert len(opening.within(Period(span.start, min(span.end, span.start + 366 * DAY)))) <= 263
    always = Opening(attributes([daily([day], "00:00", "24:00") for day in range(7)], end="9999-01-01"), UTC_ZONE)
    assert always.covers(span)
    assert time.process_time() - began < 0.5


def test_many_windows_are_worked_out_within_a_second() -> None:
    hours = [daily([day], clock(480 + number), "18:00") for number, day in enumerate([1, 2, 3, 4, 5])]
    windows = [
        {**attributes(hours[number % 5], f"Etc/GMT{number % 12:+}")["schedules"][0], "id": str(number)}
        for number in range(1_000)
    ]
    began = time.process_time()
    opening = Opening({"schedules": windows}, UTC_ZONE)
    assert opening.within(Period(WEEK.start, WEEK.start + 366 * DAY))
    assert not any(opening.covers(Period(WEEK.start + k * HOUR, WEEK.start + k * HOUR + DAY)) for k in range(300))
    assert time.process_time() - began < 1
