"""Opening hours, as an operator types them."""

from datetime import date
from typing import Any

import pytest

from app.commands.registry.hours import NoHours, business_hours, schedules


@pytest.mark.parametrize(
    ("text", "days", "start", "end"),
    [
        ("Mon-Fri 08:00-18:00", [1, 2, 3, 4, 5], "08:00", "18:00"),
        ("Sat,Sun 10:00-12:30", [0, 6], "10:00", "12:30"),
        ("daily 00:00-24:00", [0, 1, 2, 3, 4, 5, 6], "00:00", "24:00"),
        ("mon, wednesday - FRI 8:00 - 9:05", [1, 3, 4, 5], "08:00", "09:05"),
        ("Fri-Mon 07:00-08:00", [0, 1, 5, 6], "07:00", "08:00"),
        ("Sun-Sun 07:00-08:00", [0], "07:00", "08:00"),
    ],
)
def test_hours_are_read(text: str, days: list[int], start: str, end: str) -> None:
    assert business_hours(text) == {"daysOfWeek": days, "startTime": start, "endTime": end}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "says no opening hours"),
        ("Mon-Fri", "says no opening hours"),
        ("08:00-18:00", "says no opening hours"),
        ("Mo-Fr 08:00-18:00", "names no days"),
        ("Mon-Tue-Wed 08:00-18:00", "names no days"),
        ("Mon 18:00-08:00", "closes before it opens"),
        ("Mon 08:00-08:00", "closes before it opens"),
        ("Mon 08:60-09:00", "is no time of day"),
        ("Mon 08:00-24:01", "is no time of day"),
        ("Mon ٠٨:00-09:00", "says no opening hours"),
    ],
)
def test_what_says_no_hours_is_refused(text: str, message: str) -> None:
    with pytest.raises(NoHours, match=message):
        business_hours(text)


MONDAY = {"daysOfWeek": [1], "startTime": "08:00", "endTime": "09:00"}
TUESDAY = {"daysOfWeek": [2], "startTime": "10:00", "endTime": "11:00"}


@pytest.mark.parametrize(
    ("opened", "zone", "config"),
    [
        (["Mon 8:00-9:00"], "Europe/Tallinn", {"businessHours": MONDAY, "timeZone": "Europe/Tallinn"}),
        (["Mon 8:00-9:00", "Tue 10:00-11:00"], None, {"businessHours": [MONDAY, TUESDAY]}),
        (["always"], None, None),
    ],
)
def test_windows_say_the_hours_as_web_calendars_do(opened: list[str], zone: str | None, config: Any) -> None:
    [window] = schedules(opened, zone, date(2030, 1, 1), None)
    assert (window["start"], window["end"]) == ("2030-01-01T00:00:00.000Z", "2100-01-01T00:00:00.000Z")
    assert window.get("extendedProps") == (config and {"config": config})


def test_without_hours_there_is_no_window() -> None:
    assert schedules([], "Europe/Tallinn", date(2030, 1, 1), None) == []


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../etc/passwd", "/etc/passwd", "x" * 300])
def test_unknown_time_zones_are_refused(name: str) -> None:
    with pytest.raises(NoHours, match="There is no time zone"):
        schedules(["always"], name, date(2030, 1, 1), None)
