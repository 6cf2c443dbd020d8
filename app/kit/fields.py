"""The `field` parameter: which members of an answer are wanted."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator, WithJsonSchema

from app.kit.fieldset import Fieldset
from app.kit.parameters import split_commas


def fields_of(model: type[Fieldset]) -> Callable[..., Sequence[str]]:
    """A dependency that gives the names asked for. Unknown names are ignored; without a known one, all are meant."""
    known = {"type": "string", "enum": list(model.model_fields)}
    schema = {"type": "array", "items": {"anyOf": [known, {"type": "string", "description": "Ignored."}]}}
    names = Annotated[list[str], BeforeValidator(split_commas), WithJsonSchema(schema)]

    def fields(
        field: Annotated[names, Query(description="Members to return; may be repeated, or separated by commas.")] = [],  # noqa: B006
    ) -> Sequence[str]:
        return field

    return fields
