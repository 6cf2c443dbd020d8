"""Dump writes all that load takes: an empty database loaded from it answers alike."""

import io
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from httpx import ASGITransport, AsyncClient
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.transfer import dump, load, load_dataset
from app.commands.transfer.parts import PARTS
from app.commands.transfer.report import LoadRefused
from app.config import Settings
from app.database import Database
from app.embedded import Cluster
from app.main import create_app
from app.models.base import is_set
from app.models.enums import RoleAction
from app.registry.grants import Held, change, grant, revoke
from app.registry.roles import ScopeType
from tests.commands.transfer.datasets import booking, order, small, uuid, value
from tests.conftest import AsUser
from tests.databases import OneTransaction, migrated
from tests.dataset import DATASET

pytestmark = pytest.mark.slow

HISTORY = {
    "resource": uuid("scan"),
    "order": uuid("o"),
    "user": uuid("ada"),
    "created": "2030-04-01T08:00:00.000001Z",
    "from_state": "Creating",
    "to_state": "OK",
    "comment": "Fine, „come“.\n",
}


async def dumped(connection: AsyncConnection) -> bytes:
    target = io.BytesIO()
    await dump(connection, target)
    return target.getvalue()


async def answers(connection: AsyncConnection, settings: Settings, headers: dict[str, str]) -> list[Any]:
    """What the API says of all bookings, and of one with its history."""
    app = create_app(settings)
    app.state.database = OneTransaction(connection)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test", headers=headers) as client:
        bookings = (await client.get("/api/booking-resources/?page_size=100")).json()
        ones = [(await client.get(f"/api/booking-resources/{row['uuid']}/")).json() for row in bookings[:5]]
    return [bookings, ones]


async def test_loaded_dump_answers_alike_and_dumps_alike(
    cluster: Cluster, rows: AsyncConnection, settings: Settings, as_user: AsUser
) -> None:
    await rows.execute(text("UPDATE resource SET last_sync = created + interval '1 second' WHERE state = 'OK'"))
    content = await dumped(rows)
    async with migrated(cluster, "copy") as engine, engine.connect() as copy:
        await load(copy, io.BytesIO(content))
        assert await dumped(copy) == content
        for username in ("staff", "powner"):
            before, after = [await answers(each, settings, as_user(username)) for each in (rows, copy)]
            assert before == after
            assert before[0]
        report = await load(copy, io.BytesIO(content))
        assert not any(counts.inserted or counts.updated for counts in report.tables.values())


async def test_dump_has_all_that_load_takes(connection: AsyncConnection) -> None:
    slots = [{"start": "2030-05-01T08:00:00Z", "end": "2030-05-01T09:00:00Z", "backend_id": name} for name in "zab"]
    scan = booking(slots=slots, last_sync="2030-01-01T00:00:00.5+01:00", cost="0.1")
    asked = order("scan", request_comment="please", start_date="2030-05-01", activated="2030-04-01T00:00:00Z", cost=0)
    await load_dataset(connection, small({"scan": scan}, orders={uuid("o"): asked}, history={uuid("h"): HISTORY}))
    await connection.execute(text('UPDATE "user" SET token_lifetime = 60'))
    data = json.loads(await dumped(connection))
    found = data["resources"][uuid("scan")]
    assert [slot["backend_id"] for slot in found["slots"]] == ["z", "a", "b"]
    assert (found["last_sync"], found["cost"]) == ("2029-12-31T23:00:00.500000Z", "0.1000000000")
    assert data["orders"][uuid("o")].items() >= {"request_comment": "please", "cost": "0.0000000000"}.items()
    assert data["orders"][uuid("o")]["activated"] == "2030-04-01T00:00:00.000000Z"
    assert data["history"] == {uuid("h"): HISTORY}
    user = data["users"][uuid("ada")]
    assert user["token_lifetime"] == 60
    assert "token" not in user
    assert "key-of-ada" not in json.dumps(data)
    assert user["tokens"][0].keys() == {"uuid", "digest", "name", "created", "refreshed", "expires"}


async def test_every_column_is_dumped(rows: AsyncConnection) -> None:
    data = json.loads(await dumped(rows))
    own = {"activated": "completed_at", "scope": "customer_uuid"}
    for part in PARTS:
        if part.row and part.name != "role_permissions":
            table = data[part.name]
            written = set((list(table.values()) if isinstance(table, dict) else table)[0]) if table else set()
            columns = {own.get(name, name) for name in written} | {f"{name}_uuid" for name in written}
            missing = {column.name for column in part.stored.columns if is_set(column)} - columns - {"uuid", "live"}
            scoped = part.name in ("user_roles", "role_events")
            assert missing <= ({"project_uuid", "offering_uuid"} if scoped else set()) or not table


async def test_rows_are_sorted_by_uuid(rows: AsyncConnection) -> None:
    data = json.loads(await dumped(rows))
    for name in ("users", "resources", "orders", "role_permissions"):
        assert list(data[name]) == sorted(data[name])


async def test_dump_counts_the_rows(rows: AsyncConnection) -> None:
    target = io.BytesIO()
    counts = await dump(rows, target)
    assert counts["resources"] == len(DATASET["resources"])
    assert counts.keys() == json.loads(target.getvalue()).keys() - {"_about"}


async def test_who_gave_and_took_roles_is_kept(cluster: Cluster, connection: AsyncConnection) -> None:
    await load_dataset(connection, small())
    ada = UUID(uuid("ada"))
    until = datetime(2031, 1, 1, tzinfo=UTC)
    for scope_type, scope, by in (("customer", "lab", ada), ("project", "hive", None), ("offering", "laser", ada)):
        held = Held(user=ada, role="A", scope_type=ScopeType(scope_type), scope=UUID(uuid(scope)), by=by)
        assert await grant(connection, held)
        assert await change(connection, held, until)
        assert await revoke(connection, held)
    content = await dumped(connection)
    events = json.loads(content)["role_events"].values()
    told = [(each["action"], each["scope_type"], each["scope"], each["created_by"]) for each in events]
    assert sorted(told, key=str) == sorted(
        (
            (str(action), scope_type, uuid(scope), by)
            for scope_type, scope, by in (
                ("customer", "lab", str(ada)),
                ("project", "hive", None),
                ("offering", "laser", str(ada)),
            )
            for action in RoleAction
        ),
        key=str,
    )
    expiring = {each["action"] for each in events if each["expiration_time"] == "2031-01-01T00:00:00.000000Z"}
    assert expiring == {str(RoleAction.CHANGED)}
    async with migrated(cluster, "copy") as engine, engine.connect() as copy:
        assert (await load(copy, io.BytesIO(content))).tables["role_events"].inserted == 9
        assert await dumped(copy) == content
        assert (await load(copy, io.BytesIO(content))).tables["role_events"].unchanged == 9


async def test_rules_and_what_is_held_are_kept(connection: AsyncConnection, database: Database) -> None:
    slot = {"start": "2030-05-01T08:00:00Z", "end": "2030-05-01T09:00:00Z", "held_until": "2030-05-01T09:30:00Z"}
    near = [{"start": "2030-05-01T09:15:00Z", "end": "2030-05-01T10:00:00Z"}]
    await load_dataset(connection, small({"scan": booking(slots=[slot])}))
    await connection.execute(text('UPDATE offering SET rules = \'{"min": "PT1H"}\', rules_changed = now()'))
    data = json.loads(await dumped(connection))
    assert data["resources"][uuid("scan")]["slots"][0]["held_until"] == "2030-05-01T09:30:00.000000Z"
    assert {row["rules"]["min"] for row in data["offerings"].values()} == {"PT1H"}
    assert all(row["rules_changed"] for row in data["offerings"].values())
    with pytest.raises(LoadRefused, match="overlaps the slot"):
        await load_dataset(connection, small({"scan": booking(slots=[slot]), "other": booking(slots=near)}))


async def test_empty_database_is_dumped_and_loaded(connection: AsyncConnection) -> None:
    content = await dumped(connection)
    assert not any(json.loads(content)[part.name] for part in PARTS)
    assert str(await load(connection, io.BytesIO(content))).count(" 0 inserted") == len(PARTS)


async def test_history_is_only_added_to(connection: AsyncConnection) -> None:
    data = small({"scan": booking()}, orders={uuid("o"): order("scan")}, history={uuid("h"): HISTORY})
    await load_dataset(connection, data)
    data["history"][uuid("h")] = {**HISTORY, "comment": "rewritten"}
    report = await load_dataset(connection, data)
    assert report.tables["history"].unchanged == 1
    assert await value(connection, "SELECT comment FROM history") == HISTORY["comment"]


@pytest.mark.parametrize("number", ["0.1", "1e20", "123456789012345678901234567890", "-0.0"])
async def test_numbers_survive(connection: AsyncConnection, database: Database, number: str) -> None:
    scan = {"attributes": {"number": json.loads(number)}}
    await load_dataset(connection, small({"scan": booking(**scan)}))
    assert json.loads(await dumped(connection))["resources"][uuid("scan")]["attributes"] == scan["attributes"]
