"""The OpenAPI document, corrected where the framework would describe what this service does not do."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from app.query.filtering import FilterSet
from app.values import JsonObject


@dataclass(frozen=True)
class Links:
    """One operation's answer leads to others, whose parameters are given as OpenAPI's runtime expressions."""

    source: str
    targets: Sequence[str]
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Supplement:
    """What the routes do not say.

    `description`, `tags` and `schemas` (of errors) are the document's own. `parameters` has examples by parameter, or
    by operation and parameter; `bodies` examples of request bodies by operation; `on_request` models of answers that
    operations give only if asked to, by header or setting.
    """

    description: str
    tags: list[JsonObject]
    schemas: JsonObject
    parameters: Mapping[str, Any]
    bodies: Mapping[str, Any]
    on_request: Mapping[str, type[BaseModel]]
    links: Sequence[Links]


def describe(app: FastAPI, supplement: Callable[[], Supplement]) -> Callable[[], JsonObject]:
    """The document: errors in the documented shapes, parameters in documented order, examples, and links."""

    def document() -> JsonObject:
        if app.openapi_schema is None:
            app.openapi_schema = _corrected(app, supplement())
        return app.openapi_schema

    return document


def _corrected(app: FastAPI, supplement: Supplement) -> JsonObject:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=supplement.description,
        routes=app.routes,
        tags=supplement.tags,
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
        if name in supplement.bodies:
            operation["requestBody"]["content"]["application/json"]["example"] = supplement.bodies[name]
    _correct_parameters(operations, supplement.parameters, _empty_values(app))
    for links in supplement.links:
        _link(operations[links.source], links)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _correct_parameters(
    operations: Mapping[str, JsonObject], examples: Mapping[str, Any], empty: Mapping[str, set[str]]
) -> None:
    for name, operation in operations.items():
        operation.get("parameters", []).sort(key=lambda parameter: parameter["name"])
        for parameter in operation.get("parameters", []):
            _allow_empty(parameter, empty[name])
            _exemplify(parameter, name, examples)


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
    for parameter in dependant.query_params:
        kind = parameter.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, FilterSet):
            yield kind
    for inner in dependant.dependencies:
        yield from _filters_of(inner)


def _operations(document: JsonObject) -> Iterator[JsonObject]:
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in ("get", "head", "post", "delete"):
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


def _exemplify(parameter: JsonObject, operation: str, examples: Mapping[str, Any]) -> None:
    """Swagger UI fills in the example, so that trying an operation out works as it stands."""
    name = parameter["name"]
    for key in (f"{operation}.{name}", name):
        if key in examples:
            parameter["example"] = examples[key]
            return
