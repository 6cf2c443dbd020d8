"""Figures of use: who sees them, what they are of, and that they are what one counts."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from app.slots.clocks import midnight
from tests.calendar.conftest import OFFERINGS, Ask
from tests.orders.conftest import MICROSCOPE, Place, period
from tests.usage.history import CHANGES, Past, counted, invent, store

GROUPS = ("day", "week", "month", "weekday_hour", "project", "customer", "user")
TALLINN = ZoneInfo("Europe/Tallinn")


async def usage(ask: Ask, offering: object = MICROSCOPE, **asked: Any) -> Any:
    answer = await ask(f"booking-offerings/{offering}/usage/", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def figures(group: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name not in ("key", "name", "weekday", "hour")}


@pytest.mark.parametrize("by", GROUPS)
@pytest.mark.parametrize("seed", range(12))
async def test_figures_are_what_one_counts(ask: Ask, rows: AsyncConnection, seed: int, by: str) -> None:
    random = Random(f"{seed} {by}")
    around = random.choice(CHANGES)
    past = invent(random, around)
    await store(rows, past)
    start, length = around + timedelta(minutes=15 * random.randrange(-90, 400)), random.randrange(1, 700)
    end = start + timedelta(minutes=15 * length)
    found = await usage(ask, past.uuid, start=start.isoformat(), end=end.isoformat(), group_by=by)
    expected = counted(past, start, end, by)
    assert found["total"] == pytest.approx(expected.pop(""))
    told = {each["key"]: figures(each) for each in found["groups"]}
    assert told.keys() == expected.keys()
    for key, group in expected.items():
        assert told[key] == pytest.approx(group, abs=1e-4), key
    zone = "UTC" if not past.windows else past.zone.key
    assert (found["time_zone"], found["group_by"]) == (zone, by)
    assert [datetime.fromisoformat(found[name]) for name in ("start", "end")] == [start, end]


@pytest.mark.parametrize(
    ("offering", "users"),
    [
        ("Microscope", {"staff", "powner", "pmanager", "omanager"}),
        ("Private lab", {"staff", "powner2", "omanager"}),
        ("Plain VM", set()),
        ("none", set()),
    ],
)
async def test_figures_are_for_the_provider_side(ask: Ask, offering: str, users: set[str]) -> None:
    for user in ("staff", "support", "powner", "pmanager", "omanager", "powner2", "creator", "cowner", "exowner"):
        answer = await ask(f"booking-offerings/{OFFERINGS[offering]}/usage/", user)
        assert answer.status_code == (200 if user in users else 404), user
        if user not in users:
            assert answer.json() == {"detail": "No Offering matches the given query."}


@pytest.mark.parametrize(
    ("asked", "wrong"),
    [
        ({"start": "2026-01-02", "end": "2026-01-02"}, {"end": ["Must be after start."]}),
        ({"start": "2026-01-02", "end": "2026-01-01T00:00:00Z"}, {"end": ["Must be after start."]}),
        ({"start": "2026-01-01", "end": "2027-01-03"}, {"end": ["Must be at most 366 days after start."]}),
        ({"start": "0002-01-01", "end": "9998-12-31"}, {"end": ["Must be at most 366 days after start."]}),
        ({"start": "soon"}, {"start": ["Enter a valid date/time."]}),
        ({"start": "9999-01-01"}, {"start": ["Enter a valid date/time."]}),
        ({"end": "0001-01-01"}, {"end": ["Enter a valid date/time."]}),
        ({"group_by": "year"}, {"group_by": ["Select a valid choice. year is not one of the available choices."]}),
    ],
)
async def test_what_cannot_be_looked_at_is_refused(ask: Ask, asked: dict[str, str], wrong: object) -> None:
    answer = await ask(f"booking-offerings/{MICROSCOPE}/usage/", params=asked)
    assert (answer.status_code, answer.json()) == (400, wrong)


@pytest.mark.parametrize(
    "asked", [{"end": "0002-01-01"}, {"start": "0002-01-01"}, {"start": "9998-12-31"}, {"end": "9998-12-31"}]
)
@pytest.mark.parametrize("by", ["day", "weekday_hour"])
async def test_ends_of_the_calendar_can_be_looked_at(ask: Ask, asked: dict[str, str], by: str) -> None:
    assert (await usage(ask, group_by=by, **asked))["total"]["bookings"] == 0


async def test_month_until_now_is_usual(ask: Ask) -> None:
    before = datetime.now(UTC)
    found = await usage(ask, start="", end="", group_by="")
    start, end = (datetime.fromisoformat(found[name]) for name in ("start", "end"))
    assert before <= end <= datetime.now(UTC)
    assert (end - start, found["group_by"]) == (timedelta(days=30), "day")
    ahead = await usage(ask, start="2026-01-01T00:00:00Z")
    assert ahead["end"] == "2026-01-31T00:00:00Z"


def _always(zone: str) -> dict[str, Any]:
    window = {"start": "2020-01-01T00:00:00Z", "end": "2040-01-01T00:00:00Z"}
    return {**window, "extendedProps": {"config": {"timeZone": zone}}}


async def test_days_are_those_of_the_local_clock(ask: Ask, rows: AsyncConnection) -> None:
    past = Past(TALLINN, [_always("Europe/Tallinn")], [], [])
    await store(rows, past)
    found = await usage(ask, past.uuid, start="2026-03-28", end="2026-03-31")
    assert (found["start"], found["end"]) == ("2026-03-27T22:00:00Z", "2026-03-30T21:00:00Z")
    hours = [(each["key"], each["open_hours"]) for each in found["groups"]]
    assert hours == [("2026-03-28", 24), ("2026-03-29", 23), ("2026-03-30", 24)]
    back = await usage(ask, past.uuid, start="2026-10-25", end="2026-10-26", group_by="weekday_hour")
    assert [each["open_hours"] for each in back["groups"]] == [1, 1, 1, 2] + [1] * 20
    assert [(each["weekday"], each["hour"]) for each in back["groups"]] == [(0, hour) for hour in range(24)]
    year = await usage(ask, past.uuid, start="2026-10-20", end="2027-10-21")
    assert len(year["groups"]) == 366


async def test_usual_time_zone_is_that_of_the_settings(ask: Ask, application: Any) -> None:
    application.state.settings.time_zone = TALLINN
    found = await usage(ask, start="2026-01-01", end="2026-01-02")
    assert (found["time_zone"], found["start"]) == ("Europe/Tallinn", "2025-12-31T22:00:00Z")


@pytest.mark.parametrize(
    ("zone", "day", "first"),
    [
        ("America/Santiago", "2026-09-06", "2026-09-06T04:00:00Z"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
        ("Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00:00Z"),
    ],
)
def test_day_begins_when_the_clock_first_shows_it(zone: str, day: str, first: str) -> None:
    """Midnights that the clock passes over, shows twice, or never comes to."""
    found = midnight(datetime.fromisoformat(day).date(), ZoneInfo(zone))
    assert found == datetime.fromisoformat(first)


async def test_each_of_those_who_book_has_a_share(ask: Ask, place: Place) -> None:
    assert (await place(period(9, 12))).status_code == 201
    assert (await place(period(12, 13), user="staff")).status_code == 201
    await _decide(ask, "accept")
    span = period(0, 24)
    asked: dict[str, Any] = {"start": span["start"], "end": span["end"]}
    for by, name in (("project", "Genome study"), ("customer", None), ("user", None)):
        found = await usage(ask, group_by=by, **asked)
        assert found["total"]["booked_hours"] == 4
        assert [each["open_hours"] for each in found["groups"]] == [24] * (2 if by == "user" else 1)
        assert all(each["name"] for each in found["groups"])
        assert name in (None, found["groups"][0]["name"])
    assert [each["booked_hours"] for each in found["groups"]] == [3, 1]
    assert [each["utilisation"] for each in found["groups"]] == [0.125, 0.0417]
    assert found["total"]["median_decision_seconds"] > 0


async def _decide(ask: Ask, decision: str) -> None:
    waiting = await ask("booking-resources/", params={"state": "Creating", "offering_uuid": MICROSCOPE, "query": "bee"})
    assert waiting.json()
    for each in waiting.json():
        answer = await ask(f"booking-resources/{each['uuid']}/{decision}/", "powner", "POST")
        assert answer.status_code == 200, answer.text


async def test_rejections_of_the_provider_alone_are_counted(ask: Ask, place: Place) -> None:
    span = period(0, 24)
    assert (await place(period(9, 12))).status_code == 201
    await _decide(ask, "reject")
    withdrawn = (await place(period(9, 12), user="cowner")).json()["marketplace_resource_uuid"]
    assert (await ask(f"booking-resources/{withdrawn}/reject/", "cowner", "POST")).status_code == 200
    found = await usage(ask, start=span["start"], end=span["end"])
    total = found["total"]
    assert (total["bookings"], total["rejections"], total["expired"], total["booked_hours"]) == (0, 1, 0, 0)


@pytest.mark.parametrize("by", GROUPS)
async def test_two_statements_are_enough(ask: Ask, rows: AsyncConnection, by: str) -> None:
    past = invent(Random(1), CHANGES[0])
    await store(rows, past)
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *others: Any) -> None:
        statements.append(statement)

    event.listen(rows.engine.sync_engine, "before_cursor_execute", note)
    await usage(ask, past.uuid, start="2026-03-20", end="2026-04-20", group_by=by)
    event.remove(rows.engine.sync_engine, "before_cursor_execute", note)
    asked = [statement for statement in statements if "SELECT" in statement and "token" not in statement]
    assert len(asked) == 2


async def test_no_such_offering_has_no_figures(ask: Ask) -> None:
    answer = await ask(f"booking-offerings/{uuid4()}/usage/")
    assert answer.status_code == 404
