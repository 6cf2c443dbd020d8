"""Rules of booking: who may write them, which are refused, and what each of them does to requests and free time."""

from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.bookings.expiry import expire_by_rules
from app.models import Customer, History, Offering, OfferingChange, Order, RolePermission
from app.slots.rules import iso
from app.values import duration_of
from tests.calendar.conftest import OFFERINGS, Ask, ask
from tests.calendar.test_calendar import add_busy
from tests.databases import OneTransaction
from tests.dataset import USERS
from tests.orders.conftest import DAY, MICROSCOPE, Place, period, place

__all__ = ["ask", "place"]

RULES = f"booking-offerings/{MICROSCOPE}/rules/"
FREE = f"booking-offerings/{MICROSCOPE}/free/"
NONE: dict[str, Any] = {
    **dict.fromkeys(("slot", "min", "max", "lead", "horizon", "turnaround", "pending_expires")),
    **dict.fromkeys(("max_open_per_user", "max_open_per_project")),
    "auto_accept": [],
}


@pytest.fixture(autouse=True)
async def opened(rows: AsyncConnection) -> None:
    """The microscope is open on one day from 8 to 18, and nothing is booked; owners of the provider may change it."""
    await rows.execute(text("UPDATE resource SET state = 'Terminated'"))
    values = {"attributes": {"schedules": [period(8, 18)]}}
    await rows.execute(update(Offering).where(Offering.uuid == UUID(MICROSCOPE)).values(values))
    await rows.execute(insert(RolePermission).values(role="CUSTOMER.OWNER", permission="OFFERING.UPDATE_ATTRIBUTES"))


async def put(ask: Ask, user: str = "powner", **rules: Any) -> Response:
    return await ask(RULES, user, "PUT", json=rules)


async def ruled(ask: Ask, **rules: Any) -> None:
    answer = await put(ask, **rules)
    assert (answer.status_code, answer.json()) == (200, NONE | rules)


async def free(ask: Ask, **asked: Any) -> Any:
    answer = await ask(FREE, "cowner", params={**period(0, 24), **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(place: Place, start: float, end: float) -> str:
    """What is said of a period that is refused by a rule."""
    answer = await place(period(start, end))
    assert answer.status_code == 400, answer.text
    told = "Time period from {start} to {end} ".format(**period(start, end))
    assert answer.json()[0].startswith(told), answer.text
    return str(answer.json()[0]).removeprefix(told)


async def test_rules_are_written_whole_and_read(ask: Ask, rows: AsyncConnection) -> None:
    assert (await ask(RULES, "powner")).json() == NONE
    await ruled(ask, slot="PT30M", max="PT4H", max_open_per_user=3, auto_accept=["PROJECT.MANAGER"])
    await ruled(ask, **(dict.fromkeys(NONE) | {"min": "PT1H"}))
    assert (await ask(RULES, "staff")).json() == NONE | {"min": "PT1H"}
    query = select(OfferingChange.subject, OfferingChange.user_uuid, OfferingChange.after).order_by(
        OfferingChange.created
    )
    told = [tuple(row) for row in await rows.execute(query)]
    assert told[1:] == [("rules", UUID(USERS["powner"]["uuid"]), {"min": "PT1H"})]
    assert len(told) == 2


@pytest.mark.parametrize(("user", "status"), [("staff", 200), ("powner", 200), ("cowner", 403), ("outsider", 403)])
async def test_rules_are_for_those_who_may_change_hours(ask: Ask, user: str, status: int) -> None:
    assert (await ask(RULES, user)).status_code == status
    assert (await put(ask, user, min="PT1H")).status_code == status
    nowhere = RULES.replace(MICROSCOPE, OFFERINGS["none"])
    assert (await ask(nowhere, user)).status_code == (await ask(nowhere, user, "PUT", json={})).status_code == 404


@pytest.mark.parametrize(
    ("bad", "member", "message"),
    [
        ({"slot": "often"}, "slot", "Enter a duration, as PT1H30M."),
        ({"slot": "PT0S"}, "slot", "Must be from PT1S to P36525D."),
        ({"min": 30}, "min", "Input should be a valid string"),
        ({"turnaround": "P32D"}, "turnaround", "Must be from PT0S to P31D."),
        ({"max_open_per_user": 0}, "max_open_per_user", "Input should be greater than or equal to 1"),
        ({"max_open_per_user": True}, "max_open_per_user", "Input should be a valid integer"),
        ({"auto_accept": "all"}, "auto_accept", "Input should be a valid array"),
        ({"minimum": "PT1H"}, "minimum", "Extra inputs are not permitted"),
        ({"min": "PT2H", "max": "PT1H"}, "non_field_errors", "min is more than max: no period could be booked."),
        (
            {"slot": "PT45M", "min": "PT50M", "max": "PT80M"},
            "non_field_errors",
            "No number of slots is both as long as min and as short as max.",
        ),
        (
            {"lead": "P2D", "horizon": "P1D"},
            "non_field_errors",
            "No period could start after lead and end within horizon.",
        ),
    ],
)
async def test_bad_rules_are_named(ask: Ask, bad: Any, member: str, message: str) -> None:
    answer = await put(ask, **bad)
    assert (answer.status_code, answer.json()) == (400, {member: [message]})
    assert (await ask(RULES)).json() == NONE


async def test_length_is_limited(ask: Ask, place: Place) -> None:
    await ruled(ask, min="PT1H", max="PT3H")
    assert await refused(place, 8, 8.5) == "is too short (rule min): it must be at least PT1H long."
    assert await refused(place, 8, 11.25) == "is too long (rule max): it must be at most PT3H long."
    assert (await place(period(8, 9), period(9.5, 12.5))).status_code == 201
    assert await free(ask) == [period(12.5, 18)], "half an hour is too short"
    assert await free(ask, duration="PT4H") == []


async def test_lead_and_horizon_are_about_now(ask: Ask, place: Place) -> None:
    now = datetime.now(UTC)
    lead, horizon = (DAY + timedelta(hours=hour, minutes=5) - now for hour in (9, 12))
    await ruled(ask, lead=iso(lead), horizon=iso(horizon))
    assert (await refused(place, 8, 10)).startswith("starts too soon (rule lead): it must start at ")
    assert (await refused(place, 11, 13)).startswith("ends too late (rule horizon): it must end at ")
    [found] = await free(ask)
    for name, hour in (("start", 9), ("end", 12)):
        expected = DAY + timedelta(hours=hour, minutes=5)
        assert abs(datetime.fromisoformat(found[name]) - expected) < timedelta(minutes=1)
    assert (await place(period(10, 11))).status_code == 201


async def test_slots_count_from_where_open_time_begins(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    values = {"attributes": {"schedules": [period(8.25, 12), period(12, 15), period(16, 17.5)]}}
    await rows.execute(update(Offering).where(Offering.uuid == UUID(MICROSCOPE)).values(values))
    await ruled(ask, slot="PT1H")
    said = await refused(place, 9, 10)
    origin, fitting = period(8.25, 10.25)["start"], period(8.25, 10.25)["end"]
    assert (
        said == f"is not in whole slots (rule slot): slots are PT1H long from {origin}, such as {origin} to {fitting}."
    )
    assert (await place(period(9.25, 10))).status_code == 400
    assert (await place(period(11.25, 13.25))).status_code == 201
    assert await free(ask) == [period(8.25, 11.25), period(13.25, 14.25), period(16, 17)]
    assert await free(ask, **period(9, 24)) == [period(9.25, 11.25), period(13.25, 14.25), period(16, 17)]


async def test_time_is_kept_free_after_bookings(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    assert (await place(period(8, 9))).status_code == 201
    await ruled(ask, turnaround="PT30M")
    assert (await place(period(9, 10))).status_code == 201, "what was booked before holds no more than it did"
    for start, end in ((10, 11), (10.25, 11)):
        answer = (await place(period(start, end), user="padmin")).json()
        assert answer[0].endswith(" is not available. Time is to be kept free between bookings (rule turnaround).")
        assert answer[1] == {"conflicts": [{**period(9, 10), "held_until": period(0, 10.5)["end"]}]}
    assert (await place(period(12, 13))).status_code == 201
    assert (await place(period(11, 11.75))).status_code == 400, "it would have to be kept free until 12:15"
    await add_busy(rows, **period(15, 16))
    assert await free(ask) == [period(10.5, 11.5), period(13.5, 14.5), period(16, 18)]
    await ruled(ask)
    assert await free(ask) == [period(10.5, 12), period(13.5, 15), period(16, 18)], "time that is held stays so"
    assert (await place(period(10.25, 11))).status_code == 400
    taken = (await ask(f"marketplace-bookings/{MICROSCOPE}/", params=period(10, 12))).json()
    assert taken == [], "what is kept free is not taken"


async def test_postgresql_keeps_time_free_by_itself(place: Place, ask: Ask, rows: AsyncConnection) -> None:
    await ruled(ask, turnaround="PT30M")
    await place(period(8, 9))
    query = text("SELECT conrelid::regclass::text FROM pg_constraint WHERE conname = 'ex_slot_no_overlap'")
    assert (await rows.execute(query)).scalar_one() == "slot"
    held = text('SELECT held_until - "end" FROM slot WHERE live')
    assert (await rows.execute(held)).scalars().all() == [timedelta(minutes=30)]


AT_MOST = (
    "At most {} periods that have not ended may be booked for one {} (rule max_open_per_{}): "
    "{} are, so that {} more may be asked for."
)


async def test_limits_count_what_has_not_ended(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    await ruled(ask, max_open_per_user=2, max_open_per_project=3)
    first = (await place(period(8, 9))).json()["marketplace_resource_uuid"]
    told = AT_MOST.format(2, "person", "user", 1, 1)
    assert (await place(period(9, 10), period(10, 11))).json() == [told]
    assert (await place(period(9, 10))).status_code == 201
    assert (await place(period(10, 11))).status_code == 400
    assert (await place(period(10, 11), user="padmin")).status_code == 201
    told = AT_MOST.format(3, "project", "project", 3, 0)
    assert (await place(period(11, 12), user="padmin")).json() == [told]
    await ask(f"booking-resources/{first}/reject/", "powner", "POST")
    assert (await place(period(11, 12), user="padmin")).status_code == 201
    past = text("UPDATE slot SET start = start - interval '99 days', \"end\" = \"end\" - interval '99 days' WHERE live")
    await rows.execute(past)
    assert (await place(period(11, 12), period(12, 13))).status_code == 201


async def state_of(ask: Ask, placed: Response) -> tuple[str, str]:
    booking = (await ask(f"booking-resources/{placed.json()['marketplace_resource_uuid']}/")).json()
    return booking["state"], booking["creation_order"]["state"]


async def test_requests_of_some_roles_are_accepted_at_once(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    await ruled(ask, auto_accept=["CUSTOMER.OWNER"])
    placed = await place(period(8, 9))
    assert placed.json()["state"] == "done"
    assert await state_of(ask, placed) == ("OK", "done")
    booking, order = (UUID(placed.json()[name]) for name in ("marketplace_resource_uuid", "uuid"))
    query = select(History.user_uuid, History.from_state, History.to_state, History.comment).where(
        History.resource_uuid == booking
    )
    assert [tuple(row) for row in await rows.execute(query)] == [(None, "Creating", "OK", "accepted by rule")]
    reviewed = select(Order.provider_reviewed_at, Order.provider_reviewed_by_uuid, Order.termination_comment)
    told = (await rows.execute(reviewed.where(Order.uuid == order))).one()
    assert told[0] is not None
    assert told[1:] == (None, None)
    assert await state_of(ask, await place(period(9, 10), user="padmin")) == ("Creating", "pending-consumer")
    assert await state_of(ask, await place(period(10, 11), user="staff")) == ("Creating", "executing")


async def test_closed_provider_accepts_nothing_at_once(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    await ruled(ask, auto_accept=["CUSTOMER.OWNER"])
    provider = select(Offering.customer_uuid).where(Offering.uuid == UUID(MICROSCOPE)).scalar_subquery()
    await rows.execute(update(Customer).where(Customer.uuid == provider).values(blocked=True))
    assert await state_of(ask, await place(period(8, 9))) == ("Creating", "executing")


async def test_requests_expire_when_nobody_decides(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    old, new, accepted = [
        (await place(period(hour, hour + 1))).json()["marketplace_resource_uuid"] for hour in (8, 9, 10)
    ]
    await ask(f"booking-resources/{accepted}/accept/", "powner", "POST")
    await ruled(ask, pending_expires="PT2H")
    database = OneTransaction(rows)

    async def age(uuid: str, hours: int) -> None:
        query = text("UPDATE resource SET created = now() - make_interval(hours => :hours) WHERE uuid = :uuid")
        await rows.execute(query, {"uuid": UUID(uuid), "hours": hours})

    for uuid, hours in ((old, 3), (new, 1), (accepted, 3)):
        await age(uuid, hours)
    assert await expire_by_rules(database) == [], "they have the whole time from when the rule was made"
    await rows.execute(text("UPDATE offering SET rules_changed = now() - interval '1 day'"))
    assert await expire_by_rules(database) == [UUID(old)]
    shown = (await ask(f"booking-resources/{old}/")).json()
    assert (shown["state"], shown["creation_order"]["state"]) == ("Terminated", "canceled")
    assert await expire_by_rules(database) == []
    await age(new, 3)
    assert await expire_by_rules(database) == [UUID(new)]


RULED = [
    dict(zip(("slot", "min", "max", "turnaround"), values, strict=True))
    for values in product((None, "PT45M"), (None, "PT1H"), (None, "PT2H"), (None, "PT30M"))
]


@pytest.mark.parametrize(("number", "rules"), list(enumerate(RULED)))
async def test_requests_and_free_time_are_as_a_model_says(
    ask: Ask, place: Place, rows: AsyncConnection, number: int, rules: dict[str, str | None]
) -> None:
    """Quarters of an hour of a day, in which a small model says what may be asked for."""
    chance = Random(number)
    windows = [sorted(chance.sample(range(96), 2)) for _ in range(3)]
    values = {"attributes": {"schedules": [period(start / 4, end / 4) for start, end in windows]}}
    await rows.execute(update(Offering).where(Offering.uuid == UUID(MICROSCOPE)).values(values))
    await ruled(ask, **{name: value for name, value in rules.items() if value})
    length = {name: duration_of(value) // timedelta(minutes=15) for name, value in rules.items() if value}
    is_open = {quarter for start, end in windows for quarter in range(start, end)}
    held: list[tuple[int, int]] = []

    def may(start: int, end: int) -> bool:
        origin = start
        while origin - 1 in is_open:
            origin -= 1
        slot = length.get("slot", 1)
        inside = all(quarter in is_open for quarter in range(start, end))
        fits = (start - origin) % slot == (end - start) % slot == 0
        until = end + length.get("turnaround", 0)
        apart = all(until <= other or start >= last for other, last in held)
        return inside and fits and apart and length.get("min", 1) <= end - start <= length.get("max", 96)

    for _ in range(40):
        start = chance.randrange(95)
        end = min(start + chance.randint(1, 9), 96)
        answer = await place(period(start / 4, end / 4))
        assert answer.status_code == (201 if may(start, end) else 400), (start, end, answer.text)
        if answer.status_code == 201:
            held.append((start, end + length.get("turnaround", 0)))
    offered = [(each["start"], each["end"]) for each in await free(ask)]
    possible = [(start, end) for start in range(96) for end in range(start + 1, 97) if may(start, end)]
    for start, end in possible:
        asked = period(start / 4, end / 4)
        assert any(one <= asked["start"] and asked["end"] <= other for one, other in offered), asked
    for one, other in offered:
        fitting = [each for each in possible if one <= period(*(q / 4 for q in each))["start"] < other]
        assert period(fitting[0][0] / 4, 24)["start"] == one
        last = max(end for start, end in fitting if period(start / 4, end / 4)["end"] <= other)
        assert period(0, last / 4)["end"] == other
