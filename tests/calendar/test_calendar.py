"""When an offering is taken, as those who may book it see it."""

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.repository import MOST_PERIODS
from app.models import BusySlot, RoleGrant
from tests.calendar.conftest import OFFERINGS, Ask
from tests.dataset import DATASET
from tests.orders.conftest import MICROSCOPE, Place, period

LIVE = ("Creating", "Updating", "OK")
CONSUMER, PROVIDER = UUID("fe20067b983290aacd685746f837e557"), UUID("3b76a60cdd9589bc12e52abed2d4ee9c")
CREATOR, PADMIN = UUID("65406a45e437f4177c8cf2dd391a489c"), UUID("5264895cadf58984d8fe5f4099e7f5e8")
SEEN = [
    ("Microscope", {"staff", "powner", "omanager", "powner2", "creator", "outsider", "support"}),
    ("Meeting room", {"staff", "powner", "omanager"}),
    ("Private lab", {"staff", "powner2", "omanager"}),
    ("Spectrometer", {"staff", "powner2", "omanager"}),
    ("Plain VM", set()),
    ("none", set()),
]


def calendar(query: str = "", offering: str = MICROSCOPE) -> str:
    return f"marketplace-bookings/{offering}/{query}"


def hour(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def add_busy(rows: AsyncConnection, start: str, end: str, **values: Any) -> None:
    values = {"offering_uuid": MICROSCOPE, "start": hour(start), "end": hour(end), **values}
    await rows.execute(insert(BusySlot).values(values))


async def grant(rows: AsyncConnection, user: UUID, customer: UUID, **values: Any) -> None:
    row = {"user_uuid": user, "customer_uuid": customer, "role": "CUSTOMER.SUPPORT", **values}
    await rows.execute(insert(RoleGrant).values(row))


@pytest.mark.parametrize(("offering", "users"), SEEN, ids=[name for name, _ in SEEN])
async def test_calendar_is_shown_to_those_who_may_book_or_provide(ask: Ask, offering: str, users: set[str]) -> None:
    for user in ("staff", "support", "powner", "omanager", "powner2", "creator", "outsider"):
        for uuid in (OFFERINGS[offering], UUID(OFFERINGS[offering]).hex):
            answer = await ask(calendar(offering=uuid), user)
            assert answer.status_code == (200 if user in users else 404), user
            if user not in users:
                assert answer.json() == {"detail": "No Offering matches the given query."}


async def test_slots_of_live_bookings_are_listed(ask: Ask) -> None:
    for offering in ("Microscope", "Meeting room", "Private lab", "Spectrometer"):
        expected = sorted(
            (hour(slot["start"]), hour(slot["end"]))
            for booking in DATASET["resources"].values()
            if UUID(booking["offering"]) == UUID(OFFERINGS[offering]) and booking["state"] in LIVE
            for slot in booking["slots"]
        )
        answer = await ask(calendar(offering=OFFERINGS[offering]))
        assert [(hour(item["start"]), hour(item["end"])) for item in answer.json()] == expected
        assert answer.headers["X-Result-Count"] == str(len(expected))
        assert all(item.keys() == {"created_by_full_name", "start", "end"} for item in answer.json())


GRANTED: dict[str, object] = {"is_active": True}
EXPIRED: dict[str, object] = {"expiration_time": datetime(2024, 1, 1, tzinfo=UTC)}
Granted = tuple[UUID, dict[str, object]]
"""An organisation, and what is special about the role in it."""


class Naming(NamedTuple):
    """Which name of the creator a user sees, when creator and project admin have these roles besides."""

    user: str
    name: str | None
    creator_has: Granted | None = None
    padmin_has: Granted | None = None


NAMES = [
    Naming(user="staff", name="Carl Creator"),
    Naming(user="powner", name="Carl Creator"),
    Naming(user="omanager", name="Carl Creator"),
    Naming(user="outsider", name=None),
    Naming(user="cowner", name=None),
    Naming(user="padmin", name=None),
    Naming(user="creator", name=None),
    Naming(user="cowner", creator_has=(CONSUMER, GRANTED), name="Carl Creator"),
    Naming(user="creator", creator_has=(CONSUMER, GRANTED), name="Carl Creator"),
    Naming(user="powner2", creator_has=(CONSUMER, GRANTED), name=None),
    Naming(user="padmin", creator_has=(CONSUMER, GRANTED), name=None),
    Naming(user="padmin", creator_has=(CONSUMER, GRANTED), padmin_has=(CONSUMER, GRANTED), name="Carl Creator"),
    Naming(user="padmin", creator_has=(CONSUMER, GRANTED), padmin_has=(PROVIDER, GRANTED), name=None),
    Naming(user="padmin", creator_has=(CONSUMER, GRANTED), padmin_has=(CONSUMER, EXPIRED), name=None),
    Naming(user="cowner", creator_has=(CONSUMER, EXPIRED), name=None),
    Naming(user="cowner", creator_has=(CONSUMER, {"is_active": False}), name=None),
]


@pytest.mark.parametrize("naming", NAMES)
async def test_creator_is_named_within_a_shared_organisation_only(
    ask: Ask, place: Place, rows: AsyncConnection, naming: Naming
) -> None:
    assert (await place(period(9, 10), user="creator")).status_code == 201
    for grantee, given in ((CREATOR, naming.creator_has), (PADMIN, naming.padmin_has)):
        if given:
            await grant(rows, grantee, given[0], **given[1])
    found = await ask(calendar(f"?start={period(9, 10)['start']}"), naming.user)
    assert found.json() == [{"created_by_full_name": naming.name, **period(9, 10)}]


async def test_oldest_request_names_the_creator(ask: Ask, place: Place, rows: AsyncConnection) -> None:
    placed = (await place(period(9, 10), user="creator")).json()
    copied = (
        'INSERT INTO "order" (uuid, resource_uuid, offering_uuid, project_uuid, type, state, created_by_uuid, created)'
        " SELECT :new, resource_uuid, offering_uuid, project_uuid, :type, 'done', :user, created + :later"
        ' FROM "order" WHERE uuid = :uuid'
    )
    for kind, later in (("Create", 1), ("Update", -1)):
        values = {"new": uuid4(), "uuid": UUID(placed["uuid"]), "type": kind, "user": PADMIN}
        await rows.execute(text(copied), {**values, "later": timedelta(hours=later)})
    found = (await ask(calendar(f"?start={period(9, 10)['start']}"))).json()
    assert [item["created_by_full_name"] for item in found] == ["Carl Creator"]


@pytest.mark.parametrize("user", ["staff", "powner", "cowner"])
async def test_busy_time_says_whether_it_is_from_a_calendar(ask: Ask, rows: AsyncConnection, user: str) -> None:
    later, earlier = period(12, 13), period(10, 11)
    await add_busy(rows, **later, backend_id="event1")
    await add_busy(rows, **earlier, comment="Maintenance")
    await add_busy(rows, **period(14, 15), backend_id="")
    found = await ask(calendar(f"?start={earlier['start']}"), user)
    assert found.json() == [
        {"created_by_full_name": None, **earlier},
        {"created_by_full_name": "google calendar", **later},
        {"created_by_full_name": None, **period(14, 15)},
    ]


@pytest.mark.parametrize(
    ("start", "end", "count"),
    [
        (9, 12, 2),
        (9, 10, 1),
        (9.5, 9.75, 1),
        (8, 9, 0),
        (10, 11, 0),
        (12, 20, 0),
        (11.5, None, 1),
        (None, 9.5, 1),
        (None, 9, 0),
        (9, None, 2),
        (None, None, 2),
    ],
)
async def test_list_is_limited_to_periods_that_touch(
    ask: Ask, rows: AsyncConnection, place: Place, start: float | None, end: float | None, count: int
) -> None:
    await rows.execute(text("UPDATE resource SET state = 'Terminated'"))
    await place(period(9, 10))
    await add_busy(rows, **period(11, 12))
    asked = {name: period(at, 0)["start"] for name, at in (("start", start), ("end", end)) if at is not None}
    answer = await ask(calendar(), params={"start": "", "end": "", **asked})
    assert (answer.status_code, len(answer.json())) == (200, count)
    assert answer.headers["X-Result-Count"] == str(count)
    head = await ask(calendar(), method="HEAD", params=asked)
    assert (head.status_code, head.content, head.headers["X-Result-Count"]) == (200, b"", str(count))


async def test_answer_is_bounded_and_says_how_many_there_are(ask: Ask, rows: AsyncConnection) -> None:
    many = (
        "INSERT INTO busy_slot (offering_uuid, start, \"end\") SELECT :offering, s, s + interval '1 min'"
        " FROM generate_series(timestamptz '2028-01-01', '2028-12-31', '1 hour') AS s LIMIT :rows"
    )
    await rows.execute(text(many), {"offering": UUID(MICROSCOPE), "rows": MOST_PERIODS + 3})
    answer = await ask(calendar("?start=2028-01-01T00:00:00Z"))
    assert len(answer.json()) == MOST_PERIODS
    assert answer.json()[0]["start"] == "2028-01-01T00:00:00Z"
    assert answer.headers["X-Result-Count"] == str(MOST_PERIODS + 3)


BAD_MOMENT = ["Enter a valid date/time."]


@pytest.mark.parametrize(
    ("query", "messages"),
    [
        ("start=soon&end=later", {"start": BAD_MOMENT, "end": BAD_MOMENT}),
        ("start=%00", {"start": BAD_MOMENT}),
        ("start=2030-01-01&end=2030-01-01", {"end": ["Must be after start."]}),
        ("start=2030-01-02&end=2030-01-01", {"end": ["Must be after start."]}),
    ],
)
@pytest.mark.parametrize("path", [calendar("?"), f"booking-offerings/{MICROSCOPE}/free/?"])
async def test_bad_time_is_refused(ask: Ask, path: str, query: str, messages: Any) -> None:
    answer = await ask(path + query)
    assert (answer.status_code, answer.json()) == (400, messages)


EXTREMES = ["0001-01-01T00:00:00%2B14:00", "0001-01-01", "9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999Z"]


@pytest.mark.parametrize("start", ["", *EXTREMES])
@pytest.mark.parametrize("end", ["", *EXTREMES])
@pytest.mark.parametrize("path", [calendar("?"), f"booking-offerings/{MICROSCOPE}/free/?"])
async def test_ends_of_time_are_no_defect(ask: Ask, path: str, start: str, end: str) -> None:
    assert (await ask(f"{path}start={start}&end={end}")).status_code in (200, 400)


PATHS = {
    calendar(): {"GET", "HEAD"},
    f"booking-offerings/{MICROSCOPE}/free/": {"GET", "HEAD"},
    f"booking-offerings/{MICROSCOPE}/busy-slots/": {"GET", "HEAD", "POST"},
    f"booking-offerings/{MICROSCOPE}/busy-slots/{MICROSCOPE}/": {"DELETE"},
}


@pytest.mark.parametrize("path", PATHS)
async def test_other_methods_are_refused(ask: Ask, client: AsyncClient, path: str) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - PATHS[path]:
        refused = await ask(path, method=method)
        assert (refused.status_code, refused.json()) == (405, {"detail": f'Method "{method}" not allowed.'})
        assert set(refused.headers["Allow"].split(", ")) == PATHS[path] | {"OPTIONS"}
    assert (await client.request("PUT", f"/api/{path}")).status_code == 401
    if "GET" in PATHS[path]:
        assert (await client.get(f"/api/{path}")).status_code == 401
        assert (await ask(path.rstrip("/"))).status_code == 200
        head = await ask(path, method="HEAD")
        assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("text", ["x", "0", "a3e17d95-5ea9-4a7d-9d58", "%00", "{}", "a" * 33])
async def test_what_is_no_uuid_is_not_found(ask: Ask, text: str) -> None:
    unknown = {"detail": "No Offering matches the given query."}
    for path in (calendar(offering=text), f"booking-offerings/{text}/free/", f"booking-offerings/{text}/busy-slots/"):
        answer = await ask(path)
        assert (answer.status_code, answer.json()) == (404, unknown), path
