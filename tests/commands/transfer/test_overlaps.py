"""Two live bookings of one offering that overlap are named, whether in the file or stored; neighbours are not."""

import asyncio
import re
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.transfer import LoadRefused, Problem, load_dataset
from app.embedded import Cluster
from app.models.enums import LIVE_STATES, ResourceState
from tests.commands.transfer.datasets import booking, problems, small, uuid, value
from tests.databases import migrated

pytestmark = pytest.mark.slow

SCAN, OTHER = uuid("scan"), uuid("other")


async def test_overlap_in_the_file_is_named(connection: AsyncConnection) -> None:
    one, two = sorted((SCAN, OTHER))
    found = await problems(connection, small({"scan": booking((8, 9)), "other": booking((8, 9), state="Creating")}))
    same = "2030-05-01T08:00:00.000000Z to 2030-05-01T09:00:00.000000Z"
    assert found == [
        Problem("resources", one, f"its slot {same} overlaps the slot {same} of booking {two} in the file.")
    ]


async def test_overlap_with_a_stored_booking_is_named(connection: AsyncConnection) -> None:
    await load_dataset(connection, small({"scan": booking((8, 9))}))
    [problem] = await problems(connection, {"resources": {OTHER: booking((8.5, 10))}})
    assert (problem.table, problem.key) == ("resources", OTHER)
    assert problem.message == (
        "its slot 2030-05-01T08:30:00.000000Z to 2030-05-01T10:00:00.000000Z overlaps the slot "
        f"2030-05-01T08:00:00.000000Z to 2030-05-01T09:00:00.000000Z of booking {SCAN}, which is stored."
    )


@pytest.mark.parametrize(
    "bookings",
    [
        {"scan": booking((8, 9)), "other": booking((9, 10))},
        {"scan": booking((8, 9)), "other": booking((8, 9), state="Terminated")},
        {"scan": booking((8, 9)), "other": booking((8, 9), offering=uuid("laser"))},
        {"scan": booking((8, 10), (9, 11))},
    ],
    ids=["back to back", "terminated", "other offering", "slots of one booking"],
)
async def test_no_overlap_is_accepted(connection: AsyncConnection, bookings: dict[str, Any]) -> None:
    await load_dataset(connection, small({"scan": bookings["scan"]}))
    await load_dataset(connection, small(bookings))
    assert await value(connection, "SELECT count(*) FROM slot") == 2


HOURS = st.tuples(st.integers(0, 8), st.integers(1, 3)).map(lambda pair: (pair[0], pair[0] + pair[1]))
BOOKINGS = st.lists(
    st.tuples(
        st.lists(HOURS, max_size=3),
        st.sampled_from(list(ResourceState)),
        st.sampled_from(["microscope", "laser"]),
        st.booleans(),
    ),
    max_size=6,
)


def overlapping(bookings: list[Any]) -> Iterator[tuple[str, str]]:
    """Pairs of uuids of live bookings of one offering that share a moment, as plain comparisons find them."""
    for (i, a), (j, b) in combinations(enumerate(bookings), 2):
        live = a[1] in LIVE_STATES and b[1] in LIVE_STATES and a[2] == b[2]
        if live and any(s < f and g < e for s, e in a[0] for g, f in b[0]):
            yield uuid(str(i)), uuid(str(j))


def pairs(refused: LoadRefused) -> set[frozenset[str]]:
    """The pairs of uuids that a refusal names."""
    named = (re.findall("[0-9a-f-]{36}", str(problem)) for problem in refused.problems)
    return {frozenset(pair) for pair in named}


@pytest.mark.slow
@given(bookings=BOOKINGS)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_overlaps_are_those_of_a_plain_comparison(connection: AsyncConnection, bookings: list[Any]) -> None:
    rows = {
        str(number): booking(*hours, state=state, offering=uuid(offering))
        for number, (hours, state, offering, _) in enumerate(bookings)
    }
    stored = [number for number, (*_, stored) in enumerate(bookings) if stored]
    possible = not any(overlapping([bookings[number] for number in stored]))
    example = await connection.begin_nested()
    await load_dataset(connection, small({str(number): rows[str(number)] for number in stored if possible}))
    found = set()
    try:
        await load_dataset(connection, small(rows))
    except LoadRefused as refused:
        found = pairs(refused)
    finally:
        await example.rollback()
    assert found == {frozenset(pair) for pair in overlapping(bookings)}


WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND transactionid = pg_current_xact_id()::xid"
"""How many transactions wait for this one."""


async def test_overlap_that_is_stored_meanwhile_is_a_problem(cluster: Cluster) -> None:
    async with migrated(cluster, "meanwhile") as engine:
        async with engine.begin() as connection:
            await load_dataset(connection, small({"scan": booking((8, 9), state="Terminated")}))
        async with engine.connect() as other, engine.connect() as connection:
            await other.execute(text("UPDATE resource SET state = 'OK', modified = now()"))
            loading = asyncio.create_task(problems(connection, {"resources": {OTHER: booking((8, 9))}}))
            waiting = text(WAITING)
            while not (await other.execute(waiting)).scalar_one():  # noqa: ASYNC110 - another process waits
                await asyncio.sleep(0.01)
            await other.commit()
            [problem] = await loading
    assert (problem.table, problem.key) == ("resources", OTHER)
    assert "ex_slot_no_overlap" in problem.message
