"""What a list is asked for: filters, orderings and fields, read together, and refused together."""

from typing import Annotated
from urllib.parse import quote

import pytest
from fastapi import Depends, FastAPI
from httpx import ASGITransport, AsyncClient, Response

from app.api.asking import Asked
from app.api.failures import answer_errors
from app.api.parameters import Flag, Text, TextList, Uuid
from app.query.filtering import FilterSet, given
from app.query.lists import ListQuery

NO_UUID, NO_FLAG, NULL = "Enter a valid UUID.", "Must be a valid boolean.", "Null characters are not allowed."


class BookFilters(FilterSet):
    """What books can be found by."""

    author_uuid: Uuid = given("Who wrote it.")
    is_lent: Flag = given("Whether it is out.")
    title: Text = given("The title.")
    shelf: TextList = given("Any of the shelves.")


asked = Asked(BookFilters, ["title", "pages"])
app = FastAPI()
answer_errors(app)


@app.get("/books/", openapi_extra=asked.documented())
async def list_books(query: Annotated[ListQuery, Depends(asked)]) -> object:
    return query.filters.model_dump(exclude_unset=True), query.orderings, query.fields


async def ask(query: str) -> Response:
    async with AsyncClient(transport=ASGITransport(app), base_url="http://library.example.org") as client:
        return await client.get(f"/books/?{query}")


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("", {}),
        ("title=Emma", {"title": "Emma"}),
        ("title=Emma&title=Persuasion", {"title": "Persuasion"}),
        ("title=&is_lent=", {}),
        ("is_lent=1&shelf=a,b&shelf=c", {"is_lent": True, "shelf": ["a", "b", "c"]}),
        ("colour=red&page=2", {}),
    ],
)
async def test_filters_are_what_is_given(query: str, filters: object) -> None:
    assert (await ask(query)).json() == [filters, [], []]


@pytest.mark.parametrize(
    ("query", "orderings", "fields"),
    [
        ("o=title", ["title"], []),
        ("o=-pages,title", ["-pages", "title"], []),
        ("o=title&o=pages", ["title", "pages"], []),
        ("o=&field=", [], []),
        ("field=a&field=b,,c&o=pages", ["pages"], ["a", "b", "c"]),
    ],
)
async def test_orderings_and_fields_are_chosen(query: str, orderings: list[str], fields: list[str]) -> None:
    assert (await ask(query)).json() == [{}, orderings, fields]


@pytest.mark.parametrize("name", ["colour", "--title", "Title", "+title", " "])
async def test_unknown_ordering_is_refused(name: str) -> None:
    refused = await ask(f"o={quote(name)}")
    told = f"Select a valid choice. {name} is not one of the available choices."
    assert (refused.status_code, refused.json()) == (400, {"o": [told]})


async def test_all_that_is_wrong_is_told_at_once() -> None:
    refused = await ask("author_uuid=x&is_lent=maybe&o=pages,colour&field=a&title=%00")
    told = {
        "author_uuid": [NO_UUID],
        "is_lent": [NO_FLAG],
        "o": ["Select a valid choice. colour is not one of the available choices."],
        "title": [NULL],
    }
    assert (refused.status_code, refused.json()) == (400, told)


def test_document_tells_of_each_parameter() -> None:
    parameters = app.openapi()["paths"]["/books/"]["get"]["parameters"]
    assert {each["name"]: each["schema"]["type"] for each in parameters} == {
        "author_uuid": "string",
        "is_lent": "boolean",
        "title": "string",
        "shelf": "array",
        "o": "array",
        "field": "array",
    }
    assert [each["description"] for each in parameters[:2]] == ["Who wrote it.", "Whether it is out."]
    assert not any(each["required"] for each in parameters)
