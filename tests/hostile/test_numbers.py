"""Numbers that are hard to count by: wherever one is taken, the answer is quick and is no defect."""

import json
from time import perf_counter
from typing import Any
from urllib.parse import quote

import pytest
from httpx import AsyncClient

from app.api.parameters import _number
from tests.conftest import AsUser
from tests.orders.conftest import GENOME_STUDY, MICROSCOPE, period

QUICK = 10.0
"""Seconds; the answer to a plain request takes some hundredths."""
LONG = "1" * 30_000
NUMBERS = (
    *("1e2147483648", "-1e2147483648", "1e999999999", "1e-999999999", "0e999999999", "1e999999999999999999"),
    *("NaN", "-sNaN", "Infinity", "-inf", LONG, f"{LONG}x", f".{LONG}x", f"1e{LONG}", f"-{LONG}.{LONG}", "１", "1_0"),
)
QUERIES = (
    "/api/booking-resources/?component_count=",
    "/api/booking-resources/?limit_component_count=",
    "/api/booking-resources/?page=",
    "/api/booking-resources/?page_size=",
    "/api/booking-resources/?created=",
    f"/api/booking-offerings/{MICROSCOPE}/free/?duration=",
)
VALUES = ("NaN", "Infinity", "-Infinity", "1e2147483648", "-1e999999999", "1e-999999999", LONG, f"-{LONG}", f"1.{LONG}")


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:20])
async def test_no_number_in_a_query_is_a_defect(client: AsyncClient, as_user: AsUser, number: str) -> None:
    for query in QUERIES:
        begun = perf_counter()
        answer = await client.get(query + quote(number), headers=as_user("staff"))
        assert answer.status_code in (200, 400, 404), (query, answer.text)
        assert perf_counter() - begun < QUICK, query


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:20])
async def test_no_number_in_a_body_is_a_defect(client: AsyncClient, as_user: AsUser, value: str) -> None:
    order: dict[str, Any] = {
        "offering": f"/api/marketplace-public-offerings/{MICROSCOPE}/",
        "project": f"/api/projects/{GENOME_STUDY}/",
        "attributes": {"name": "Bees", "schedules": [period(1, 2)]},
    }
    places = [
        *({**order, member: "@"} for member in ("offering", "limits", "start_date", "callback_url", "type", "plan")),
        {**order, "attributes": {**order["attributes"], "end_date": "@"}},
        {**order, "attributes": {**order["attributes"], "more": [{"deep": "@"}]}},
        {**order, "attributes": {"schedules": [{"start": "@", "end": "@"}]}},
        {**order, "limits": {"cores": "@"}},
    ]
    for place in places:
        content = json.dumps(place).replace('"@"', value)
        begun = perf_counter()
        answer = await client.post("/api/marketplace-orders/", content=content, headers=as_user("cowner"))
        assert answer.status_code in (201, 400), answer.text
        assert perf_counter() - begun < QUICK, place


@pytest.mark.parametrize("path", ["/api/booking-resources/{}/reject/", "/api/booking-offerings/{}/busy-slots/"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: value[:20])
async def test_no_number_in_another_body_is_a_defect(
    client: AsyncClient, as_user: AsUser, path: str, value: str
) -> None:
    content = f'{{"provider_rejection_comment": {value}, "start": {value}, "end": {value}}}'
    answer = await client.post(path.format(MICROSCOPE), content=content, headers=as_user("staff"))
    assert answer.status_code in (400, 404), answer.text


def test_reading_a_number_takes_time_in_proportion() -> None:
    """What is no number only at its last character is not tried again from every digit."""
    begun = perf_counter()
    for text in (f"{LONG * 10}x", f"{LONG * 10}.{LONG * 10}x", f"1e{LONG * 10}x"):
        with pytest.raises(Exception, match="Enter a number"):
            _number(text)
    assert perf_counter() - begun < QUICK
