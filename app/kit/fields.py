"""The `field` parameter: which members of an answer are wanted."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Query
from pydantic import BeforeValidator, WithJsonSchema

from app.kit.parameters import split_commas

_Names = Annotated[
    list[str],
    BeforeValidator(split_commas),
    WithJsonSchema({"type": "array", "items": {"type": "string"}}),
    Query(description="Members to return; may be repeated, or separated by commas. Unknown names are ignored."),
]


def _fields(field: _Names = []) -> Sequence[str]:  # noqa: B006
    return field


Fields = Annotated[Sequence[str], Depends(_fields)]
"""The names asked for; without a known one among them, all are meant."""
