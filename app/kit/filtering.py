"""Query parameters that filter a list: each says its type, its condition and its meaning in one line."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import ColumnElement


class Condition:
    """How a parameter's value becomes an SQL condition."""

    def __init__(self, build: Callable[[Any], ColumnElement[bool]]) -> None:
        self.build = build

    def __call__(self, schema: dict[str, Any]) -> None:
        """Corrects the JSON schema: a parameter that is not given does not filter, so it has no default."""
        schema.pop("default", None)


def where(build: Callable[[Any], ColumnElement[bool]], description: str, *, extension: bool = False) -> Any:
    """A filter parameter; `extension` marks one that the published contract of November 2025 does not have."""
    told = f"{description} (An extension.)" if extension else description
    return Field(default=None, description=told, json_schema_extra=Condition(build))


class FilterSet(BaseModel):
    """Filters of a list. What is not given, or given empty, does not filter."""

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: Any) -> Any:
        return {name: value for name, value in values.items() if name in cls.meaningful_when_empty() or _given(value)}

    @classmethod
    def meaningful_when_empty(cls) -> frozenset[str]:
        """Parameters whose empty value is an error rather than not given."""
        return frozenset()

    def conditions(self) -> list[ColumnElement[bool]]:
        """The conditions of the parameters that were given; all must hold."""
        return [
            extra.build(getattr(self, name))
            for name, field in type(self).model_fields.items()
            if name in self.model_fields_set and isinstance(extra := field.json_schema_extra, Condition)
        ]


def _given(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and any(value)


def contains(column: Any, text: str) -> ColumnElement[bool]:
    """Whether the column contains the text, in any case; wildcards of LIKE are literal characters."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    condition: ColumnElement[bool] = column.ilike(f"%{escaped}%", escape="\\")
    return condition
