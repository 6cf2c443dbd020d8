"""What accept and reject change, what they answer, and the history that they leave."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config import Settings
from app.database import Database
from app.embedded import Cluster
from app.main import create_app
from app.models import Base, History, Order, Resource, RoleGrant, Slot, User
from tests.conftest import AsUser
from tests.databases import filled
from tests.dataset import Row, key_of, uuid_of

BASE = "http://waldur.example.com"
URL = "/api/booking-resources/"
BOOKING, OTHER = (uuid_of("resources", name=name) for name in ("alpha scan", "Quick"))
ORDER = uuid_of("orders", resource=BOOKING.hex)
EMPTY, FULL = (Settings(base_url=BASE, transition_response=response) for response in ("empty", "order_uuid"))


Rows = dict[tuple[str, tuple[Any, ...]], Row]
"""Rows by table and primary key."""


async def everything(rows: AsyncConnection) -> Rows:
    """All rows of all tables by table and primary key.

    But for tokens, whose use is written down now and then, and for what triggers keep.
    """
    kept = ("token", "booking_count", "booking_total", "order_count", "reference_version")
    tables = [table for table in Base.metadata.sorted_tables if table.name not in kept]
    content: Rows = {}
    for table in tables:
        for row in (await rows.execute(select(table))).mappings():
            key = tuple(row[column.name] for column in table.primary_key)
            told = [column.name for column in table.columns if not column.info.get("kept")]
            content[table.name, key] = {name: row[name] for name in told}
    return content


def changes(before: Rows, after: Rows) -> Rows:
    """What became of each changed or new row: the changed members, by table and primary key."""
    assert before.keys() <= after.keys()
    return {
        key: {name: value for name, value in row.items() if key not in before or before[key][name] != value}
        for key, row in after.items()
        if row != before.get(key)
    }


@pytest.fixture
async def slot(rows: AsyncConnection) -> int:
    """The booking gets a slot; its id."""
    offering = (await rows.execute(select(Resource.offering_uuid).where(Resource.uuid == BOOKING))).scalar_one()
    start = datetime(2040, 1, 1, tzinfo=UTC)
    period = {"start": start, "end": start + timedelta(hours=1), "backend_id": "x"}
    values = {"resource_uuid": BOOKING, "offering_uuid": offering, "live": True, **period}
    return int((await rows.execute(insert(Slot).values(values).returning(Slot.id))).scalar_one())


class Decision(NamedTuple):
    """Who does what, on which side, and why."""

    action: str
    username: str
    side: str
    comment: str | None = None


@pytest.mark.parametrize(
    "decision",
    [
        Decision(action="accept", username="powner", side="provider"),
        Decision(action="accept", username="staff", side="provider"),
        Decision(action="reject", username="powner", side="provider"),
        Decision(action="reject", username="powner", side="provider", comment="No beam time — Überbucht 🔬"),
        Decision(action="reject", username="staff", side="provider", comment="closed"),
        Decision(action="reject", username="creator", side="consumer"),
        Decision(action="reject", username="creator", side="consumer", comment="changed my mind"),
    ],
    ids=lambda decision: f"{decision.action}-{decision.username}-{decision.comment}",
)
async def test_transition_changes_this_and_nothing_else(
    client: AsyncClient,
    rows: AsyncConnection,
    as_user: AsUser,
    slot: int,
    decision: Decision,
) -> None:
    action, username, side, comment = decision
    before, started = await everything(rows), datetime.now(UTC)
    reason = {"provider_rejection_comment": comment} if comment else None
    response = await client.post(f"{URL}{BOOKING}/{action}/", headers=as_user(username), json=reason)
    assert (response.status_code, response.content) == (200, b"")
    changed = changes(before, await everything(rows))
    (event,) = (key for key in changed if key[0] == "history")
    now = changed[event]["created"]
    assert started <= now <= datetime.now(UTC)
    state, ended = {"accept": ("OK", "done"), "reject": ("Terminated", "canceled")}[action]
    order: Row = {"state": ended, "modified": now, f"{side}_reviewed_by_uuid": uuid_of("users", username=username)}
    order[f"{side}_reviewed_at"] = now
    order |= {"completed_at": now} if action == "accept" else {}
    order |= {"termination_comment": comment} if comment else {}
    expected: Rows = {
        ("resource", (BOOKING,)): {"state": state, "modified": now, **({"live": False} if state != "OK" else {})},
        ("order", (ORDER,)): order,
        event: {
            "uuid": event[1][0],
            "resource_uuid": BOOKING,
            "order_uuid": ORDER,
            "user_uuid": uuid_of("users", username=username),
            "created": now,
            "from_state": "Creating",
            "to_state": state,
            "comment": comment,
        },
    }
    expected |= {("slot", (slot,)): {"live": False}} if action == "reject" else {}
    assert changed == expected


async def test_creator_with_a_role_at_the_provider_decides_as_creator(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    creator = uuid_of("users", username="creator")
    grant = {"user_uuid": creator, "role": "OFFERING.MANAGER"}
    offering = (await rows.execute(select(Resource.offering_uuid).where(Resource.uuid == BOOKING))).scalar_one()
    await rows.execute(insert(RoleGrant).values(offering_uuid=offering, **grant))
    assert (await client.post(f"{URL}{BOOKING}/reject/", headers=as_user("creator"))).status_code == 200
    order = (await rows.execute(select(Order.__table__).where(Order.uuid == ORDER))).one()
    assert (order.consumer_reviewed_by_uuid, order.provider_reviewed_by_uuid) == (
        uuid_of("users", username="creator"),
        None,
    )


@pytest.mark.parametrize("action", ["accept", "reject"])
async def test_second_time_conflicts_and_changes_nothing(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, action: str
) -> None:
    headers = as_user("powner")
    assert (await client.post(f"{URL}{BOOKING}/{action}/", headers=headers)).status_code == 200
    before = await everything(rows)
    for again in ("accept", "reject"):
        response = await client.post(f"{URL}{BOOKING}/{again}/", headers=headers)
        assert (response.status_code, response.json()) == (409, {"detail": "Valid states for operation: Creating."})
    assert await everything(rows) == before


async def test_result_is_shown_at_once(client: AsyncClient, as_user: AsUser) -> None:
    headers = as_user("powner")
    reason = {"provider_rejection_comment": "maintenance"}
    assert (await client.post(f"{URL}{BOOKING}/reject/", headers=headers, json=reason)).status_code == 200
    shown = (await client.get(f"{URL}{BOOKING}/", headers=headers)).json()
    assert (shown["state"], shown["available_actions"], shown["order_in_progress"]) == ("Terminated", [], None)
    order = shown["creation_order"]
    assert (order["state"], order["termination_comment"]) == ("canceled", "maintenance")
    assert (order["provider_reviewed_by"], order["completed_at"]) == ("powner", None)


@pytest.mark.parametrize(
    ("content", "comment"),
    [
        (b"", None),
        (b" \n", None),
        (b"{}", None),
        (b'{"provider_rejection_comment": null}', None),
        (b'{"provider_rejection_comment": ""}', None),
        (b'{"unknown": [1, 2]}', None),
        (b'{"provider_rejection_comment": "why", "unknown": 1}', "why"),
        ('{"provider_rejection_comment": "ühtegi 🔬\u2028"}'.encode(), "ühtegi 🔬\u2028"),
        (b'{"provider_rejection_comment": "\\ud83d\\udd2c \\" \\\\ <b>"}', '🔬 " \\ <b>'),
        (b'{"provider_rejection_comment": "' + b"x" * 10_000 + b'"}', "x" * 10_000),
    ],
)
@pytest.mark.parametrize("kind", ["application/json", None])
async def test_reason_is_optional_and_kept_to_the_letter(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, content: bytes, comment: str | None, kind: str | None
) -> None:
    headers = {**as_user("powner"), **({"Content-Type": kind} if kind else {})}
    response = await client.post(f"{URL}{BOOKING}/reject/", headers=headers, content=content)
    assert (response.status_code, response.content) == (200, b"")
    kept = (await rows.execute(select(Order.termination_comment).where(Order.uuid == ORDER))).scalar_one()
    told = (await rows.execute(select(History.comment).where(History.resource_uuid == BOOKING))).scalar_one()
    assert kept == told == comment


NO_STRING = "Input should be a valid string"


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b'{"provider_rejection_comment": 7}', {"provider_rejection_comment": [NO_STRING]}),
        (b'{"provider_rejection_comment": ["x"]}', {"provider_rejection_comment": [NO_STRING]}),
        (b'{"provider_rejection_comment": {"a": 1}}', {"provider_rejection_comment": [NO_STRING]}),
        (b'{"provider_rejection_comment": true}', {"provider_rejection_comment": [NO_STRING]}),
        (
            b'{"provider_rejection_comment": "a\\u0000b"}',
            {"provider_rejection_comment": ["Null characters are not allowed."]},
        ),
        (
            b'{"provider_rejection_comment": "%s"}' % (b"x" * 10_001),
            {"provider_rejection_comment": ["Ensure this field has no more than 10000 characters."]},
        ),
    ],
)
async def test_bad_reason_is_refused(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, content: bytes, body: Row
) -> None:
    before = await everything(rows)
    response = await client.post(f"{URL}{BOOKING}/reject/", headers=as_user("powner"), content=content)
    assert (response.status_code, response.json()) == (400, body)
    assert await everything(rows) == before


@pytest.mark.parametrize("content", [b"[]", b'"text"', b"1", b"null", b"true"])
async def test_body_that_is_no_object_is_refused(client: AsyncClient, as_user: AsUser, content: bytes) -> None:
    response = await client.post(f"{URL}{BOOKING}/reject/", headers=as_user("powner"), content=content)
    assert response.status_code == 400
    assert list(response.json()) == ["non_field_errors"]
    assert all(isinstance(message, str) for message in response.json()["non_field_errors"])


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"{]",
        b"a=b",
        b"{'a': 1}",
        b"{}{}",
        b"\x00",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"provider_rejection_comment": "\\ud800"}',
        b'{"provider_rejection_comment": "\xed\xa0\x80"}',
        b'{"provider_rejection_comment": "a\x00"}',
    ],
    ids=lambda content: repr(content[:20]),
)
async def test_malformed_json_is_refused(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, content: bytes
) -> None:
    before = await everything(rows)
    response = await client.post(f"{URL}{BOOKING}/reject/", headers=as_user("powner"), content=content)
    assert response.status_code == 400
    assert list(response.json()) == ["detail"]
    assert response.json()["detail"].startswith("JSON parse error - ")
    assert await everything(rows) == before


@pytest.mark.parametrize("content", [b"", b"{}", b"{", b"\x00", b'{"provider_rejection_comment": 7}', b"[1]"])
async def test_accept_takes_no_body(client: AsyncClient, as_user: AsUser, content: bytes) -> None:
    response = await client.post(f"{URL}{BOOKING}/accept/", headers=as_user("powner"), content=content)
    assert (response.status_code, response.content) == (200, b"")


REPRESENTATION = {"order_uuid": str(ORDER)}


@pytest.mark.parametrize(
    ("prefer", "applied", "full"),
    [
        (None, None, None),
        ("return=representation", "return=representation", True),
        ("return=minimal", "return=minimal", False),
        ("Return=Representation", "return=representation", True),
        ('respond-async, return=representation; foo="bar"', "return=representation", True),
        ("wait=10", None, None),
        ("return=nonsense", None, None),
        ("", None, None),
    ],
)
@pytest.mark.parametrize("settings", [EMPTY, FULL], ids=["empty", "order_uuid"])
@pytest.mark.parametrize("action", ["accept", "reject"])
async def test_answer_is_empty_or_the_order(
    client: AsyncClient,
    as_user: AsUser,
    settings: Settings,
    action: str,
    prefer: str | None,
    applied: str | None,
    full: bool | None,
) -> None:
    headers = {**as_user("powner"), **({} if prefer is None else {"Prefer": prefer})}
    response = await client.post(f"{URL}{BOOKING}/{action}/", headers=headers)
    wanted = settings.transition_response == "order_uuid" if full is None else full
    assert response.status_code == 200
    assert response.headers.get("Preference-Applied") == applied
    if wanted:
        assert response.json() == REPRESENTATION
        assert response.headers["Content-Type"] == "application/json"
    else:
        assert response.content == b""
        assert "Content-Type" not in response.headers


@pytest.mark.parametrize("action", ["accept", "reject"])
async def test_errors_do_not_depend_on_preferences(client: AsyncClient, as_user: AsUser, action: str) -> None:
    headers = {**as_user("outsider"), "Prefer": "return=representation"}
    response = await client.post(f"{URL}{BOOKING}/{action}/", headers=headers)
    assert (response.status_code, response.json()) == (404, {"detail": "No Resource matches the given query."})
    assert "Preference-Applied" not in response.headers


EVENT = ["uuid", "created", "user", "user_username", "user_full_name", "from_state", "to_state", "comment", "order"]


async def add_events(rows: AsyncConnection, count: int) -> list[str]:
    """Events of the booking, oldest first, some at the same moment; their uuids in the order expected."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    events = [
        {
            "uuid": UUID(int=count - number),
            "resource_uuid": BOOKING,
            "created": start + timedelta(minutes=number // 2),
            "from_state": "Creating",
            "to_state": "Updating",
        }
        for number in range(count)
    ]
    await rows.execute(insert(History), events)
    return [str(event["uuid"]) for event in sorted(events, key=lambda event: (event["created"], event["uuid"]))]


async def test_history_tells_who_did_what_and_why(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    reason = {"provider_rejection_comment": "Überbucht"}
    await client.post(f"{URL}{BOOKING}/reject/", headers=as_user("powner"), json=reason)
    service = {"resource_uuid": BOOKING, "from_state": "OK", "to_state": "Terminated"}
    await rows.execute(insert(History).values(created=datetime(2020, 1, 1, tzinfo=UTC), **service))
    response = await client.get(f"{URL}{BOOKING}/history/", headers=as_user("creator"))
    assert response.status_code == 200
    first, second = response.json()
    assert list(first) == list(second) == EVENT
    assert {**first, "uuid": ""} == {
        **dict.fromkeys(EVENT),
        "uuid": "",
        "created": "2020-01-01T00:00:00Z",
        "from_state": "OK",
        "to_state": "Terminated",
    }
    assert {**second, "uuid": "", "created": ""} == {
        "uuid": "",
        "created": "",
        "user": f"{BASE}/api/users/{uuid_of('users', username='powner')}/",
        "user_username": "powner",
        "user_full_name": "Paula Owner",
        "from_state": "Creating",
        "to_state": "Terminated",
        "comment": "Überbucht",
        "order": f"{BASE}/api/marketplace-orders/{ORDER}/",
    }
    assert datetime.now(UTC) - datetime.fromisoformat(second["created"]) < timedelta(minutes=1)
    assert UUID(second["uuid"]) != UUID(first["uuid"])


async def test_history_is_oldest_first_in_stable_pages(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser
) -> None:
    expected, headers, url = await add_events(rows, 25), as_user("powner"), f"{URL}{BOOKING}/history/"
    for size in (1, 4, 7, 10, 25, 300):
        walked: list[str] = []
        for page in range(1, -(-25 // size) + 1):
            response = await client.get(url, params={"page_size": size, "page": page}, headers=headers)
            assert response.headers["X-Result-Count"] == "25"
            walked += [event["uuid"] for event in response.json()]
        assert walked == expected, size
    response = await client.get(url, params={"page": 2, "x": "1"}, headers=headers)
    assert response.headers["Link"] == ", ".join(
        f'<{BASE}{url}?{query}>; rel="{relation}"'
        for relation, query in (("first", "x=1"), ("prev", "x=1"), ("next", "page=3&x=1"), ("last", "page=3&x=1"))
    )
    for number in ("4", "0", "x"):
        beyond = await client.get(url, params={"page": number}, headers=headers)
        assert (beyond.status_code, beyond.json()) == (404, {"detail": "Invalid page."})
    last = await client.get(url, params={"page": "last"}, headers=headers)
    assert [event["uuid"] for event in last.json()] == expected[20:]


async def test_head_of_the_history(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    await add_events(rows, 12)
    listed = await client.get(f"{URL}{BOOKING}/history/?page=2", headers=as_user("powner"))
    counted = await client.head(f"{URL}{BOOKING}/history/?page=2", headers=as_user("powner"))
    assert (counted.status_code, counted.content) == (200, b"")
    assert counted.headers["X-Result-Count"] == listed.headers["X-Result-Count"] == "12"
    assert counted.headers["Link"] == listed.headers["Link"]


async def test_history_is_of_one_booking(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    await add_events(rows, 3)
    response = await client.get(f"{URL}{OTHER}/history/", headers=as_user("powner"))
    assert (response.status_code, response.json(), response.headers["X-Result-Count"]) == (200, [], "0")


@pytest.mark.parametrize("booking", [str(BOOKING), "00000000-0000-4000-8000-000000000000", "x"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_history_of_an_invisible_booking_is_not_found(
    client: AsyncClient, as_user: AsUser, method: str, booking: str
) -> None:
    response = await client.request(method, f"{URL}{booking}/history/?page=7", headers=as_user("outsider"))
    assert response.status_code == 404
    assert method == "HEAD" or response.json() == {"detail": "No Resource matches the given query."}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET comment = 'never said'",
        "UPDATE history SET comment = comment",
        "DELETE FROM history",
        "TRUNCATE history",
        "TRUNCATE resource CASCADE",
        "INSERT INTO history SELECT * FROM history ON CONFLICT (uuid) DO UPDATE SET comment = ''",
        "MERGE INTO history USING resource ON history.resource_uuid = resource.uuid WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM history RETURNING *) SELECT count(*) FROM gone",
        "DELETE FROM resource WHERE uuid IN (SELECT resource_uuid FROM history)",
        'DELETE FROM "user" WHERE uuid IN (SELECT user_uuid FROM history)',
    ],
)
async def test_history_is_append_only(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, statement: str
) -> None:
    await client.post(f"{URL}{BOOKING}/accept/", headers=as_user("powner"))
    before = (await rows.execute(select(History.__table__))).all()
    assert before
    with pytest.raises(DBAPIError) as refused:
        async with rows.begin_nested():
            await rows.execute(text(statement))
    assert getattr(refused.value.orig, "sqlstate", None) in ("23001", "23503"), refused.value
    assert (await rows.execute(select(History.__table__))).all() == before


REFUSE_AT_COMMIT = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'secret of the inside'; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON history DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse()
"""


@pytest.fixture(scope="module")
async def committing(cluster: Cluster) -> AsyncIterator[FastAPI]:
    """The application on a database of its own, in which it commits."""
    async with filled(cluster, "transitions") as database:
        app = create_app(EMPTY)
        app.state.database = database
        yield app


@pytest.mark.parametrize("action", ["accept", "reject"])
async def test_failing_commit_is_no_success(committing: FastAPI, action: str) -> None:
    database: Database = committing.state.database
    async with database.transaction() as connection:
        for statement in REFUSE_AT_COMMIT.split(";\n"):
            await connection.execute(text(statement))
    try:
        async with database.transaction() as connection:
            before = await everything(connection)
        transport = ASGITransport(committing, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url=BASE) as client:
            headers = key_of("powner")
            response = await client.post(f"{URL}{BOOKING}/{action}/", headers=headers)
        assert (response.status_code, response.json()) == (500, {"detail": "Internal server error."})
        async with database.transaction() as connection:
            assert await everything(connection) == before
    finally:
        async with database.transaction() as connection:
            await connection.execute(text("DROP FUNCTION refuse CASCADE"))


async def test_success_is_committed_when_the_answer_arrives(committing: FastAPI) -> None:
    async with AsyncClient(transport=ASGITransport(committing), base_url=BASE) as client:
        headers = key_of("powner")
        assert (await client.post(f"{URL}{OTHER}/accept/", headers=headers)).status_code == 200
        async with committing.state.database.transaction() as connection:
            found = select(Resource.state, History.to_state).join(History, History.resource_uuid == Resource.uuid)
            assert (await connection.execute(found)).all() == [("OK", "OK")]


async def test_user_who_decided_may_be_renamed(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    await client.post(f"{URL}{BOOKING}/accept/", headers=as_user("powner"))
    await rows.execute(update(User).where(User.username == "powner").values(first_name="", last_name="Renamed "))
    (event,) = (await client.get(f"{URL}{BOOKING}/history/", headers=as_user("powner"))).json()
    assert event["user_full_name"] == "Renamed"
