"""Rows of one kind, of which each caller may see a part: how they are counted, listed and found."""

import operator
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import reduce
from typing import TypeAlias
from uuid import UUID

from asyncpg import Record
from sqlalchemy import ColumnElement, Integer, Uuid, bindparam, func, literal_column, or_, select, text, true, union
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.columns import Expression, Scope, Statement
from app.database import Database, Reader
from app.errors import NotFound
from app.prepared import Statements
from app.query.fieldset import Context, Fragment, Item, View
from app.query.filtering import FilterSet, Values
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
class Collection:
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

    def not_found(self) -> NotFound:
        """What is said of a row that is not there, or not for the caller to see."""
        return NotFound.of(self.noun)

    async def page(self, database: Database, context: Context, query: ListQuery, page: Page) -> Listing:
        """A page of the rows that the caller may see and that meet the filters; raises InvalidPage beyond the last.

        First the uuids, then what is shown of them, so that no row is read that is not shown.
        """
        selection = Selection(self, context.caller, query)
        async with database.reading() as reader:
            count, rows = await selection.read(reader, page)
        items = await self._shown(database, context, rows, query.fields)
        return Listing(items, count, page)

    async def head(self, database: Database, context: Context, query: ListQuery, page: Page) -> Listing:
        """What `page` would find, without the rows."""
        async with database.reading() as reader:
            count = await Selection(self, context.caller, query).count(reader)
        page.offset(count)
        return Listing([], count, page)

    async def one(self, connection: AsyncConnection, context: Context, uuid: UUID, fields: Sequence[str] = ()) -> Item:
        """One row that the caller may see; raises NotFound."""
        await self.require(connection, context.caller, uuid)
        return (await self.view.read(connection, context, [uuid], fields))[uuid]

    async def require(self, connection: AsyncConnection, caller: Caller, uuid: UUID) -> None:
        """Raises NotFound, unless there is a row of that uuid that the caller may see."""
        visible = or_(*(scope.condition for scope in self.scopes(caller)))
        statement = self.selecting([self.view.uuid], [self.view.uuid == uuid, visible])
        if (await connection.execute(statement)).first() is None:
            raise self.not_found()

    async def one_tagged(
        self, database: Database, context: Context, uuid: UUID, fields: Sequence[str]
    ) -> tuple[bytes, datetime]:
        """One row of a collection with versions, as JSON, and when it last changed; raises NotFound."""
        async with database.reading() as reader:
            rows = await Selection(self, context.caller, EVERYTHING).one(reader, uuid)
        if not rows:
            raise self.not_found()
        [content] = await self._shown(database, context, rows, fields) or [b""]
        if not isinstance(content, bytes) or not content:
            raise self.not_found()
        return content, rows[0]["modified"]

    async def _shown(
        self, database: Database, context: Context, rows: Sequence[Record], fields: Sequence[str]
    ) -> list[Item] | list[bytes]:
        """The rows as dicts of the model; with versions, as JSON."""
        if self.versions is not None:
            return await self._rendered(database, context, rows, self.view.known(fields), self.versions)
        uuids = [row["uuid"] for row in rows]
        if not uuids:
            return []
        async with database.transaction(snapshot=True) as connection:
            found = await self.view.read(connection, context, uuids, fields)
        return [found[uuid] for uuid in uuids if uuid in found]

    async def _rendered(
        self,
        database: Database,
        context: Context,
        rows: Sequence[Record],
        names: tuple[str, ...],
        versions: Versions,
    ) -> list[bytes]:
        """What is kept of the rows in their version; the rest is read in one snapshot, which is no older."""
        shared = names, context.base_url, context.directory_base_url, versions.audience(context.caller)
        version = {row["uuid"]: tuple(row[name] for name in versions.columns) for row in rows}
        found = {uuid: database.memory.get((uuid, shared), version[uuid]) for uuid in version}
        if missing := [uuid for uuid, fragment in found.items() if fragment is None]:
            async with database.transaction(snapshot=True) as connection:
                read = await self.view.read_fragments(connection, context, missing, names)
            for uuid, fragment in read.items():
                found[uuid] = fragment
                database.memory.put((uuid, shared), version[uuid], fragment, fragment.size)
        return [fragment.rendered(context) for fragment in found.values() if isinstance(fragment, Fragment)]

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


@dataclass(frozen=True, eq=False)
class _Limits:
    """Rows to pass over, rows to take, and how many both are, in SQL."""

    first: ColumnElement[int]
    size: ColumnElement[int]
    end: ColumnElement[int]


_PART = _Limits(*(bindparam(name, type_=Integer, required=False) for name in ("first", "size", "end")))
"""Numbers that differ from page to page, so that one statement reads all pages."""


class Selection:
    """What a caller asks of a collection: how many rows there are, and which of them make up a page."""

    def __init__(self, collection: Collection, caller: Caller, query: ListQuery) -> None:
        self._collection, self._query = collection, query
        self._scopes = collection.scopes(caller)
        kinds = tuple(scope.kind for scope in self._scopes)
        self._given = query.filters.shape()
        self._shape = None if None in kinds else (kinds, type(query.filters), self._given, tuple(query.orderings))
        scoped: Values = {f"scope_{index}": scope.value for index, scope in enumerate(self._scopes)}
        self._values: Values = {**scoped, **query.filters.values(), "caller": caller.uuid}

    async def read(self, reader: Reader, page: Page) -> tuple[int, Sequence[Record]]:
        """How many rows there are, and those of the page, by `uuid`; raises InvalidPage.

        The first page is read together with the count; another one once it is known where it begins.
        """
        if page.number != 1:
            count = await self.count(reader)
            part = Part(page.offset(count), page.size, count)
            self._values |= {"first": part.first, "size": part.size, "end": part.first + part.size}
            backward = part.is_backward
            return count, await self._fetch(reader, ("part", backward), lambda: self._page(_PART, backward), anew=True)
        rows = await self._fetch(reader, ("first", page.size), lambda: self._first(page.size))
        return int(rows[0]["count"]), [row for row in rows if row["uuid"] is not None]

    async def one(self, reader: Reader, uuid: UUID) -> Sequence[Record]:
        """The row of that uuid, if the caller may see it, with what versions want to know."""
        self._values["uuid"] = uuid
        return await self._fetch(reader, ("one",), self._one)

    async def count(self, reader: Reader) -> int:
        """How many rows there are."""
        [row] = await self._fetch(reader, ("count",), lambda: select(self._count()))
        return int(row[0])

    async def _fetch(
        self, reader: Reader, what: Hashable, compose: Callable[[], Statement], *, anew: bool = False
    ) -> Sequence[Record]:
        shape = None if self._shape is None else (what, self._shape)
        statement = self._collection.statements.of(shape, compose)
        return await statement.fetch(reader, self._values, planned_anew=anew or self._query.filters.are_planned_anew)

    def _conditions(self) -> tuple[list[ColumnElement[bool]], list[ColumnElement[bool]]]:
        """Those of the scopes, and those of the filters."""
        scopes = [scope.parameter(f"scope_{index}") for index, scope in enumerate(self._scopes)]
        return scopes, type(self._query.filters).conditions(self._given)

    def _count(self) -> Expression:
        """The rows of each scope that are in none before it, summed up."""
        scopes, filters = self._conditions()
        counts: list[Expression] = []
        for index, scope in enumerate(scopes):
            conditions = [scope, *filters, *(other.is_not(true()) for other in scopes[:index])]
            counted = self._collection.counted(conditions) if self._collection.counted else None
            if counted is None:
                counted = self._collection.selecting([func.count(self._collection.view.uuid)], conditions)
            counts.append(counted.scalar_subquery())
        return reduce(operator.add, counts).label("count")

    def _first(self, size: int) -> Statement:
        """The first page beside the count, which is there even if no row is."""
        none, some = literal_column("0", Integer), literal_column(str(size), Integer)
        page = self._page(_Limits(none, some, some)).subquery("page")
        nothing = select(self._count()).subquery("counted")
        return select(nothing.c.count, page).select_from(nothing.outerjoin(page, true())).order_by(page.c.number)

    def _one(self) -> Statement:
        collection = self._collection
        assert collection.versions is not None
        scopes, _ = self._conditions()
        own = collection.view.uuid == bindparam("uuid", type_=Uuid(), required=False)
        told = {"modified": collection.versions.modified, **collection.versions.columns}
        columns: list[Expression] = [expression.label(name) for name, expression in told.items()]
        return collection.selecting([collection.view.uuid.label("uuid"), *columns], [own, or_(*scopes)])

    def _page(self, limits: _Limits, backward: bool = False) -> Statement:
        """The first rows of each scope, merged and numbered; a part beyond the middle is read from the other end."""
        collection = self._collection
        keys = order_keys(
            collection.orderings, self._query.orderings, collection.default_ordering, collection.view.uuid
        )
        order = [key.expressed(backward=backward) for key in keys]
        columns: list[Expression] = [key.expression.label(f"key{index}") for index, key in enumerate(keys)]
        scopes, filters = self._conditions()
        reads = [collection.selecting(columns, [scope, *filters], order) for scope in scopes]
        statement = reads[0] if len(reads) == 1 else _merged(reads, keys, limits.end, backward)
        limited = statement.limit(limits.size).offset(limits.first)
        rows = limited.subquery("rows")
        named = [replace(key, expression=rows.c[f"key{index}"]) for index, key in enumerate(keys)]
        number = func.row_number().over(order_by=[key.expressed() for key in named]).label("number")
        uuid = rows.c[f"key{len(keys) - 1}"]
        if collection.versions is None:
            return select(uuid.label("uuid"), number).order_by(text("number"))
        told: list[Expression] = [expression.label(name) for name, expression in collection.versions.columns.items()]
        joined = rows.join(collection.view.root, collection.view.uuid == uuid)
        return select(uuid.label("uuid"), number, *told).select_from(joined).order_by(text("number"))


def _merged(
    reads: Sequence[Statement], keys: Sequence[OrderKey], most: ColumnElement[int], backward: bool
) -> Statement:
    """As many of the first rows of each statement as can be needed, in one order."""
    rows = union(*(select(read.limit(most).subquery()) for read in reads)).subquery()
    named = [replace(key, expression=rows.c[f"key{index}"]) for index, key in enumerate(keys)]
    return select(rows).order_by(*(key.expressed(backward=backward) for key in named))
