"""Query parameters that filter a list: each says its type, its condition and its meaning in one line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any, ClassVar, TypeAlias, TypeVar, cast

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import ARRAY, ColumnElement, Uuid, any_, bindparam, func, or_, select, type_coerce

from app.auth import Caller
from app.columns import Expression, Statement
from app.database import Database
from app.values import JsonObject

Value = TypeVar("Value")
Predicate: TypeAlias = ColumnElement[bool]


Values: TypeAlias = dict[str, object]
Shape: TypeAlias = tuple[tuple[str, object], ...]
"""Which parameters are given, each with what of its value belongs to the statement."""


@dataclass(frozen=True, eq=False)
class Spread:
    """A column with several values, for each of which the first rows are read along an index, and merged.

    `values` makes of the parameter a statement of them. Read at once, rows come in no order: all are read and sorted.
    """

    column: Expression
    values: Callable[[Expression], Statement]


@dataclass(frozen=True, eq=False)
class Condition:
    """How a parameter's value becomes an SQL condition; an empty one counts as not given, unless `empty_is_value`.

    `build` makes the condition of the value, or of what stands for it in a prepared statement; `prepare` makes of a
    value what the statement takes. Conditions with the same `within` speak of one and the same related row. With
    `planned_anew`, few or many rows may meet the condition, and what is best for one value is slow for another.
    """

    build: Callable[..., Predicate]
    empty_is_value: bool
    within: Callable[..., Predicate] | None
    prepare: Callable[[str, Any], Values]
    planned_anew: bool
    spread: Spread | None


def _as_given(name: str, value: object) -> Values:
    return {name: value}


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
    prepare: Callable[[str, Any], Values] | None = None,
    planned_anew: bool = False,
    spread: Spread | None = None,
) -> Any:
    """A filter parameter; `extension` marks one that the published contract of November 2025 does not have."""
    declared = given(f"{description} (An extension.)" if extension else description)
    prepared = prepare or getattr(build, "prepare", None) or _as_given
    declared.metadata.append(Condition(build, empty_is_value, within, prepared, planned_anew, spread))
    return declared


class FilterSet(BaseModel):
    """Filters of a list. What is not given, or given empty, does not filter.

    `refused` names what published clients may ask for that nothing here could answer: see decision 33.
    """

    refused: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, values: JsonObject) -> JsonObject:
        kept = cls.empty_values()
        return {name: value for name, value in values.items() if name in kept or _is_given(value)}

    async def resolve(self, database: Database, caller: Caller) -> None:
        """Looks up what the filters name of which not every caller may know; here, nothing is."""

    @classmethod
    def empty_values(cls) -> set[str]:
        """The parameters whose empty value does not count as not given."""
        return {name for name, condition in cls._table() if condition.empty_is_value}

    @classmethod
    @cache
    def _table(cls) -> Sequence[tuple[str, Condition]]:
        fields = cls.model_fields.items()
        return [(name, each) for name, field in fields for each in field.metadata if isinstance(each, Condition)]

    @property
    def _given(self) -> Sequence[tuple[str, Condition]]:
        return [(name, condition) for name, condition in self._table() if name in self.model_fields_set]

    @property
    def are_planned_anew(self) -> bool:
        """Whether a statement is to be planned for these very values."""
        return any(condition.planned_anew for _, condition in self._given)

    def shape(self) -> Shape:
        """Which parameters are given, with the values that belong to the statement: flags, and choices out of few."""
        return tuple((name, _fixed(getattr(self, name))) for name, _ in self._given)

    def values(self) -> Values:
        """What a statement of this shape takes."""
        found: Values = {}
        for name, condition in self._given:
            value = getattr(self, name)
            if _is_fixed(value):
                continue
            found |= condition.prepare(name, value)
        return found

    @classmethod
    def conditions(cls, shape: Shape) -> list[Predicate]:
        """The conditions of the parameters that are given; all must hold."""
        found: list[Predicate] = []
        of_one_row: dict[Callable[..., Predicate], list[Predicate]] = {}
        table = dict(cls._table())
        for name, fixed in shape:
            condition = table[name]
            among = found if condition.within is None else of_one_row.setdefault(condition.within, [])
            among.append(condition.build(_parameter(name, fixed)))
        return [*found, *(within(*own) for within, own in of_one_row.items())]

    @classmethod
    def spread(cls, shape: Shape) -> tuple[Expression, Statement, Shape] | None:
        """The column that is read value by value, if one is: the statement of its values, and the other parameters."""
        table = dict(cls._table())
        for name, fixed in shape:
            if spread := table[name].spread:
                values = spread.values(cast("Expression", _parameter(name, fixed)))
                return spread.column, values, tuple(other for other in shape if other[0] != name)
        return None


def _is_fixed(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, list) and all(isinstance(each, Enum) for each in value))


def _fixed(value: object) -> object:
    """What of a value belongs to the shape: all of it, choices without repetitions, or nothing."""
    if isinstance(value, list):
        return tuple(sorted(set(value))) if _is_fixed(value) else None
    return value if isinstance(value, bool) else None


def _parameter(name: str, fixed: object) -> object:
    if isinstance(fixed, tuple):
        return list(fixed)
    return fixed if isinstance(fixed, bool) else bindparam(name, required=False)


def _is_given(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and any(part.strip() for each in value for part in each.split(","))


def pattern(text: str) -> str:
    """What LIKE takes for a part of a text; its wildcards are literal characters."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def contains(column: Expression, part: Expression) -> Predicate:
    """Whether the column contains what the pattern says, in any case."""
    return column.ilike(part, escape="\\")


def equals(column: Expression) -> Callable[[object], Predicate]:
    """The value itself."""
    return lambda value: column == value


def one_of(column: Expression) -> Callable[[list[Value]], Predicate]:
    """One of the values: choices, or what stands for a list of any length."""
    kind = ARRAY(cast("ColumnElement[object]", column).type)

    def build(values: Any) -> Predicate:
        return column.in_(values) if isinstance(values, list) else column == any_(type_coerce(values, kind))

    return build


def listed(values: Expression) -> Statement:
    """Each uuid of an array, once."""
    return select(func.unnest(type_coerce(values, ARRAY(Uuid())))).distinct()


@dataclass(frozen=True)
class part_of:  # noqa: N801 - a condition, as the functions around it
    """A part of one of the columns."""

    columns: tuple[Expression, ...]

    def __init__(self, *columns: Expression) -> None:
        object.__setattr__(self, "columns", columns)

    def __call__(self, part: Expression) -> Predicate:
        return or_(*(contains(column, part) for column in self.columns))

    def prepare(self, name: str, value: str) -> Values:
        """The pattern."""
        return {name: pattern(value)}


def since(column: Expression) -> Callable[[object], Predicate]:
    """That moment or a later one."""
    return lambda moment: column >= moment


def until(column: Expression) -> Callable[[object], Predicate]:
    """That moment or an earlier one."""
    return lambda moment: column <= moment
