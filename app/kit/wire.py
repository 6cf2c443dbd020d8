"""Scalar types of responses, as clients read them."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

Url = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]
"""An absolute URL."""
Cost = Annotated[
    Decimal,
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    WithJsonSchema({"type": "string", "format": "decimal", "pattern": r"^-?\d+\.\d{10}$"}),
]
"""An amount of money as text with ten decimals."""
FreeForm = dict[str, Any]
"""A JSON object whose members are not fixed."""


def _storable(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("invalid", "Null characters are not allowed.")
    return text


Comment = Annotated[str, AfterValidator(_storable), WithJsonSchema({"type": "string", "pattern": "^[^\\x00]*$"})]
"""Free text that PostgreSQL can store."""


GREATEST_NUMBER = 10**300


def _storable_json(value: Any) -> Any:
    """The value, unless PostgreSQL could not store it as JSON: null characters, NaN, numbers beyond counting."""
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, dict):
        return {_storable(key): _storable_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_storable_json(each) for each in value]
    if isinstance(value, (int, float)) and not abs(value) < GREATEST_NUMBER:
        raise PydanticCustomError("invalid", "Numbers must be finite, and less than 1e300.")
    return value


StorableJson = Annotated[dict[str, Any], AfterValidator(_storable_json)]
"""A JSON object that PostgreSQL can store."""
