"""Bodies of which nothing is lost in silence: what is not kept may only be sent without a value."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, WithJsonSchema
from typing_extensions import TypeAliasType

from app.api.parameters import refusal, storable_text
from app.values import JsonObject

LONGEST_NAME = 150
_EMPTY: tuple[object, ...] = (None, "", False, 0, [], {})


def _nothing(value: object) -> object:
    if value not in _EMPTY:
        raise refusal("This is not kept here; leave it out.")
    return value


def _not_blank(text: str) -> str:
    if not text.strip():
        raise refusal("This field may not be blank.")
    if len(text.strip()) > LONGEST_NAME:
        raise refusal(f"Ensure this field has no more than {LONGEST_NAME} characters.")
    return storable_text(text.strip())


_SAYS_NOTHING: list[JsonObject] = [
    {"type": "null"},
    {"type": "string", "maxLength": 0},
    {"type": "boolean", "const": False},
    {"type": "number", "minimum": 0, "maximum": 0},
    {"type": "array", "items": {}, "maxItems": 0},
    {"type": "object", "maxProperties": 0},
]
"""The same for the OpenAPI document, kind by kind: generators make no type of a list of values of several kinds."""
_DESCRIBED = {"description": "Nothing, as it is not kept.", "anyOf": _SAYS_NOTHING}
NotKept = TypeAliasType("NotKept", Annotated[object, AfterValidator(_nothing), WithJsonSchema(_DESCRIBED)])
"""Any value that says nothing."""
_NAME = {"type": "string", "pattern": r"^[^\x00]*[^\s\x00][^\x00]*$", "maxLength": LONGEST_NAME}
Name = Annotated[str, AfterValidator(_not_blank), WithJsonSchema(_NAME)]
"""What something is called, without outer blanks."""
Slug = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]*$", max_length=255)]
"""A short name; an empty one is made of the name."""


class KeptBody(BaseModel):
    """A body of whose members each is kept, or refused unless it says nothing."""

    model_config = ConfigDict(extra="allow", strict=True)
    __pydantic_extra__: dict[str, NotKept]
