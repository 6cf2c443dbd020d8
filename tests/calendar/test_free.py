"""Free periods: what the windows of an offering leave between bookings and busy slots."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Offering
from tests.calendar.conftest import OFFERINGS, Ask
from tests.calendar.test_calendar import SEEN, add_busy
from tests.orders.conftest import DAY, MICROSCOPE, Place, period

PATH = f"booking-offerings/{MICROSCOPE}/free/"
OPEN = [period(8, 12), period(12, 18), period(20, 22)]


@pytest.fixture(autouse=True)
async def opened(rows: AsyncConnection) -> None:
    """The microscope is open on one day, from 8 to 18 and from 20 to 22."""
    schedules = [*OPEN, {"start": "often"}, 7, {"start": OPEN[0]["end"], "end": OPEN[0]["start"]}]
    values = {"attributes": {"schedules": schedules}}
    await rows.execute(update(Offering).where(Offering.uuid == MICROSCOPE).values(values))


async def free(ask: Ask, **asked: Any) -> Any:
    answer = await ask(PATH, "cowner", params={**period(0, 24), **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_windows_are_free_when_nothing_is_booked(ask: Ask) -> None:
    assert await free(ask) == [period(8, 18), period(20, 22)]


async def test_window_may_be_open_for_ever(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    endless = {"schedules": [{"start": "2024-01-01T00:00:00Z", "end": "9999-12-31T23:59:59.999999Z"}]}
    await rows.execute(update(Offering).where(Offering.uuid == MICROSCOPE).values(attributes=endless))
    assert (await place(period(8, 9))).status_code == 201
    assert await free(ask) == [period(0, 8), period(9, 24)]


async def test_bookings_and_busy_slots_are_cut_out(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    assert (await place(period(8, 9), period(11, 13), period(17, 18))).status_code == 201
    await add_busy(rows, **period(12.5, 14))
    await add_busy(rows, **period(19, 21))
    await add_busy(rows, **period(21, 22), offering_uuid=OFFERINGS["Meeting room"])
    assert await free(ask) == [period(9, 11), period(14, 17), period(21, 22)]


async def test_every_decision_changes_what_is_free_at_once(ask: Ask, place: Place) -> None:
    booked, unbooked = [period(8, 9), period(11, 18), period(20, 22)], [period(8, 18), period(20, 22)]
    steps = [("booking-resources/{}/reject/", "powner"), ("booking-resources/{}/accept/", "powner")]
    for path, user in steps:
        placed = (await place(period(9, 11))).json()
        booking = placed["marketplace_resource_uuid"]
        assert await free(ask) == booked
        assert (await ask(path.format(booking), user, "POST")).status_code == 200
        assert await free(ask) == (unbooked if "reject" in path else booked)
    ended = await ask(f"marketplace-resources/{booking}/terminate/", "cowner", "POST")
    assert ended.status_code == 200
    assert await free(ask) == unbooked


DURATIONS = [
    ("", 3),
    ("PT0S", 3),
    ("60", 3),
    ("61", 2),
    ("PT1H", 3),
    ("PT1H0M1S", 2),
    ("pt120m", 2),
    ("PT2H", 2),
    ("PT2H30M", 1),
    ("PT8H", 1),
    ("PT8H1S", 0),
    ("P1D", 0),
    ("P1DT1H", 0),
    ("P2W", 0),
    ("999999", 0),
    ("P999999W", 0),
]


@pytest.mark.parametrize(("duration", "count"), DURATIONS)
async def test_periods_that_are_too_short_are_left_out(ask: Ask, place: Place, duration: str, count: int) -> None:
    assert (await place(period(9, 10))).status_code == 201
    found = [period(8, 9), period(10, 18), period(20, 22)]
    long = sorted(found, key=lambda each: datetime.fromisoformat(each["start"]) - datetime.fromisoformat(each["end"]))
    assert await free(ask, duration=duration) == sorted(long[:count], key=lambda each: each["start"])


@pytest.mark.parametrize(
    "duration", ["P", "PT", "P1", "1.5", "-5", "PT1.5H", "P1Y", "P1M", "1H", "PT1S1H", "P1WT1H", "1234567", "²", "\x00"]
)
async def test_other_durations_are_refused(ask: Ask, duration: str) -> None:
    answer = await ask(PATH, params={"duration": duration})
    message = ["Enter a duration, as PT1H30M, or a whole number of minutes."]
    assert (answer.status_code, answer.json()) == (400, {"duration": message})


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (9, 10, [period(9, 10)]),
        (18, 20, []),
        (17, 21, [period(17, 18), period(20, 21)]),
        (0, 8, []),
        (22, 23, []),
    ],
)
async def test_periods_are_cut_to_what_was_asked(ask: Ask, start: float, end: float, expected: Any) -> None:
    assert await free(ask, **period(start, end)) == expected


async def test_nothing_is_free_before_now_and_usually_a_month_is_searched(ask: Ask, rows: AsyncConnection) -> None:
    always = {"schedules": [{"start": "2020-01-01T00:00:00Z", "end": "2040-01-01T00:00:00Z"}]}
    await rows.execute(update(Offering).values(attributes=always))
    await rows.execute(text("UPDATE resource SET state = 'Terminated'"))
    soon = datetime.now(UTC) + timedelta(days=3)
    for asked, begin, length in (
        ({}, None, 30),
        ({"start": "2020-01-01"}, None, 30),
        ({"start": "", "end": ""}, None, 30),
        ({"start": soon.isoformat()}, soon, 30),
        ({"start": "2020-01-01", "end": soon.isoformat()}, None, 3),
        ({"start": soon.isoformat(), "end": (soon + timedelta(days=366)).isoformat()}, soon, 366),
    ):
        before = datetime.now(UTC)
        answer = await ask(PATH, params=asked)
        [found] = answer.json()
        start, end = datetime.fromisoformat(found["start"]), datetime.fromisoformat(found["end"])
        assert (begin or before) <= start <= (begin or datetime.now(UTC))
        assert abs(end - start - timedelta(days=length)) < timedelta(minutes=1)
    past = await ask(PATH, params={"start": "2020-01-01", "end": "2021-01-01"})
    assert (past.status_code, past.json()) == (200, [])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"end": "2020-01-01"}, "Must be after start."),
        ({"start": DAY.isoformat(), "end": DAY.isoformat()}, "Must be after start."),
        ({"start": "2040-01-01", "end": "2041-01-02"}, "Must be at most 366 days after start."),
        ({"end": "2400-01-01"}, "Must be at most 366 days after start."),
    ],
)
async def test_impossible_spans_are_refused(ask: Ask, asked: dict[str, str], message: str) -> None:
    answer = await ask(PATH, params=asked)
    assert (answer.status_code, answer.json()) == (400, {"end": [message]})


@pytest.mark.parametrize(("offering", "users"), SEEN, ids=[name for name, _ in SEEN])
async def test_free_periods_are_shown_to_those_who_see_the_calendar(ask: Ask, offering: str, users: set[str]) -> None:
    for user in ("staff", "support", "powner", "omanager", "powner2", "creator", "outsider"):
        answer = await ask(f"booking-offerings/{OFFERINGS[offering]}/free/", user)
        assert answer.status_code == (200 if user in users else 404), user


@pytest.mark.parametrize("schedules", [None, [], "x", 5, [None], [{"start": 1, "end": 2}]])
async def test_offering_without_windows_is_never_free(ask: Ask, rows: AsyncConnection, schedules: Any) -> None:
    await rows.execute(update(Offering).values(attributes={"schedules": schedules}))
    assert await free(ask) == []


async def test_two_statements_are_enough(ask: Ask, rows: AsyncConnection) -> None:
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *others: Any) -> None:
        statements.append(statement)

    event.listen(rows.engine.sync_engine, "before_cursor_execute", note)
    await free(ask)
    event.remove(rows.engine.sync_engine, "before_cursor_execute", note)
    asked = [statement for statement in statements if "SELECT" in statement and "token" not in statement]
    assert len(asked) == 2


@pytest.mark.parametrize("seed", range(40))
async def test_what_is_left_is_what_is_open_and_not_busy(ask: Ask, rows: AsyncConnection, seed: int) -> None:
    """Held against quarters of an hour that are counted one by one."""
    random = Random(seed)
    windows, busy = ([sorted(random.sample(range(96), 2)) for _ in range(random.randint(0, 8))] for _ in range(2))
    schedules = {"schedules": [period(start / 4, end / 4) for start, end in windows]}
    await rows.execute(update(Offering).where(Offering.uuid == MICROSCOPE).values(attributes=schedules))
    for start, end in busy:
        await add_busy(rows, **period(start / 4, end / 4))
    found = await free(ask)
    quarters = {number: period(number / 4, number / 4 + 0.25) for number in range(96)}
    inside = [q for q, each in quarters.items() if any(f["start"] <= each["start"] < f["end"] for f in found)]
    taken = {each for start, end in busy for each in range(start, end)}
    assert set(inside) == {each for start, end in windows for each in range(start, end)} - taken
    assert all(one["end"] < other["start"] for one, other in pairwise(found))
