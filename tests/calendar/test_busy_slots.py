"""Busy slots: who sets and removes them, what they block, and what is refused."""

from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.calendar.conftest import OFFERINGS, Ask
from tests.orders.conftest import MICROSCOPE, Place, period

PATH = f"booking-offerings/{MICROSCOPE}/busy-slots/"
STRANGE = "00000000-0000-4000-8000-000000000000"

USERS = [
    *((user, offering, True) for user in ("staff", "omanager") for offering in ("Microscope", "Private lab")),
    ("powner", "Microscope", True),
    ("pmanager", "Microscope", True),
    ("powner2", "Private lab", True),
    ("powner2", "Spectrometer", True),
    ("powner2", "Microscope", False),
    ("cowner", "Microscope", False),
    ("creator", "Microscope", False),
    ("exowner", "Microscope", False),
    ("support", "Microscope", False),
    ("powner", "Private lab", None),
    ("creator", "Private lab", None),
    ("exowner", "Meeting room", None),
    ("staff", "Plain VM", None),
    ("staff", "none", None),
]


async def busy(ask: Ask, start: float, end: float, user: str = "powner", **values: Any) -> Any:
    return await ask(PATH, user, "POST", json={**period(start, end), **values})


@pytest.mark.parametrize(("user", "offering", "may"), USERS)
async def test_provider_manages_busy_slots(ask: Ask, user: str, offering: str, may: bool | None) -> None:
    path = f"booking-offerings/{OFFERINGS[offering]}/busy-slots/"
    listed, added = await ask(path, user), await ask(path, user, "POST", json=period(9, 10))
    uuid = added.json()["uuid"] if may else STRANGE
    removed = await ask(f"{path}{uuid}/", user, "DELETE")
    expected = {True: [200, 201, 204], False: [403] * 3, None: [404] * 3}[may]
    assert [answer.status_code for answer in (listed, added, removed)] == expected
    if may:
        assert removed.content == b""
    else:
        refusal = "No Offering matches the given query." if may is None else listed.json()["detail"]
        assert [answer.json() for answer in (listed, added, removed)] == [{"detail": refusal}] * 3


async def test_busy_slots_are_shown_as_stored_earliest_first(ask: Ask) -> None:
    later = (await busy(ask, 11, 12, comment="Laser – „neu“")).json()
    earlier = (await busy(ask, 9, 10)).json()
    assert later == {"uuid": later["uuid"], **period(11, 12), "comment": "Laser – „neu“"}
    assert earlier == {"uuid": earlier["uuid"], **period(9, 10), "comment": ""}
    answer = await ask(PATH, "powner")
    assert answer.json() == [earlier, later]
    assert answer.headers["X-Result-Count"] == "2"
    second = await ask(f"{PATH}?page_size=1&page=2", "powner")
    assert second.json() == [later]
    assert 'rel="prev"' in second.headers["Link"]
    assert (await ask(f"{PATH}?page=3", "powner")).status_code == 404


async def test_busy_slot_blocks_requests_until_it_is_removed(ask: Ask, place: Place) -> None:
    added = (await busy(ask, 9, 10)).json()
    start, end = period(9.5, 11)["start"], period(9.5, 11)["end"]
    refused = await place(period(9.5, 11))
    told = [f"Time period from {start} to {end} is not available.", {"conflicts": [period(9, 10)]}]
    assert (refused.status_code, refused.json()) == (400, told)
    assert (await place(period(8, 9), period(10, 11))).status_code == 201
    assert (await ask(f"{PATH}{added['uuid']}/", "powner", "DELETE")).status_code == 204
    assert (await ask(f"{PATH}{added['uuid']}/", "powner", "DELETE")).json() == {
        "detail": "No BusySlot matches the given query."
    }
    assert (await place(period(9, 10))).status_code == 201


@pytest.mark.parametrize(
    ("wanted", "collides"),
    [((9, 10), True), ((9.25, 9.5), True), ((8, 11), True), ((8, 9.5), True), ((8, 9), False), ((10, 11), False)],
)
async def test_live_booking_is_in_the_way(ask: Ask, place: Place, wanted: Any, collides: bool) -> None:
    booking = (await place(period(9, 10))).json()["marketplace_resource_uuid"]
    start, end = period(*wanted)["start"], period(*wanted)["end"]
    for state, more in (("Creating", " Other booking request exists."), ("OK", "")):
        answer = await busy(ask, *wanted)
        if not collides:
            assert answer.status_code == 201
            return
        text, explained = answer.json()
        assert answer.status_code == 400
        assert text == f"Time period from {start} to {end} is not available.{more}"
        assert explained == {"conflicts": [{**period(9, 10), "uuid": booking, "state": state}]}
        await ask(f"booking-resources/{booking}/accept/", "powner", "POST")
    await ask(f"marketplace-resources/{booking}/terminate/", "cowner", "POST")
    assert (await busy(ask, *wanted)).status_code == 201


async def test_busy_slots_may_overlap_each_other(ask: Ask) -> None:
    assert [(await busy(ask, *hours)).status_code for hours in ((9, 11), (10, 12), (9, 11))] == [201] * 3


async def test_busy_slot_of_another_offering_is_not_found(ask: Ask) -> None:
    added = (await busy(ask, 9, 10)).json()["uuid"]
    elsewhere = f"booking-offerings/{OFFERINGS['Meeting room']}/busy-slots/{added}/"
    assert (await ask(elsewhere, "powner", "DELETE")).status_code == 404
    assert (await ask(f"{PATH}x/", "powner", "DELETE")).json() == {"detail": "No BusySlot matches the given query."}
    assert len((await ask(PATH, "powner")).json()) == 1


UNSTORABLE = ["Must be in the years 2 to 9998."]
REQUIRED, NO_MOMENT = ["This field is required."], ["Enter a valid date/time."]
NAIVE = ["Enter a valid date/time. A time needs Z or an offset, as in 2026-01-31T12:00:00Z."]
START, END = period(9, 10)["start"], period(9, 10)["end"]


@pytest.mark.parametrize(
    ("body", "messages"),
    [
        ({}, {"start": REQUIRED, "end": REQUIRED}),
        ({"start": 5, "end": None}, {"start": NO_MOMENT, "end": NO_MOMENT}),
        ({"start": [], "end": {}}, {"start": NO_MOMENT, "end": NO_MOMENT}),
        ({"start": "soon", "end": True}, {"start": NO_MOMENT, "end": NO_MOMENT}),
        ({"start": START[:-1], "end": END}, {"start": NAIVE}),
        ({"start": END, "end": START}, {"end": ["Must be after start."]}),
        ({"start": START, "end": START}, {"end": ["Must be after start."]}),
        (
            {"start": "0001-01-01", "end": "9999-12-31"},
            {"start": UNSTORABLE, "end": UNSTORABLE},
        ),
        ({"start": START, "end": END, "comment": "\x00"}, {"comment": ["Null characters are not allowed."]}),
        ({"start": START, "end": END, "comment": 5}, {"comment": ["Input should be a valid string"]}),
        ([], None),
        ("x", None),
    ],
)
async def test_bad_members_are_named(ask: Ask, body: Any, messages: Any) -> None:
    answer = await ask(PATH, "powner", "POST", json=body)
    assert answer.status_code == 400
    assert set(answer.json()) == {"non_field_errors"} if messages is None else answer.json() == messages


@pytest.mark.parametrize("content", [b"{", b"\xff", b'{"start": "\\ud800"}', b"[" * 5000])
async def test_what_is_no_json_is_refused(ask: Ask, content: bytes) -> None:
    assert (await ask(PATH, "powner", "POST", content=content)).status_code == 400


async def test_refused_busy_slot_leaves_nothing(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    await place(period(9, 10))
    assert (await busy(ask, 9, 10)).status_code == 400
    assert (await ask(PATH, "powner")).json() == []
