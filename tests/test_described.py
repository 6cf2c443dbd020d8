"""What programs that read the OpenAPI document need: names, shapes, security, servers, and what is filled in."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient

from app.config import Settings
from app.main import create_app
from tests.conftest import BASE_URL
from tests.test_openapi import Document, operations

TOKEN: list[dict[str, list[str]]] = [{"tokenAuth": []}]


@pytest.fixture(scope="module")
def document(application: FastAPI) -> Document:
    return application.openapi()


def _referred(schema: Any) -> set[str]:
    return set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(schema)))


def _paths(schemas: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The ways from a schema to one that is on the way already."""
    for name in _referred(schemas[path[-1]]):
        if name in path:
            yield (*path, name)
        else:
            yield from _paths(schemas, (*path, name))


def test_no_schema_is_made_of_itself(document: Document) -> None:
    schemas = document["components"]["schemas"]
    assert [path for name in schemas for path in _paths(schemas, (name,))] == []


def test_names_of_schemas_are_short_words(document: Document) -> None:
    names = document["components"]["schemas"]
    assert [name for name in names if not re.fullmatch(r"[A-Z][A-Za-z]{2,31}", name)] == []


def test_titles_of_schemas_are_their_names(document: Document) -> None:
    titles = {name: schema.get("title", name) for name, schema in document["components"]["schemas"].items()}
    assert {name: title for name, title in titles.items() if title != name} == {}


def test_tags_are_described_once_and_used(document: Document) -> None:
    described = [tag["name"] for tag in document["tags"]]
    assert len(set(described)) == len(described)
    assert set(described) == {tag for operation in operations(document).values() for tag in operation["tags"]}


def test_security_is_declared_for_the_document_and_for_each_operation(document: Document) -> None:
    assert document["security"] == TOKEN
    for name, operation in operations(document).items():
        assert operation["security"] == ([] if name.startswith("health_") else TOKEN), name


def test_only_fields_and_size_of_a_page_are_filled_in(document: Document) -> None:
    """Swagger UI fills in examples and defaults of parameters, but no `examples` of their schemas."""
    pages = {name: {each["name"]: each for each in item["parameters"]} for name, item in _with_pages(document)}
    assert len(pages) > 20
    for name, parameters in pages.items():
        filled = {each["name"] for each in parameters.values() if _is_filled_in(each) and each["in"] == "query"}
        assert filled == {"page_size"} | (parameters.keys() & {"field"}), name


def _with_pages(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, operation in operations(document).items():
        if "page" in {each["name"] for each in operation.get("parameters", [])}:
            yield name, operation


def _is_filled_in(parameter: dict[str, Any]) -> bool:
    return bool({"example", "examples"} & parameter.keys() or {"example", "default"} & parameter["schema"].keys())


@pytest.mark.parametrize(
    ("base_url", "headers", "server"),
    [
        (None, {}, BASE_URL),
        (None, {"Host": "10.0.0.7:8443"}, "http://10.0.0.7:8443"),
        ("https://booking.example.org", {"Host": "booking.example.org"}, "https://booking.example.org"),
        ("https://booking.example.org", {"Host": "127.0.0.1:8000"}, "http://127.0.0.1:8000"),
    ],
)
async def test_served_document_names_where_it_was_asked_for(
    application: FastAPI, base_url: str | None, headers: dict[str, str], server: str
) -> None:
    application.state.settings = Settings(base_url=base_url)
    async with AsyncClient(transport=ASGITransport(application), base_url=BASE_URL) as client:
        served = (await client.get("/openapi.json", headers=headers)).json()
    assert [each["url"] for each in served["servers"]] == [server]
    assert served["paths"] == json.loads(json.dumps(application.openapi()["paths"]))


@pytest.mark.parametrize(
    ("base_url", "server"), [(None, "http://127.0.0.1:8000"), ("https://a.example.org", "https://a.example.org")]
)
def test_printed_document_names_the_setting_or_the_usual_address(base_url: str | None, server: str) -> None:
    document = create_app(Settings(base_url=base_url)).openapi()
    assert [each["url"] for each in document["servers"]] == [server]
