"""Query parameters that filter a list: each says its type, its condition and its meaning in one line."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import ColumnElement, or_

from app.columns import Expression
from app.values import JsonObject

Value = TypeVar("Value")
Predicate: TypeAlias = ColumnElement[bool]


@dataclass(frozen=True, eq=False)
class Condition:
    """How a parameter's value becomes an SQL condition; an empty one counts as not given, unless `empty_is_value`.

    Conditions with the same `within` speak of one and the same related row, which it looks for.
    """

    build: Callable[..., Predicate]
    empty_is_value: bool
    within: Callable[..., Predicate] | None


def _nothing() -> None:
    return None


def given(description: str) -> Any:
    """A parameter that may be left out; what it does is up to whoever reads it."""
    return Field(default_factory=_nothing, description=description)


def where(
    build: Callable[[Value], Predicate],
    description: str,
    *,
    extension: bool = False,
    empty_is_value: bool = False,
    within: Callable[..., Predicate] | None = None,
) -> Any:
    """A filter parameter; `extension` marks one that the published contract of November 2025 does not have."""
    declared = given(f"{description} (An extension.)" if extension else description)
    declared.metadata.append(Condition(build, empty_is_value, within))
    return declared


class FilterSet(BaseModel):
    """Filters of a list. What is not given, or given empty, does not filter."""

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: JsonObject) -> JsonObject:
        kept = cls.empty_values()
        return {name: value for name, value in values.items() if name in kept or _given(value)}

    @classmethod
    def empty_values(cls) -> set[str]:
        """The parameters whose empty value does not count as not given."""
        return {name for name, condition in cls._table() if condition.empty_is_value}

    @classmethod
    def _table(cls) -> Iterator[tuple[str, Condition]]:
        for name, field in cls.model_fields.items():
            yield from ((name, each) for each in field.metadata if isinstance(each, Condition))

    def conditions(self) -> list[Predicate]:
        """The conditions of the parameters that were given; all must hold."""
        found: list[Predicate] = []
        of_one_row: dict[Callable[..., Predicate], list[Predicate]] = {}
        for name, condition in self._table():
            if name in self.model_fields_set:
                among = found if condition.within is None else of_one_row.setdefault(condition.within, [])
                among.append(condition.build(getattr(self, name)))
        return [*found, *(within(*own) for within, own in of_one_row.items())]


def _given(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and any(part.strip() for each in value for part in each.split(","))


def contains(column: Expression, text: str) -> Predicate:
    """Whether the column contains the text, in any case; wildcards of LIKE are literal characters."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.ilike(f"%{escaped}%", escape="\\")


def equals(column: Expression) -> Callable[[object], Predicate]:
    """The value itself."""
    return lambda value: column == value


def one_of(column: Expression) -> Callable[[list[Value]], Predicate]:
    """One of the values."""
    return lambda values: column.in_(values)


def part_of(*columns: Expression) -> Callable[[str], Predicate]:
    """A part of one of the columns."""
    return lambda value: or_(*(contains(column, value) for column in columns))


def since(column: Expression) -> Callable[[object], Predicate]:
    """That moment or a later one."""
    return lambda moment: column >= moment


def until(column: Expression) -> Callable[[object], Predicate]:
    """That moment or an earlier one."""
    return lambda moment: column <= moment
