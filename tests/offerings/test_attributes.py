"""How a provider says when an offering is open: who may, what is refused, what is told and recorded."""

from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import sqlstate
from app.models import Offering, OfferingChange, RolePermission
from tests.calendar.conftest import OFFERINGS, Ask, ask
from tests.dataset import USERS
from tests.orders.conftest import MICROSCOPE, Place, period, place

__all__ = ["ask", "place"]

OWN = f"marketplace-provider-offerings/{MICROSCOPE}/"
UPDATE = OWN + "update_attributes/"
HELD_BY = ("CUSTOMER.OWNER", "CUSTOMER.MANAGER", "OFFERING.MANAGER")


@pytest.fixture(autouse=True)
async def permitted(rows: AsyncConnection) -> None:
    """The roles of the provider's side may change attributes."""
    await rows.execute(
        insert(RolePermission), [{"role": role, "permission": "OFFERING.UPDATE_ATTRIBUTES"} for role in HELD_BY]
    )


def hours(start: str, end: str, days: Any = (0, 1, 2, 3, 4, 5, 6)) -> Any:
    return {"config": {"businessHours": {"daysOfWeek": list(days), "startTime": start, "endTime": end}}}


def window(start: float = -48, end: float = 480, **more: Any) -> dict[str, Any]:
    return {**period(start, end), **more}


async def change(ask: Ask, attributes: Any, user: str = "powner", path: str = UPDATE) -> Response:
    return await ask(path, user, "POST", json=attributes)


async def test_hours_are_changed_and_hold_at_once(ask: Ask, place: Place) -> None:
    attributes = {"schedules": [window(extendedProps=hours("08:00", "10:00"), id="a")], "note": ["kept"]}
    answer = await change(ask, attributes)
    assert (answer.status_code, answer.json()) == (200, {"outside": [], "outside_count": 0})
    assert (await ask(OWN, "powner")).json()["attributes"] == attributes, "whole, and as it was sent"
    assert (await ask(f"booking-offerings/{MICROSCOPE}/free/", params=period(0, 24))).json() == [period(8, 10)]
    assert (await place(period(9, 10))).status_code == 201
    assert (await place(period(10, 11))).status_code == 400


async def test_bookings_outside_new_hours_stay_and_are_told(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    placed = [
        (await place(*each)).json() for each in ([period(8, 9), period(11, 12)], [period(9, 10.5)], [period(33, 34)])
    ]
    first, second, third = (each["marketplace_resource_uuid"] for each in placed)
    await ask(f"booking-resources/{second}/accept/", "powner", "POST")
    ended = (await place(period(13, 14))).json()["marketplace_resource_uuid"]
    await ask(f"booking-resources/{ended}/reject/", "powner", "POST")
    answer = (await change(ask, {"schedules": [window(8, 10), window(33, 36)]})).json()
    named = {"name": "Bee brains"}
    expected = [
        {"uuid": second, **named, "state": "OK", **period(9, 10.5)},
        {"uuid": first, **named, "state": "Creating", **period(11, 12)},
    ]
    own = [each for each in answer["outside"] if each["uuid"] in (first, second, third, ended)]
    assert own == expected
    assert answer["outside_count"] == len(answer["outside"])
    live = text("SELECT count(*) FROM slot WHERE live AND resource_uuid = any(:uuids)")
    assert (await rows.execute(live, {"uuids": [UUID(first), UUID(second)]})).scalar_one() == 3


async def test_closing_tells_of_all_that_is_booked_and_not_over(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    ahead = text('SELECT count(*) FROM slot WHERE live AND "end" > now() AND offering_uuid = :uuid')
    await place(*(period(hour, hour + 0.5) for hour in range(8, 200)))
    count = (await rows.execute(ahead, {"uuid": UUID(MICROSCOPE)})).scalar_one()
    answer = (await change(ask, {"schedules": []})).json()
    assert count >= 192
    assert (len(answer["outside"]), answer["outside_count"]) == (100, count)
    assert [each["start"] for each in answer["outside"]] == sorted(each["start"] for each in answer["outside"])


@pytest.mark.parametrize(
    ("user", "status"),
    [
        ("staff", 200),
        ("powner", 200),
        ("pmanager", 200),
        ("omanager", 200),
        ("powner2", 403),
        ("cowner", 403),
        ("creator", 403),
        ("support", 403),
        ("outsider", 403),
    ],
)
async def test_whoever_holds_the_permission_may(ask: Ask, user: str, status: int) -> None:
    if user not in USERS:
        pytest.fail(f"{user} is not among {sorted(USERS)}")
    assert (await change(ask, {"schedules": []}, user)).status_code == status


async def test_role_without_the_permission_does_not_suffice(ask: Ask, rows: AsyncConnection) -> None:
    await rows.execute(delete(RolePermission).where(RolePermission.permission == "OFFERING.UPDATE_ATTRIBUTES"))
    assert (await change(ask, {"schedules": []})).status_code == 403
    assert (await change(ask, {"schedules": []}, "staff")).status_code == 200


@pytest.mark.parametrize("offering", ["Plain VM", "none"])
async def test_what_is_no_offering_for_bookings_is_not_found(ask: Ask, offering: str) -> None:
    path = f"marketplace-provider-offerings/{OFFERINGS[offering]}/update_attributes/"
    assert (await change(ask, {}, "staff", path)).status_code == 404


async def test_private_offering_of_others_is_not_found(ask: Ask) -> None:
    path = f"marketplace-provider-offerings/{OFFERINGS['Private lab']}/update_attributes/"
    assert (await change(ask, {}, "outsider", path)).status_code == 404


FORM = "must be a date and time with seconds, and Z or an offset, such as 2026-01-31T08:00:00Z."


@pytest.mark.parametrize(
    ("schedules", "messages"),
    [
        ("often", ["Must be a list of windows."]),
        ({}, ["Must be a list of windows."]),
        ([window()] * 1_001, ["There are more than 1000 windows."]),
        ([window(), 7, window()], ["Window 2: must be an object with start and end."]),
        ([{"start": "2030-01-01T00:00:00Z"}], [f"Window 1: end {FORM}"]),
        (
            [{"start": "2030-01-01", "end": 5}, window(5, 5)],
            [f"Window 1: start {FORM}", "Window 2: end must be after start."],
        ),
        (
            [{"start": "0001-01-01T00:00:00Z", "end": "2030-01-01T00:00:00Z"}],
            ["Window 1: start must be in the year 2 or later."],
        ),
        ([window(10, 8)], ["Window 1: end must be after start."]),
        (
            [window(extendedProps=hours("8", "10:00"))],
            ["Window 1: startTime must be a time such as 08:00, at most 48:00."],
        ),
        (
            [window(extendedProps=hours("08:00", "10:00", [9]))],
            ["Window 1: daysOfWeek must be a list of days, from 0 for Sunday to 6 for Saturday."],
        ),
        (
            [window(extendedProps={"config": {"businessHours": {}, "timeZone": "Mars"}})],
            ["Window 1: timeZone: Must be the IANA name of a time zone, such as Europe/Tallinn."],
        ),
        ([7] * 20, [f"Window {number}: must be an object with start and end." for number in range(1, 11)]),
    ],
)
async def test_bad_windows_are_named(ask: Ask, rows: AsyncConnection, schedules: Any, messages: list[str]) -> None:
    before = (await ask(OWN, "powner")).json()["attributes"]
    answer = await change(ask, {"schedules": schedules})
    assert (answer.status_code, answer.json()) == (400, {"schedules": messages})
    assert (await ask(OWN, "powner")).json()["attributes"] == before
    assert (await rows.execute(select(OfferingChange))).all() == []


@pytest.mark.parametrize("content", ["", "[]", "5", "{", '{"a": "\\u0000"}', '{"a": 1e400}'])
async def test_what_is_no_object_is_refused(ask: Ask, content: str) -> None:
    answer = await ask(UPDATE, "staff", "POST", content=content)
    assert answer.status_code == 400, answer.text


async def test_a_thousand_windows_are_taken(ask: Ask) -> None:
    windows = [window(number, number + 0.5, extendedProps=hours("00:00", "24:00")) for number in range(1_000)]
    assert (await change(ask, {"schedules": windows})).status_code == 200


async def test_who_changed_what_when_is_recorded(ask: Ask, rows: AsyncConnection) -> None:
    before = (await ask(OWN, "powner")).json()["attributes"]
    for user, attributes in (("powner", {"a": 1}), ("powner", {"a": 1}), ("staff", {"a": 2})):
        assert (await change(ask, attributes, user)).status_code == 200
    found = (await rows.execute(select(OfferingChange).order_by(OfferingChange.created))).mappings().all()
    told = [(row["user_uuid"], row["subject"], row["before"], row["after"]) for row in found]
    powner, staff = (UUID(USERS[name]["uuid"]) for name in ("powner", "staff"))
    assert told == [(powner, "attributes", before, {"a": 1}), (staff, "attributes", {"a": 1}, {"a": 2})]
    modified = (await rows.execute(select(Offering.modified).where(Offering.uuid == UUID(MICROSCOPE)))).scalar_one()
    assert modified == found[-1]["created"]


@pytest.mark.parametrize("statement", ["UPDATE offering_change SET after = '{}'", "DELETE FROM offering_change"])
async def test_what_was_recorded_stays(ask: Ask, rows: AsyncConnection, statement: str) -> None:
    await change(ask, {"a": 1})
    with pytest.raises(DBAPIError) as raised:
        await rows.execute(text(statement))
    assert isinstance(raised.value.orig, Exception)
    assert sqlstate(raised.value)


FILTERS = [
    ("customer", "/api/customers/{customer}/", "/api/customers/00000000-0000-4000-8000-000000000000/"),
    ("created", "2020-01-01", "2100-01-01"),
    ("created_before", "2100-01-01", "2020-01-01"),
    ("modified", "2020-01-01", "2100-01-01"),
    ("modified_before", "2100-01-01", "2020-01-01"),
    ("description", "OPTICAL", "nothing of the kind"),
    ("has_terms_of_service", "true", "false"),
    ("keyword", "microsc", "nothing of the kind"),
    ("parent_uuid", OFFERINGS["Spectrometer"], OFFERINGS["none"]),
    ("service_manager_uuid", "{omanager}", "{outsider}"),
    ("type", "Marketplace.Booking", "Marketplace.Basic"),
    ("uuid_list", f"{MICROSCOPE},{OFFERINGS['none']}", OFFERINGS["none"]),
]


@pytest.mark.parametrize(("name", "match", "miss"), FILTERS, ids=[name for name, _, _ in FILTERS])
async def test_own_offerings_are_filtered(ask: Ask, rows: AsyncConnection, name: str, match: str, miss: str) -> None:
    values = {
        "description": "Optical bench",
        "terms_of_service": "Be kind.",
        "parent_uuid": UUID(OFFERINGS["Spectrometer"]),
    }
    await rows.execute(update(Offering).where(Offering.uuid == UUID(MICROSCOPE)).values(values))
    known = {user: USERS[user]["uuid"] for user in ("omanager", "outsider")}
    known["customer"] = (await ask(OWN)).json()["customer_uuid"]
    for value, is_found in ((match, True), (miss, False)):
        listed = await ask("marketplace-provider-offerings/", params={name: value.format(**known), "page_size": 300})
        assert listed.status_code == 200
        assert (MICROSCOPE in {row["uuid"] for row in listed.json()}) is is_found, value


@pytest.mark.parametrize("user", ["staff", "support", "powner", "omanager", "creator", "outsider"])
async def test_own_offerings_are_those_of_the_booking_route(ask: Ask, user: str) -> None:
    own, same = [
        await ask(f"{path}-offerings/", user, params={"page_size": 300}) for path in ("marketplace-provider", "booking")
    ]
    assert [row["uuid"] for row in own.json()] == [row["uuid"] for row in same.json()]
    assert all(row["url"].endswith(f"/api/marketplace-provider-offerings/{row['uuid']}/") for row in own.json())
