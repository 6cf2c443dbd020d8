"""Query parameters that filter a list: each says its type, its condition and its meaning in one line."""

from collections.abc import Callable, Iterator
from typing import Any

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import ColumnElement

EMPTY_IS_VALUE = "x-empty-is-value"
"""Mark in the JSON schema of a parameter whose empty value does not count as not given."""


class Condition:
    """How a parameter's value becomes an SQL condition, and whether an empty value is one."""

    def __init__(self, build: Callable[[Any], ColumnElement[bool]], *, empty_is_value: bool) -> None:
        self.build = build
        self.empty_is_value = empty_is_value

    def __call__(self, schema: dict[str, Any]) -> None:
        """Corrects the JSON schema: a parameter that is not given does not filter, so it has no default."""
        schema.pop("default", None)
        if self.empty_is_value:
            schema[EMPTY_IS_VALUE] = True


def where(
    build: Callable[[Any], ColumnElement[bool]],
    description: str,
    *,
    extension: bool = False,
    empty_is_value: bool = False,
) -> Any:
    """A filter parameter; `extension` marks one that the published contract of November 2025 does not have."""
    told = f"{description} (An extension.)" if extension else description
    return Field(default=None, description=told, json_schema_extra=Condition(build, empty_is_value=empty_is_value))


class FilterSet(BaseModel):
    """Filters of a list. What is not given, or given empty, does not filter."""

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: Any) -> Any:
        kept = {name for name, condition in cls._table() if condition.empty_is_value}
        return {name: value for name, value in values.items() if name in kept or _given(value)}

    @classmethod
    def _table(cls) -> Iterator[tuple[str, Condition]]:
        for name, field in cls.model_fields.items():
            if isinstance(field.json_schema_extra, Condition):
                yield name, field.json_schema_extra

    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions of the parameters that were given; all must hold."""
        given = self.model_fields_set
        return [condition.build(getattr(self, name)) for name, condition in self._table() if name in given]


def _given(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and any(part.strip() for each in value for part in each.split(","))


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """Whether the column contains the text, in any case; wildcards of LIKE are literal characters."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    condition: ColumnElement[bool] = column.ilike(f"%{escaped}%", escape="\\")
    return condition
