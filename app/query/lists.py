"""What a list is made of: what is shown of which rows, in which orders; and what it was asked for."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from sqlalchemy import ColumnElement, select

from app.auth import Caller
from app.columns import Expression, Scope, Statement
from app.database.prepared import Statements
from app.query.fieldset import View
from app.query.filtering import FilterSet
from app.query.joins import with_joins
from app.query.ordering import Orderings


@dataclass(frozen=True)
class ListQuery:
    """What a list was asked for: filters, orderings, and the fields to show (all when empty)."""

    filters: FilterSet = field(default_factory=FilterSet)
    orderings: Sequence[str] = ()
    fields: Sequence[str] = ()


EVERYTHING = ListQuery()
Scopes: TypeAlias = Callable[[Caller], Sequence[Scope]]
Count: TypeAlias = Callable[[Sequence[ColumnElement[bool]]], Statement | None]


def any_scope(visible_to: Callable[[Caller], ColumnElement[bool]]) -> Scopes:
    """All that a caller sees as one scope, where lists are short."""
    return lambda caller: [Scope(None, lambda _: visible_to(caller), None)]


@dataclass(frozen=True, eq=False)
class Versions:
    """How one knows that what is shown of a row has not changed.

    `columns` are read with each row; together they say which version it is of. `audience` says what of a caller makes a
    difference, beside fields that are worked out for each caller.
    """

    modified: Expression
    columns: Mapping[str, Expression]
    audience: Callable[[Caller], Hashable]


@dataclass(frozen=True, eq=False)
class Listed:
    """What is shown (`view`) of the rows that a caller may see, in which orders.

    `noun` is what error messages call a row. A row is visible by any of the `scopes`, each of which is read along an
    index. With `versions`, what was shown once is kept. `counted` makes of conditions a statement that sums up how many
    rows meet them without looking at any, where that can be.
    """

    noun: str
    view: View
    scopes: Scopes
    orderings: Orderings
    default_ordering: str
    versions: Versions | None = None
    counted: Count | None = None
    statements: Statements = field(default_factory=Statements)

    def selecting(
        self,
        columns: Sequence[Expression],
        conditions: Sequence[ColumnElement[bool]],
        order: Sequence[Expression] = (),
    ) -> Statement:
        """A statement over the rows and those of their relations that it mentions."""
        mentioned = [*columns, *conditions, *order]
        statement = with_joins(select(*columns), self.view.root, self.view.relations, mentioned)
        return statement.where(*conditions).order_by(*order)
