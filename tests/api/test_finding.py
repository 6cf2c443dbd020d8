"""A route is found by its path alone, and is the one that would be found if all were tried in turn."""

import re
from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from httpx import ASGITransport, AsyncClient
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Scope

from app.api.finding import FOUND, RouteTable, find_by_path
from app.api.routing import METHODS
from app.main import create_app

PEOPLE = {"me": "/people/me/", "person": "/people/{uuid}/", "book": "/people/{uuid}/books/{isbn}/"}
UUID = "0123456789abcdef0123456789abcdef"


async def told(request: Request) -> PlainTextResponse:
    return PlainTextResponse(f"{request.scope['route'].name} {request.path_params}")


def made_up() -> FastAPI:
    app = FastAPI(redirect_slashes=False)
    inner = APIRouter()
    for name, path in PEOPLE.items():
        inner.add_api_route(path, told, name=name)
    app.include_router(inner, prefix="/api")
    app.add_api_route("/files/{path:path}", told, name="file")
    app.add_api_route("/covers/{isbn}.png", told, name="cover")
    find_by_path(app)
    app.add_api_route("/late/{isbn}/", told, name="late")
    return app


@pytest.fixture
def app() -> FastAPI:
    return made_up()


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://library.example.org") as opened:
        yield opened


def request(path: str, method: str = "GET") -> Scope:
    return {"type": "http", "method": method, "path": path, "headers": []}


def table_of(app: FastAPI) -> RouteTable:
    table = app.router.routes[0]
    assert isinstance(table, RouteTable)
    return table


def tried_in_turn(routes: list[BaseRoute], path: str, method: str) -> object:
    """The handler, by its route's own way to match."""
    for route in iter_route_contexts(routes):
        if hasattr(route, "path_regex") and route._effective_route.matches(request(path, method))[0] is Match.FULL:
            return route.endpoint
    return None


def test_every_request_finds_the_route_that_it_found_before() -> None:
    app = create_app()
    table, others = table_of(app), app.router.routes[1:]
    paths = {route.path for route in iter_route_contexts(others) if route.path and hasattr(route, "path_regex")}
    checked = 0
    for path in paths:
        for method in (*METHODS, "BREW"):
            asked = re.sub(r"\{\w+\}", UUID, path)
            match, child = table.matches(request(asked, method))
            assert child.get("endpoint") == tried_in_turn(others, asked, method), (method, asked)
            checked += match is Match.FULL
    assert checked > 200


def test_all_operations_are_in_the_table() -> None:
    app = create_app()
    for route in iter_route_contexts(app.router.routes):
        if isinstance(route.original_route, APIRoute):
            for method in route.methods or ():
                path = re.sub(r"\{\w+\}", UUID, route.path or "")
                assert table_of(app).matches(request(path, method))[0] is Match.FULL, (method, path)


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/api/people/me/", "me {}"),
        ("/api/people/1/", "person {'uuid': '1'}"),
        ("/api/people/1/books/2/", "book {'uuid': '1', 'isbn': '2'}"),
        ("/api/people/a%20b/", "person {'uuid': 'a b'}"),
        ("/files/a/b", "file {'path': 'a/b'}"),
        ("/covers/1.png", "cover {'isbn': '1'}"),
        ("/late/1/", "late {'isbn': '1'}"),
    ],
)
async def test_routes_are_served(client: AsyncClient, path: str, answer: str) -> None:
    assert (await client.get(path)).text == answer


@pytest.mark.parametrize("path", ["/api/people//", "/api/people/", "/api/people/1", "/api/people/1/books/", "/", "/no"])
async def test_a_path_of_no_route_is_not_found(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_another_method_is_refused(client: AsyncClient) -> None:
    assert (await client.post("/api/people/me/")).status_code == 405


async def test_no_other_route_is_tried(app: FastAPI, client: AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    await client.get("/api/people/1/")

    def never(*_: object) -> tuple[Match, Scope]:
        raise AssertionError("a route was tried")

    for kind in {type(route) for route in app.router.routes[1:]}:
        monkeypatch.setattr(kind, "matches", never)
    assert (await client.get("/api/people/1/")).text.startswith("person")
    with pytest.raises(AssertionError, match="a route was tried"):
        await client.get("/no")


@pytest.mark.parametrize(
    "scope",
    [
        {**request("/library/api/people/1/"), "root_path": "/library"},
        {**request("/api/people/1/"), "fastapi.telemetry": object()},
        {"type": "websocket", "path": "/api/people/1/"},
    ],
    ids=["below a prefix", "watched", "a websocket"],
)
def test_what_the_framework_has_to_look_at_is_left_to_it(app: FastAPI, scope: Scope) -> None:
    assert table_of(app).matches(scope) == (Match.NONE, {})


async def test_below_a_prefix_routes_are_served(app: FastAPI) -> None:
    transport = ASGITransport(app, root_path="/library")
    async with AsyncClient(transport=transport, base_url="http://library.example.org") as client:
        assert (await client.get("/library/api/people/1/")).text == "person {'uuid': '1'}"


def test_routes_know_their_addresses(app: FastAPI) -> None:
    assert app.url_path_for("person", uuid="1") == "/api/people/1/"
    with pytest.raises(NoMatchFound):
        app.url_path_for("nobody")


def test_a_route_is_found_once(app: FastAPI) -> None:
    _, first = table_of(app).matches(request("/api/people/1/"))
    _, second = table_of(app).matches(request("/api/people/2/"))
    assert first[FOUND] is second[FOUND]
