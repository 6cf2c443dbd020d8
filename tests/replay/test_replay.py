"""What the reference answered to recorded requests, this service answers too, or a written rule says why not.

`BOOKING_RECORDINGS` may name another folder with `exchanges.jsonl` and `transitions.jsonl`, recorded on the same data.
"""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import pytest
from httpx import ASGITransport, AsyncClient, Response
from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.config import Settings
from app.database import Database
from app.main import create_app
from app.models import Customer, Offering, Order, Plan, Project, Resource, User
from tests.databases import OneTransaction
from tests.dataset import key_of, uuid_of
from tests.replay.explained import EXPLAINED, rule_for
from tests.replay.normalise import Answer, Difference, Exchange

RECORDED = Path(__file__).parent.parent / "recorded"
RECORDINGS = Path(os.environ.get("BOOKING_RECORDINGS", RECORDED))
KEPT = {"live", "version", "first_start", "provider_uuid", "is_booking"}
BASE_URL = "http://waldur.example.com"


def _records(kind: str) -> dict[str, dict[str, Any]]:
    lines = (RECORDINGS / f"{kind}s.jsonl").read_text().splitlines()
    return {f"{kind}-{record['n']}": record for record in map(json.loads, lines)}


EXCHANGES = _records("exchange")
TRANSITIONS = _records("transition")

Explained = list[tuple[Difference, str | None]]
"""Differences of one exchange, each with the rule that explains it or None."""
Rows = dict[str, dict[str, Any]]
"""A booking and its orders as they are stored, by uuid."""


class Client(Protocol):
    """What sends requests."""

    async def request(self, method: str, path: str, /, *, headers: list[tuple[bytes, bytes]]) -> Response:
        """The answer."""


class Replay:
    """The application on the recorded data, within a transaction that is never committed."""

    def __init__(self, connection: AsyncConnection, client: Client) -> None:
        self.connection = connection
        self.client = client

    async def exchange(self, record: Mapping[str, Any]) -> Explained:
        """Repeats a request on the data as recorded."""
        async with self.connection.begin_nested() as savepoint:
            exchange = await self.ask(record)
            await savepoint.rollback()
        return explained(exchange, exchange.differences())

    async def transition(self, record: Mapping[str, Any]) -> Explained:
        """Repeats an accept or reject from the recorded state, and compares what has become of booking and orders."""
        async with self.connection.begin_nested() as savepoint:
            booking = UUID(record["resource"])
            await self.prepare(booking, record)
            before = await self.rows(booking)
            exchange = await self.ask(record)
            after = await self.rows(booking)
            state = await self.state(booking)
            await savepoint.rollback()
        return explained(exchange, exchange.differences() + differences(record, state, before, after))

    async def ask(self, record: Mapping[str, Any]) -> Exchange:
        headers = dict(record.get("request_headers", {}))
        if record["user"]:
            headers |= key_of(record["user"])
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        response = await self.client.request(record["method"], record["path"], headers=raw)
        return Exchange(
            number=record["n"],
            method=record["method"],
            target=record["path"],
            user=record["user"],
            authorization=headers.get("Authorization", ""),
            recorded=Answer(record["status"], record["headers"], record["body"]),
            served=Answer(response.status_code, response.headers, response.json() if response.content else None),
        )

    async def prepare(self, booking: UUID, record: Mapping[str, Any]) -> None:
        """Puts the booking and its orders into the state before the call, and the rest into that of the group."""
        state, orders = record["before"]["resource_state"], record["before"]["orders"]
        await self.connection.execute(update(Resource).where(Resource.uuid == booking).values(state=state))
        found = (
            await self.connection.execute(select(Order.__table__).where(Order.resource_uuid == booking))
        ).mappings()
        known = {row["uuid"]: dict(row) for row in found}
        given = {UUID(order["uuid"]): order for order in orders}
        await self.connection.execute(delete(Order).where(Order.resource_uuid == booking, Order.uuid.not_in(given)))
        for uuid, order in given.items():
            values = {
                "type": order["type"],
                "state": order["state"],
                "created_by_uuid": uuid_of("users", username=order["created_by"]),
            }
            if uuid in known:
                await self.connection.execute(update(Order).where(Order.uuid == uuid).values(**values))
            else:
                copied = next(iter(known.values()))
                await self.connection.execute(insert(Order).values(**{**copied, **values, "uuid": uuid}))
        await self._prepare_group(booking, record["group"])

    async def _prepare_group(self, booking: UUID, group: str) -> None:
        offering = select(Resource.offering_uuid).where(Resource.uuid == booking).scalar_subquery()
        project = select(Resource.project_uuid).where(Resource.uuid == booking).scalar_subquery()
        closed = {name: True for name in ("blocked", "archived") if group.endswith(f"organisation {name}")}
        if closed:
            owner: Select[Any] = select(Project.customer_uuid).where(Project.uuid == project)
            if group.startswith("provider"):
                owner = select(Offering.customer_uuid).where(Offering.uuid == offering)
            await self.connection.execute(update(Customer).where(Customer.uuid.in_(owner)).values(**closed))
        if group == "no plan":
            await self._plan(booking, None)
        if group == "monthly plan with limits":
            monthly = select(Plan.uuid).where(Plan.offering_uuid == offering, Plan.unit == "month").limit(1)
            await self._plan(booking, monthly.scalar_subquery(), limits={"ram": 3})

    async def _plan(self, booking: UUID, plan: Any, **values: Any) -> None:
        await self.connection.execute(update(Resource).where(Resource.uuid == booking).values(plan_uuid=plan, **values))
        await self.connection.execute(
            update(Order).where(Order.resource_uuid == booking).values(plan_uuid=plan, **values)
        )

    async def rows(self, booking: UUID) -> Rows:
        """The booking and its orders as they are stored, by uuid."""
        rows: Rows = {}
        for table, key in ((Resource, Resource.uuid), (Order, Order.resource_uuid)):
            found = await self.connection.execute(select(table.__table__).where(key == booking))
            rows.update({row["uuid"].hex: dict(row) for row in found.mappings()})
        return rows

    async def state(self, booking: UUID) -> dict[str, Any]:
        state = await self.connection.scalar(select(Resource.state).where(Resource.uuid == booking))
        orders = await self.connection.execute(
            select(Order.uuid, Order.type, Order.state, User.username.label("created_by"))
            .join(User, User.uuid == Order.created_by_uuid)
            .where(Order.resource_uuid == booking)
            .order_by(Order.created, Order.uuid)
        )
        return {"resource_state": state, "orders": [{**row, "uuid": row["uuid"].hex} for row in orders.mappings()]}


def explained(exchange: Exchange, found: list[Difference]) -> Explained:
    return [(difference, rule_for(exchange, difference)) for difference in found]


def differences(record: Mapping[str, Any], state: dict[str, Any], before: Rows, after: Rows) -> list[Difference]:
    """Where booking and orders became something else than recorded."""
    found = [] if state == record["after"] else [Difference("after", record["after"], state)]
    for uuid, expected in _recorded_changes(record).items():
        changes = _changes(before[uuid], after[uuid])
        if changes != expected:
            found.append(Difference("changes", expected, changes, uuid))
    return found


def _recorded_changes(record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """New values by column, of the booking and of each order; `activated` is called `completed_at` here."""
    changes = {order["uuid"]: {} for order in record["before"]["orders"]} | {
        record["resource"]: record["resource_changes"],
        **record["order_changes"],
    }
    return {
        uuid: {{"activated": "completed_at"}.get(name, name): new for name, (_, new) in columns.items()}
        for uuid, columns in changes.items()
    }


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """New values by column, but for what PostgreSQL keeps by itself."""
    return {name: _plain(after[name]) for name in after if after[name] != before[name] and name not in KEPT}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return "<now>" if abs((datetime.now(UTC) - value).total_seconds()) < 300 else value
    return value.hex if isinstance(value, UUID) else value


@pytest.fixture(scope="session")
async def outcomes(recorded: Database, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Explained]:
    """The differences of all exchanges and transitions."""
    app = create_app(Settings(base_url=BASE_URL, data_dir=tmp_path_factory.mktemp("data")))
    async with recorded.engine.connect() as connection, connection.begin() as transaction:
        app.state.database = OneTransaction(connection)
        transport = ASGITransport(app, raise_app_exceptions=False)
        async with AsyncClient(transport=transport, base_url=BASE_URL) as client:
            replay = Replay(connection, client)
            found = {name: await replay.exchange(record) for name, record in EXCHANGES.items()}
            found |= {name: await replay.transition(record) for name, record in TRANSITIONS.items()}
        await transaction.rollback()
    return found


@pytest.mark.parametrize("name", EXCHANGES)
def test_answer_is_that_of_the_reference(outcomes: dict[str, Explained], name: str) -> None:
    assert [difference for difference, rule in outcomes[name] if rule is None] == []


@pytest.mark.parametrize("name", TRANSITIONS)
def test_transition_ends_as_in_the_reference(outcomes: dict[str, Explained], name: str) -> None:
    assert [difference for difference, rule in outcomes[name] if rule is None] == []


@pytest.mark.skipif(RECORDINGS != RECORDED, reason="other recordings need not show every difference")
@pytest.mark.parametrize("rule", [explanation.rule for explanation in EXPLAINED])
def test_explanation_is_needed(outcomes: dict[str, Explained], rule: str) -> None:
    assert rule in {used for found in outcomes.values() for _, used in found}
