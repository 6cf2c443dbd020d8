"""What is called straight is answered as by the framework: the same values, once each, and the same errors in order."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, Header, Query, Request, Response
from httpx import ASGITransport, AsyncClient
from starlette.requests import HTTPConnection

from app.api.failures import answer_errors
from app.api.finding import find_by_path
from app.errors import NotFound, Unauthenticated

CALLS: list[str] = []


async def reader(request: Request) -> str:
    CALLS.append("reader")
    if "reader" not in request.headers:
        raise Unauthenticated("Who are you?")
    return request.headers["reader"]


class Shelf:
    async def __call__(self, connection: HTTPConnection, who: Annotated[str, Depends(reader)]) -> str:
        return f"{who}'s shelf at {connection.url.path}"


async def book(
    isbn: str,
    copies: Annotated[int, Query(alias="n")] = 1,
    words: Annotated[list[str], Query()] = [],  # noqa: B006
    lent: Annotated[bool, Header()] = False,
) -> list[object]:
    CALLS.append("book")
    if isbn == "lost":
        raise NotFound.of("book")
    words.append("end")
    return [isbn, copies, words, lent]


async def about(found: Annotated[list[object], Depends(book)], year: int = 1815) -> str:
    CALLS.append("about")
    return f"{found} of {year}"


def is_straight(request: Request) -> bool:
    return "fastapi_inner_astack" not in request.scope


def made_up() -> FastAPI:
    app = FastAPI()
    answer_errors(app)
    shelf = Annotated[str, Depends(Shelf())]

    @app.get("/books/{isbn}/", dependencies=[Depends(reader)])
    async def show(
        request: Request, response: Response, shelf: shelf, text: Annotated[str, Depends(about)], page: int = 1
    ) -> Response:
        response.headers["X-Lost"] = "as with any ready response"
        return Response(f"{shelf}: {text}, page {page}", headers={"X-Straight": str(is_straight(request))})

    @app.get("/titles/{isbn}/")
    async def title(request: Request, who: Annotated[str, Depends(reader)]) -> str:
        return f"{who}, {is_straight(request)}"

    return app


@pytest.fixture
def app() -> FastAPI:
    CALLS.clear()
    app = made_up()
    find_by_path(app)
    return app


def client_of(app: FastAPI) -> AsyncClient:
    return AsyncClient(transport=ASGITransport(app), base_url="http://library.example.org")


@pytest.fixture
async def straight(app: FastAPI) -> AsyncIterator[AsyncClient]:
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def usual() -> AsyncIterator[AsyncClient]:
    async with client_of(made_up()) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/books/1/", {"Reader": "Ada"}, 200),
        ("/books/1/?n=3&words=a&words=b&year=1816&page=2", {"Reader": "Ada", "Lent": "true"}, 200),
        ("/books/1/?unknown=3", {"Reader": "Ada"}, 200),
        ("/books/1/", {}, 401),
        ("/books/lost/?page=x", {"Reader": "Ada"}, 404),
        ("/books/1/?n=x", {}, 401),
        ("/books/1/?n=x&page=y&year=z", {"Reader": "Ada"}, 400),
        ("/books/1/?n=&words=&page=", {"Reader": "Ada"}, 400),
        ("/books/1/?year=z", {"Reader": "Ada", "Lent": "often"}, 400),
    ],
)
async def test_answer_is_that_of_the_framework(
    straight: AsyncClient, usual: AsyncClient, path: str, headers: dict[str, str], status: int
) -> None:
    answer, calls = await straight.get(path, headers=headers), [*CALLS]
    CALLS.clear()
    expected = await usual.get(path, headers=headers)
    assert (answer.status_code, answer.content) == (status, expected.content)
    assert (expected.status_code, CALLS) == (status, calls)
    differing = {"x-straight"} if status == 200 else set()
    assert {name for name, value in answer.headers.items() if expected.headers.get(name) != value} == differing


async def test_each_function_is_called_once(straight: AsyncClient) -> None:
    answer = await straight.get("/books/1/", headers={"Reader": "Ada"})
    assert answer.headers["X-Straight"] == "True"
    assert CALLS == ["reader", "book", "about"]


async def test_defaults_are_not_shared_by_requests(straight: AsyncClient) -> None:
    first, second = [await straight.get("/books/1/", headers={"Reader": "Ada"}) for _ in range(2)]
    assert first.text == second.text
    assert "['end']" in second.text


async def test_what_is_wrong_is_told_together(straight: AsyncClient) -> None:
    answer = await straight.get("/books/1/?n=x&page=y&year=z", headers={"Reader": "Ada"})
    assert set(answer.json()) == {"n", "page", "year"}


async def test_function_may_be_overridden(app: FastAPI, straight: AsyncClient) -> None:
    async def ada() -> str:
        return "Ada"

    app.dependency_overrides[reader] = ada
    assert (await straight.get("/books/1/")).text.startswith("Ada's shelf at /books/1/")


async def test_what_is_no_ready_response_is_left_to_the_framework(straight: AsyncClient) -> None:
    assert (await straight.get("/titles/1/", headers={"Reader": "Ada"})).json() == "Ada, False"


async def _sent() -> AsyncIterator[str]:
    yield "sent"


@pytest.mark.parametrize("dependency", [_sent, lambda: "sent"], ids=["generator", "synchronous"])
async def test_what_only_the_framework_can_call_is_left_to_it(dependency: Callable[..., object]) -> None:
    app = FastAPI()

    @app.get("/")
    async def show(request: Request, given: Annotated[str, Depends(dependency)]) -> Response:
        return Response(f"{given} {is_straight(request)}")

    find_by_path(app)
    async with client_of(app) as client:
        assert (await client.get("/")).text == "sent False"
