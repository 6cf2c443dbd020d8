"""Overlapping bookings of the source: refused, or ended by the order of their requests; never left out silently."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from app.commands.importing.reader import Reader
from app.commands.importing.service import Outcome, OverlapsFound, import_bookings, known_until
from app.commands.transfer import LoadRefused
from app.database import Database
from tests.commands.importing.conftest import shown_from
from tests.commands.importing.fake import ADDRESS, FakeSource, at, booking, hexed, order

pytestmark = pytest.mark.slow

CHAIN = (
    booking("first", (8, 10), requested=1),
    booking("second", (9, 11), (14, 16), requested=2),
    booking("third", (10, 12), (15, 17), requested=3),
    booking("elsewhere", (8, 17), requested=4, offering_uuid=hexed("laser"), offering_name="Laser"),
    booking("over", (8, 17), requested=5, state="Terminated"),
)


@asynccontextmanager
async def opened(source: FakeSource) -> AsyncIterator[Reader]:
    async with Reader.opened(ADDRESS, "secret", transport=httpx.MockTransport(source)) as reader:
        yield reader


async def imported(database: Database, source: FakeSource, **choices: Any) -> Outcome:
    async with opened(source) as reader:
        return await import_bookings(database, reader, **choices)


async def states(database: Database) -> dict[str, str]:
    return {item["name"]: item["state"] for item in (await shown_from(database)).values()}


async def test_overlaps_are_refused_whole(empty: Database) -> None:
    with pytest.raises(OverlapsFound) as found:
        await imported(empty, FakeSource(*CHAIN))
    named = [(pair.first.name, pair.second.name, len(pair.periods)) for pair in found.value.overlaps]
    assert named == [("first", "second", 1), ("second", "third", 2)]
    assert await states(empty) == {}


async def test_request_that_has_no_slots_yet_holds_its_time(empty: Database) -> None:
    """The source writes slots only once it has processed a request; until then the schedules say what is asked for."""
    asked = {"name": "waiting", "schedules": [{"start": at(20, 9), "end": at(20, 11)}]}
    waiting = booking("waiting", requested=2, state="Creating", attributes=asked)
    with pytest.raises(OverlapsFound) as found:
        await imported(empty, FakeSource(booking("first", (8, 10), requested=1), waiting))
    assert [(pair.first.name, pair.second.name) for pair in found.value.overlaps] == [("first", "waiting")]
    await imported(empty, FakeSource(waiting))
    [shown] = (await shown_from(empty)).values()
    assert [(slot["start"], slot["end"]) for slot in shown["slots"]] == [(at(20, 9), at(20, 11))]


async def test_later_requested_give_way_until_no_pair_is_left(empty: Database) -> None:
    outcome = await imported(empty, FakeSource(*CHAIN), terminate_overlapping=True)
    assert {claim.name: [rival.name for rival in rivals] for claim, rivals in outcome.ended.items()} == {
        "second": ["first"]
    }
    shown = await shown_from(empty)
    assert {item["name"]: item["state"] for item in shown.values()} == {
        **{"first": "OK", "second": "Terminated", "third": "OK"},
        **{"elsewhere": "OK", "over": "Terminated"},
    }
    second = shown[str(UUID(hexed("second")))]
    assert len(second["slots"]) == 2
    assert second["creation_order"]["state"] == "canceled"
    assert str(UUID(hexed("first"))) in second["creation_order"]["termination_comment"]
    async with empty.transaction() as connection:
        query = text("SELECT from_state, to_state, comment FROM history")
        [(before, after, comment)] = (await connection.execute(query)).all()
    assert (before, after) == ("OK", "Terminated")
    assert str(UUID(hexed("first"))) in comment


@pytest.mark.parametrize("full", [True, False])
async def test_same_ones_give_way_the_next_time(empty: Database, full: bool) -> None:
    source = FakeSource(*CHAIN)
    await imported(empty, source, terminate_overlapping=True)
    again = await imported(empty, source, terminate_overlapping=True, since=None if full else await known_until(empty))
    assert [claim.name for claim in again.ended] == ["second"]
    assert not any(table.inserted or table.updated for table in again.report.tables.values())


async def test_stored_booking_of_the_source_gives_way_if_it_was_requested_later(empty: Database) -> None:
    early = booking("early", (8, 10), requested=1, state="Erred")
    source = FakeSource(early, booking("late", (9, 11), requested=2))
    await imported(empty, source)
    source.bookings[0] = {**early, "state": "OK", "modified": at(30)}
    since = await known_until(empty)
    with pytest.raises(OverlapsFound):
        await imported(empty, source, since=since)
    await imported(empty, source, since=since, terminate_overlapping=True)
    assert await states(empty) == {"early": "OK", "late": "Terminated"}


async def test_booking_made_here_stays(empty: Database) -> None:
    await imported(empty, FakeSource(booking("mine", (8, 10), requested=9)))
    theirs = FakeSource(booking("theirs", (9, 11), requested=1))
    with pytest.raises(OverlapsFound) as found:
        await imported(empty, theirs)
    assert found.value.overlaps[0].first.here
    await imported(empty, theirs, terminate_overlapping=True)
    assert await states(empty) == {"mine": "OK", "theirs": "Terminated"}


async def test_booking_that_has_changed_here_since_is_no_rival(empty: Database) -> None:
    source = FakeSource(booking("old", (8, 10)))
    await imported(empty, source)
    async with empty.transaction() as connection:
        change = "UPDATE resource SET state = 'Terminated', modified = '2031-01-01T00:00:00Z'"
        await connection.execute(text(change))
    await imported(empty, FakeSource(*source.bookings, booking("new", (8, 10), requested=9)))
    assert await states(empty) == {"old": "Terminated", "new": "OK"}


async def test_rows_that_cannot_be_stored_are_named(empty: Database) -> None:
    with pytest.raises(LoadRefused, match=r"slots.*start must be before end"):
        await imported(empty, FakeSource(booking("bad", (9, 8)), booking("good", (8, 10))))
    assert await states(empty) == {}


async def test_whoever_has_the_name_of_a_stored_user_is_that_user(empty: Database) -> None:
    async with empty.transaction() as connection:
        await connection.execute(text("INSERT INTO \"user\" (username) VALUES ('ada')"))
    item = booking("scan", (8, 9))
    await imported(empty, FakeSource({**item, "creation_order": order(item)}))
    async with empty.transaction() as connection:
        query = text('SELECT u.username FROM "order" AS o JOIN "user" AS u ON u.uuid = o.created_by_uuid')
        assert (await connection.execute(query)).scalars().all() == ["ada"]


async def test_users_known_by_name_only_are_looked_up(empty: Database) -> None:
    item = booking("scan", (8, 9))
    item["creation_order"] = order(item, provider_reviewed_by="bob")
    bob = {"uuid": hexed("bob"), "username": "bob", "first_name": "Bob"}
    others = {"/api/users/": [{"username": "bobby"}, bob], f"/api/users/{UUID(hexed('bob'))}/": bob}
    await imported(empty, FakeSource(item, others=others))
    async with empty.transaction() as connection:
        query = text('SELECT u.uuid FROM "order" AS o JOIN "user" AS u ON u.uuid = o.provider_reviewed_by_uuid')
        assert (await connection.execute(query)).scalars().all() == [UUID(hexed("bob"))]


async def test_orders_that_have_ended_since_are_followed_where_they_are_shown(empty: Database) -> None:
    item = booking("scan", (8, 9))
    change = order(item, uuid=hexed("change"), type="Update", created_by_username="ada")
    source = FakeSource({**item, "creation_order": order(item, state="done"), "order_in_progress": change})
    await imported(empty, source)
    source.bookings[0]["order_in_progress"] = None
    outcome = await imported(empty, source)
    assert any(str(UUID(hexed("change"))) in note for note in outcome.notes)
    path = f"/api/marketplace-orders/{UUID(hexed('change'))}/"
    source.others[path] = {**change, "state": "done", "modified": at(12)}
    assert (await imported(empty, source)).notes == []
    assert (await shown_from(empty))[str(UUID(hexed("scan")))]["order_in_progress"] is None


async def test_parents_that_are_not_shown_keep_their_names(empty: Database) -> None:
    await imported(empty, FakeSource(booking("part", (8, 9), parent_uuid=hexed("vm"), parent_name="VM")))
    shown = await shown_from(empty)
    assert [(item["name"], item["parent_name"]) for item in shown.values()] == [("part", "VM")]
