"""Rows of one kind, of which each caller may see a part: how they are counted, listed and found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.columns import Expression, Statement
from app.errors import NotFound
from app.query.fieldset import Context, Item, View
from app.query.filtering import FilterSet
from app.query.joins import with_joins
from app.query.ordering import Orderings, ordered
from app.query.pagination import Listing, Page


@dataclass(frozen=True)
class ListQuery:
    """What a list was asked for: filters, orderings, and the fields to show (all when empty)."""

    filters: FilterSet = field(default_factory=FilterSet)
    orderings: Sequence[str] = ()
    fields: Sequence[str] = ()


EVERYTHING = ListQuery()


@dataclass(frozen=True, eq=False)
class Collection:
    """What is shown (`view`) of the rows that a caller may see, in which orders.

    `noun` is what error messages call a row; `version` the column that changes whenever what is shown does.
    """

    noun: str
    view: View
    visible_to: Callable[[Caller], ColumnElement[bool]]
    orderings: Orderings
    default_ordering: str
    version: Expression | None = None

    def not_found(self) -> NotFound:
        """What is said of a row that is not there, or not for the caller to see."""
        return NotFound.of(self.noun)

    async def page(self, connection: AsyncConnection, context: Context, query: ListQuery, page: Page) -> Listing:
        """A page of the rows that the caller may see and that meet the filters; raises InvalidPage beyond the last.

        First the uuids, then what is shown of them, so that no row is read that is not shown.
        """
        count = await self._count(connection, context.caller, query)
        offset = page.offset(count)
        uuids = await self._uuids(connection, context.caller, query, page.size, offset) if count else []
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
        statement = self.selecting([self.view.uuid], [self.view.uuid == uuid, self.visible_to(caller)])
        if (await connection.execute(statement)).first() is None:
            raise self.not_found()

    async def version_of(self, connection: AsyncConnection, uuid: UUID) -> datetime:
        """When the row last changed, of a collection that has versions."""
        assert self.version is not None
        statement = select(self.version).where(self.view.uuid == uuid)
        return cast("datetime", (await connection.execute(statement)).scalar_one())

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

    def _conditions(self, caller: Caller, query: ListQuery) -> list[ColumnElement[bool]]:
        return [self.visible_to(caller), *query.filters.conditions()]

    async def _count(self, connection: AsyncConnection, caller: Caller, query: ListQuery) -> int:
        statement = self.selecting([func.count(self.view.uuid)], self._conditions(caller, query))
        return int((await connection.execute(statement)).scalar_one())

    async def _uuids(
        self, connection: AsyncConnection, caller: Caller, query: ListQuery, size: int, offset: int
    ) -> Sequence[UUID]:
        order = ordered(self.orderings, query.orderings, self.default_ordering, self.view.uuid)
        statement = self.selecting([self.view.uuid], self._conditions(caller, query), order)
        limited = statement.limit(literal_column(str(size))).offset(offset)
        uuids: Sequence[UUID] = (await connection.execute(limited)).scalars().all()
        return uuids
