"""Busy slots of offerings and the content of media files are loaded and dumped."""

import io
import json
from base64 import b64encode
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.transfer import Problem, dump, load, load_dataset
from app.embedded import Cluster
from tests.commands.transfer.datasets import booking, period, problems, small, uuid, value
from tests.databases import migrated

pytestmark = pytest.mark.slow

BUSY: dict[str, Any] = {"offering": uuid("microscope"), **period(8, 10)}
CONTENT = bytes(range(256)) * 3
IMAGE: dict[str, Any] = {"name": "a.png", "content": b64encode(CONTENT).decode()}


async def dumped(connection: AsyncConnection) -> bytes:
    target = io.BytesIO()
    await dump(connection, target)
    return target.getvalue()


async def test_dump_of_busy_slots_and_content_is_loaded_alike(connection: AsyncConnection, cluster: Cluster) -> None:
    whole = {
        "comment": "„Laser“\n",
        "backend_id": "event",
        "created": "2030-01-01T00:00:00Z",
        "created_by": uuid("ada"),
    }
    slots = {uuid("a"): BUSY, uuid("b"): {**BUSY, **whole}}
    media = {uuid("m"): IMAGE, uuid("n"): {"name": "b.png"}, uuid("o"): {"name": "c.png", "content": ""}}
    await load_dataset(connection, small({"scan": booking((10, 11))}, busy_slots=slots, media_files=media))
    content = await dumped(connection)
    data = json.loads(content)
    assert data["busy_slots"][uuid("b")] == {
        **{"offering": uuid("microscope"), "created_by": uuid("ada"), "comment": "„Laser“\n", "backend_id": "event"},
        **{"start": "2030-05-01T08:00:00.000000Z", "end": "2030-05-01T10:00:00.000000Z"},
        "created": "2030-01-01T00:00:00.000000Z",
    }
    assert data["busy_slots"][uuid("a")].items() >= {"comment": "", "backend_id": None, "created_by": None}.items()
    assert data["media_files"][uuid("m")] == {**IMAGE, "mime_type": "", "size": len(CONTENT)}
    assert [data["media_files"][uuid(name)]["content"] for name in "no"] == [None, ""]
    async with migrated(cluster, "busy") as engine, engine.connect() as copy:
        await load(copy, io.BytesIO(content))
        assert await dumped(copy) == content
        report = await load(copy, io.BytesIO(content))
        assert not any(counts.inserted or counts.updated for counts in report.tables.values())


async def test_stored_busy_slot_and_content_are_replaced(connection: AsyncConnection) -> None:
    await load_dataset(connection, small(busy_slots={uuid("a"): BUSY}, media_files={uuid("m"): IMAGE}))
    changed = {
        "busy_slots": {uuid("a"): {**BUSY, "comment": "new"}},
        "media_files": {uuid("m"): {**IMAGE, "content": "QQ=="}},
    }
    report = await load_dataset(connection, small(**changed))
    assert [report.tables[name].updated for name in changed] == [1, 1]
    assert await value(connection, "SELECT comment FROM busy_slot") == "new"
    assert await value(connection, "SELECT content FROM media_file") == b"A"
    assert await value(connection, "SELECT size FROM media_file") == 1


BOOKED = "2030-05-01T09:00:00.000000Z to 2030-05-01T11:00:00.000000Z"
TAKEN_OFF = "2030-05-01T08:00:00.000000Z to 2030-05-01T10:00:00.000000Z"
OVER_BOOKING = f"{TAKEN_OFF} overlaps the slot {BOOKED} of booking {uuid('scan')}"


async def test_busy_slot_over_a_booking_of_the_file_is_named(connection: AsyncConnection) -> None:
    found = await problems(connection, small({"scan": booking((9, 11))}, busy_slots={uuid("a"): BUSY}))
    assert found == [Problem("busy_slots", uuid("a"), f"{OVER_BOOKING} in the file.")]


async def test_busy_slot_over_a_stored_booking_is_named(connection: AsyncConnection) -> None:
    await load_dataset(connection, small({"scan": booking((9, 11))}))
    found = await problems(connection, {"busy_slots": {uuid("a"): BUSY}})
    assert found == [Problem("busy_slots", uuid("a"), f"{OVER_BOOKING}, which is stored.")]


async def test_booking_over_a_stored_busy_slot_is_named(connection: AsyncConnection) -> None:
    await load_dataset(connection, small(busy_slots={uuid("a"): BUSY}))
    found = await problems(connection, {"resources": {uuid("scan"): booking((9, 11))}})
    message = f"its slot {BOOKED} overlaps the busy slot {uuid('a')}, which is stored: {TAKEN_OFF}."
    assert found == [Problem("resources", uuid("scan"), message)]


@pytest.mark.parametrize(
    "scan",
    [booking((10, 11)), booking((9, 11), state="Terminated"), booking((9, 11), offering=uuid("laser"))],
    ids=["touches", "ended", "of another offering"],
)
async def test_busy_slot_that_is_in_no_way_is_loaded(connection: AsyncConnection, scan: dict[str, Any]) -> None:
    await load_dataset(connection, small({"scan": scan}, busy_slots={uuid("a"): BUSY}))
    assert await value(connection, "SELECT count(*) FROM busy_slot") == 1


async def test_busy_slot_and_booking_may_change_places(connection: AsyncConnection) -> None:
    """What counts is how things are when all of the file is stored."""
    await load_dataset(connection, small({"scan": booking((10, 12))}, busy_slots={uuid("a"): BUSY}))
    moved = {"scan": booking((8, 10), modified="2030-04-02T00:00:00Z")}
    await load_dataset(connection, small(moved, busy_slots={uuid("a"): {**BUSY, **period(10, 12)}}))
    assert await value(connection, "SELECT count(*) FROM busy_slot JOIN slot USING (offering_uuid)") == 1


NO_BASE64 = "content: must be base64, on one line"
NOT_BASE64: list[Any] = ["Q", "Q?==", "QUJD\nQUJD", "é", 5, []]


@pytest.mark.parametrize(
    ("table", "row", "message"),
    [
        ("busy_slots", {**BUSY, **period(10, 8)}, "start must be before end"),
        ("busy_slots", {**BUSY, **period(8, 8)}, "start must be before end"),
        ("busy_slots", {**BUSY, "start": None}, "start: must be a date and time, as 2030-01-31T08:00:00Z"),
        ("busy_slots", {**BUSY, "comment": None}, "comment: Input should be a valid string"),
        (
            "busy_slots",
            {**BUSY, "offering": uuid("saw")},
            f"offering {uuid('saw')} is neither in the file nor in the database.",
        ),
        (
            "busy_slots",
            {**BUSY, "created_by": uuid("bob")},
            f"created_by {uuid('bob')} is neither in the file nor in the database.",
        ),
        *(("media_files", {**IMAGE, "content": bad}, NO_BASE64) for bad in NOT_BASE64),
    ],
)
async def test_bad_rows_are_refused(connection: AsyncConnection, table: str, row: dict[str, Any], message: str) -> None:
    [problem] = await problems(connection, small(**{table: {uuid("bad"): row}}))
    assert (problem.table, problem.key, problem.message) == (table, uuid("bad"), message)
