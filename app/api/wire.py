"""Scalar types of responses, as clients read them."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, PlainSerializer, TypeAdapter, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypeAliasType

from app.api.parameters import refusal, storable_text
from app.values import NO_NULL, JsonObject

Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]
"""An absolute URL."""
Cost = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "pattern": r"^-?\d+\.\d{10}$"}),
]
"""An amount of money as text with ten decimals."""


Comment = Annotated[str, AfterValidator(storable_text), WithJsonSchema({"type": "string", "pattern": NO_NULL})]
"""Free text that PostgreSQL can store."""


GREATEST_NUMBER = 10**300


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


StorableJson = Annotated[JsonObject, AfterValidator(_storable_json)]
"""A JSON object that PostgreSQL can store."""
_Number = Annotated[float, Field(gt=-float(GREATEST_NUMBER), lt=float(GREATEST_NUMBER))]
StorableValue = TypeAliasType(
    "StorableValue", "bool | _Number | Comment | list[StorableValue] | dict[Comment, StorableValue] | None"
)
"""How a value in such an object is described in the OpenAPI document."""


class DescribedAs:
    """Annotates a type that is described as another one in the OpenAPI document."""

    def __init__(self, kind: type) -> None:
        self._adapter: TypeAdapter[object] = TypeAdapter(kind)

    def __get_pydantic_json_schema__(self, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self._adapter.core_schema)
