"""Links resolve: every URL in an answer is answered in turn, to whoever got it, as the OpenAPI document says."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.accounts.repository import create_token
from app.commands.demo.catalogue import identifier
from app.commands.demo.dataset import (
    EXAMPLE_BOOKING,
    EXAMPLE_OFFERING,
    EXAMPLE_PROJECT,
    EXAMPLE_TO_REJECT,
)
from app.commands.demo.start import ROLES
from app.config import Settings
from app.models import Category, History, MediaFile, Offering, Order, Resource, User
from app.models.enums import OfferingState, OrderState, ResourceState
from tests.conftest import BASE_URL, AsUser
from tests.test_openapi import example_of, validate

pytestmark = pytest.mark.slow

LISTS = (
    "/api/booking-resources/",
    "/api/marketplace-orders/",
    "/api/marketplace-public-offerings/",
    "/api/booking-offerings/",
    "/api/customers/",
    "/api/projects/",
    "/api/users/",
)
SINGLE = "/api/users/me/"
MOST_REQUESTS = 2000
ELSEWHERE = "https://directory.example.org"
SERVED_HERE = ("/api/booking-resources/", "/api/marketplace-orders/")
CALLERS_OF_RECORDED = ("staff", "powner", "omanager", "creator", "cowner", "support", "outsider")


def urls(value: Any) -> Iterator[str]:
    """Every URL of this service or of the directory in a JSON value."""
    if isinstance(value, dict):
        for member in value.values():
            yield from urls(member)
    elif isinstance(value, list):
        for item in value:
            yield from urls(item)
    elif isinstance(value, str) and value.startswith((BASE_URL, ELSEWHERE)):
        yield value


class Described:
    """The OpenAPI document, by what answers a path."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.templates = sorted(
            ((re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path) + "$"), item) for path, item in document["paths"].items()),
            key=lambda pair: pair[0].pattern.count("[^/]+"),
        )

    def check(self, response: Response) -> None:
        """Holds an answer to GET against what the document says about it."""
        path = urlsplit(str(response.url)).path
        described = next(item["get"] for pattern, item in self.templates if "get" in item and pattern.match(path))
        content = described["responses"]["200"]["content"]
        kind = response.headers["Content-Type"]
        assert kind in content
        if kind == "application/json":
            validate(self.document, content[kind]["schema"], response.json())


class Crawler:
    """Follows every link of every list, as one caller."""

    def __init__(self, client: AsyncClient, described: Described, headers: dict[str, str]) -> None:
        self.client = client
        self.described = described
        self.headers = headers
        self.followed: dict[str, set[str]] = {}

    async def crawl(self, *starts: str) -> set[str]:
        """The links that were followed; fails with those that are not answered, and where they were found."""
        waiting = [BASE_URL + start for start in starts]
        self.followed = {url: {"start"} for url in waiting}
        broken = []
        while waiting:
            assert len(self.followed) < MOST_REQUESTS
            url = waiting.pop()
            response = await self.client.get(url, headers=self.headers)
            if response.status_code != 200:
                broken.append((url, response.status_code, self.followed[url]))
                continue
            self.described.check(response)
            if response.headers["Content-Type"] == "application/json":
                waiting.extend(self._new(response))
        assert broken == []
        return {url for url in self.followed if "?" not in url}

    def _new(self, response: Response) -> Iterator[str]:
        pages = [link["url"] for link in response.links.values() if "url" in link]
        for found in [*urls(response.json()), *pages]:
            if found not in self.followed:
                yield found
            self.followed.setdefault(found, set()).add(str(response.url))


@pytest.fixture(scope="module")
def described(application: FastAPI) -> Described:
    return Described(application.openapi())


async def token_of(connection: AsyncConnection, username: str) -> dict[str, str]:
    return {"Authorization": f"Token {await create_token(connection, username)}"}


def first_pages() -> list[str]:
    return [f"{path}?page_size=40" for path in LISTS]


@pytest.mark.parametrize("role", [*ROLES, "support", "hanna.berg"])
async def test_every_link_of_the_demo_is_answered(
    demo_client: AsyncClient, demo_rows: AsyncConnection, described: Described, role: str
) -> None:
    crawler = Crawler(demo_client, described, await token_of(demo_rows, role))
    followed = await crawler.crawl(*first_pages(), SINGLE)
    assert len(followed) > len(LISTS)


@pytest.mark.parametrize("username", CALLERS_OF_RECORDED)
async def test_every_link_of_the_recorded_data_is_answered(
    client: AsyncClient, described: Described, as_user: AsUser, username: str
) -> None:
    await Crawler(client, described, as_user(username)).crawl(*first_pages(), SINGLE)


@pytest.mark.parametrize("username", CALLERS_OF_RECORDED)
async def test_links_of_images_are_answered_once_they_are_stored_here(
    client: AsyncClient, rows: AsyncConnection, described: Described, as_user: AsUser, username: str
) -> None:
    image = (await rows.execute(select(MediaFile.uuid).limit(1))).scalar_one()
    await rows.execute(update(MediaFile).values(content=b"content"))
    await rows.execute(update(Offering).values(image_uuid=image, thumbnail_uuid=image))
    await rows.execute(update(Category).values(icon_uuid=image))
    followed = await Crawler(client, described, as_user(username)).crawl(*first_pages())
    assert any("/api/media/" in url for url in followed) == (username != "support" or any_offering(followed))


def any_offering(followed: set[str]) -> bool:
    return any(re.search("-offerings/.", url) for url in followed)


@pytest.mark.parametrize("role", ["provider-owner", "creator"])
async def test_links_of_the_history_are_answered(
    demo_client: AsyncClient, demo_rows: AsyncConnection, described: Described, role: str
) -> None:
    """Also where somebody acted who is named nowhere else."""
    stranger = (await demo_rows.execute(select(User.uuid).where(User.username == "stranger"))).scalar_one()
    order = select(Order.uuid).where(Order.resource_uuid == UUID(EXAMPLE_BOOKING)).scalar_subquery()
    states = {"from_state": ResourceState.CREATING, "to_state": ResourceState.OK}
    values = {"resource_uuid": UUID(EXAMPLE_BOOKING), "user_uuid": stranger, "order_uuid": order, **states}
    await demo_rows.execute(insert(History).values(values))
    crawler = Crawler(demo_client, described, await token_of(demo_rows, role))
    followed = await crawler.crawl(f"/api/booking-resources/{EXAMPLE_BOOKING}/history/")
    assert f"{BASE_URL}/api/users/{stranger}/" in followed


@pytest.mark.parametrize("role", ["provider-owner", "creator", "consumer-owner"])
async def test_links_are_answered_after_a_rejection(
    demo_client: AsyncClient, demo_rows: AsyncConnection, described: Described, role: str
) -> None:
    staff = await token_of(demo_rows, "staff")
    booking = f"/api/booking-resources/{EXAMPLE_TO_REJECT}/"
    assert (await demo_client.post(f"{booking}reject/", headers=staff)).status_code == 200
    crawler = Crawler(demo_client, described, await token_of(demo_rows, role))
    starts = [f"{booking}history/"] if role != "consumer-owner" else []
    await crawler.crawl("/api/marketplace-orders/?page_size=40", *starts)


async def test_links_of_a_request_are_answered_to_those_who_made_it(
    demo_client: AsyncClient, demo_rows: AsyncConnection
) -> None:
    creator = await token_of(demo_rows, "creator")
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=490)
    period = {"start": start.isoformat(), "end": (start + timedelta(hours=1)).isoformat()}
    offering = f"/api/marketplace-public-offerings/{identifier('offering', EXAMPLE_OFFERING)}/"
    asked = {
        "offering": offering,
        "plan": f"{offering}plans/{identifier('plan', f'{EXAMPLE_OFFERING}/Academic')}/",
        "project": f"/api/projects/{identifier('project', EXAMPLE_PROJECT)}/",
        "attributes": {"name": "Bee brains", "schedules": [period]},
        "accepting_terms_of_service": True,
    }
    placed = await demo_client.post("/api/marketplace-orders/", json=asked, headers=creator)
    assert placed.status_code == 201, placed.text
    found = set(urls(placed.json()))
    assert len(found) >= 5
    for url in found:
        assert (await demo_client.get(url, headers=creator)).status_code == 200, url


async def test_links_of_an_archived_offering_and_plan_are_answered(
    demo_client: AsyncClient, demo_rows: AsyncConnection, described: Described
) -> None:
    await demo_rows.execute(update(Offering).values(state=OfferingState.ARCHIVED, shared=False))
    for role in ("provider-owner", "creator", "consumer-owner"):
        crawler = Crawler(demo_client, described, await token_of(demo_rows, role))
        followed = await crawler.crawl(*first_pages())
        assert any("/plans/" in url for url in followed)


async def test_links_of_a_pending_order_are_answered_to_members_of_its_project(
    demo_client: AsyncClient, demo_rows: AsyncConnection, described: Described
) -> None:
    await demo_rows.execute(update(Order).values(state=OrderState.PENDING_CONSUMER))
    crawler = Crawler(demo_client, described, await token_of(demo_rows, "consumer-owner"))
    followed = await crawler.crawl("/api/marketplace-orders/?page_size=40")
    assert any("/api/marketplace-public-offerings/" in url for url in followed)


@pytest.mark.parametrize("path", LISTS[2:])
async def test_examples_of_the_documentation_find_one_row_of_the_demo(
    described: Described, demo_client: AsyncClient, demo_rows: AsyncConnection, path: str
) -> None:
    listed = described.document["paths"][path]["get"]
    examples = {item["name"]: example_of(item) for item in listed["parameters"]}
    staff = await token_of(demo_rows, "staff")
    rows = (await demo_client.get(path, params=examples, headers=staff)).json()
    one = described.document["paths"][f"{path}{{uuid}}/"]["get"]["parameters"]
    expected = {item["name"]: item["example"] for item in one}["uuid"]
    assert [row["uuid"] for row in rows] == [expected]


async def test_example_of_a_plan_is_there(
    described: Described, demo_client: AsyncClient, demo_rows: AsyncConnection
) -> None:
    staff = await token_of(demo_rows, "staff")
    for path, item in described.document["paths"].items():
        if "/plans/" in path:
            named = {each["name"]: each["example"] for each in item["get"]["parameters"] if each["in"] == "path"}
            assert (await demo_client.get(path.format(**named), headers=staff)).status_code == 200


def test_directory_has_no_trailing_slash() -> None:
    assert Settings(directory_base_url=f"{ELSEWHERE}/").directory_base_url == ELSEWHERE


async def test_directory_answers_for_what_is_not_booked_here(
    application: FastAPI, client: AsyncClient, rows: AsyncConnection, settings: Settings, as_user: AsUser
) -> None:
    application.state.settings = settings.model_copy(update={"directory_base_url": ELSEWHERE})
    requester = select(User.uuid).limit(1).scalar_subquery()
    await rows.execute(update(Resource).values(end_date_requested_by_uuid=requester))
    found: set[str] = set()
    for path in (*LISTS, SINGLE):
        response = await client.get(path, params={"page_size": 300}, headers=as_user("staff"))
        found.update(urls(response.json()))
    at_home = {url for url in found if url.startswith(BASE_URL)}
    assert {url for url in at_home if not urlsplit(url).path.startswith(SERVED_HERE)} == set()
    assert at_home
    kinds = {"/".join(urlsplit(url).path.split("/")[:3]) + "/" for url in found - at_home}
    assert kinds == {*LISTS, "/api/media/"} - {*SERVED_HERE}


async def test_images_are_linked_only_if_somebody_has_them(
    application: FastAPI, client: AsyncClient, rows: AsyncConnection, settings: Settings, as_user: AsUser
) -> None:
    image = (await rows.execute(select(MediaFile.uuid).limit(1))).scalar_one()
    await rows.execute(update(Offering).values(image_uuid=image))

    async def linked() -> set[str | None]:
        listed = await client.get("/api/booking-resources/?field=offering_image", headers=as_user("staff"))
        return {booking["offering_image"] for booking in listed.json()}

    assert await linked() == {None}
    application.state.settings = settings.model_copy(update={"directory_base_url": ELSEWHERE})
    assert await linked() == {f"{ELSEWHERE}/api/media/{image}/"}
    application.state.settings = settings
    await rows.execute(update(MediaFile).where(MediaFile.uuid == image).values(content=b"content"))
    assert await linked() == {f"{BASE_URL}/api/media/{image}/"}
