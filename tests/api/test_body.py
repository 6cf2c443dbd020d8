"""Bodies: what becomes of JSON, of none, and of what is none."""

from collections.abc import AsyncIterator
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from httpx import ASGITransport, AsyncClient
from pydantic import BaseModel

from app.api.body import documented_body, optional_body, required_body
from app.api.failures import answer_errors
from app.api.requests import current_caller
from app.api.wire import Comment
from tests.query.library import ADA


class Review(BaseModel):
    """What somebody thinks of a book."""

    stars: int
    comment: Comment | None = None


class Remark(BaseModel):
    comment: Comment | None = None


app = FastAPI()
answer_errors(app)


@app.post("/required/")
async def take_review(body: Annotated[Review, Depends(required_body(Review))]) -> Review:
    return body


@app.post("/optional/")
async def take_remark(body: Annotated[Remark, Depends(optional_body(Remark))]) -> Remark:
    return body


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    app.dependency_overrides[current_caller] = lambda: ADA
    async with AsyncClient(transport=ASGITransport(app), base_url="http://library.example.org") as opened:
        yield opened


@pytest.mark.parametrize("content", [b"", b" \n", b"{}", b'{"comment": null}', b'{"unknown": 1}'])
async def test_body_may_be_left_out(client: AsyncClient, content: bytes) -> None:
    answer = await client.post("/optional/", content=content)
    assert (answer.status_code, answer.json()) == (200, {"comment": None})


@pytest.mark.parametrize("path", ["/optional/", "/required/"])
async def test_body_is_taken_whatever_its_type_is_called(client: AsyncClient, path: str) -> None:
    for kind in ("application/json", "text/plain"):
        answer = await client.post(path, content='{"stars": 5, "comment": "ü"}', headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()["comment"]) == (200, "ü")


INVALID: list[tuple[bytes, dict[str, list[str]]]] = [
    (b"", {"stars": ["This field is required."]}),
    (b"{}", {"stars": ["This field is required."]}),
    (
        b'{"stars": "many", "comment": "\\u0000"}',
        {
            "stars": ["Input should be a valid integer, unable to parse string as an integer"],
            "comment": ["Null characters are not allowed."],
        },
    ),
    (b"[]", {"non_field_errors": ["Input should be an object"]}),
    (b"null", {"non_field_errors": ["Input should be an object"]}),
]


@pytest.mark.parametrize(("content", "messages"), INVALID, ids=[str(content) for content, _ in INVALID])
async def test_bad_members_are_told_together(
    client: AsyncClient, content: bytes, messages: dict[str, list[str]]
) -> None:
    answer = await client.post("/required/", content=content)
    assert (answer.status_code, answer.json()) == (400, messages)


@pytest.mark.parametrize("content", [b"{", b"a=b", b"\xff", b" ", b"[" * 1000])
async def test_what_is_no_json_is_malformed(client: AsyncClient, content: bytes) -> None:
    answer = await client.post("/required/", content=content)
    assert answer.status_code == 400
    assert answer.json().keys() == {"detail"}
    assert answer.json()["detail"].startswith("JSON parse error - ")


def test_document_describes_the_model() -> None:
    described = documented_body(Review, required=True)["requestBody"]
    assert described["required"] is True
    schema = described["content"]["application/json"]["schema"]
    assert (schema["description"], schema["required"]) == ("What somebody thinks of a book.", ["stars"])
    assert documented_body(Remark)["requestBody"]["required"] is False
