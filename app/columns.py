"""Types of SQL that mechanism passes on without looking inside, and classes whose members say their columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, get_type_hints

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    SQLColumnExpression,
    Text,
    Uuid,
    bindparam,
    literal_column,
    or_,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

Expression: TypeAlias = SQLColumnExpression[Any]
"""A column, or something computed from columns, of whatever type."""
Statement: TypeAlias = Select[*tuple[Any, ...]]
"""A SELECT, of whatever columns."""
Rows: TypeAlias = list[tuple[Any, ...]]
Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Scope:
    """Rows that somebody sees for one reason: its kind, the condition that `build` makes of a value, and the value.

    Scopes of one kind have the same condition but for the value; without a kind, each is different. The rows of one
    with `few` are found one by one, however they are filtered and ordered.
    """

    kind: str | None
    build: Callable[[Expression], ColumnElement[bool]]
    value: object
    few: bool = False

    @property
    def condition(self) -> ColumnElement[bool]:
        """The condition with its value."""
        return self.build(bindparam(None, self.value, type_=_uuids(self.value)))

    def parameter(self, name: str) -> ColumnElement[bool]:
        """The condition with a named parameter in place of the value."""
        return self.build(bindparam(name, type_=_uuids(self.value), required=False))


def any_of(scopes: Sequence[Scope]) -> ColumnElement[bool]:
    """Whether a row is of any of the scopes, whose values are parameters: see `values_of`."""
    return or_(*(scope.parameter(f"scope_{index}") for index, scope in enumerate(scopes)))


def values_of(scopes: Sequence[Scope]) -> dict[str, object]:
    """The parameters of `any_of`."""
    return {f"scope_{index}": scope.value for index, scope in enumerate(scopes)}


def _uuids(value: object) -> TypeEngine[Any]:
    return ARRAY(Uuid()) if isinstance(value, list) else Uuid()


_made: dict[type, dict[str, Expression]] = {}


def columns_of(kind: type[Kind]) -> dict[str, Expression]:
    """The columns of a class by member, each labelled so: `state: Annotated[ResourceState, Resource.state]`.

    They are made once for each class, so that a statement selects them once, however many of its fields need them.
    """
    if kind not in _made:
        hints = get_type_hints(kind, include_extras=True)
        _made[kind] = {name: hint.__metadata__[0].label(name) for name, hint in hints.items()}
    return _made[kind]


def version_of(model: type[Any]) -> ColumnElement[str]:
    """Which transaction wrote a row of the table: another one after each change, whoever made it."""
    return literal_column(f'"{model.__tablename__}".xmin::text', Text())


async def read_one(
    connection: AsyncConnection, kind: type[Kind], statement: Statement, values: Mapping[str, object] | None = None
) -> Kind | None:
    """The row that the statement finds, as an object of the class whose columns it selects; None if there is none."""
    row = (await connection.execute(statement, values)).mappings().one_or_none()
    return None if row is None else kind(**row)
