"""The OpenAPI document, corrected where the framework would describe what this service does not do."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from app.kit.filtering import EMPTY_IS_VALUE
from app.kit.responses import ERROR_SCHEMAS


class Lead:
    """One operation's answer leads to others, whose parameters are given as OpenAPI's runtime expressions."""

    def __init__(self, source: str, targets: tuple[str, ...], **parameters: str) -> None:
        self.source, self.targets, self.parameters = source, targets, parameters


@dataclass(frozen=True)
class Supplement:
    """What the routes do not say.

    `parameters` has examples by parameter, or by operation and parameter; `bodies` examples of request bodies by
    operation; `on_request` models of answers that operations give only if asked to, by header or setting.
    """

    parameters: Mapping[str, Any]
    bodies: Mapping[str, Any]
    on_request: Mapping[str, type[BaseModel]]
    leads: Sequence[Lead]


def describe(app: FastAPI, supplement: Supplement) -> Callable[[], dict[str, Any]]:
    """The document: errors in the documented shapes, parameters in documented order, examples, and links."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _corrected(app, supplement)
        return app.openapi_schema

    return document


def _corrected(app: FastAPI, supplement: Supplement) -> dict[str, Any]:
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        license_info=app.license_info,
    )
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas.update(ERROR_SCHEMAS)
    schemas.update({model.__name__: model.model_json_schema() for model in supplement.on_request.values()})
    operations = {operation["operationId"]: operation for operation in _operations(document)}
    for name, operation in operations.items():
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
        if app.state.settings.transition_response == "order_uuid" and name in supplement.on_request:
            operation["responses"]["200"]["content"] = _json(supplement.on_request[name])
        operation.get("parameters", []).sort(key=lambda parameter: parameter["name"])
        for parameter in operation.get("parameters", []):
            _allow_empty(parameter)
            _exemplify(parameter, name, supplement.parameters)
        _share_body(operation, schemas)
        if name in supplement.bodies:
            operation["requestBody"]["content"]["application/json"]["example"] = supplement.bodies[name]
    for lead in supplement.leads:
        _link(operations[lead.source], lead)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in ("get", "head", "post", "delete"):
                yield operation


def _link(operation: dict[str, Any], lead: Lead) -> None:
    success = min(operation["responses"])
    links = operation["responses"][success].setdefault("links", {})
    links.update({target: {"operationId": target, "parameters": lead.parameters} for target in lead.targets})


def _share_body(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Moves the schema of a body, and those it is made of, to where all schemas are."""
    body = operation.get("requestBody")
    if body and "title" in (schema := dict(body["content"]["application/json"]["schema"])):
        schemas.update(schema.pop("$defs", {}))
        schemas[schema["title"]] = schema
        reference = {"$ref": f"#/components/schemas/{schema['title']}"}
        operation["requestBody"] = {**body, "content": {"application/json": {"schema": reference}}}


def _json(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}


def _allow_empty(parameter: dict[str, Any]) -> None:
    """A query parameter that is given empty counts as not given, unless it says otherwise; some texts may be empty."""
    schema = parameter["schema"]
    empty_is_value = schema.pop(EMPTY_IS_VALUE, False)
    if parameter["in"] == "query" and not empty_is_value and not _may_be_empty(schema.get("items", schema)):
        parameter["allowEmptyValue"] = True


def _may_be_empty(schema: dict[str, Any]) -> bool:
    is_text = schema.get("type") == "string" and not {"format", "enum"} & schema.keys()
    return is_text and re.search(schema.get("pattern", ""), "") is not None


def _exemplify(parameter: dict[str, Any], operation: str, examples: Mapping[str, Any]) -> None:
    """Swagger UI fills in the example, so that trying an operation out works as it stands."""
    name = parameter["name"]
    for key in (f"{operation}.{name}", name):
        if key in examples:
            parameter["example"] = examples[key]
            return
