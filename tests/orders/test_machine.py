"""Whatever is done with bookings, in whatever order: what is seen is what a small model says, and nothing overlaps."""

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule
from sqlalchemy import func, select, text
from sqlalchemy.pool import NullPool

from app.bookings.expiry import expire_pending
from app.commands.transfer import LoadRefused, load_dataset
from app.database import Database
from app.models import History
from tests.conftest import BASE_URL
from tests.databases import OneTransaction, address, engine_on
from tests.orders.conftest import GENOME_STUDY, MICROSCOPE, body, period

Result = TypeVar("Result")
NAME = "of the machine"
OVERLAPS = text(
    "SELECT count(*) FROM slot a JOIN slot b ON a.offering_uuid = b.offering_uuid AND a.resource_uuid < b.resource_uuid"
    " AND a.live AND b.live AND a.start < b.end AND b.start < a.end"
)
hours = st.integers(0, 12)
lengths = st.integers(1, 4)


@dataclass
class Modelled:
    """What the model knows of a booking; its period is in hours of one day."""

    state: str
    start: int
    end: int
    changes: int = 0

    @property
    def live(self) -> bool:
        return self.state in ("Creating", "OK")


class BookingMachine(RuleBasedStateMachine):
    """Each example is one transaction on the recorded data set, which is rolled back."""

    url: ClassVar[str]
    application: ClassVar[FastAPI]
    tokens: ClassVar[dict[str, str]]
    bookings = Bundle("bookings")

    @initialize()
    def begin(self) -> None:
        self.model: dict[str, Modelled] = {}
        self.runner = asyncio.Runner()
        self.engine = engine_on(self.url, poolclass=NullPool)
        self.connection = self.run(self.engine.connect().__aenter__())
        self.transaction = self.run(self.connection.begin().__aenter__())
        self.database = OneTransaction(self.connection)
        self.application.state.database = self.database
        self.client = AsyncClient(transport=ASGITransport(self.application), base_url=BASE_URL)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.run(self.transaction.rollback())
            self.run(self.connection.close())
            self.run(self.engine.dispose())
            self.runner.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    def call(self, user: str, method: str, path: str, **sent: Any) -> Any:
        headers = {"Authorization": f"Token {self.tokens[user]}"}
        return self.run(self.client.request(method, path, headers=headers, **sent))

    def is_free(self, start: int, end: int) -> bool:
        return not any(b.live and start < b.end and b.start < end for b in self.model.values())

    def move(self, uuid: str, user: str, path: str, source: str, target: str) -> None:
        booking = self.model[uuid]
        status = self.call(user, "POST", path.format(uuid)).status_code
        assert status == (200 if booking.state == source else 409)
        if status == 200:
            booking.state, booking.changes = target, booking.changes + 1

    @rule(target=bookings, start=hours, length=lengths)
    def create(self, start: int, length: int) -> Any:
        sent = body(period(start, start + length))
        sent["attributes"]["name"] = NAME
        answer = self.call("cowner", "POST", "/api/marketplace-orders/", json=sent)
        assert answer.status_code == (201 if self.is_free(start, start + length) else 400), answer.text
        if answer.status_code == 400:
            return multiple()
        uuid: str = answer.json()["marketplace_resource_uuid"]
        self.model[uuid] = Modelled("Creating", start, start + length)
        return uuid

    @rule(target=bookings, start=hours, length=lengths, state=st.sampled_from(["OK", "Terminated"]))
    def load(self, start: int, length: int, state: str) -> Any:
        uuid, slot = str(uuid4()), period(start, start + length)
        row = {"name": NAME, "offering": MICROSCOPE, "project": GENOME_STUDY, "state": state, "slots": [slot]}
        fits = state == "Terminated" or self.is_free(start, start + length)
        try:
            self.run(load_dataset(self.connection, {"resources": {uuid: row}}))
        except LoadRefused:
            assert not fits
            return multiple()
        assert fits
        self.model[uuid] = Modelled(state, start, start + length)
        return uuid

    @rule(uuid=bookings)
    def accept(self, uuid: str) -> None:
        self.move(uuid, "powner", "/api/booking-resources/{}/accept/", "Creating", "OK")

    @rule(uuid=bookings)
    def reject(self, uuid: str) -> None:
        self.move(uuid, "powner", "/api/booking-resources/{}/reject/", "Creating", "Terminated")

    @rule(uuid=bookings)
    def withdraw(self, uuid: str) -> None:
        if self.model[uuid].state == "Creating":
            self.move(uuid, "cowner", "/api/booking-resources/{}/reject/", "Creating", "Terminated")

    @rule(uuid=bookings)
    def terminate(self, uuid: str) -> None:
        self.move(uuid, "powner", "/api/marketplace-resources/{}/terminate/", "OK", "Terminated")

    @rule(uuid=consumes(bookings))
    def let_time_pass_and_expire(self, uuid: str) -> None:
        earlier = text(
            "UPDATE slot SET start = start - interval '1 year', \"end\" = \"end\" - interval '1 year'"
            " WHERE resource_uuid = :uuid"
        )
        self.run(self.connection.execute(earlier, {"uuid": UUID(uuid)}))
        expired = [str(each) for each in self.run(expire_pending(self.database))]
        booking = self.model[uuid]
        assert (uuid in expired) == (booking.state == "Creating")
        if uuid in expired:
            booking.state, booking.changes = "Terminated", booking.changes + 1
        booking.start, booking.end = -1, -1

    @invariant()
    def what_is_seen_is_what_the_model_says(self) -> None:
        if not hasattr(self, "model"):
            return
        query = {"name_exact": NAME, "page_size": 300, "field": ["uuid", "state"]}
        listed = self.call("powner", "GET", "/api/booking-resources/", params=query).json()
        asked_for = {uuid: booking.state for uuid, booking in self.model.items()}
        assert {booking["uuid"]: booking["state"] for booking in listed} == asked_for

    @invariant()
    def nothing_overlaps_and_every_change_is_recorded(self) -> None:
        if not hasattr(self, "model"):
            return
        assert self.run(self.connection.execute(OVERLAPS)).scalar_one() == 0
        counted = select(History.resource_uuid, func.count()).group_by(History.resource_uuid)
        recorded = {str(uuid): count for uuid, count in self.run(self.connection.execute(counted)).all()}
        assert recorded == {uuid: booking.changes for uuid, booking in self.model.items() if booking.changes}


@pytest.mark.slow
def test_bookings_behave_as_modelled(recorded: Database, application: FastAPI, tokens: dict[str, str]) -> None:
    BookingMachine.url = address(recorded)
    BookingMachine.application, BookingMachine.tokens = application, tokens
    case = BookingMachine.TestCase
    case.settings = settings(
        max_examples=int(os.environ.get("BOOKING_EXAMPLES", "10")),
        stateful_step_count=15,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    case().runTest()


@pytest.mark.parametrize("state", ["Creating", "OK", "Terminated"])
def test_model_counts_the_same_states_as_live(state: str) -> None:
    assert Modelled(state, 0, 1).live == (state != "Terminated")
