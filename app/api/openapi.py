"""The OpenAPI document, corrected where the framework would describe what this service does not do."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from starlette.routing import Route

from app.api.asking import Asked
from app.api.examples import Examples
from app.api.requests import base_url
from app.query.filtering import FilterSet
from app.values import JsonObject

USUAL_ADDRESS = "http://127.0.0.1:8000"
"""Where the command that serves listens, unless it is told otherwise."""


@dataclass(frozen=True)
class Links:
    """One operation's answer leads to others, whose parameters are given as OpenAPI's runtime expressions."""

    source: str
    targets: Sequence[str]
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Supplement:
    """What the routes do not say.

    `description`, `tags` and `schemas` (of errors) are the document's own. `on_request` has models of answers that
    operations give only if asked to, by header or setting.
    """

    description: str
    tags: list[JsonObject]
    schemas: JsonObject
    examples: Examples
    on_request: Mapping[str, type[BaseModel]]
    links: Sequence[Links]


def describe(app: FastAPI, supplement: Callable[[], Supplement]) -> None:
    """Has the application say and serve its document: errors in their shapes, parameters in order, examples, links.

    What is served names the address at which it was asked for, which generators put into clients.
    """

    def document() -> JsonObject:
        if app.openapi_schema is None:
            app.openapi_schema = _corrected(app, supplement())
        return app.openapi_schema

    async def answer(request: Request) -> JSONResponse:
        return JSONResponse({**document(), "servers": _servers(_address(request))})

    app.openapi = document  # type: ignore[method-assign]
    app.router.routes.insert(0, Route(str(app.openapi_url), answer, include_in_schema=False))


def _address(request: Request) -> str:
    """As the client sees it: of a proxy that does not tell whether it speaks TLS, the setting knows."""
    asked, known = base_url(request), request.app.state.settings.base_url
    return known if known and urlsplit(known).netloc == urlsplit(asked).netloc else asked


def _servers(address: str) -> list[JsonObject]:
    return [{"url": address, "description": "The service that this document is of."}]


def _corrected(app: FastAPI, supplement: Supplement) -> JsonObject:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=supplement.description,
        routes=app.routes,
        tags=supplement.tags,
        servers=_servers(app.state.settings.base_url or USUAL_ADDRESS),
        license_info=app.license_info,
    )
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.update(supplement.schemas)
    schemas.update({model.__name__: model.model_json_schema() for model in supplement.on_request.values()})
    operations = {operation["operationId"]: operation for operation in _operations(document)}
    for name, operation in operations.items():
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
        if app.state.settings.transition_response == "order_uuid" and name in supplement.on_request:
            operation["responses"]["200"]["content"] = _json(supplement.on_request[name])
        _share_body(operation, schemas)
    _correct_parameters(operations, schemas, _empty_values(app))
    for operation in operations.values():
        supplement.examples.put_into(operation, schemas)
    _secure(document)
    for links in supplement.links:
        _link(operations[links.source], links)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _correct_parameters(
    operations: Mapping[str, JsonObject], schemas: JsonObject, empty: Mapping[str, set[str]]
) -> None:
    for name, operation in operations.items():
        operation.get("parameters", []).sort(key=lambda parameter: parameter["name"])
        for parameter in operation.get("parameters", []):
            schemas.update({**parameter["schema"].pop("$defs", {}), **schemas})
            _allow_empty(parameter, empty[name])


def _secure(document: JsonObject) -> None:
    """Says of the whole document what its operations take, and of those that need no token that they need none."""
    document["security"] = [{name: []} for name in document["components"]["securitySchemes"]]
    for operation in _operations(document):
        operation.setdefault("security", [])


def _empty_values(app: FastAPI) -> dict[str, set[str]]:
    """By operation, the parameters whose empty value does not count as not given."""
    found = {}
    for route in iter_route_contexts(app.routes):
        if getattr(route, "operation_id", None) and route.include_in_schema:
            found[route.operation_id] = {
                name for filters in _filters_of(route.dependant) for name in filters.empty_values()
            }
    return found


def _filters_of(dependant: Dependant) -> Iterator[type[FilterSet]]:
    if isinstance(dependant.call, Asked):
        yield dependant.call.filters
    for parameter in dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, FilterSet):
            yield kind
    for inner in dependant.dependencies:
        yield from _filters_of(inner)


def _operations(document: JsonObject) -> Iterator[JsonObject]:
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in ("get", "head", "post", "put", "delete"):
                yield operation


def _link(operation: JsonObject, links: Links) -> None:
    success = min(operation["responses"])
    described = operation["responses"][success].setdefault("links", {})
    described.update({target: {"operationId": target, "parameters": links.parameters} for target in links.targets})


def _share_body(operation: JsonObject, schemas: JsonObject) -> None:
    """Moves the schema of a body, and those it is made of, to where all schemas are."""
    body = operation.get("requestBody")
    if body and "title" in (schema := dict(body["content"]["application/json"]["schema"])):
        schemas.update(schema.pop("$defs", {}))
        schemas[schema["title"]] = schema
        reference = {"$ref": f"#/components/schemas/{schema['title']}"}
        operation["requestBody"] = {**body, "content": {"application/json": {"schema": reference}}}


def _json(model: type[BaseModel]) -> JsonObject:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}


def _allow_empty(parameter: JsonObject, empty_values: set[str]) -> None:
    """A query parameter that is given empty counts as not given, unless it says otherwise; some texts may be empty."""
    schema = parameter["schema"]
    counts = parameter["name"] in empty_values
    if parameter["in"] == "query" and not counts and not _may_be_empty(schema.get("items", schema)):
        parameter["allowEmptyValue"] = True


def _may_be_empty(schema: JsonObject) -> bool:
    is_text = schema.get("type") == "string" and not {"format", "enum"} & schema.keys()
    return is_text and re.search(schema.get("pattern", ""), "") is not None
