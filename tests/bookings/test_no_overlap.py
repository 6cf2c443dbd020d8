"""Slots of two live bookings of one offering never overlap, whatever statement tries to store them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.embedded import Cluster
from app.models import Category, Customer, Offering, Project, Resource, Slot
from app.models.enums import LIVE_STATES, ResourceState
from tests.conftest import AsUser
from tests.databases import migrated

EXCLUDED, NO_SUCH_BOOKING, NULL, CHECKED, GENERATED = "23P01", "23503", "23502", "23514", "428C9"
OFFERING, OTHER_OFFERING = UUID(int=1), UUID(int=2)
FIRST, SECOND = UUID(int=10), UUID(int=11)
"""Two bookings of the offering; FIRST has a slot from 10 to 12."""
DAY = datetime(2030, 1, 1, tzinfo=UTC)
OVERLAPPING = {
    "the same": (10, 12),
    "within": (10.5, 11.5),
    "around": (9, 13),
    "over the start": (9, 11),
    "over the end": (11, 13),
    "same start": (10, 11),
    "same end": (11, 12),
    "by a microsecond at the start": (9, 10 + 1 / 3_600_000_000),
    "by a microsecond at the end": (12 - 1 / 3_600_000_000, 13),
}
NEIGHBOURS = {"just before": (9, 10), "just after": (12, 13), "long after": (20, 21)}
OVERLAPS = text(
    'SELECT count(*) FROM slot a JOIN slot b ON a.resource_uuid < b.resource_uuid AND a."start" < b."end" '
    'AND b."start" < a."end" JOIN resource x ON x.uuid = a.resource_uuid JOIN resource y ON y.uuid = b.resource_uuid '
    "WHERE x.offering_uuid = y.offering_uuid AND x.state IN ('Creating', 'Updating', 'OK') "
    "AND y.state IN ('Creating', 'Updating', 'OK')"
)
"""Pairs of overlapping slots of live bookings, by the bookings' own columns."""


def at(hour: float) -> datetime:
    return DAY + timedelta(microseconds=round(hour * 3_600_000_000))


async def add_booking(
    connection: AsyncConnection, uuid: UUID, state: str = "Creating", offering: UUID = OFFERING
) -> None:
    project = (await connection.execute(select(Project.uuid).limit(1))).scalar_one()
    values = {"uuid": uuid, "offering_uuid": offering, "project_uuid": project, "state": state}
    await connection.execute(insert(Resource).values(name="booking", slug="booking", **values))


Period = tuple[float, float]


async def add_slot(
    connection: AsyncConnection,
    booking: UUID,
    period: Period,
    live: bool = True,
    offering: UUID = OFFERING,
) -> None:
    start, end = period
    values = {"resource_uuid": booking, "offering_uuid": offering, "live": live, "backend_id": ""}
    await connection.execute(insert(Slot).values(start=at(start), end=at(end), **values))


async def add_offerings(connection: AsyncConnection) -> None:
    customer = (await connection.execute(insert(Customer).values(name="c", slug="c").returning(Customer.uuid))).scalar()
    category = (await connection.execute(insert(Category).values(title="c").returning(Category.uuid))).scalar()
    await connection.execute(insert(Project).values(customer_uuid=customer, name="p", slug="p"))
    shared = {"customer_uuid": customer, "category_uuid": category, "type": "Marketplace.Booking", "state": "Active"}
    for uuid in (OFFERING, OTHER_OFFERING):
        await connection.execute(insert(Offering).values(uuid=uuid, name="o", slug="o", **shared))


@pytest.fixture
async def stored(connection: AsyncConnection) -> AsyncConnection:
    """Two live bookings of one offering, of which the first has a slot."""
    await add_offerings(connection)
    await add_booking(connection, FIRST)
    await add_booking(connection, SECOND)
    await add_slot(connection, FIRST, (10, 12))
    return connection


async def refused(connection: AsyncConnection, *codes: str, statement: str, **values: Any) -> None:
    """The statement fails with one of the codes, deferred or not, and no two live bookings overlap."""
    savepoint = await connection.begin_nested()
    await connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    with pytest.raises(DBAPIError) as error:
        await connection.execute(text(statement), values)
    await savepoint.rollback()
    assert getattr(error.value.orig, "sqlstate", None) in codes, error.value
    assert (await connection.execute(OVERLAPS)).scalar_one() == 0


INSERT = (
    'INSERT INTO slot (resource_uuid, offering_uuid, live, "start", "end", backend_id) '
    "VALUES (:booking, :offering, :live, :start, :end, '')"
)


@pytest.mark.parametrize("period", OVERLAPPING.values(), ids=OVERLAPPING)
async def test_overlapping_slot_cannot_be_inserted(stored: AsyncConnection, period: Period) -> None:
    values = {"booking": SECOND, "offering": OFFERING, "start": at(period[0]), "end": at(period[1])}
    await refused(stored, EXCLUDED, statement=INSERT, live=True, **values)
    await refused(stored, NO_SUCH_BOOKING, statement=INSERT, live=False, **values)
    await refused(stored, NULL, statement=INSERT, live=None, **values)
    await refused(stored, NULL, statement=INSERT, live=True, **{**values, "offering": None})
    await refused(stored, NO_SUCH_BOOKING, statement=INSERT, live=True, **{**values, "offering": OTHER_OFFERING})


@pytest.mark.parametrize("period", OVERLAPPING.values(), ids=OVERLAPPING)
async def test_slot_cannot_be_moved_over_another(stored: AsyncConnection, period: Period) -> None:
    await add_slot(stored, SECOND, (14, 15))
    move = 'UPDATE slot SET "start" = :start, "end" = :end WHERE resource_uuid = :booking'
    await refused(stored, EXCLUDED, statement=move, start=at(period[0]), end=at(period[1]), booking=SECOND)


@pytest.mark.parametrize("period", NEIGHBOURS.values(), ids=NEIGHBOURS)
async def test_neighbours_are_allowed(stored: AsyncConnection, period: Period) -> None:
    await add_slot(stored, SECOND, period)
    assert (await stored.execute(OVERLAPS)).scalar_one() == 0
    assert (await stored.execute(select(Slot.resource_uuid).order_by(Slot.id))).scalars().all() == [FIRST, SECOND]


@pytest.mark.parametrize("dead", sorted(set(ResourceState) - set(LIVE_STATES)))
@pytest.mark.parametrize("live", sorted(LIVE_STATES))
async def test_booking_cannot_come_back_to_life_over_another(stored: AsyncConnection, dead: str, live: str) -> None:
    back = UUID(int=12)
    await add_booking(stored, back, state=dead)
    await add_slot(stored, back, (11, 13), live=False)
    revive = f"UPDATE resource SET state = '{live}' WHERE uuid = :back"
    await refused(stored, EXCLUDED, statement=revive, back=back)
    await refused(stored, EXCLUDED, statement=f"UPDATE resource SET state = '{live}'")
    claim = "UPDATE slot SET live = TRUE WHERE resource_uuid = :back"
    await refused(stored, EXCLUDED, NO_SUCH_BOOKING, statement=claim, back=back)
    await refused(stored, GENERATED, statement="UPDATE resource SET live = TRUE WHERE uuid = :back", back=back)


@pytest.mark.parametrize("state", sorted(LIVE_STATES))
async def test_every_live_state_holds_its_slots(stored: AsyncConnection, state: str) -> None:
    await stored.execute(text("UPDATE resource SET state = :state").bindparams(state=state))
    with pytest.raises(DBAPIError, match="ex_slot_no_overlap"):
        async with stored.begin_nested():
            await add_slot(stored, SECOND, (11, 13))


@pytest.mark.parametrize("state", sorted(set(ResourceState) - set(LIVE_STATES)))
async def test_other_states_free_their_slots_and_keep_them(stored: AsyncConnection, state: str) -> None:
    freed = text("UPDATE resource SET state = :state WHERE uuid = :uuid").bindparams(state=state, uuid=FIRST)
    await stored.execute(freed)
    await add_slot(stored, SECOND, (11, 13))
    slots = (await stored.execute(select(Slot.resource_uuid, Slot.live).order_by(Slot.id))).all()
    assert slots == [(FIRST, False), (SECOND, True)]


async def test_booking_cannot_move_to_a_taken_offering(stored: AsyncConnection) -> None:
    moving = UUID(int=12)
    await add_booking(stored, moving, offering=OTHER_OFFERING)
    await add_slot(stored, moving, (11, 13), offering=OTHER_OFFERING)
    move = "UPDATE resource SET offering_uuid = :offering WHERE uuid = :moving"
    await refused(stored, EXCLUDED, statement=move, offering=OFFERING, moving=moving)
    claim = "UPDATE slot SET offering_uuid = :offering WHERE resource_uuid = :moving"
    await refused(stored, NO_SUCH_BOOKING, EXCLUDED, statement=claim, offering=OFFERING, moving=moving)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE slot SET live = FALSE", NO_SUCH_BOOKING),
        ("UPDATE slot SET live = NULL", NULL),
        ("UPDATE slot SET offering_uuid = '00000000-0000-0000-0000-000000000002'", NO_SUCH_BOOKING),
        ("UPDATE slot SET offering_uuid = NULL", NULL),
        ("UPDATE slot SET resource_uuid = NULL", NULL),
        ("UPDATE slot SET resource_uuid = gen_random_uuid()", NO_SUCH_BOOKING),
        ('UPDATE slot SET "start" = NULL', NULL),
        ('UPDATE slot SET "end" = NULL', NULL),
        ('UPDATE slot SET "end" = "start"', CHECKED),
        ("UPDATE resource SET live = FALSE", GENERATED),
    ],
)
async def test_slot_of_a_live_booking_cannot_hide(stored: AsyncConnection, statement: str, code: str) -> None:
    await refused(stored, code, statement=statement)


async def test_slot_without_duration_or_backwards_is_refused(stored: AsyncConnection) -> None:
    values = {"booking": SECOND, "offering": OFFERING, "live": True}
    await refused(stored, CHECKED, statement=INSERT, **values, start=at(1), end=at(1))
    await refused(stored, CHECKED, "22000", statement=INSERT, **values, start=at(2), end=at(1))


@pytest.mark.parametrize(
    "period",
    [
        "'-infinity', 'infinity'",
        "'-infinity', '2030-01-01T11:00Z'",
        "'2030-01-01T11:00Z', 'infinity'",
    ],
)
async def test_endless_slot_overlaps_too(stored: AsyncConnection, period: str) -> None:
    endless = INSERT.replace(":start, :end", period).replace(":live", "TRUE")
    await refused(stored, EXCLUDED, statement=endless, booking=SECOND, offering=OFFERING)


async def test_offset_of_a_moment_makes_no_difference(stored: AsyncConnection) -> None:
    """The first booking ends at 12:00 UTC, which is 15:00+03:00."""
    values = {"booking": SECOND, "offering": OFFERING, "live": True}
    within = INSERT.replace(":start, :end", "'2030-01-01T14:59+03:00', '2030-01-01T16:00+03:00'")
    await refused(stored, EXCLUDED, statement=within, **values)
    await stored.execute(text(within.replace("14:59", "15:00")), values)


async def test_many_rows_at_once_are_refused_as_a_whole(stored: AsyncConnection) -> None:
    both = INSERT + ", (:booking, :offering, :live, :later, :end, '')"
    values = {"booking": SECOND, "offering": OFFERING, "live": True, "start": at(12), "end": at(13), "later": at(11)}
    await refused(stored, EXCLUDED, statement=both, **values)
    assert (await stored.execute(select(Slot.resource_uuid))).scalars().all() == [FIRST]


async def test_doing_nothing_on_conflict_stores_nothing(stored: AsyncConnection) -> None:
    values = {"booking": SECOND, "offering": OFFERING, "live": True, "start": at(11), "end": at(13)}
    assert (await stored.execute(text(INSERT + " ON CONFLICT DO NOTHING"), values)).rowcount == 0
    assert (await stored.execute(select(Slot.resource_uuid))).scalars().all() == [FIRST]


async def test_slots_of_one_booking_and_of_two_offerings_may_overlap(stored: AsyncConnection) -> None:
    await add_slot(stored, FIRST, (11, 13))
    await add_slot(stored, FIRST, (10, 12))
    await add_booking(stored, UUID(int=12), offering=OTHER_OFFERING)
    await add_slot(stored, UUID(int=12), (10, 12), offering=OTHER_OFFERING)
    assert len((await stored.execute(select(Slot.id))).all()) == 4


async def test_slots_go_with_their_booking_only(stored: AsyncConnection) -> None:
    await stored.execute(text("DELETE FROM resource WHERE uuid = :first"), {"first": FIRST})
    await add_slot(stored, SECOND, (10, 12))
    assert (await stored.execute(select(Slot.resource_uuid))).scalars().all() == [SECOND]


@pytest.mark.parametrize("username", ["powner", "creator"])
async def test_rejecting_frees_the_period_at_once(
    client: AsyncClient, rows: AsyncConnection, as_user: AsUser, username: str
) -> None:
    first = (await rows.execute(select(Resource.__table__).where(Resource.name == "alpha scan"))).one()
    await add_booking(rows, SECOND, offering=first.offering_uuid)
    await add_slot(rows, first.uuid, (10, 12), offering=first.offering_uuid)
    with pytest.raises(DBAPIError, match="ex_slot_no_overlap"):
        async with rows.begin_nested():
            await add_slot(rows, SECOND, (10, 12), offering=first.offering_uuid)
    response = await client.post(f"/api/booking-resources/{first.uuid}/reject/", headers=as_user(username))
    assert response.status_code == 200
    await add_slot(rows, SECOND, (10, 12), offering=first.offering_uuid)
    shown = await client.get(f"/api/booking-resources/{first.uuid}/?field=slots", headers=as_user(username))
    assert [slot["start"] for slot in shown.json()["slots"]] == ["2030-01-01T10:00:00Z"]


async def test_accepting_keeps_the_period(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    first = (await rows.execute(select(Resource.__table__).where(Resource.name == "alpha scan"))).one()
    await add_booking(rows, SECOND, offering=first.offering_uuid)
    await add_slot(rows, first.uuid, (10, 12), offering=first.offering_uuid)
    response = await client.post(f"/api/booking-resources/{first.uuid}/accept/", headers=as_user("powner"))
    assert response.status_code == 200
    with pytest.raises(DBAPIError, match="ex_slot_no_overlap"):
        async with rows.begin_nested():
            await add_slot(rows, SECOND, (11, 13), offering=first.offering_uuid)


@pytest.fixture(scope="module")
async def racing(cluster: Cluster) -> AsyncIterator[AsyncEngine]:
    """A database in which transactions commit."""
    async with migrated(cluster, "racing") as engine:
        async with engine.begin() as connection:
            await add_offerings(connection)
        yield engine


@pytest.fixture
async def rivals(racing: AsyncEngine) -> list[UUID]:
    """Bookings of the offering without slots; none has any."""
    uuids = [uuid4() for _ in range(12)]
    async with racing.begin() as connection:
        await connection.execute(text("DELETE FROM resource"))
        for uuid in uuids:
            await add_booking(connection, uuid)
    return uuids


async def store(engine: AsyncEngine, booking: UUID, period: Period) -> str:
    try:
        async with engine.begin() as connection:
            await add_slot(connection, booking, period)
    except DBAPIError as error:
        return str(getattr(error.orig, "sqlstate", None))
    return "stored"


@pytest.mark.parametrize(("commit", "outcome"), [(True, EXCLUDED), (False, "stored")])
async def test_second_transaction_waits_for_the_first(
    racing: AsyncEngine, rivals: list[UUID], commit: bool, outcome: str
) -> None:
    async with racing.connect() as first:
        await add_slot(first, rivals[0], (10, 12))
        second = asyncio.create_task(store(racing, rivals[1], (11, 13)))
        done, _ = await asyncio.wait([second], timeout=0.3)
        assert not done
        await (first.commit() if commit else first.rollback())
        assert await asyncio.wait_for(second, 10) == outcome


async def test_coming_back_to_life_waits_too(racing: AsyncEngine, rivals: list[UUID]) -> None:
    async with racing.begin() as connection:
        await connection.execute(text("UPDATE resource SET state = 'Erred' WHERE uuid = :uuid"), {"uuid": rivals[0]})
        await add_slot(connection, rivals[0], (10, 12), live=False)
    async with racing.connect() as first:
        await first.execute(text("UPDATE resource SET state = 'OK' WHERE uuid = :uuid"), {"uuid": rivals[0]})
        second = asyncio.create_task(store(racing, rivals[1], (11, 13)))
        done, _ = await asyncio.wait([second], timeout=0.3)
        assert not done
        await first.commit()
        assert await asyncio.wait_for(second, 10) == EXCLUDED


@pytest.mark.slow
@pytest.mark.parametrize("round_number", range(5))
async def test_of_many_at_once_exactly_one_wins(racing: AsyncEngine, rivals: list[UUID], round_number: int) -> None:
    attempts = [store(racing, uuid, (10 + number / 12, 12)) for number, uuid in enumerate(rivals)]
    outcomes = await asyncio.gather(*attempts)
    assert outcomes.count("stored") == 1, outcomes
    assert set(outcomes) <= {"stored", EXCLUDED, "40P01"}, outcomes
    async with racing.connect() as connection:
        assert (await connection.execute(OVERLAPS)).scalar_one() == 0
        assert len((await connection.execute(select(Slot.id))).all()) == 1
