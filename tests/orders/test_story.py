"""The whole life of a booking, through HTTP alone."""

from httpx import AsyncClient

from tests.conftest import AsUser
from tests.orders.conftest import DAY, period


async def test_life_of_a_booking(client: AsyncClient, as_user: AsUser) -> None:
    consumer, provider = as_user("cowner"), as_user("powner")

    # find an offering, and a project to book for
    [offering] = (await client.get("/api/marketplace-public-offerings/?name=microscope", headers=consumer)).json()
    [project] = (await client.get("/api/projects/?name=genome", headers=consumer)).json()

    # see what is free
    day = {"start": DAY.isoformat(), "end": DAY.replace(hour=23).isoformat(), "duration": "PT1H"}
    free = f"/api/booking-offerings/{offering['uuid']}/free/"
    assert (await client.get(free, params=day, headers=consumer)).json() == [period(0, 23)]

    # request
    order = {
        "offering": offering["url"],
        "project": project["url"],
        "attributes": {"name": "Bee brains", "schedules": [period(9, 11)]},
    }
    placed = await client.post("/api/marketplace-orders/", json=order, headers=consumer | {"Idempotency-Key": "bees"})
    assert placed.status_code == 201
    booking = f"/api/booking-resources/{placed.json()['marketplace_resource_uuid']}/"

    # collide, with an explanation
    rival = order | {"attributes": {"schedules": [period(10, 12)]}}
    refused = await client.post("/api/marketplace-orders/", json=rival, headers=consumer)
    assert refused.status_code == 400
    assert refused.json()[1]["conflicts"][0].items() >= period(9, 11).items()

    # the provider decides on what he saw
    seen = await client.get(booking, headers=provider)
    assert seen.json()["available_actions"] == ["accept", "reject"]
    decided = {"If-Match": seen.headers["ETag"]}
    assert (await client.post(f"{booking}accept/", headers=provider | decided)).status_code == 200
    assert (await client.post(f"{booking}accept/", headers=provider)).status_code == 409

    # availability shows it
    taken = await client.get(f"/api/marketplace-bookings/{offering['uuid']}/", params=day, headers=consumer)
    assert [{"start": each["start"], "end": each["end"]} for each in taken.json()] == [period(9, 11)]
    assert (await client.get(free, params=day, headers=consumer)).json() == [period(0, 9), period(11, 23)]

    # end it, and the slot is free again
    ended = await client.post(booking.replace("booking", "marketplace") + "terminate/", headers=consumer)
    assert ended.status_code == 200
    assert (await client.get(free, params=day, headers=consumer)).json() == [period(0, 23)]
    assert (await client.post("/api/marketplace-orders/", json=rival, headers=consumer)).status_code == 201
    changes = (await client.get(f"{booking}history/", headers=provider)).json()
    assert [(each["from_state"], each["to_state"]) for each in changes] == [("Creating", "OK"), ("OK", "Terminated")]
