"""Load stores all rows or none, names what is wrong, and never takes back what happened since."""

import io
import json
import os
import threading
from datetime import UTC, datetime

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.demo.dataset import demo_dataset
from app.commands.transfer import Counts, Report, load, load_dataset
from app.commands.transfer.parts import PARTS, Part
from app.commands.transfer.values import DEEPEST
from app.embedded import Cluster
from app.keys import digest
from app.models.base import is_set
from tests.commands.transfer.datasets import BASIS, booking, nested, order, period, problems, small, uuid, value
from tests.conftest import AsUser
from tests.databases import migrated
from tests.dataset import DATASET

pytestmark = pytest.mark.slow

HEX = uuid("scan").replace("-", "")


def changed(report: Report) -> dict[str, Counts]:
    return {name: counts for name, counts in report.tables.items() if counts.inserted or counts.updated}


async def test_recorded_dataset_loads_once(connection: AsyncConnection) -> None:
    first, second = [await load_dataset(connection, DATASET) for _ in range(2)]
    assert first.tables["resources"] == Counts(inserted=len(DATASET["resources"]))
    assert first.tables["tokens"] == Counts(inserted=len(DATASET["users"]))
    assert changed(second) == {}
    assert second.tables["orders"] == Counts(unchanged=len(DATASET["orders"]))
    assert "44 unchanged" in str(second)
    [known] = {digest(user["token"]) for user in DATASET["users"].values() if user["username"] == "staff"}
    owner = f'SELECT username FROM token JOIN "user" ON "user".uuid = user_uuid WHERE digest = \'{known}\''
    assert await value(connection, owner) == "staff"


async def test_demo_loads_once(connection: AsyncConnection) -> None:
    demo = demo_dataset(datetime.now(UTC))
    await load_dataset(connection, demo)
    assert changed(await load_dataset(connection, demo)) == {}


async def test_tables_may_come_in_any_order(connection: AsyncConnection) -> None:
    report = await load_dataset(connection, dict(reversed(DATASET.items())))
    assert report.tables["offerings"] == Counts(inserted=len(DATASET["offerings"]))
    assert await value(connection, "SELECT count(*) FROM offering WHERE image_uuid IS NOT NULL") == 1


async def test_parents_may_come_after_their_children(connection: AsyncConnection) -> None:
    family = {"child": booking(parent=uuid("parent")), "parent": booking(parent=uuid("grandparent"))}
    await load_dataset(connection, small({**family, "grandparent": booking()}))
    assert await value(connection, "SELECT count(*) FROM resource WHERE parent_uuid IS NOT NULL") == 2


async def test_short_rows_get_defaults(connection: AsyncConnection) -> None:
    row = booking((8, 9), (10, 11), name="Größe der Bienen!", endpoints=[{"name": "SSH", "url": "ssh://bees"}])
    del row["modified"]
    await load_dataset(connection, small({"scan": row}))
    stored = (await connection.execute(text("SELECT *, now() AS now FROM resource"))).one()
    assert (stored.slug, stored.created, stored.modified) == ("groe-der-bienen", stored.now, stored.now)
    assert [schedule["start"][11:16] for schedule in stored.attributes["schedules"]] == ["08:00", "10:00"]
    assert stored.attributes["name"] == stored.name
    assert await value(connection, "SELECT count(*) FROM slot WHERE backend_id ~ '^booking_[0-9a-f]{32}$'") == 2
    assert await value(connection, "SELECT count(*) FROM resource_endpoint") == 1


async def test_schedules_stand_in_for_slots(connection: AsyncConnection) -> None:
    """A request that the reference has not processed has schedules only; what is no period counts not. Decision 60."""
    nonsense = [
        {"start": "soon", "end": "later"},
        "x",
        period(10, 9),
        {"start": period(8, 9)["start"], "end": "9999-12-31T23:00:00Z"},
    ]
    attributes = {"schedules": [period(8, 9), *nonsense, period(9, 10)]}
    row = booking(state="Creating", attributes=attributes)
    await load_dataset(connection, small({"asked": row, "settled": booking((12, 13), attributes=attributes)}))
    slots = "SELECT count(*) FROM slot WHERE live AND resource_uuid = '{}'"
    assert await value(connection, slots.format(uuid("asked"))) == 2
    assert await value(connection, slots.format(uuid("settled"))) == 1
    stored = (await connection.execute(text("SELECT attributes FROM resource WHERE name = 'Bees'"))).scalars().all()
    assert stored == [attributes] * 2, "kept as they came"
    assert await problems(connection, small({"rival": booking((8.5, 8.75))})), "the request holds its time"


async def test_deepest_value_that_loads_is_shown(client: AsyncClient, rows: AsyncConnection, as_user: AsUser) -> None:
    deepest = nested(DEEPEST)
    orders = {uuid("asked"): order("scan", attributes=deepest)}
    row = booking((8, 9), name="Deep", attributes=deepest, backend_metadata=deepest)
    await load_dataset(rows, small({"scan": row}, orders=orders))
    [shown] = (await client.get("/api/booking-resources/?name=Deep", headers=as_user("staff"))).json()
    assert (shown["attributes"], shown["creation_order"]["attributes"]) == (deepest, deepest)


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
async def test_pipe_is_read_in_pieces(connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    given = DATASET
    if size == 1:
        given = {
            "_nothing": None,
            **{name: DATASET[name] for name in ("users", "role_permissions")},
            "_version": -1.5e3,
        }
    monkeypatch.setattr("app.commands.transfer.reader.CHUNK", size)
    monkeypatch.setattr("app.commands.transfer.reader.LONGEST_NUMBER", 10)
    receiver, sender = os.pipe()
    text = json.dumps(given, ensure_ascii=False).encode()

    def send() -> None:
        with open(sender, "wb") as pipe:  # noqa: PTH123 - a descriptor, no path
            pipe.write(text)

    thread = threading.Thread(target=send)
    thread.start()
    with open(receiver, "rb") as pipe:  # noqa: PTH123, ASYNC230 - a descriptor that is ready
        report = await load(connection, pipe)
    thread.join()
    assert report.tables["users"].inserted == len(DATASET["users"])


async def test_tables_are_analyzed_after_many_new_rows(
    connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.commands.transfer.store.MANY", 40)
    await load_dataset(connection, DATASET)
    assert await value(connection, "SELECT reltuples FROM pg_class WHERE relname = 'resource'") == 44


async def test_progress_counts_rows_by_table(connection: AsyncConnection) -> None:
    steps: list[tuple[str, int]] = []
    await load(connection, io.BytesIO(json.dumps(DATASET).encode()), progress=lambda *step: steps.append(step))
    assert ("resources", 44) in steps
    assert steps[-1][0] == "storing"


async def test_dry_run_leaves_nothing(connection: AsyncConnection) -> None:
    dry = await connection.begin_nested()
    await load_dataset(connection, DATASET)
    await dry.rollback()
    assert await value(connection, 'SELECT count(*) FROM "user"') == 0


async def test_older_file_takes_nothing_back(connection: AsyncConnection) -> None:
    old = small({"scan": booking((8, 9), state="Creating")}, orders={uuid("o"): order("scan", state="executing")})
    await load_dataset(connection, old)
    await connection.execute(text("UPDATE resource SET state = 'OK', modified = modified + interval '1 ms'"))
    await connection.execute(text("UPDATE \"order\" SET state = 'done', modified = modified + interval '1 ms'"))
    await connection.execute(text('UPDATE "user" SET is_active = false'))
    assert changed(await load_dataset(connection, old)) == {}
    assert await value(connection, "SELECT state FROM resource") == "OK"
    assert await value(connection, 'SELECT state FROM "order"') == "done"
    assert not await value(connection, 'SELECT is_active FROM "user"')


async def test_rows_that_were_left_out_are_told_of_with_the_reason(connection: AsyncConnection) -> None:
    """A file written by hand says of a change when it was made, or hears that the change was not taken."""
    await load_dataset(connection, small({"a": booking((8, 9)), "b": booking((9, 10)), "c": booking((10, 11))}))
    undated = booking((8, 9), name="Wasps", modified=None)
    older = booking((9, 10), name="Wasps", modified="2030-03-31T00:00:00Z")
    same = booking((10, 11), modified=None)
    report = await load_dataset(connection, small({"a": undated, "b": older, "c": same}))
    assert report.tables["resources"] == Counts(unchanged=3, undated=1, older=1)
    assert changed(report) == {}
    assert str(report).splitlines()[-2:] == [
        "resources: 1 of the unchanged differ from what is stored, but do not say when they were `modified`.",
        "resources: 1 of the unchanged differ from what is stored, but are older.",
    ]
    assert await value(connection, "SELECT count(*) FROM resource WHERE name = 'Wasps'") == 0


async def test_slots_of_a_newer_booking_are_neither_taken_back_nor_in_the_way(connection: AsyncConnection) -> None:
    old = small({"scan": booking((8, 9))})
    await load_dataset(connection, old)
    moved = {"scan": booking((12, 13), modified="2030-04-02T00:00:00Z"), "next": booking((8, 9))}
    assert changed(await load_dataset(connection, small(moved))) == {"resources": Counts(1, 1)}
    assert changed(await load_dataset(connection, old)) == {}
    assert await value(connection, "SELECT count(*) FROM slot") == 2


async def test_changed_slots_count_as_change_of_their_booking(connection: AsyncConnection) -> None:
    await load_dataset(connection, small({"scan": booking((8, 9)), "other": booking((9, 10))}))
    report = await load_dataset(connection, small({"scan": booking((8, 8.5)), "other": booking((9, 10))}))
    assert changed(report) == {"resources": Counts(0, 1, 1)}
    assert await value(connection, "SELECT count(*) FROM slot WHERE \"end\" = '2030-05-01T08:30Z'") == 1


async def test_bookings_may_swap_slots_offerings_and_states(connection: AsyncConnection) -> None:
    laser, later = {"offering": uuid("laser")}, {"modified": "2030-04-02T00:00:00Z"}
    before = {
        "a": booking((8, 9)),
        "b": booking((9, 10)),
        "c": booking((8, 9), **laser),
        "d": booking((8, 9), state="Terminated"),
    }
    after = {
        "a": booking((9, 10)),
        "b": booking((8, 9), **laser),
        "c": booking((8, 9), state="Erred"),
        "d": booking((8, 9)),
    }
    await load_dataset(connection, small(before))
    report = await load_dataset(connection, small({name: {**row, **later} for name, row in after.items()}))
    assert report.tables["resources"] == Counts(updated=4)
    assert await value(connection, "SELECT count(*) FROM slot WHERE live") == 3


async def test_stored_tokens_and_grants_stay_as_they_are(connection: AsyncConnection) -> None:
    grant = {"user": uuid("ada"), "role": "CUSTOMER.OWNER", "scope_type": "customer", "scope": uuid("lab")}
    given = small(user_roles=[grant], role_permissions={"CUSTOMER.OWNER": ["A", "A", "B"]})
    await load_dataset(connection, given)
    await connection.execute(text("UPDATE token SET expires = '2000-01-01Z'"))
    await connection.execute(text("UPDATE role_grant SET is_active = false"))
    assert changed(await load_dataset(connection, given)) == {}
    assert await value(connection, "SELECT expires < now() FROM token")
    assert not await value(connection, "SELECT is_active FROM role_grant")
    assert await value(connection, "SELECT count(*) FROM role_permission") == 2


async def test_rows_without_dates_are_brought_up_to_date(connection: AsyncConnection) -> None:
    users = [{"offering": uuid("laser"), "user": uuid("ada"), "username": name} for name in ("old", "new")]
    for row in users:
        report = await load_dataset(connection, small(offering_users=[row]))
    assert report.tables["offering_users"] == Counts(updated=1)
    assert await value(connection, "SELECT username FROM offering_user") == "new"


async def test_renamed_media_file_gives_its_name_away(connection: AsyncConnection) -> None:
    await load_dataset(connection, {"media_files": {uuid("1"): {"name": "a.png"}}})
    files = {uuid("1"): {"name": "b.png"}, uuid("2"): {"name": "a.png"}}
    category = {uuid("instruments"): {"title": "Instruments", "icon": "a.png"}}
    await load_dataset(connection, {"categories": category, "media_files": files})
    assert str(await value(connection, "SELECT icon_uuid FROM category")) == uuid("2")


async def test_keys_may_be_hexadecimal_and_unknown_members_are_ignored(connection: AsyncConnection) -> None:
    given = small({}, _comment="by hand", _more=[1], _rows={"a": {}})
    given["resources"] = {HEX.upper(): booking((8, 9), colour="blue", _id=7, uuid="of no use")}
    await load_dataset(connection, given)
    assert str(await value(connection, "SELECT uuid FROM resource")) == uuid("scan")


async def test_load_takes_no_more_than_the_basis_for_granted(connection: AsyncConnection) -> None:
    await load_dataset(connection, BASIS)
    assert (await load_dataset(connection, {"resources": {HEX: booking((8, 9))}})).tables["resources"] == Counts(1)
    assert changed(await load_dataset(connection, {})) == {}


async def test_connection_can_be_used_after_each_load(cluster: Cluster) -> None:
    async with migrated(cluster, "again") as engine, engine.connect() as connection:
        for _ in range(2):
            async with connection.begin():
                await load_dataset(connection, small({"scan": booking((8, 9))}))
        assert await value(connection, "SELECT count(*) FROM slot") == 1


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.stored.name)
def test_every_column_can_be_loaded(part: Part) -> None:
    derived = {"live", "permission", *(f"{name}_uuid" for name in part.media)}
    if part.row:
        fields = {*part.row.model_fields, *derived}
        written = {column.name for column in part.stored.columns if is_set(column)}
        own = written - (set() if part.identity == ("uuid",) else {"uuid"})
        assert own - fields <= ({"customer_uuid", "project_uuid", "offering_uuid"} if "scope" in fields else set())
