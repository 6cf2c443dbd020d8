"""Rows of one kind, of which each caller may see a part: how they are counted, listed and found."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Collection as Sized
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.errors import NotFound
from app.kit.fieldset import Context, View
from app.kit.filtering import FilterSet
from app.kit.joins import with_joins
from app.kit.ordering import ordered
from app.kit.pagination import Listing, Page


@dataclass(frozen=True)
class Query:
    """What a list was asked for: filters, orderings, and the fields to show (all when empty)."""

    filters: FilterSet = field(default_factory=FilterSet)
    orderings: Sequence[str] = ()
    fields: Sized[str] = ()


@dataclass(frozen=True, eq=False)
class Collection:
    """What is shown (`view`) of the rows that a caller may see, in which orders; `not_found` is said of any other."""

    view: View
    visible_to: Callable[[Caller], ColumnElement[bool]]
    orderings: Mapping[str, ColumnElement[Any]]
    default_ordering: str
    not_found: Callable[[], NotFound]

    async def page(self, connection: AsyncConnection, context: Context, query: Query, page: Page) -> Listing:
        """A page of the rows that the caller may see and that meet the filters; raises InvalidPage beyond the last.

        First the uuids, then what is shown of them, so that no row is read that is not shown.
        """
        count = await self._count(connection, context.caller, query)
        offset = page.offset(count)
        uuids = await self._uuids(connection, context.caller, query, page.size, offset) if count else []
        found = await self.view.read(connection, context, uuids, query.fields) if uuids else {}
        return Listing([found[uuid] for uuid in uuids], count, page)

    async def head(self, connection: AsyncConnection, context: Context, query: Query, page: Page) -> Listing:
        """What `page` would find, without the rows."""
        count = await self._count(connection, context.caller, query)
        page.offset(count)
        return Listing([], count, page)

    async def one(
        self, connection: AsyncConnection, context: Context, uuid: UUID, fields: Sized[str] = ()
    ) -> dict[str, Any]:
        """One row that the caller may see; raises what `not_found` makes."""
        await self.require(connection, context.caller, uuid)
        return (await self.view.read(connection, context, [uuid], fields))[uuid]

    async def require(self, connection: AsyncConnection, caller: Caller, uuid: UUID) -> None:
        """Raises what `not_found` makes, unless there is a row of that uuid that the caller may see."""
        statement = self.selecting([self.view.root.uuid], [self.view.root.uuid == uuid, self.visible_to(caller)])
        if (await connection.execute(statement)).first() is None:
            raise self.not_found()

    def selecting(self, columns: Sequence[Any], conditions: Sequence[Any], order: Sequence[Any] = ()) -> Select[Any]:
        """A statement over the rows and those of their relations that it mentions."""
        mentioned = [*columns, *conditions, *order]
        statement = with_joins(select(*columns), self.view.root, self.view.relations, mentioned)
        return statement.where(*conditions).order_by(*order)

    def _conditions(self, caller: Caller, query: Query) -> list[ColumnElement[bool]]:
        return [self.visible_to(caller), *query.filters.conditions()]

    async def _count(self, connection: AsyncConnection, caller: Caller, query: Query) -> int:
        statement = self.selecting([func.count(self.view.root.uuid)], self._conditions(caller, query))
        return int((await connection.execute(statement)).scalar_one())

    async def _uuids(
        self, connection: AsyncConnection, caller: Caller, query: Query, size: int, offset: int
    ) -> Sequence[UUID]:
        order = ordered(self.orderings, query.orderings, self.default_ordering, self.view.root.uuid)
        statement = self.selecting([self.view.root.uuid], self._conditions(caller, query), order)
        limited = statement.limit(literal_column(str(size))).offset(offset)
        uuids: Sequence[UUID] = (await connection.execute(limited)).scalars().all()
        return uuids
