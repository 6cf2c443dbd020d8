"""The OpenAPI document, corrected where the framework would describe what this service does not do."""

from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from app.kit.filtering import EMPTY_IS_VALUE
from app.kit.responses import ERROR_SCHEMAS


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for method, operation in path.items():
            if method in ("get", "head", "post", "delete"):
                yield operation


def describe(
    app: FastAPI, examples: dict[str, Any], bodies: dict[str, type[BaseModel]]
) -> Callable[[], dict[str, Any]]:
    """The document: errors in the documented shapes, parameters in documented order, with an example for each.

    `bodies` are models of answers that operations give only if asked to, by header or setting, by operation id.
    """

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _corrected(app, examples, bodies)
        return app.openapi_schema

    return document


def _corrected(app: FastAPI, examples: dict[str, Any], bodies: dict[str, type[BaseModel]]) -> dict[str, Any]:
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
    schemas.update({model.__name__: model.model_json_schema() for model in bodies.values()})
    for operation in _operations(document):
        if "HTTPValidationError" in str(operation["responses"].get("422")):
            del operation["responses"]["422"]
        if app.state.settings.transition_response == "order_uuid" and operation["operationId"] in bodies:
            operation["responses"]["200"]["content"] = _json(bodies[operation["operationId"]])
        operation.get("parameters", []).sort(key=lambda parameter: parameter["name"])
        for parameter in operation.get("parameters", []):
            _allow_empty(parameter)
            _exemplify(parameter, operation["operationId"], examples)
        _share_body(operation, schemas)
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


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
    """A query parameter that is given empty counts as not given, unless it says otherwise."""
    empty_is_value = parameter["schema"].pop(EMPTY_IS_VALUE, False)
    if parameter["in"] == "query" and not empty_is_value:
        parameter["allowEmptyValue"] = True


def _exemplify(parameter: dict[str, Any], operation: str, examples: dict[str, Any]) -> None:
    """Swagger UI fills in the example, so that trying an operation out works as it stands."""
    name = parameter["name"]
    for key in (f"{operation}.{name}", name):
        if key in examples:
            parameter["example"] = examples[key]
            return
