"""The recorded changes of an offering: who reads them, and what they say."""

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.calendar.conftest import OFFERINGS, Ask, ask
from tests.databases import statements
from tests.dataset import USERS
from tests.orders.conftest import MICROSCOPE

__all__ = ["ask"]

CHANGES = f"booking-offerings/{MICROSCOPE}/changes/"
ATTRIBUTES = f"marketplace-provider-offerings/{MICROSCOPE}/update_attributes/"
RULES = f"booking-offerings/{MICROSCOPE}/rules/"


async def change(ask: Ask) -> tuple[object, object]:
    """Changes attributes once and rules twice; what attributes were, and what they are."""
    before = (await ask(f"marketplace-provider-offerings/{MICROSCOPE}/")).json()["attributes"]
    after = {**before, "note": ["Laser"]}
    assert (await ask(ATTRIBUTES, "staff", "POST", json=after)).status_code == 200
    for rules in ({"min": "PT1H"}, {}):
        assert (await ask(RULES, "staff", "PUT", json=rules)).status_code == 200
    return before, after


async def test_changes_are_told_oldest_first(ask: Ask) -> None:
    assert (await ask(CHANGES, "powner")).json() == []
    before, after = await change(ask)
    answer = await ask(CHANGES, "powner")
    told = answer.json()
    assert [(each["subject"], each["before"], each["after"]) for each in told] == [
        ("attributes", before, after),
        ("rules", {}, {"min": "PT1H"}),
        ("rules", {"min": "PT1H"}, {}),
    ]
    assert [each["created"] for each in told] == sorted(each["created"] for each in told)
    staff = USERS["staff"]
    names = {"user_username": "staff", "user_full_name": f"{staff['first_name']} {staff['last_name']}".strip()}
    assert all(each.items() >= names.items() for each in told)
    assert all(each.keys() == {"uuid", "created", "subject", "before", "after", *names} for each in told)


async def test_changes_come_in_pages(ask: Ask) -> None:
    await change(ask)
    whole = (await ask(CHANGES)).json()
    answer = await ask(CHANGES, params={"page": 2, "page_size": 2})
    assert (answer.json(), answer.headers["X-Result-Count"]) == (whole[2:], "3")
    assert 'rel="prev"' in answer.headers["Link"]
    assert (await ask(CHANGES, params={"page": 3, "page_size": 2})).status_code == 404
    headed = await ask(CHANGES, "powner", "HEAD")
    assert (headed.status_code, headed.headers["X-Result-Count"], headed.content) == (200, "3", b"")


@pytest.mark.parametrize(
    ("user", "status"),
    [("staff", 200), ("powner", 200), ("omanager", 200), ("cowner", 404), ("creator", 404), ("outsider", 404)],
)
async def test_changes_are_for_the_providers_side(ask: Ask, user: str, status: int) -> None:
    await change(ask)
    assert (await ask(CHANGES, user)).status_code == status


@pytest.mark.parametrize("offering", ["Plain VM", "none"])
async def test_what_is_no_offering_for_bookings_is_not_found(ask: Ask, offering: str) -> None:
    assert (await ask(f"booking-offerings/{OFFERINGS[offering]}/changes/")).status_code == 404


async def test_changes_of_others_are_not_among_them(ask: Ask) -> None:
    await change(ask)
    assert (await ask(f"booking-offerings/{OFFERINGS['Spectrometer']}/changes/")).json() == []


async def test_statements_do_not_grow_with_changes(ask: Ask, rows: AsyncConnection) -> None:
    counts = []
    for _ in range(2):
        await change(ask)
        with statements(rows) as executed:
            assert len((await ask(CHANGES)).json()) > 2
        counts.append(len(executed))
    assert counts[0] == counts[1]
