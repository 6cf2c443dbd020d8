"""Joins only what a query mentions.

Relations are declared once, as a map from a table (or alias) to the condition by which it is reached. They are joined
outer, so that the number of rows never depends on which columns were asked for.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from sqlalchemy import ClauseElement, ColumnClause, ColumnElement, FromClause, inspect
from sqlalchemy.sql import coercions, roles, visitors
from sqlalchemy.sql.visitors import ExternallyTraversible

from app.columns import Expression, Statement
from app.models import Base

Entity: TypeAlias = type[Base]
Relations: TypeAlias = Mapping[Entity, ColumnElement[bool]]


def _selectable(entity: Entity) -> FromClause:
    selectable = inspect(entity).selectable
    assert isinstance(selectable, FromClause)
    return selectable


def _clause(expression: Expression) -> ClauseElement:
    return coercions.expect(roles.ColumnsClauseRole, expression)


def _tables(expression: Expression) -> Iterator[FromClause]:
    for element in visitors.iterate(_clause(expression)):
        table = getattr(element, "table", None)
        if table is not None:
            yield table


def with_joins(
    statement: Statement, root: Entity, relations: Relations, expressions: Iterable[Expression]
) -> Statement:
    """The statement, selecting from `root` and from those relations that the expressions mention, each once."""
    by_table = {_selectable(entity): (entity, condition) for entity, condition in relations.items()}
    joined: list[tuple[Entity, ColumnElement[bool]]] = []
    seen: set[FromClause] = set()

    def need(expression: Expression) -> None:
        for table in _tables(expression):
            if table in by_table and table not in seen:
                seen.add(table)
                entity, condition = by_table[table]
                need(condition)
                joined.append((entity, condition))

    for expression in expressions:
        need(expression)
    statement = statement.select_from(root)
    for entity, condition in joined:
        statement = statement.outerjoin(entity, condition)
    return statement


def mentions(expression: Expression, *entities: Entity) -> bool:
    """Whether the expression speaks of any of the tables."""
    return not {_selectable(entity) for entity in entities}.isdisjoint(_tables(expression))


def mentions_only(expression: Expression, *entities: Entity) -> bool:
    """Whether the expression speaks of none but the tables."""
    return {_selectable(entity) for entity in entities}.issuperset(_tables(expression))


def names(expression: Expression, column: str) -> bool:
    """Whether the expression has a column of that name, of whatever table."""
    return any(isinstance(each, ColumnClause) and each.name == column for each in visitors.iterate(_clause(expression)))


def in_terms_of(
    expression: ColumnElement[bool], root: Entity, columns: Mapping[str, Expression]
) -> ColumnElement[bool]:
    """The same condition, with each named column of the root table replaced by what says the same elsewhere."""
    table = _selectable(root)

    def replace(element: ExternallyTraversible, **_: object) -> ExternallyTraversible | None:
        if isinstance(element, ColumnClause) and element.table in {table} and element.name in columns:
            return _clause(columns[element.name])
        return None

    return visitors.replacement_traverse(expression, {}, replace)
