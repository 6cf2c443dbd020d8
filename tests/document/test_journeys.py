"""Chains of requests that follow the links of the OpenAPI document, against a real server: nothing may contradict it.

Each journey starts with a request that is made up, and goes on with what its answer leads to: a booking is asked for,
accepted, looked at, ended. `BOOKING_EXAMPLES` sets how many journeys there are.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, settings
from schemathesis.generation import GenerationMode

from app.database import Database
from tests.databases import keep_rows, put_back_rows
from tests.document.schema import EXAMPLES, check, read, schema
from tests.requests.conftest import GENOME_STUDY, MICROSCOPE

STEPS = 12
REACHED = (
    "booking_resources_accept",
    "booking_resources_history_list",
    "booking_resources_reject",
    "booking_resources_retrieve",
    "booking_offerings_busy_slots_create",
    "booking_offerings_busy_slots_destroy",
    "booking_offerings_free_list",
    "marketplace_bookings_list",
    "marketplace_orders_create",
    "marketplace_orders_retrieve",
    "marketplace_resources_terminate",
)
"""Operations that some journey must have gone through with success."""
FIRST_HOUR = (datetime.now(UTC) + timedelta(days=60)).replace(minute=0, second=0, microsecond=0)
ANYWHERE: Any = schema.as_state_machine()
LIFE_OF_A_BOOKING: Any = read(
    "marketplace_orders_create",
    "marketplace_orders_retrieve",
    "marketplace_resources_terminate",
    *(f"booking_resources_{name}" for name in ("retrieve", "accept", "reject", "history_list")),
).as_state_machine()


class Possible:
    """Added to a machine of schemathesis: well-formed requests for a time are made possible, each has its own hour."""

    address: ClassVar[str]
    database: ClassVar[Database]
    recorder: Any
    succeeded: ClassVar[Counter[str]] = Counter()

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


async def test_journeys_are_as_the_document_says(database: Database, address: str) -> None:
    async with database.transaction() as connection:
        await keep_rows(connection)
    Possible.database, Possible.address = database, address
    for machine in (ANYWHERE, LIFE_OF_A_BOOKING):
        await asyncio.to_thread(_travel, type("Journeys", (Possible, machine), {}))
    assert [name for name in REACHED if not Possible.succeeded[name]] == []


def _travel(machine: Any) -> None:
    machine.run(
        settings=settings(
            max_examples=EXAMPLES * 2,
            stateful_step_count=STEPS,
            phases=[Phase.generate],
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
    )
