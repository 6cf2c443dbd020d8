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
