"""Rows of one kind, of which each caller may see a part: how they are counted, listed and found."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import TypeAlias, cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, or_, select, true, union
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.columns import Expression, Statement
from app.errors import NotFound
from app.query.fieldset import Context, Item, View
from app.query.filtering import FilterSet
from app.query.joins import with_joins
from app.query.ordering import Orderings, OrderKey, order_keys
from app.query.pagination import Listing, Page, Part


@dataclass(frozen=True)
class ListQuery:
    """What a list was asked for: filters, orderings, and the fields to show (all when empty)."""

    filters: FilterSet = field(default_factory=FilterSet)
    orderings: Sequence[str] = ()
    fields: Sequence[str] = ()


EVERYTHING = ListQuery()


Scopes: TypeAlias = Callable[[Caller], Sequence[ColumnElement[bool]]]
Count: TypeAlias = Callable[[Sequence[ColumnElement[bool]]], Statement | None]


def any_scope(visible_to: Callable[[Caller], ColumnElement[bool]]) -> Scopes:
    """All that a caller sees as one scope, where lists are short."""
    return lambda caller: [visible_to(caller)]


@dataclass(frozen=True, eq=False)
class Collection:
    """What is shown (`view`) of the rows that a caller may see, in which orders.

    `noun` is what error messages call a row. A row is visible by any of the `scopes`, each of which is read along an
    index. `version` is the column that changes whenever what is shown does. `counted` makes of conditions a statement
    that sums up how many rows meet them without looking at any, where that can be.
    """

    noun: str
    view: View
    scopes: Scopes
    orderings: Orderings
    default_ordering: str
    version: Expression | None = None
    counted: Count | None = None

    def not_found(self) -> NotFound:
        """What is said of a row that is not there, or not for the caller to see."""
        return NotFound.of(self.noun)

    async def page(self, connection: AsyncConnection, context: Context, query: ListQuery, page: Page) -> Listing:
        """A page of the rows that the caller may see and that meet the filters; raises InvalidPage beyond the last.

        First the uuids, then what is shown of them, so that no row is read that is not shown.
        """
        count = await self._count(connection, context.caller, query)
        offset = page.offset(count)
        uuids = await self._uuids(connection, context.caller, query, Part(offset, page.size, count)) if count else []
        found = await self.view.read(connection, context, uuids, query.fields) if uuids else {}
        return Listing([found[uuid] for uuid in uuids], count, page)

    async def head(self, connection: AsyncConnection, context: Context, query: ListQuery, page: Page) -> Listing:
        """What `page` would find, without the rows."""
        count = await self._count(connection, context.caller, query)
        page.offset(count)
        return Listing([], count, page)

    async def one(self, connection: AsyncConnection, context: Context, uuid: UUID, fields: Sequence[str] = ()) -> Item:
        """One row that the caller may see; raises NotFound."""
        await self.require(connection, context.caller, uuid)
        return (await self.view.read(connection, context, [uuid], fields))[uuid]

    async def require(self, connection: AsyncConnection, caller: Caller, uuid: UUID) -> None:
        """Raises NotFound, unless there is a row of that uuid that the caller may see."""
        visible = or_(*self.scopes(caller))
        statement = self._selecting([self.view.uuid], [self.view.uuid == uuid, visible])
        if (await connection.execute(statement)).first() is None:
            raise self.not_found()

    async def version_of(self, connection: AsyncConnection, uuid: UUID) -> datetime:
        """When the row last changed, of a collection that has versions."""
        assert self.version is not None
        statement = select(self.version).where(self.view.uuid == uuid)
        return cast("datetime", (await connection.execute(statement)).scalar_one())

    def _selecting(
        self,
        columns: Sequence[Expression],
        conditions: Sequence[ColumnElement[bool]],
        order: Sequence[Expression] = (),
    ) -> Statement:
        """A statement over the rows and those of their relations that it mentions."""
        mentioned = [*columns, *conditions, *order]
        statement = with_joins(select(*columns), self.view.root, self.view.relations, mentioned)
        return statement.where(*conditions).order_by(*order)

    async def _count(self, connection: AsyncConnection, caller: Caller, query: ListQuery) -> int:
        """The rows of each scope that are in none before it, summed up."""
        filters, before = query.filters.conditions(), list[ColumnElement[bool]]()
        counts: list[Expression] = []
        for scope in self.scopes(caller):
            conditions = [scope, *filters, *(other.is_not(true()) for other in before)]
            counted = self.counted(conditions) if self.counted else None
            statement = self._selecting([func.count(self.view.uuid)], conditions) if counted is None else counted
            counts.append(statement.scalar_subquery())
            before.append(scope)
        return int((await connection.execute(select(reduce(operator.add, counts)))).scalar_one())

    async def _uuids(self, connection: AsyncConnection, caller: Caller, query: ListQuery, part: Part) -> Sequence[UUID]:
        """The first rows of each scope, merged; a part beyond the middle is read from the other end."""
        keys = order_keys(self.orderings, query.orderings, self.default_ordering, self.view.uuid)
        filters = query.filters.conditions()
        order = [key.expressed(backward=part.is_backward) for key in keys]
        columns: list[Expression] = [key.expression.label(f"key{index}") for index, key in enumerate(keys)]
        reads = [self._selecting(columns, [scope, *filters], order) for scope in self.scopes(caller)]
        statement = reads[0] if len(reads) == 1 else _merged(reads, keys, part)
        limited = statement.limit(literal_column(str(part.size))).offset(literal_column(str(part.first)))
        uuids = [row[-1] for row in await connection.execute(limited)]
        return uuids[::-1] if part.is_backward else uuids


def _merged(reads: Sequence[Statement], keys: Sequence[OrderKey], part: Part) -> Statement:
    """As many of the first rows of each statement as can be needed, in one order."""
    most: ColumnElement[int] = literal_column(str(part.first + part.size))
    rows = union(*(select(read.limit(most).subquery()) for read in reads)).subquery()
    named = [replace(key, expression=rows.c[f"key{index}"]) for index, key in enumerate(keys)]
    return select(rows).order_by(*(key.expressed(backward=part.is_backward) for key in named))
