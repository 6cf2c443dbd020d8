"""How answers are described in the OpenAPI document, and how what has been made is answered."""

import pytest

from app.api.responses import DETAIL, PARAMETER_ERRORS, RULE_ERRORS, answers, created, headers

ALWAYS = {401, 406, 429, 500, 503}


@pytest.mark.parametrize("statuses", [(), (404,), (404, 400), (401, 409)], ids=str)
def test_answers_that_any_operation_may_give_are_added(statuses: tuple[int, ...]) -> None:
    assert list(answers(*statuses)) == sorted({*statuses, *ALWAYS})


def test_errors_have_their_shape() -> None:
    described = answers(400, 404)
    shapes = {status: each["content"]["application/json"]["schema"] for status, each in described.items()}
    assert shapes == {400: PARAMETER_ERRORS, **dict.fromkeys((401, 404, 406, 429, 500, 503), DETAIL)}


def test_broken_rules_are_described_where_there_are_any() -> None:
    usual, special = answers(400)[400], answers(400, on_400=RULE_ERRORS)[400]
    assert special["content"]["application/json"]["schema"] == RULE_ERRORS
    assert special["description"].startswith(usual["description"])
    assert special["description"] != usual["description"]


def test_headers_of_errors_are_described() -> None:
    described = answers(404)
    assert described[401]["headers"].keys() == {"WWW-Authenticate"}
    assert "headers" not in described[404]


def test_header_is_described_by_meaning_and_type() -> None:
    assert headers({"X-Count": ("How many.", "integer")})["X-Count"] == {
        "description": "How many.",
        "required": True,
        "schema": {"type": "integer"},
    }


def test_what_has_been_made_says_where_it_is() -> None:
    response = created({"url": "http://library.example.org/books/1/", "title": "Emma"})
    assert (response.status_code, response.headers["Location"]) == (201, "http://library.example.org/books/1/")
    assert response.body == b'{"url":"http://library.example.org/books/1/","title":"Emma"}'
