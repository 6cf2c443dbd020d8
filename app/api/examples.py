"""Examples in the OpenAPI document: of parameters, of request bodies, of answers and their headers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.values import JsonObject

OF_A_PAGE = ("field", "page_size")
_WRONG = {
    "boolean": "Must be a valid boolean.",
    "uuid": "Enter a valid UUID.",
    "date-time": "Enter a valid date/time.",
    "date": "Enter a valid date.",
}
"""What is said of a parameter that is none of that type or format."""
_NO_OBJECT = {"non_field_errors": ["Input should be an object"]}


@dataclass(frozen=True)
class Examples:
    """`parameters` are by name, or by operation and name; `bodies` by operation.

    `answers` are by the schema of the answer, or of an item of it; `errors` by status. Either may be by operation and
    media type, or operation and status, as well. `headers` are those of answers, by name.
    """

    parameters: Mapping[str, Any]
    bodies: Mapping[str, Any]
    answers: Mapping[str, Any]
    errors: Mapping[str, Any]
    headers: Mapping[str, Any]

    def put_into(self, operation: JsonObject, schemas: JsonObject) -> None:
        """Adds to an operation whatever examples there are for it."""
        name = operation["operationId"]
        self._put_into_parameters(name, operation.get("parameters", []))
        if name in self.bodies:
            operation["requestBody"]["content"]["application/json"]["example"] = self.bodies[name]
        for status, answer in operation["responses"].items():
            for header, described in answer.get("headers", {}).items():
                described["example"] = self.headers[header]
            for kind, content in answer.get("content", {}).items():
                found = self._of_answer(operation, kind, content["schema"])
                found = found if status < "400" else self._of_error(operation, status, schemas)
                if found is not None:
                    content["example"] = found

    def _put_into_parameters(self, operation: str, parameters: list[JsonObject]) -> None:
        """Swagger UI fills in each `example` and default; filters, which would leave one row, have theirs elsewhere."""
        is_page = "page" in {parameter["name"] for parameter in parameters}
        for parameter in parameters:
            name = parameter["name"]
            found = _first(self.parameters, f"{operation}.{name}", name)
            if found is None:
                continue
            if is_page and parameter["in"] == "query" and name not in OF_A_PAGE:
                parameter["schema"].pop("default", None)
                parameter["schema"]["examples"] = [found]
            else:
                parameter["example"] = found

    def _of_answer(self, operation: JsonObject, kind: str, schema: JsonObject) -> Any:
        if found := _first(self.answers, f"{operation['operationId']}.{kind}"):
            return found
        if "items" not in schema:
            return self.answers.get(_name(schema))
        item = self.answers.get(_name(schema["items"]))
        chosen = _chosen(operation)
        return item and [{name: item[name] for name in item if name in chosen} if chosen else item]

    def _of_error(self, operation: JsonObject, status: str, schemas: JsonObject) -> Any:
        found = _first(self.errors, f"{operation['operationId']}.{status}", status)
        return found or _refusal(operation, schemas) or self.errors["rule"]


def _first(examples: Mapping[str, Any], *keys: str) -> Any:
    return next((examples[key] for key in keys if key in examples), None)


def _name(schema: JsonObject) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _chosen(operation: JsonObject) -> list[str]:
    """The members that are answered if the operation is tried as it is filled in."""
    chosen = (each for each in operation.get("parameters", []) if each["name"] == "field")
    return next((each.get("example", []) for each in chosen), [])


def _refusal(operation: JsonObject, schemas: JsonObject) -> JsonObject | None:
    """What is told of a body or a parameter of the operation that does not have its form."""
    if body := operation.get("requestBody"):
        schema = schemas[_name(body["content"]["application/json"]["schema"])]
        required = schema.get("required")
        return {required[0]: ["This field is required."]} if required else _NO_OBJECT
    for parameter in operation.get("parameters", []):
        schema = parameter["schema"]
        wrong = _WRONG.get(str(schema.get("format", schema.get("type"))))
        if wrong and parameter["in"] == "query":
            return {parameter["name"]: [wrong]}
    return None
