"""Each answer tells browsers to be careful, whatever it is; pages may ask this service alone for anything."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from app.api.guard import page_policy
from app.config import Settings
from app.main import create_app
from app.pages import _bundle
from tests.conftest import BASE_URL, AsUser

CAREFUL = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
DATA = "default-src 'none'; frame-ancestors 'none'"
ANSWERS = (
    ("GET", "/api/booking-resources/", 200),
    ("HEAD", "/api/booking-resources/", 200),
    ("GET", "/api/booking-resources/nothing/", 404),
    ("GET", "/api/booking-resources/?page=x", 404),
    ("GET", "/api/booking-resources/?state=x", 400),
    ("PUT", "/api/booking-resources/", 405),
    ("OPTIONS", "/api/booking-resources/", 200),
    ("GET", "/health/live", 200),
    ("GET", "/nothing", 404),
    ("GET", "/openapi.json", 200),
    ("GET", "/", 200),
    ("GET", "/calendar", 200),
    ("HEAD", "/calendar", 200),
    ("GET", "/static/calendar/main.js", 200),
    ("GET", "/static/../pages.py", 404),
    ("GET", "/docs", 200),
    ("GET", "/redoc", 200),
    ("GET", "/static-offline-docs/swagger-ui.css", 200),
)


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_every_answer_is_careful(
    client: AsyncClient, as_user: AsUser, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path, headers=as_user("staff"))
    assert answer.status_code == status
    assert answer.headers.items() >= CAREFUL.items()
    assert all(len(answer.headers.get_list(name)) == 1 for name in CAREFUL)
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    assert (answer.headers["content-security-policy"] == DATA) != is_page


async def test_defect_is_careful_too(application: FastAPI, client: AsyncClient, as_user: AsUser) -> None:
    application.state.database = None
    async with AsyncClient(transport=ASGITransport(application, raise_app_exceptions=False), base_url=BASE_URL) as one:
        answer = await one.get("/api/booking-resources/", headers=as_user("staff"))
    assert (answer.status_code, answer.headers.items() >= CAREFUL.items()) == (500, True)


async def test_what_depends_on_the_caller_is_kept_by_nobody_else(client: AsyncClient, as_user: AsUser) -> None:
    first = await client.get("/api/booking-resources/?page_size=1&field=url", headers=as_user("staff"))
    assert first.headers["cache-control"] == "private, no-cache"
    path = first.json()[0]["url"].removeprefix(BASE_URL)
    seen = await client.get(path, headers=as_user("staff"))
    again = await client.get(path, headers=as_user("staff") | {"If-None-Match": seen.headers["ETag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "private, no-cache")
    assert "cache-control" not in (await client.get("/openapi.json")).headers


def scripts(page: bytes) -> Iterator[str]:
    for script in re.findall(rb"<script>(.*?)</script>", page, re.DOTALL):
        yield f"'sha256-{b64encode(sha256(script).digest()).decode()}'"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
async def test_page_runs_its_own_scripts_only(client: AsyncClient, path: str) -> None:
    answer = await client.get(path)
    policy = answer.headers["content-security-policy"]
    [allowed] = re.findall("script-src ([^;]*)", policy)
    assert allowed.split() == ["'self'", *scripts(answer.content)]
    assert not re.search("https?:|\\*|unsafe-eval", policy)
    assert not re.findall(rb"(?:src|href)=\"(?:https?:)?//", answer.content)
    assert policy.encode() == page_policy(answer.content)


async def test_redoc_does_not_know_where_its_makers_logo_is(client: AsyncClient) -> None:
    answer = await client.get("/static-offline-docs/redoc.standalone.js")
    assert answer.content == _bundle()
    assert b"cdn.redoc.ly" not in answer.content
    assert (await client.head("/static-offline-docs/redoc.standalone.js")).status_code == 200


async def test_any_origin_may_call_without_credentials(client: AsyncClient, as_user: AsUser) -> None:
    answer = await client.get("/api/users/me/", headers=as_user("staff") | {"Origin": "https://elsewhere.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert {"Retry-After", "RateLimit-Remaining", "ETag"} <= set(
        answer.headers["Access-Control-Expose-Headers"].split(", ")
    )


async def test_origins_can_be_named() -> None:
    app = create_app(Settings(cors_origins=["https://own.example"]))
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE_URL) as client:
        for origin, allowed in (("https://own.example", "https://own.example"), ("https://elsewhere.example", None)):
            answer = await client.get("/health/live", headers={"Origin": origin})
            assert answer.headers.get("Access-Control-Allow-Origin") == allowed
