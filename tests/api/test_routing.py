"""What every path answers follows from its routes: OPTIONS, other methods, HEAD, the slash at the end, and `Accept`."""

from collections.abc import AsyncIterator

import pytest
from fastapi import APIRouter, Depends, FastAPI
from httpx import ASGITransport, AsyncClient

from app.api.failures import answer_errors
from app.api.finding import find_by_path
from app.api.requests import current_caller
from app.api.routing import Headers, TrailingSlash, answer_other_methods, get, takes_json
from app.auth import Caller
from app.errors import Unauthenticated
from tests.query.library import ADA

ALLOWED = {
    "/api/books/": "GET, HEAD, POST, OPTIONS",
    "/api/books/1/": "GET, HEAD, OPTIONS",
    "/api/books/1/lend/": "POST, OPTIONS",
    "/hours/": "GET, OPTIONS",
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW")


def made_up() -> FastAPI:
    app = FastAPI()
    answer_errors(app)
    app.add_middleware(TrailingSlash)
    router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])

    @router.get("/books/")
    async def list_books() -> list[str]:
        return ["Emma"]

    @router.head("/books/")
    async def count_books() -> Headers:
        return Headers({"X-Result-Count": "1"})

    @router.post("/books/")
    async def add_book() -> str:
        return "added"

    @get(router, "/books/{number}/")
    async def show_book(number: int) -> int:
        return number

    @router.post("/books/{number}/lend/")
    async def lend_book(number: int) -> int:
        return number

    app.include_router(router)

    @app.get("/hours/")
    async def show_hours() -> bool:
        return True

    answer_other_methods(app, "/api/", "/hours/")
    return app


async def ada() -> Caller:
    return ADA


async def nobody() -> Caller:
    raise Unauthenticated("Who are you?")


@pytest.fixture(params=[False, True], ids=["tried in turn", "found by path"])
def app(request: pytest.FixtureRequest) -> FastAPI:
    app = made_up()
    if request.param:
        find_by_path(app)
    app.dependency_overrides[current_caller] = ada
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://library.example.org") as opened:
        yield opened


@pytest.mark.parametrize("path", ALLOWED)
async def test_options_name_the_methods_of_the_path(client: AsyncClient, path: str) -> None:
    answer = await client.options(path)
    assert (answer.status_code, answer.headers["Allow"]) == (200, ALLOWED[path])
    assert answer.json() == {"renders": ["application/json"], "parses": ["application/json"]}


@pytest.mark.parametrize("path", ALLOWED)
@pytest.mark.parametrize("method", METHODS)
async def test_method_that_the_path_has_not_is_refused(client: AsyncClient, path: str, method: str) -> None:
    answer = await client.request(method, path)
    if method in ALLOWED[path].split(", "):
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.headers["Allow"]) == (405, ALLOWED[path])
        assert method == "HEAD" or answer.json() == {"detail": f'Method "{method}" not allowed.'}


@pytest.mark.parametrize("method", ["OPTIONS", "DELETE"])
async def test_callers_are_known_below_the_api_alone(app: FastAPI, client: AsyncClient, method: str) -> None:
    app.dependency_overrides[current_caller] = nobody
    for path in ALLOWED:
        status = (await client.request(method, path)).status_code
        assert (status == 401) == path.startswith("/api/"), path


async def test_path_without_a_route_is_not_found(client: AsyncClient) -> None:
    answer = await client.options("/api/authors/")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


async def test_document_describes_own_methods_only(app: FastAPI) -> None:
    methods = {path: set(item) for path, item in app.openapi()["paths"].items()}
    assert methods == {
        "/api/books/": {"get", "head", "post"},
        "/api/books/{number}/": {"get"},
        "/api/books/{number}/lend/": {"post"},
        "/hours/": {"get"},
    }


async def test_slash_at_the_end_is_added_without_a_redirect(client: AsyncClient) -> None:
    assert (await client.post("/api/books")).json() == "added"
    assert (await client.get("/api/books/7")).json() == 7


async def test_head_is_get_without_its_body(client: AsyncClient) -> None:
    got, head = await client.get("/api/books/7/"), await client.head("/api/books/7/")
    assert (head.status_code, head.content, got.content) == (200, b"", b"7")
    counted = await client.head("/api/books/")
    assert counted.headers["X-Result-Count"] == "1"
    assert "Content-Length" not in counted.headers


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/json", 200),
        ("APPLICATION/JSON; q=0.1", 200),
        ("text/html, */*;q=0.1", 200),
        ("application/*", 200),
        ("", 200),
        ("text/html", 406),
        ("application/json;q=0", 406),
        ("*/*; q=0.0, text/html", 406),
    ],
)
async def test_clients_that_take_no_json_are_told(client: AsyncClient, accept: str, status: int) -> None:
    for method, path in (("GET", "/api/books/"), ("OPTIONS", "/api/books/"), ("POST", "/api/books/1/lend/")):
        assert (await client.request(method, path, headers={"Accept": accept})).status_code == status, path
