"""How an offering is put up and withdrawn: from which states to which, and by whom."""

from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.administration.repository import change
from app.administration.rules import PAUSE
from app.models import Customer, Offering
from tests.administration.conftest import CLOSED, FORBIDDEN, MICROSCOPE, OFFERINGS, Post, told
from tests.conftest import AsUser

STATES = ("Draft", "Active", "Paused", "Archived")
TRANSITIONS = {
    "activate": (("Draft", "Paused"), "Active"),
    "pause": (("Active",), "Paused"),
    "unpause": (("Paused",), "Active"),
    "archive": (("Draft", "Active", "Paused"), "Archived"),
    "draft": (("Active", "Paused", "Archived"), "Draft"),
}
ALLOWED = {
    "staff": set(TRANSITIONS),
    "powner": set(TRANSITIONS),
    "pmanager": set(TRANSITIONS),
    "omanager": set(TRANSITIONS),
    "powner2": set(),
    "creator": set(),
    "outsider": set(),
}
PATH = f"{OFFERINGS}{MICROSCOPE}/"
_OWN = Offering.uuid == UUID(MICROSCOPE)


async def state(rows: AsyncConnection) -> tuple[str, str]:
    found = (await rows.execute(select(Offering.state, Offering.paused_reason).where(_OWN))).one()
    return found.state, found.paused_reason


@pytest.mark.parametrize("transition", TRANSITIONS)
@pytest.mark.parametrize("source", STATES)
async def test_offering_changes_its_state_from_the_right_states_only(
    rows: AsyncConnection, post: Post, source: str, transition: str
) -> None:
    await rows.execute(update(Offering).where(_OWN).values(state=source, paused_reason="Was so."))
    sources, target = TRANSITIONS[transition]
    answer = await post(f"{PATH}{transition}/", "powner")
    if source in sources:
        assert (answer.status_code, answer.json()["state"]) == (200, target)
        assert answer.json()["detail"]
        assert await state(rows) == (target, "")
    else:
        assert told(answer) == (409, {"detail": f"Valid states for operation: {', '.join(sources)}."})
        assert await state(rows) == (source, "Was so.")


@pytest.mark.parametrize("transition", TRANSITIONS)
@pytest.mark.parametrize("user", ALLOWED)
async def test_provider_changes_the_state_of_its_own_offerings(
    rows: AsyncConnection, post: Post, user: str, transition: str
) -> None:
    sources, target = TRANSITIONS[transition]
    source = "Active" if "Active" in sources else "Paused"
    await rows.execute(update(Offering).where(_OWN).values(state=source))
    answer = await post(f"{PATH}{transition}/", user)
    if transition in ALLOWED[user]:
        assert answer.status_code == 200
    else:
        assert told(answer) == FORBIDDEN
    assert (await state(rows))[0] == (target if transition in ALLOWED[user] else source)


@pytest.mark.parametrize("transition", [*TRANSITIONS, "update_overview"])
async def test_draft_of_others_is_not_there(rows: AsyncConnection, post: Post, transition: str) -> None:
    await rows.execute(update(Offering).values(state="Draft"))
    answer = await post(
        f"{PATH}{transition}/", "outsider", {"name": "Mine"} if transition == "update_overview" else None
    )
    assert told(answer) == (404, {"detail": "No Offering matches the given query."})


async def test_reason_of_a_pause_is_shown_to_consumers_until_it_ends(
    client: AsyncClient, post: Post, as_user: AsUser
) -> None:
    public = f"/api/marketplace-public-offerings/{MICROSCOPE}/"
    assert (await post(f"{PATH}pause/", "powner", {"paused_reason": "Laser service"})).status_code == 200
    assert (await client.get(public, headers=as_user("creator"))).json()["paused_reason"] == "Laser service"
    assert (await post(f"{PATH}unpause/", "powner")).status_code == 200
    assert (await client.get(public, headers=as_user("creator"))).json()["paused_reason"] == ""


async def test_permission_on_the_offering_suffices(rows: AsyncConnection, post: Post) -> None:
    """`omanager` manages the offering, and its provider; here only the offering is left."""
    await rows.execute(update(Offering).where(_OWN).values(customer_uuid=None))
    assert (await post(f"{PATH}pause/", "omanager")).status_code == 200
    assert told(await post(f"{PATH}archive/", "omanager")) == FORBIDDEN


@pytest.mark.parametrize("closed", ["blocked", "archived"])
@pytest.mark.parametrize("user", ["powner", "staff"])
async def test_closed_provider_does_nothing(rows: AsyncConnection, post: Post, closed: str, user: str) -> None:
    await rows.execute(update(Customer).values({closed: True}))
    for transition in ("pause", "archive", "draft"):
        assert told(await post(f"{PATH}{transition}/", user)) == CLOSED
    assert told(await post(f"{PATH}update_overview/", user, {"name": "Other"})) == CLOSED
    assert (await state(rows))[0] == "Active"


async def test_overview_changes_what_is_given(client: AsyncClient, post: Post, as_user: AsUser) -> None:
    own = f"/api/booking-offerings/{MICROSCOPE}/"
    own += "?field=name&field=description&field=slug&field=state&field=shared"
    before = (await client.get(own, headers=as_user("powner"))).json()
    answer = await post(f"{PATH}update_overview/", "powner", {"name": "Big microscope", "access_url": ""})
    assert told(answer) == (200, None)
    after = (await client.get(own, headers=as_user("powner"))).json()
    assert after == before | {"name": "Big microscope"}
    body = {"name": "Big", "description": "Four lasers.", "slug": "big"}
    assert (await post(f"{PATH}update_overview/", "powner", body)).status_code == 200
    assert (await client.get(own, headers=as_user("powner"))).json() == before | body


async def test_overview_is_changed_by_the_provider_and_keeps_nothing_silently(post: Post) -> None:
    assert told(await post(f"{PATH}update_overview/", "creator", {"name": "Mine"})) == FORBIDDEN
    answer = await post(f"{PATH}update_overview/", "powner", {"access_url": "https://x", "name": ""})
    assert answer.status_code == 400
    assert set(answer.json()) == {"access_url", "name"}


async def test_rival_who_was_faster_leaves_nothing_to_change(rows: AsyncConnection) -> None:
    """Both have seen an active offering; the second one waits, and then finds it paused."""
    first, second = [await change(rows, UUID(MICROSCOPE), PAUSE.sources, state=PAUSE.target) for _ in range(2)]
    assert (first, second) == (True, False)
