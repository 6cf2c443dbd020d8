"""Chains of requests that follow the links of the OpenAPI document, against a real server: nothing may contradict it.

Each journey starts with a request that is made up, and goes on with what its answer leads to: a booking is asked for,
accepted, looked at, ended. `BOOKING_EXAMPLES` sets how many journeys there are.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from schemathesis.generation import GenerationMode

from app.database import Database
from tests.databases import keep_rows, put_back_rows
from tests.document.schema import JOURNEYS, check, read
from tests.orders.conftest import GENOME_STUDY, MICROSCOPE

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]  # the service runs in other processes

STEPS = 12
DECISION = {
    "marketplace_orders_create",
    "marketplace_orders_retrieve",
    *(f"booking_resources_{name}" for name in ("retrieve", "accept", "reject", "history_list")),
}
END = {"marketplace_orders_create", "booking_resources_accept", "marketplace_resources_terminate"}
BUSY_TIME = {
    "booking_offerings_free_list",
    *(f"booking_offerings_busy_slots_{name}" for name in ("list", "create", "destroy")),
}
ANYWHERE: set[str] = set()
FIRST_HOUR = (datetime.now(UTC) + timedelta(days=60)).replace(minute=0, second=0, microsecond=0)


class Possible:
    """Added to a machine of schemathesis: well-formed requests for a time are made possible, each has its own hour."""

    address: ClassVar[str]
    database: ClassVar[Database]
    recorder: Any
    succeeded: ClassVar[Counter[str]]

    def setup(self) -> None:
        self.hours = count()
        asyncio.run(self._put_back())

    async def _put_back(self) -> None:
        async with self.database.transaction() as connection:
            await put_back_rows(connection)

    def get_call_kwargs(self, case: Any) -> dict[str, Any]:
        return {"base_url": self.address}

    def before_call(self, case: Any) -> None:
        if case.meta.generation.mode is not GenerationMode.POSITIVE:
            return
        start = FIRST_HOUR + timedelta(hours=next(self.hours))
        period = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
        operation = case.operation.definition.raw["operationId"]
        if operation == "marketplace_orders_create":
            case.body = {
                **{name: case.body[name] for name in ("request_comment", "callback_url") if name in case.body},
                "offering": f"/api/marketplace-public-offerings/{MICROSCOPE}/",
                "project": f"/api/projects/{GENOME_STUDY}/",
                "attributes": {**case.body["attributes"], "schedules": [period], "end_date": None},
            }
        elif operation == "booking_offerings_busy_slots_create":
            case.path_parameters = {"uuid": MICROSCOPE}
            case.body = {**case.body, **period}

    def validate_response(self, response: Any, case: Any, additional_checks: Any = None, **options: Any) -> None:
        check(case, response, transport_kwargs=options, recorder=self.recorder)
        if response.status_code < 300:
            self.succeeded[case.operation.definition.raw["operationId"]] += 1


@pytest.fixture(scope="module")
async def kept(database: Database) -> Database:
    """The database, whose rows can be put back."""
    async with database.transaction() as connection:
        await keep_rows(connection)
    return database


@pytest.mark.parametrize(
    "through", [ANYWHERE, DECISION, END, BUSY_TIME], ids=["anywhere", "decision", "end", "busy time"]
)
async def test_journeys_are_as_the_document_says(kept: Database, address: str, through: set[str]) -> None:
    """Journeys through a few operations must get through each of them with success."""
    journeys: Any = type("Journeys", (Possible, read(*through).as_state_machine()), {"succeeded": Counter()})
    journeys.database, journeys.address = kept, address
    await asyncio.to_thread(
        journeys.run,
        settings=settings(
            max_examples=JOURNEYS if through else 2 * JOURNEYS,
            stateful_step_count=STEPS,
            phases=[Phase.generate],
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert through - journeys.succeeded.keys() == set()
    assert len(journeys.succeeded) >= (len(through) or 10)
