"""Scalar types of responses, as clients read them."""

import json
import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, from_json
from typing_extensions import TypeAliasType

from app.api.parameters import refusal, storable_text
from app.values import NO_NULL, WEB_ADDRESS, JsonObject

Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]
"""An absolute URL."""
Cost = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "pattern": r"^-?\d+\.\d{10}$"}),
]
"""An amount of money as text with ten decimals."""


LONGEST_COMMENT = 10_000
LARGEST_JSON = 64 * 1024


def _web_address(text: str) -> str:
    """The URL, unless it is none that a browser may be sent to; one with `javascript:` would run there."""
    if re.fullmatch(WEB_ADDRESS, text) is None:
        raise refusal("Enter a valid URL that begins with http:// or https://.")
    return _short_text(text)


_WEB_ADDRESS = {"type": "string", "format": "uri", "pattern": WEB_ADDRESS, "maxLength": LONGEST_COMMENT}
WebAddress = Annotated[str, AfterValidator(_web_address), WithJsonSchema(_WEB_ADDRESS)]
"""An absolute URL of the web, as it is given."""

GREATEST_NUMBER = 10**300


def _short_text(text: str) -> str:
    if len(text) > LONGEST_COMMENT:
        raise refusal(f"Ensure this field has no more than {LONGEST_COMMENT} characters.")
    return storable_text(text)


_COMMENT = {"type": "string", "pattern": NO_NULL, "maxLength": LONGEST_COMMENT}
_Storable = Annotated[str, WithJsonSchema({"type": "string", "pattern": NO_NULL})]
Comment = Annotated[str, AfterValidator(_short_text), WithJsonSchema(_COMMENT)]
"""Free text that PostgreSQL can store, of limited length."""


def _storable_json(value: object) -> object:
    """The value, unless PostgreSQL could not store it as JSON: null characters, NaN, numbers beyond counting."""
    if isinstance(value, str):
        return storable_text(value)
    if isinstance(value, dict):
        return {storable_text(key): _storable_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_storable_json(each) for each in value]
    if isinstance(value, (int, float)) and not abs(value) < GREATEST_NUMBER:
        raise refusal("Numbers must be finite, and less than 1e300.")
    return value


def _small_json(value: JsonObject) -> JsonObject:
    if len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")) > LARGEST_JSON:
        raise refusal(f"Ensure this field has no more than {LARGEST_JSON} bytes as JSON.")
    return value


StorableJson = Annotated[JsonObject, AfterValidator(_small_json), AfterValidator(_storable_json)]
"""A JSON object that PostgreSQL can store, of limited size."""


def _json_object(text: str) -> object:
    """The object that a text is, as JSON, if it is one."""
    try:
        found = from_json(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise refusal("Enter a JSON object.")
    return found


JsonText = Annotated[StorableJson, BeforeValidator(_json_object), WithJsonSchema({"type": "string"})]
"""A JSON object that PostgreSQL can store, given as text."""
_Number = Annotated[float, Field(gt=-float(GREATEST_NUMBER), lt=float(GREATEST_NUMBER))]
AnyStorableJson = Annotated[JsonObject, AfterValidator(_storable_json)]
"""A JSON object that PostgreSQL can store, as large as a body may be."""
StorableValue = TypeAliasType(
    "StorableValue",
    Annotated[
        bool | _Number | _Storable | list[Any] | JsonObject | None,
        Field(description="Any JSON, without null characters and with numbers below 1e300, at any depth."),
    ],
)
"""How a value in such an object is described in the OpenAPI document: not by itself, which some generators refuse."""


class DescribedAs:
    """Annotates a type that is described as another one in the OpenAPI document."""

    def __init__(self, kind: type) -> None:
        self._adapter: TypeAdapter[object] = TypeAdapter(kind)

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self._adapter.core_schema)
