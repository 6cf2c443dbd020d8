"""What a caller asks of a list, in SQL: how many rows there are, and which of them make up a page."""

import operator
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from uuid import UUID

from asyncpg import Record
from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.columns import Expression, Statement
from app.database.prepared import prepared
from app.database.readers import Reader
from app.memory import Memory
from app.query.filtering import Values
from app.query.lists import Listed, ListQuery
from app.query.ordering import OrderKey, order_keys
from app.query.pagination import Page, Part

_NOW = func.pg_current_snapshot()
_IS_SETTLED = and_(
    func.pg_snapshot_xmin(_NOW) == func.pg_snapshot_xmax(_NOW), func.pg_current_xact_id_if_assigned().is_(None)
)
MOMENT: Expression = case(
    (_IS_SETTLED, func.concat(func.pg_postmaster_start_time(), " ", func.pg_snapshot_xmax(_NOW)))
).label("moment")
"""A text that changes with every write to the server; null while one that began before others ended is going on."""
SERVER: Expression = func.pg_postmaster_start_time().label("server")
"""Of which life of which server a row is. A server never goes back within a life, so versions and moments of one life
mean one content each; what another server has may be older, or have been lost with it, and is never taken for it."""
_SERVER = prepared(select(SERVER))
_MOMENT = prepared(select(MOMENT))
_NO_BYTES: Expression = literal_column("''::bytea")
_SIZE_OF_COUNT = 600
"""About how many bytes of memory a count takes, beside what it is the count of."""


@dataclass(frozen=True, eq=False)
class _Limits:
    """Rows to pass over, rows to take, and how many both are, in SQL."""

    first: ColumnElement[int]
    size: ColumnElement[int]
    end: ColumnElement[int]


_PART = _Limits(*(bindparam(name, type_=Integer, required=False) for name in ("first", "size", "end")))
"""Numbers that differ from page to page, so that one statement reads all pages."""


class Selection:
    """What a caller asks of a list: how many rows there are, and which of them make up a page.

    A count is kept in memory for as long as nothing at all was written: see `MOMENT`.
    """

    def __init__(self, listed: Listed, caller: Caller, query: ListQuery, memory: Memory) -> None:
        self._listed, self._query, self._memory = listed, query, memory
        self._scopes = listed.scopes(caller)
        kinds = tuple(scope.kind for scope in self._scopes)
        self._given = query.filters.shape()
        self._shape = None if None in kinds else (kinds, type(query.filters), self._given, tuple(query.orderings))
        scoped: Values = {f"scope_{index}": scope.value for index, scope in enumerate(self._scopes)}
        self._values: Values = {**scoped, **query.filters.values(), "caller": caller.uuid}
        told = repr((kinds, self._given, self._values))
        self._counted = None if self._shape is None else (listed, "count", told)
        self._tells_the_time = False

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
        if self._counted in self._memory:
            rows = await self._fetch(reader, ("first", page.size), lambda: self._first(page.size, MOMENT))
            if (known := self._known(rows[0]["moment"])) is not None:
                return known, _found(rows)
        rows = await self._fetch(reader, ("first, counted", page.size), lambda: self._first(page.size, *self._told()))
        return self._kept(rows[0]), _found(rows)

    async def all(self, reader: Reader) -> bytes:
        """The uuids of all rows, in order, of 16 bytes each: as many as there may be take little memory."""
        [row] = await self._fetch(reader, ("all",), self._all, anew=True)
        return bytes(row["uuids"] or b"")

    async def one(self, reader: Reader, uuid: UUID) -> Sequence[Record]:
        """The row of that uuid, if the caller may see it, with what versions want to know."""
        self._values["uuid"] = uuid
        return await self._fetch(reader, ("one",), self._one)

    async def count(self, reader: Reader) -> int:
        """How many rows there are."""
        if self._counted in self._memory:
            [row] = await _MOMENT.fetch(reader, {})
            if (known := self._known(row["moment"])) is not None:
                return known
        return await self._count_anew(reader)

    async def _count_anew(self, reader: Reader) -> int:
        [row] = await self._fetch(reader, ("count",), lambda: select(*self._told()))
        return self._kept(row)

    def _told(self) -> tuple[Expression, Expression]:
        return self._count(), MOMENT

    def _known(self, moment: str | None) -> int | None:
        """The count, if nothing was written between the moment when it was kept and this one."""
        known = self._memory.get(self._counted, moment)
        assert known is None or isinstance(known, int)
        return known

    def _kept(self, row: Record) -> int:
        count = int(row["count"])
        if self._counted is not None and row["moment"] is not None and not self._tells_the_time:
            self._memory.put(self._counted, row["moment"], count, _SIZE_OF_COUNT + len(self._counted[-1]))
        return count

    async def _fetch(
        self, reader: Reader, what: Hashable, compose: Callable[[], Statement], *, anew: bool = False
    ) -> Sequence[Record]:
        shape = None if self._shape is None else (what, self._shape)
        statement = self._listed.statements.of(shape, compose)
        self._tells_the_time = statement.tells_the_time
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
            counted = self._listed.counted(conditions) if self._listed.counted else None
            if counted is None:
                counted = self._listed.selecting([func.count(self._listed.view.uuid)], conditions)
            counts.append(counted.scalar_subquery())
        return reduce(operator.add, counts).label("count")

    def _first(self, size: int, *told: Expression) -> Statement:
        """The first page beside what else is told, which is there even if no row is."""
        none, some = literal_column("0", Integer), literal_column(str(size), Integer)
        page = self._page(_Limits(none, some, some)).subquery("page")
        beside = select(*told).subquery("told")
        return select(beside, page).select_from(beside.outerjoin(page, true())).order_by(page.c.number)

    def _all(self) -> Statement:
        keys = self._keys()
        columns: list[Expression] = [key.expression.label(f"key{index}") for index, key in enumerate(keys)]
        scopes, filters = self._conditions()
        rows = union(*(self._listed.selecting(columns, [scope, *filters]) for scope in scopes)).subquery("rows")
        *_, uuid = rows.c
        ordered = aggregate_order_by(_NO_BYTES, *_order_of(rows, keys))
        return select(func.string_agg(func.uuid_send(uuid), ordered).label("uuids"))

    def _keys(self) -> list[OrderKey]:
        listed = self._listed
        return order_keys(listed.orderings, self._query.orderings, listed.default_ordering, listed.view.uuid)

    def _one(self) -> Statement:
        listed = self._listed
        assert listed.versions is not None
        scopes, _ = self._conditions()
        own = listed.view.uuid == bindparam("uuid", type_=Uuid(), required=False)
        told = {"modified": listed.versions.modified, **listed.versions.columns}
        columns: list[Expression] = [SERVER, *(expression.label(name) for name, expression in told.items())]
        return listed.selecting([listed.view.uuid.label("uuid"), *columns], [own, or_(*scopes)])

    def _page(self, limits: _Limits, backward: bool = False) -> Statement:
        """The first rows of each scope, merged and numbered; a part beyond the middle is read from the other end."""
        listed = self._listed
        keys = self._keys()
        reads = [self._read(index, keys, limits.end, backward) for index in range(len(self._scopes))]
        statement = reads[0] if len(reads) == 1 else _merged(reads, keys, limits.end, backward)
        limited = statement.limit(limits.size).offset(limits.first)
        rows = limited.subquery("rows")
        number = func.row_number().over(order_by=_order_of(rows, keys)).label("number")
        uuid = rows.c[f"key{len(keys) - 1}"]
        if listed.versions is None:
            return select(uuid.label("uuid"), number).order_by(text("number"))
        versions = listed.versions.columns
        told: list[Expression] = [SERVER, *(expression.label(name) for name, expression in versions.items())]
        joined = rows.join(listed.view.root, listed.view.uuid == uuid)
        return select(uuid.label("uuid"), number, *told).select_from(joined).order_by(text("number"))

    def _read(self, index: int, keys: Sequence[OrderKey], most: ColumnElement[int], backward: bool) -> Statement:
        """The rows of a scope in order; so many of the first of each value, if a filter is read value by value."""
        columns: list[Expression] = [key.expression.label(f"key{index}") for index, key in enumerate(keys)]
        order = [key.expressed(backward=backward) for key in keys]
        scopes, filters = self._conditions()
        kind = type(self._query.filters)
        spread = None if self._scopes[index].few else kind.spread(self._given)
        if spread is None:
            return self._listed.selecting(columns, [scopes[index], *filters], order)
        column, values, others = spread
        each = values.subquery("each")
        conditions = [scopes[index], column == next(iter(each.c)), *kind.conditions(others)]
        rows = self._listed.selecting(columns, conditions, order).limit(most).lateral()
        return select(rows).select_from(each.join(rows, true())).order_by(*_order_of(rows, keys, backward))


async def server_of(connection: AsyncConnection) -> object:
    """What `SERVER` is for what the transaction reads."""
    [row] = await _SERVER.rows(connection, {})
    return row["server"]


def _found(rows: Sequence[Record]) -> list[Record]:
    return [row for row in rows if row["uuid"] is not None]


def _merged(
    reads: Sequence[Statement], keys: Sequence[OrderKey], most: ColumnElement[int], backward: bool
) -> Statement:
    """As many of the first rows of each statement as can be needed, in one order."""
    rows = union(*(select(read.limit(most).subquery()) for read in reads)).subquery()
    return select(rows).order_by(*_order_of(rows, keys, backward))


def _order_of(rows: FromClause, keys: Sequence[OrderKey], backward: bool = False) -> list[Expression]:
    """The order by the keys that were read with the rows."""
    named = [replace(key, expression=rows.c[f"key{index}"]) for index, key in enumerate(keys)]
    return [key.expressed(backward=backward) for key in named]
