"""The example answers of the OpenAPI document are what the demo answers, but for moments and new UUIDs.

Where they differ, the ones of now are written to `build/document_answers.json`, to be looked at and put in place.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.accounts.repository import create_token
from tests.conftest import BASE_URL
from tests.test_openapi import Document, document, operations, validate

__all__ = ["document"]

pytestmark = pytest.mark.slow

ANSWERS = Path(__file__).parents[1] / "app" / "document_answers.json"
NOW = Path("build/document_answers.json")
JSON = "application/json"
HOST = "http://127.0.0.1:8000"
MOST_ITEMS = 2
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(T[0-9:.]+(Z|[+-]\d\d:\d\d))?")
NEW = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[47][0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}")
"""A UUID that is made up; those of the demo are not."""
ROWS = (
    *(
        "BasePublicPlan",
        "BookingResource",
        "BookingRules",
        "Customer",
        "MarketplaceCategory",
        "Offering",
        "OrderCreate",
    ),
    *("OrderDetails", "Project", "ProviderOfferingDetails", "PublicOfferingDetails", "Resource", "User", "UserMe"),
)
"""Answers about rows of the demo that its examples name."""


@pytest.fixture
async def answered(document: Document, demo_client: AsyncClient, demo_rows: AsyncConnection) -> dict[str, Any]:
    """What staff gets of the demo, by schema of an answer or of its items, or by operation and media type."""
    staff = {"Authorization": f"Token {await create_token(demo_rows, 'staff')}"}
    found: dict[str, Any] = {}
    worked = sorted(_worked(document), key=_order)
    for path, method, operation in (*worked, *worked):  # there is a history only once something has changed
        for kind, content in _success(operation).get("content", {}).items():
            name = _name(content["schema"]) if kind == JSON else f"{operation['operationId']}.{kind}"
            if name not in found and content["schema"].get("format") != "binary":
                response = await _ask(demo_client, path, method, operation, {**staff, "Accept": kind})
                if response.is_success and (shown := _shown(response)):
                    found[name] = shown
    return dict(sorted(found.items()))


def test_example_answers_are_those_of_the_demo(answered: dict[str, Any]) -> None:
    kept = json.loads(ANSWERS.read_text())
    same = _steady(kept["answers"]) == _steady(answered)
    if not same:
        NOW.parent.mkdir(exist_ok=True)
        NOW.write_text(json.dumps({**kept, "answers": answered}, indent=1, ensure_ascii=False) + "\n")
    assert same, f"Look at {NOW}, and put it in place of {ANSWERS.name}."


def _worked(document: Document) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, each) for path, item in document["paths"].items() for method, each in item.items()]


def _order(worked: tuple[str, str, dict[str, Any]]) -> tuple[bool, bool]:
    """Single rows first, then lists, and what changes something at last."""
    _, method, operation = worked
    return method != "get", not operation["operationId"].endswith("_retrieve")


def _success(operation: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = operation["responses"][min(operation["responses"])]
    return answer


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("items", schema)["$ref"]).rpartition("/")[2]


async def _ask(
    client: AsyncClient, path: str, method: str, operation: dict[str, Any], headers: dict[str, str]
) -> Response:
    """Tries an operation as Swagger UI fills it in, with all members where the answer is JSON."""
    given = {each["name"]: each["example"] for each in operation.get("parameters", []) if "example" in each}
    placed = {each["name"] for each in operation.get("parameters", []) if each["in"] != "query"}
    query = {name: value for name, value in given.items() if name not in placed}
    if headers["Accept"] == JSON:
        query.pop("field", None)
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    return await client.request(method, path.format(**given), params=query, json=body, headers=headers)


def _shown(response: Response) -> Any:
    """What an answer has, made short, as at the address of a demo."""
    text = response.text.replace(BASE_URL, HOST)
    if "json" not in response.headers["Content-Type"]:
        return "".join(text.lstrip("\ufeff").splitlines(keepends=True)[: MOST_ITEMS + 1])
    found = _short(json.loads(text))
    return found if isinstance(found, dict) else next(iter(found), None)


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _short(each) for name, each in value.items()}
    return [_short(each) for each in value[:MOST_ITEMS]] if isinstance(value, list) else value


def _steady(answers: dict[str, Any]) -> dict[str, Any]:
    """The answers without what depends on when the demo was begun: moments, and which row is the first of a list."""
    return {name: _masked(each) if name in ROWS else _outline(each) for name, each in answers.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_masked(each) for each in value]
    return NEW.sub("<new>", MOMENT.sub("<moment>", value)) if isinstance(value, str) else value


def _outline(value: Any) -> list[str]:
    """The members of an object, or the columns of a table."""
    return list(value) if isinstance(value, dict) else value.splitlines()[0].split(",")


def test_every_answer_has_a_valid_example(document: Document) -> None:
    for name, operation in operations(document).items():
        for status, answer in operation["responses"].items():
            for kind, content in answer.get("content", {}).items():
                if content["schema"].get("format") == "binary":
                    assert "example" not in content
                else:
                    assert "example" in content, f"{name} {status} {kind}"
                    validate(document, content["schema"], content["example"])
            for header in answer.get("headers", {}).values():
                validate(document, header["schema"], header["example"])


def test_every_operation_is_described_and_shows_an_answer(document: Document) -> None:
    for name, operation in operations(document).items():
        assert len(operation["summary"]) > 8, name
        assert operation["description"].endswith("."), name
        shown = [
            example
            for answer in operation["responses"].values()
            for example in (*answer.get("content", {}).values(), *answer.get("headers", {}).values())
            if "example" in example
        ]
        assert shown, name
