"""Requests for bookings: what is stored, what is refused and why."""

import json
from typing import Any

import pytest
from httpx import AsyncClient
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import Customer, Offering, Project, Resource, Slot
from app.models.enums import OfferingState, ResourceState
from tests.conftest import AsUser
from tests.databases import statements
from tests.orders.conftest import GENOME_STUDY, MICROSCOPE, Place, body, period

NOWHERE = "/api/marketplace-public-offerings/00000000-0000-4000-8000-000000000000/"
LONG = ["Ensure this field has no more than 10000 characters."]
UNKNOWN = ["Invalid hyperlink - Object does not exist."]


async def test_request_holds_its_periods_at_once(place: Place, client: AsyncClient, as_user: AsUser) -> None:
    placed = await place(period(9, 10), period(11, 12))
    assert placed.status_code == 201
    order = placed.json()
    assert (order["state"], order["type"], order["resource_name"]) == ("executing", "Create", "Bee brains")
    booking = (
        await client.get(f"/api/booking-resources/{order['marketplace_resource_uuid']}/", headers=as_user("powner"))
    ).json()
    assert booking["state"] == "Creating"
    assert booking["available_actions"] == ["accept", "reject"]
    assert booking["attributes"]["schedules"] == [period(9, 10), period(11, 12)]
    assert [{"start": s["start"], "end": s["end"]} for s in booking["slots"]] == [period(9, 10), period(11, 12)]
    assert booking["creation_order"]["uuid"] == order["uuid"]
    assert booking["slug"] == "bee-brai-1"


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        ((9, 10), True),
        ((9.5, 9.75), True),
        ((8, 11), True),
        ((8, 9.5), True),
        ((9.5, 11), True),
        ((8, 9), False),
        ((10, 11), False),
    ],
    ids=["same", "inside", "around", "over the start", "over the end", "right before", "right after"],
)
async def test_overlap_is_refused_and_neighbours_are_not(place: Place, wanted: Any, taken: bool) -> None:
    booking = (await place(period(9, 10))).json()["marketplace_resource_uuid"]
    answer = await place(period(*wanted))
    if not taken:
        assert answer.status_code == 201
        return
    start, end = period(*wanted)["start"], period(*wanted)["end"]
    assert answer.status_code == 400
    text, explained = answer.json()
    assert text == f"Time period from {start} to {end} is not available. Other booking request exists."
    assert explained == {"conflicts": [{**period(9, 10), "uuid": booking, "state": "Creating"}]}


async def test_accepted_booking_is_told_apart_from_a_request(
    place: Place, client: AsyncClient, as_user: AsUser
) -> None:
    booking = (await place(period(9, 10))).json()["marketplace_resource_uuid"]
    await client.post(f"/api/booking-resources/{booking}/accept/", headers=as_user("powner"))
    text, explained = (await place(period(9, 10), user="padmin")).json()
    assert text == f"Time period from {period(9, 10)['start']} to {period(9, 10)['end']} is not available."
    assert explained == {"conflicts": [period(9, 10)]}, "a foreign booking is busy time and nothing else"


async def test_rejected_booking_no_longer_blocks(place: Place, client: AsyncClient, as_user: AsUser) -> None:
    booking = (await place(period(9, 10))).json()["marketplace_resource_uuid"]
    await client.post(f"/api/booking-resources/{booking}/accept/", headers=as_user("powner"))
    await client.post(f"/api/marketplace-resources/{booking}/terminate/", headers=as_user("cowner"))
    assert (await place(period(9, 10))).status_code == 201, "an order that was done does not block for ever"


START, END = period(9, 10)["start"], period(9, 10)["end"]
BAD_FORMAT = ["01.12.2026", "2026-12-01", "2026-12-01T10:00Z", "2026-12-01T10:00:00", "2026-13-01T10:00:00Z", 5, ["x"]]


@pytest.mark.parametrize(
    ("schedules", "message"),
    [
        (None, "Schedules are required."),
        ([], "Schedules are required."),
        ("often", "Schedules are required."),
        ({"start": START, "end": END}, "Schedules are required."),
        ([{"start": START}], "Key 'start' or 'end' does not exist in schedules item."),
        ([7], "Key 'start' or 'end' does not exist in schedules item."),
        ([{"start": START, "end": None}], "Value 'start' or 'end' does not exist in schedules item."),
        ([{"start": "", "end": END}], "Value 'start' or 'end' does not exist in schedules item."),
        *(([{"start": bad, "end": END}], f"The value {bad} does not match the format.") for bad in BAD_FORMAT),
        (
            [{"start": "2024-06-01T10:00:00Z", "end": "2024-06-01T11:00:00Z"}],
            "Past slots are not available for selection.",
        ),
        ([{"start": END, "end": START}], f"Time period from {END} to {START} does not end after its start."),
        ([{"start": START, "end": START}], f"Time period from {START} to {START} does not end after its start."),
        (
            [period(9, 10), period(9.5, 11)],
            "Time period from {start} to {end} overlaps another period of the same request.".format(**period(9.5, 11)),
        ),
        (
            [{"start": "2030-12-31T23:00:00Z", "end": "2031-01-01T01:00:00Z"}],
            "Time period from 2030-12-31T23:00:00Z to 2031-01-01T01:00:00Z is not available for selected offering.",
        ),
    ],
)
async def test_impossible_periods_are_refused(place: Place, schedules: Any, message: str) -> None:
    answer = await place(attributes={"schedules": schedules})
    assert (answer.status_code, answer.json()) == (400, [message])


async def test_adjacent_windows_are_one(place: Place, rows: AsyncConnection) -> None:
    windows = {"schedules": [period(8, 12), period(12, 16)]}
    await rows.execute(update(Offering).where(Offering.uuid == MICROSCOPE).values(attributes=windows))
    assert (await place(period(11, 13))).status_code == 201
    assert (await place(period(15, 17))).status_code == 400


async def test_window_may_be_open_for_ever_and_a_request_may_not(place: Place, rows: AsyncConnection) -> None:
    endless = {"schedules": [{"start": "2024-01-01T00:00:00Z", "end": "9999-12-31T23:59:59.999999Z"}]}
    await rows.execute(update(Offering).where(Offering.uuid == MICROSCOPE).values(attributes=endless))
    assert (await place(period(9, 10))).status_code == 201
    answer = await place({"start": period(11, 12)["start"], "end": "9999-12-31T23:59:59.999999Z"})
    assert (answer.status_code, answer.json()) == (
        400,
        ["The value 9999-12-31T23:59:59.999999Z does not match the format."],
    )


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        (
            {"offering": "/api/marketplace-public-offerings/00000000-0000-4000-8000-000000000000/"},
            {"offering": UNKNOWN},
        ),
        ({"offering": "nonsense", "project": "nonsense"}, {"offering": UNKNOWN, "project": UNKNOWN}),
        ({"project": "/api/projects/d5125de9-8e44-0c89-f17a-8d2087129cd0/"}, {"project": UNKNOWN}),
        ({"limits": {"hours": 3}}, {"limits": ["Limits update is not supported for this resource."]}),
        ({"plan": "/api/plans/1/"}, {"plan": ["This plan is not available for selected offering."]}),
        ({"offering": None}, {"offering": ["Input should be a valid string"]}),
        ({"attributes": None}, {"attributes": ["Input should be an object"]}),
        ({"attributes": {"name": 5}}, {"attributes": ["Name is not a valid string."]}),
        ({"attributes": {"name": "n" * 151}}, {"attributes": ["Name has more than 150 characters."]}),
        *(
            ({"attributes": {"end_date": given}}, {"attributes": ["End date has wrong format. Use YYYY-MM-DD."]})
            for given in ("tomorrow", "20300101", "2030-02-30", 20300101, False, 0, ["2030-01-01"])
        ),
        ({"attributes": {"x": "\x00"}}, {"attributes": ["Null characters are not allowed."]}),
        (
            {"attributes": {"x": "ä" * 32_765}},
            {"attributes": ["Ensure this field has no more than 65536 bytes as JSON."]},
        ),
        (
            {"attributes": {"x": [0] * 32_768}},
            {"attributes": ["Ensure this field has no more than 65536 bytes as JSON."]},
        ),
        ({"request_comment": "x" * 10_001, "plan": "x" * 10_001}, {"request_comment": LONG, "plan": LONG}),
    ],
)
async def test_bad_members_are_named(place: Place, changes: dict[str, Any], messages: Any) -> None:
    answer = await place(period(9, 10), **changes)
    assert (answer.status_code, answer.json()) == (400, messages)


@pytest.mark.parametrize(
    ("given", "stored"),
    [("2030-01-31", "2030-01-31"), ("2030-01-31T10:00:00Z", "2030-01-31"), ("", None), (None, None)],
)
async def test_end_date_is_kept(place: Place, client: AsyncClient, as_user: AsUser, given: Any, stored: Any) -> None:
    answer = await place(attributes={"end_date": given, "schedules": [period(9, 10)]})
    booking = f"/api/booking-resources/{answer.json()['marketplace_resource_uuid']}/?field=end_date"
    assert (await client.get(booking, headers=as_user("powner"))).json() == {"end_date": stored}


async def test_largest_request_is_kept(place: Place, client: AsyncClient, as_user: AsUser) -> None:
    attributes: dict[str, Any] = {"schedules": [period(9, 10)], "x": ""}
    left = 64 * 1024 - len(json.dumps(attributes, separators=(",", ":")))
    attributes["x"] = "ä" * (left // 2)
    answer = await place(attributes=attributes, request_comment="ä" * 10_000)
    assert (answer.status_code, answer.json()["attributes"]) == (201, attributes)


@pytest.mark.parametrize(("levels", "status"), [(150, 201), (5000, 400)])
async def test_nesting_is_shown_or_refused(client: AsyncClient, as_user: AsUser, levels: int, status: int) -> None:
    sent = json.dumps(body(period(9, 10))).replace(
        '"name": "Bee brains"', f'"name": "Deep", "levels": {"[" * levels}{"]" * levels}'
    )
    answer = await client.post("/api/marketplace-orders/", content=sent, headers=as_user("cowner"))
    assert answer.status_code == status, answer.text
    listed = await client.get("/api/booking-resources/?name=Deep", headers=as_user("powner"))
    assert (listed.status_code, len(listed.json())) == (200, 1 if status == 201 else 0)


async def test_all_required_members_are_named(client: AsyncClient, as_user: AsUser) -> None:
    answer = await client.post("/api/marketplace-orders/", json={}, headers=as_user("cowner"))
    required = ["This field is required."]
    assert answer.json() == {"offering": required, "project": required, "attributes": required}


@pytest.mark.parametrize(
    ("table", "values", "refusal"),
    [
        (Customer, {"blocked": True}, ["Blocked organization is not available."]),
        (Customer, {"archived": True}, ["Archived organization is not available."]),
        (Offering, {"state": OfferingState.PAUSED}, {"offering": ["Offering is not available."]}),
        (
            Offering,
            {"terms_of_service": "Be nice"},
            {"non_field_errors": ["Terms of service for offering 'Microscope' have not been accepted."]},
        ),
    ],
)
async def test_closed_parties_are_refused(
    place: Place, rows: AsyncConnection, table: Any, values: dict[str, Any], refusal: Any
) -> None:
    uuid = MICROSCOPE if table is Offering else select(Project.customer_uuid).where(Project.uuid == GENOME_STUDY)
    condition = table.uuid == uuid if table is Offering else table.uuid.in_(uuid)
    await rows.execute(update(table).where(condition).values(values))
    answer = await place(period(9, 10))
    assert (answer.status_code, answer.json()) == (400, refusal)


async def test_refused_request_leaves_nothing(place: Place, rows: AsyncConnection) -> None:
    before = len((await rows.execute(select(Resource.uuid))).all())
    await place(period(9, 10))
    assert (await place(period(20, 21), period(9.5, 11))).status_code == 400
    assert len((await rows.execute(select(Resource.uuid))).all()) == before + 1


async def test_slots_say_what_the_request_said(place: Place, rows: AsyncConnection) -> None:
    first = period(9, 10)
    with_offset = {"start": first["start"].replace("Z", "+00:00"), "end": first["end"].replace("Z", "+00:00")}
    booking = (await place(with_offset)).json()["marketplace_resource_uuid"]
    [slot] = (await rows.execute(select(Slot).where(Slot.resource_uuid == booking))).all()
    assert [moment.isoformat().replace("+00:00", "Z") for moment in (slot.start, slot.end)] == list(first.values())


async def test_nobody_requests_without_a_token(client: AsyncClient) -> None:
    assert (await client.post("/api/marketplace-orders/", content=b"{")).status_code == 401


@pytest.mark.parametrize(
    ("used", "following"),
    [
        (["bee-brai-9", "bee-brai-10"], "bee-brai-11"),
        (["bee-brai", "bee-brai-x", "bee-brai-7-3", "bee-3"], "bee-brai-1"),
        (["bee-brai-9999999999", "bee-brai-2"], "bee-brai-3"),
    ],
    ids=["greatest, not last in the alphabet", "of other names", "beyond counting"],
)
async def test_slug_has_the_next_number(
    place: Place, client: AsyncClient, as_user: AsUser, rows: AsyncConnection, used: list[str], following: str
) -> None:
    taken = (await rows.execute(select(Resource.uuid).limit(len(used)))).scalars().all()
    for uuid, slug in zip(taken, used, strict=True):
        await rows.execute(update(Resource).where(Resource.uuid == uuid).values(slug=slug))
    booking = (await place(period(9, 10))).json()["marketplace_resource_uuid"]
    shown = await client.get(f"/api/booking-resources/{booking}/?field=slug", headers=as_user("powner"))
    assert shown.json() == {"slug": following}


async def test_stranger_cannot_book_for_a_foreign_project(place: Place) -> None:
    assert (await place(period(9, 10), user="outsider")).json() == {"project": UNKNOWN}


async def test_orders_are_listed_to_those_concerned(place: Place, client: AsyncClient, as_user: AsUser) -> None:
    uuid = (await place(period(9, 10))).json()["uuid"]
    for user, seen in (("cowner", True), ("powner", True), ("padmin", True), ("powner2", False), ("outsider", False)):
        listed = await client.get("/api/marketplace-orders/?page_size=300&o=-created", headers=as_user(user))
        assert (uuid in [order["uuid"] for order in listed.json()]) == seen, user
        status = (await client.get(f"/api/marketplace-orders/{uuid}/", headers=as_user(user))).status_code
        assert status == (200 if seen else 404), user


async def test_pending_bookings_are_live(place: Place, rows: AsyncConnection) -> None:
    booking = (await place(period(9, 10), user="creator")).json()["marketplace_resource_uuid"]
    [row] = (await rows.execute(select(Resource.state, Resource.live).where(Resource.uuid == booking))).all()
    assert tuple(row) == (ResourceState.CREATING, True)
    assert body(period(9, 10))["attributes"]["schedules"] == [period(9, 10)]


@pytest.mark.parametrize("periods", [1, 3])
async def test_request_and_acceptance_cost_few_statements(
    client: AsyncClient, place: Place, rows: AsyncConnection, as_user: AsUser, periods: int
) -> None:
    """Who asks; then what is asked for, what is in the way, what is stored, and how it is shown.

    The lock comes with the savepoint, in one message.
    """
    for user in ("cowner", "powner"):
        await client.options("/api/marketplace-orders/", headers=as_user(user))  # writes down that the token is in use
    with statements(rows) as executed:
        placed = await place(*(period(hour, hour + 1) for hour in range(periods)))
    assert (placed.status_code, len(executed)) == (201, 5)
    booking = placed.json()["marketplace_resource_uuid"]
    with statements(rows) as executed:
        accepted = await client.post(f"/api/booking-resources/{booking}/accept/", headers=as_user("powner"))
    assert (accepted.status_code, len(executed)) == (200, 5)


_CHANGES = "SELECT relname, n_tup_upd FROM pg_stat_xact_user_tables WHERE relname IN ('resource', 'slot', 'order')"


async def test_what_is_stored_is_not_written_again(place: Place, rows: AsyncConnection) -> None:
    """Each change of a booking enters it into all indexes anew."""
    before = (await rows.execute(text(_CHANGES))).all()
    assert (await place(period(9, 10), period(7, 8))).status_code == 201
    assert (await rows.execute(text(_CHANGES))).all() == before


_PLANS = "SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE {}"


@pytest.mark.parametrize("statement", ["'SELECT \"order\".uuid AS c0%'", "'%changed%INSERT INTO history%'"])
async def test_plans_are_kept(
    client: AsyncClient, place: Place, rows: AsyncConnection, as_user: AsUser, statement: str
) -> None:
    """PostgreSQL makes five plans before it thinks of keeping one."""
    [[before, _]] = (await rows.execute(text(_PLANS.format(statement)))).all()
    for hour in range(8):
        booking = (await place(period(hour, hour + 1))).json()["marketplace_resource_uuid"]
        await client.post(f"/api/booking-resources/{booking}/accept/", headers=as_user("powner"))
    [[custom, generic]] = (await rows.execute(text(_PLANS.format(statement)))).all()
    assert custom - (before or 0) <= 5
    assert generic >= 3
