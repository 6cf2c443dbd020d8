"""An import over HTTP from a second instance of this service, into an empty database."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.commands.importing.service import Outcome, import_bookings, known_until
from app.database import Database
from tests.commands.importing.conftest import BookingsOnly, shown_at, shown_from

pytestmark = pytest.mark.slow

UNREADABLE = {
    "username": "accounts at offerings are shown to their owners only",
    "offering_image": "images are not copied",
    "offering_thumbnail": "images are not copied",
    "category_icon": "icons are not copied",
    "available_actions": "depends on further orders of a booking, which are not shown with it",
}
"""What a booking shows that cannot be read over the API, and why; the same within its orders."""
UNREADABLE_WITHOUT_OFFERINGS = UNREADABLE | {
    "fixed_price": "prices of components are shown with the offering only",
    "activation_price": "prices of components are shown with the offering only",
    "offering_components": "what they are called is shown with the offering only",
}
_ABSENT = "<absent>"


def differences(one: Any, other: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The last member of the place of each difference, and what is there."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            yield from differences(one.get(name, _ABSENT), other.get(name, _ABSENT), name)
    elif one != other:
        yield place, one, other


def counts(outcome: Outcome, kind: str) -> dict[str, int]:
    """How many rows were inserted, updated, unchanged, of tables where any were."""
    return {name: number for name, table in outcome.report.tables.items() if (number := getattr(table, kind))}


@pytest.mark.parametrize(
    ("transport", "unreadable"),
    [(httpx.AsyncHTTPTransport, UNREADABLE), (BookingsOnly, UNREADABLE_WITHOUT_OFFERINGS)],
    ids=["everything shown", "bookings only"],
)
async def test_both_show_the_same_and_a_second_import_changes_nothing(
    source: str, empty: Database, reading: Any, staff_token: str, transport: Any, unreadable: dict[str, str]
) -> None:
    async with reading(source, transport()) as reader:
        first = await import_bookings(empty, reader)
        again = await import_bookings(empty, reader)
    here, there = await shown_from(empty), await shown_at(source, staff_token)
    assert here.keys() == there.keys()
    found = [(uuid, *each) for uuid, item in there.items() for each in differences(item, here[uuid])]
    assert [each for each in found if each[1] not in unreadable] == []
    assert first.bookings == len(there)
    assert counts(first, "inserted") == counts(again, "unchanged")
    assert counts(again, "inserted") | counts(again, "updated") == {}


async def test_what_the_source_shows_later_replaces_what_was_guessed_and_never_the_reverse(
    source: str, empty: Database, reading: Any
) -> None:
    query = text("SELECT unit_price FROM plan WHERE name = 'Hourly'")
    prices = []
    for transport in (BookingsOnly(), None, BookingsOnly()):
        async with reading(source, transport) as reader:
            await import_bookings(empty, reader)
        async with empty.transaction() as connection:
            prices.append(float((await connection.execute(query)).scalar_one()))
    assert prices == [0, 12.5, 12.5]


async def test_dry_run_stores_nothing(source: str, empty: Database, reading: Any) -> None:
    async with reading(source) as reader:
        outcome = await import_bookings(empty, reader, dry_run=True)
    assert counts(outcome, "inserted")["resources"] == outcome.bookings
    assert await shown_from(empty) == {}


async def test_next_import_brings_just_what_has_changed(
    changing_source: str, empty: Database, reading: Any, staff_token: str
) -> None:
    headers = {"Authorization": f"Token {staff_token}"}
    async with reading(changing_source) as reader:
        await import_bookings(empty, reader)
        bookings = await shown_at(changing_source, staff_token)
        uuid = next(uuid for uuid, item in bookings.items() if "accept" in item["available_actions"])
        async with httpx.AsyncClient(base_url=changing_source, headers=headers, trust_env=False) as client:
            assert (await client.post(f"/api/booking-resources/{uuid}/accept/")).is_success
        outcome = await import_bookings(empty, reader, since=await known_until(empty))
    assert (await shown_from(empty))[uuid]["state"] == "OK"
    assert outcome.bookings < len(bookings)
    assert counts(outcome, "updated") == {"resources": 1, "orders": 1}
    assert counts(outcome, "inserted") == {}


async def test_newer_change_here_is_kept(source: str, empty: Database, reading: Any) -> None:
    async with reading(source) as reader:
        await import_bookings(empty, reader)
        async with empty.transaction() as connection:
            await connection.execute(text("UPDATE resource SET name = 'mine', modified = now() WHERE name = 'Zeta'"))
        await import_bookings(empty, reader)
    assert "mine" in [item["name"] for item in (await shown_from(empty)).values()]
