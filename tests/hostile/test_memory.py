"""Whatever names, combinations and amounts callers send, what is kept of them is bounded, in number and in bytes."""

import gc
import tracemalloc
from functools import partial
from itertools import combinations, islice
from random import Random

import pytest
from httpx import AsyncClient

from app.bookings.filters import BookingFilters
from app.bookings.repository import BOOKINGS
from app.bookings.schemas import BOOKING_RESOURCES
from app.database.prepared import Statements
from app.memory import Memory
from app.models.enums import OrderState, ResourceState
from app.query.fieldset import MOST_READINGS, _reading
from tests.conftest import AsUser

LIST = "/api/booking-resources/"
FIELDS = tuple(BOOKING_RESOURCES.model.model_fields)
UUID = "00000000-0000-4000-8000-000000000000"


def kept(statements: Statements) -> Memory:
    return statements._kept


def shape(**given: object) -> object:
    return BookingFilters.model_validate(given).shape()


def test_amounts_and_repetitions_make_no_further_statements() -> None:
    assert len({shape(offering_uuid=[UUID] * amount) for amount in range(1, 500)}) == 1
    assert len({shape(offering_slug=[str(each)] * each) for each in range(1, 500)}) == 1
    states, orders = list(ResourceState), list(OrderState)
    random = Random(1)
    assert len({shape(state=random.choices(states, k=random.randint(1, 40))) for _ in range(2_000)}) < 2 ** len(states)
    assert len({shape(order_state=random.choices(orders, k=40)) for _ in range(2_000)}) < 2 ** len(orders)


async def test_orderings_count_once(client: AsyncClient, as_user: AsUser) -> None:
    before = len(kept(BOOKINGS.statements))
    for amount in (1, 5, 2_000):
        query = ",".join(["name", "-name"] * amount)
        answer = await client.get(f"{LIST}?o={query}&page_size=7", headers=as_user("staff"))
        assert answer.status_code == 200
    assert len(kept(BOOKINGS.statements)) <= before + 2, "with the count and without"


async def test_many_values_are_one_parameter(client: AsyncClient, as_user: AsUser) -> None:
    answer = await client.get(f"{LIST}?offering_slug={'a,' * 32_000}", headers=as_user("staff"))
    assert (answer.status_code, answer.json()) == (200, [])


async def test_unknown_names_leave_nothing_behind(client: AsyncClient, as_user: AsUser) -> None:
    async def ask(numbers: range) -> None:
        for number in numbers:
            names = ",".join(f"made_up_{number}_{each}" for each in range(2_000))
            answer = await client.get(f"{LIST}?page_size=1&field={names}", headers=as_user("staff"))
            assert answer.status_code == 200

    await ask(range(140))  # the standard library keeps the last 128 addresses that it has taken apart
    gc.collect()
    tracemalloc.start()
    try:
        await ask(range(140, 180))
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert grown < 12_000_000, "what is new in place of what was kept"


def test_statements_are_kept_up_to_so_many_bytes() -> None:
    statements = Statements(most_bytes=200_000)
    fixed = {name: True if field.annotation is bool else None for name, field in BookingFilters.model_fields.items()}
    for names in islice(combinations(fixed, 3), 1_000):
        conditions = BookingFilters.conditions(tuple((name, fixed[name]) for name in names))
        composed = BOOKINGS.selecting([BOOKINGS.view.uuid], conditions)
        statements.of(names, partial(composed.order_by, BOOKINGS.view.uuid))
    assert 5 < len(kept(statements)) < 50
    assert kept(statements)._size <= 200_000


@pytest.mark.slow
async def test_thousands_of_combinations_of_fields_are_not_kept(client: AsyncClient, as_user: AsUser) -> None:
    random = Random(7)
    headers = as_user("staff")
    seen = set()
    for number in range(2_000):
        names = random.sample(FIELDS, random.randint(1, 4))
        seen.add(frozenset(names))
        answer = await client.get(f"{LIST}?page_size=1&field={','.join(names)},made_up_{number}", headers=headers)
        assert answer.status_code == 200
    assert len(seen) > 1_500
    assert _reading.cache_info().currsize <= MOST_READINGS
