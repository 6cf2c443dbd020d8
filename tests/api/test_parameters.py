"""Parameters: what each type takes, what becomes of it, and what is said of anything else."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, NamedTuple
from uuid import UUID

import pytest
from fastapi import Depends, FastAPI
from httpx import ASGITransport, AsyncClient, Response
from pydantic import TypeAdapter, ValidationError

from app.api.failures import answer_errors
from app.api.parameters import (
    Exact,
    Fields,
    Flag,
    Moment,
    Number,
    Paged,
    Text,
    TextList,
    Uuid,
    UuidList,
    choice,
    path_uuid,
    uuid_at,
)
from app.query.pagination import Page

ONE, TWO = UUID("00000000-0000-4000-8000-0000000000ab"), UUID(int=2)
TYPES = {
    "uuid": TypeAdapter[object](Uuid),
    "uuids": TypeAdapter[object](UuidList),
    "flag": TypeAdapter[object](Flag),
    "number": TypeAdapter[object](Number),
    "moment": TypeAdapter[object](Moment),
    "text": TypeAdapter[object](Text),
    "exact": TypeAdapter[object](Exact),
    "texts": TypeAdapter[object](TextList),
    "choice": TypeAdapter[object](Annotated[str, choice(["one", "two"])]),
}
NO_UUID, NO_FLAG, NO_NUMBER = "Enter a valid UUID.", "Must be a valid boolean.", "Enter a number."
NO_MOMENT, NULL = "Enter a valid date/time.", "Null characters are not allowed."
TAKEN: list[tuple[str, object, object]] = [
    *(
        ("uuid", text, ONE)
        for text in (str(ONE), ONE.hex, str(ONE).upper(), f" {ONE} ", f"{{{ONE}}}", f"urn:uuid:{ONE}")
    ),
    *(("flag", text, True) for text in ("true", "TRUE", "1", " true ")),
    *(("flag", text, False) for text in ("false", "False", "0")),
    ("number", "3", Decimal(3)),
    ("number", " -1.50 ", Decimal("-1.5")),
    ("number", ".5", Decimal("0.5")),
    ("number", "1e3", Decimal(1000)),
    ("moment", "2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10, tzinfo=UTC)),
    ("moment", "2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
    ("text", " a b ", "a b"),
    ("exact", " a b ", " a b "),
    ("texts", ["a,b", "", ",c,"], ["a", "b", "c"]),
    ("texts", [" a "], [" a "]),
    ("uuids", [f"{ONE},{TWO}", ONE.hex], [ONE, TWO, ONE]),
    ("choice", "one", "one"),
]
REFUSED: list[tuple[str, object, str]] = [
    *(("uuid", text, NO_UUID) for text in ("x", f"{ONE}0", f"{ONE} {ONE}", f"{{{ONE}")),
    *(("flag", text, NO_FLAG) for text in ("yes", "2", "tru e", "null")),
    *(("number", text, NO_NUMBER) for text in ("three", "1,5", "NaN", "inf", "0x3", "1e99999999999999999999", "½")),
    ("moment", "yesterday", NO_MOMENT),
    ("moment", "2026-02-30", NO_MOMENT),
    *((kind, "a\x00", NULL) for kind in ("text", "exact")),
    ("texts", ["a,\x00"], NULL),
    ("uuids", [f"{ONE},x"], NO_UUID),
    ("choice", "One", "Select a valid choice. One is not one of the available choices."),
    ("choice", "{x}", "Select a valid choice. {x} is not one of the available choices."),
]


@pytest.mark.parametrize(("kind", "given", "value"), TAKEN, ids=repr)
def test_text_becomes_a_value(kind: str, given: object, value: object) -> None:
    assert TYPES[kind].validate_python(given) == value


@pytest.mark.parametrize(("kind", "given", "message"), REFUSED, ids=repr)
def test_anything_else_is_refused_and_told_why(kind: str, given: object, message: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TYPES[kind].validate_python(given)
    assert [error["msg"] for error in refused.value.errors()] == [message]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (str(ONE), ONE),
        (f" {ONE.hex} ", ONE),
        (f"/api/books/{ONE}/", ONE),
        (f"/api/books/{ONE}", ONE),
        (f"/api/novels/{ONE}/", ONE),
        (f"https://other.example.org:1/api/books/{ONE}/", ONE),
        (f"/api/authors/{ONE}/", None),
        (f"/api/books/{ONE}/pages/", None),
        (f"/books/{ONE}/", None),
        ("/api/books/", None),
        ("", None),
    ],
)
def test_uuid_is_found_in_urls_of_its_collections(text: str, found: UUID | None) -> None:
    assert uuid_at(text, "books", "novels") == found


app = FastAPI()
answer_errors(app)


@app.get("/page/")
async def show_page(page: Paged) -> object:
    return page


@app.get("/fields/")
async def show_fields(fields: Fields) -> object:
    return fields


@app.get("/books/{uuid}/")
async def show_uuid(uuid: Annotated[UUID, Depends(path_uuid("Book"))]) -> object:
    return uuid


async def ask(path: str) -> Response:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://library.example.org") as client:
        return await client.get(path)


class Asked(NamedTuple):
    """A query string, and the page that it asks for."""

    query: str
    number: int | None = 1
    size: int = 10


PAGES = [
    Asked(""),
    Asked("page=3", number=3),
    Asked("page=last", number=None),
    Asked("page="),
    Asked("page=LAST", number=0),
    Asked("page=x", number=0),
    Asked("page=1.0", number=0),
    Asked("page=-2", number=-2),
    Asked(f"page={'9' * 5000}", number=0),
    Asked("page=2&page=3", number=3),
    Asked("page_size=7", size=7),
    Asked("page_size=300", size=300),
    Asked("page_size=301", size=300),
    Asked("page_size=0"),
    Asked("page_size=-1"),
    Asked("page_size=ten"),
    Asked("page_size="),
    Asked("page=2&page_size=1", number=2, size=1),
]


@pytest.mark.parametrize("asked", PAGES, ids=lambda asked: asked.query[:20] or "none")
async def test_page_is_the_one_that_is_asked_for(asked: Asked) -> None:
    found = await ask(f"/page/?{asked.query}")
    assert Page(**found.json()) == Page(asked.number, asked.size)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", []),
        ("field=a", ["a"]),
        ("field=a&field=b", ["a", "b"]),
        ("field=a,b&field=,c,", ["a", "b", "c"]),
        ("field=", []),
    ],
)
async def test_fields_are_repeated_or_separated_by_commas(query: str, names: list[str]) -> None:
    assert (await ask(f"/fields/?{query}")).json() == names


async def test_of_what_is_no_uuid_nothing_is_found() -> None:
    assert (await ask(f"/books/{ONE.hex}/")).json() == str(ONE)
    refused = await ask("/books/emma/")
    assert (refused.status_code, refused.json()) == (404, {"detail": "No Book matches the given query."})
