"""Weekly hours by the API: what `free/` offers can be requested, and nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config import Settings
from app.models import Offering
from tests.calendar.conftest import Ask
from tests.calendar.test_calendar import add_busy
from tests.orders.conftest import MICROSCOPE, Place

FREE = f"booking-offerings/{MICROSCOPE}/free/"
SUNDAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(
    days=28 - datetime.now(UTC).isoweekday() % 7
)
QUARTERS = 3 * 24 * 4
ZONES = ["UTC", "Europe/Tallinn", "America/St_Johns", "Asia/Kathmandu", "Pacific/Chatham", "Australia/Lord_Howe"]


def at(quarter: int) -> datetime:
    return SUNDAY + timedelta(minutes=15 * quarter)


def period(start: int, end: int) -> dict[str, str]:
    """Quarters of an hour, from a Sunday some weeks ahead on."""
    return {name: f"{at(each):%Y-%m-%dT%H:%M:%SZ}" for name, each in (("start", start), ("end", end))}


spans = st.tuples(st.integers(0, QUARTERS - 1), st.integers(1, 60)).map(
    lambda pair: (pair[0], min(pair[0] + pair[1], QUARTERS))
)
times = st.integers(0, 26 * 4).map(lambda number: f"{number // 4:02}:{number % 4 * 15:02}")
hours = st.fixed_dictionaries(
    {"daysOfWeek": st.lists(st.integers(0, 6), max_size=4), "startTime": times, "endTime": times}
)
configs = st.fixed_dictionaries(
    {"timeZone": st.sampled_from(ZONES), "businessHours": st.one_of(st.none(), hours, st.lists(hours, max_size=3))}
)
windows = st.tuples(spans, configs).map(lambda pair: {**period(*pair[0]), "extendedProps": {"config": pair[1]}})


async def open_with(rows: AsyncConnection, schedules: list[Any]) -> None:
    values = {"attributes": {"schedules": schedules}}
    await rows.execute(update(Offering).where(Offering.uuid == MICROSCOPE).values(values))


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    schedules=st.lists(windows, min_size=1, max_size=4),
    busy=st.lists(spans, max_size=3),
    wanted=st.lists(spans, min_size=1, max_size=4),
)
async def test_what_is_free_can_be_requested_and_nothing_else(
    ask: Ask, place: Place, rows: AsyncConnection, schedules: list[Any], busy: list[Any], wanted: list[Any]
) -> None:
    trial = await rows.begin_nested()
    await open_with(rows, schedules)
    for each in busy:
        await add_busy(rows, **period(*each))
    found = (await ask(FREE, "cowner", params=period(0, QUARTERS))).json()
    for each in [period(*each) for each in wanted]:
        inside = any(one["start"] <= each["start"] and each["end"] <= one["end"] for one in found)
        await is_taken(place, rows, each, inside)
    for each in found:
        await is_taken(place, rows, each, True)
        longer = {"start": f"{datetime.fromisoformat(each['start']) - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"}
        await is_taken(place, rows, each | longer, False)
    await trial.rollback()


async def is_taken(place: Place, rows: AsyncConnection, asked: dict[str, str], expected: bool) -> None:
    """Asks for a period, and forgets that it did."""
    trial = await rows.begin_nested()
    answer = await place(asked)
    await trial.rollback()
    assert answer.status_code == (201 if expected else 400), (asked, answer.text)


async def test_closed_hours_are_refused_and_not_free(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    config = {"businessHours": {"daysOfWeek": [1], "startTime": "08:00", "endTime": "18:00"}}
    await open_with(rows, [{**period(0, QUARTERS), "extendedProps": {"config": config}}])
    assert (await ask(FREE, params=period(0, QUARTERS))).json() == [period(128, 168)]
    assert (await place(period(128, 168))).status_code == 201
    refused = await place(period(127, 128))
    message = "Time period from {start} to {end} is not available for selected offering.".format(**period(127, 128))
    assert (refused.status_code, refused.json()) == (400, [message])


async def test_setting_says_where_clocks_are(ask: Ask, place: Place, rows: AsyncConnection, settings: Settings) -> None:
    settings.time_zone = ZoneInfo("Etc/GMT-2")
    config: dict[str, Any] = {"businessHours": {"daysOfWeek": [1], "startTime": "08:00", "endTime": "18:00"}}
    await open_with(rows, [{**period(0, QUARTERS), "extendedProps": {"config": config}}])
    assert (await ask(FREE, params=period(0, QUARTERS))).json() == [period(120, 160)]
    assert (await place(period(120, 121))).status_code == 201
    config["timeZone"] = "Etc/GMT+1"
    await open_with(rows, [{**period(0, QUARTERS), "extendedProps": {"config": config}}])
    assert (await ask(FREE, params=period(0, QUARTERS))).json() == [period(132, 172)]


@pytest.mark.parametrize("bad", [{"businessHours": "often"}, {"businessHours": {}, "timeZone": "Mars/Olympus"}])
async def test_window_with_bad_hours_opens_nothing(ask: Ask, place: Place, rows: AsyncConnection, bad: Any) -> None:
    await open_with(rows, [{**period(0, QUARTERS), "extendedProps": {"config": bad}}])
    assert (await ask(FREE, params=period(0, QUARTERS))).json() == []
    assert (await place(period(40, 44))).status_code == 400
