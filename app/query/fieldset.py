"""Response models whose fields say where they come from, and how exactly those asked for are read.

A field is one line: `name: type = column(...)`, `link(...)`, `computed(...)`, `judged(...)`, `constant(...)` or
`related(...)`. What it says is kept in the field's metadata.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any, Concatenate, TypeAlias, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from sqlalchemy import ARRAY, ColumnElement, Uuid, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.columns import Expression, Kind, Rows, Statement, columns_of
from app.database.prepared import Prepared, among, prepared
from app.query.joins import Entity, Relations, with_joins
from app.values import JsonObject

ABSENT = object()
"""What a reader returns when the field is to be left out of this object."""

_ONE = bindparam("uuid", type_=Uuid(), required=False)
_GIVEN = bindparam("uuids", type_=ARRAY(Uuid()), required=False)


class DirectoryPath(str):
    """A path under which another system answers, if a setting says so."""


@dataclass(frozen=True)
class Context:
    """What a response depends on besides the database: who asks, and what absolute URLs start with."""

    caller: Caller
    base_url: str
    directory_base_url: str | None = None

    @property
    def directory_url(self) -> str:
        """What URLs of a DirectoryPath start with."""
        return self.directory_base_url or self.base_url

    def url(self, path: str, *uuids: object) -> str:
        """The absolute URL made of a path and uuids."""
        start = self.directory_url if isinstance(path, DirectoryPath) else self.base_url
        return start + path.format(*uuids)


Reader: TypeAlias = Callable[Concatenate[Context, ...], object]
Item: TypeAlias = JsonObject
Loader: TypeAlias = Callable[[AsyncConnection, Context, Iterable[UUID]], Awaitable[Mapping[UUID, object]]]
Loaded: TypeAlias = dict[Loader, Mapping[UUID, object]]
ListLoader: TypeAlias = Callable[[AsyncConnection, Context, Iterable[UUID]], Awaitable[Mapping[UUID, list[Item]]]]


@dataclass(frozen=True, eq=False)
class Source:
    """Columns, and what makes the field's value of theirs; `per_caller` if that depends on who asks."""

    columns: tuple[Expression, ...]
    read: Reader
    per_caller: bool = False


@dataclass(frozen=True, eq=False)
class Related:
    """What is loaded for all rows at once by the uuid in `key`, and what stands for nothing found."""

    key: Expression
    load: Loader
    missing: object


@dataclass(frozen=True)
class Hole:
    """A field whose value depends on who asks; what it is worked out of."""

    name: str
    read: Reader
    values: tuple[object, ...]

    def filled(self, context: Context) -> bytes:
        """The member of the JSON object; nothing if the field is absent."""
        value = self.read(context, *self.values)
        return b"" if value is ABSENT else b'"%s":%s' % (self.name.encode(), to_json(value))


@dataclass(frozen=True)
class Fragment:
    """A JSON object without its braces: runs of members, and holes between them."""

    parts: tuple[bytes | Hole, ...]

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes, with what is kept beside it."""
        return 1_000 + sum(len(part) if isinstance(part, bytes) else 512 for part in self.parts)

    def rendered(self, context: Context) -> bytes:
        """The object for a caller."""
        parts = (part if isinstance(part, bytes) else part.filled(context) for part in self.parts)
        return b"{%s}" % b",".join(part for part in parts if part)


def _nothing() -> None:
    return None


def _field(source: Source | Related, description: str) -> Any:
    declared: Any = Field(default_factory=_nothing, description=description)
    declared.metadata.append(source)
    return declared


def column(expression: Expression, description: str, *, optional: bool = False) -> Any:
    """A field that is a column as it is; with `optional`, absent instead of null."""

    def read(_: Context, value: object) -> object:
        return ABSENT if optional and value is None else value

    return _field(Source((expression,), read), description)


def link(path: str, *uuids: Expression, description: str, optional: bool = False) -> Any:
    """An absolute URL made of a path and uuids; null (or absent) when the last uuid is."""
    nothing = ABSENT if optional else None

    def read(context: Context, *values: object) -> object:
        return nothing if values[-1] is None else context.url(path, *values)

    return _field(Source(uuids, read), description)


def computed(read: Reader, *columns: Expression, description: str, per_caller: bool = False) -> Any:
    """A field that `read(context, *columns)` works out; `per_caller` if differently for each caller."""
    return _field(Source(columns, read, per_caller), description)


def judged(read: Callable[[Context, Kind], object], kind: type[Kind], description: str) -> Any:
    """A field that `read(context, facts)` works out for each caller of all the columns of a class; see `columns_of`."""
    columns = columns_of(kind)

    def of_columns(context: Context, *values: object) -> object:
        return read(context, kind(**dict(zip(columns, values, strict=True))))

    return _field(Source(tuple(columns.values()), of_columns, per_caller=True), description)


def constant(value: object, description: str) -> Any:
    """A field that has the same value in every row, or with ABSENT is never there."""

    def read(_: Context) -> object:
        return value

    return _field(Source((), read), description)


def related(load: Loader, key: Expression, missing: object, description: str) -> Any:
    """A list or nested object, loaded for all rows at once by the uuid in `key`."""
    return _field(Related(key, load, missing), description)


def several(owner: Expression, statement: Statement, *order: Expression) -> ListLoader:
    """A loader of lists: the statement's rows as dicts, in that order, by the uuid in the `owner` column."""
    given = statement.add_columns(owner.label("owner")).where(among(owner, _GIVEN)).order_by(*order)

    async def load(connection: AsyncConnection, _: Context, uuids: Iterable[UUID]) -> Mapping[UUID, list[Item]]:
        groups: dict[UUID, list[Item]] = defaultdict(list)
        for row in (await connection.execute(given, {"uuids": list(uuids)})).mappings():
            item = dict(row)
            groups[item.pop("owner")].append(item)
        return groups

    return load


class Fieldset(BaseModel):
    """A response model that is read field by field. No field is required: `field=` may leave out any of them."""

    model_config = ConfigDict(extra="forbid", defer_build=False)


def source_of(model: type[Fieldset], name: str) -> Source | Related:
    """Where a field comes from."""
    for each in model.model_fields[name].metadata:
        if isinstance(each, (Source, Related)):
            return each
    raise TypeError(f"{model.__name__}.{name} does not say where it comes from")


@dataclass(frozen=True, eq=False)
class View:
    """A model read from a root table and its relations."""

    model: type[Fieldset]
    root: Entity
    relations: Relations

    @property
    def uuid(self) -> ColumnElement[UUID]:
        """The column by which rows of the root table are known."""
        return cast("ColumnElement[UUID]", self.root.__table__.c.uuid)

    def known(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the names that are fields, in documented order; all fields when none is."""
        fields = self.model.model_fields
        return tuple(name for name in fields if name in names) or tuple(fields)

    async def read(
        self, connection: AsyncConnection, context: Context, uuids: Iterable[UUID], names: Sequence[str] = ()
    ) -> dict[UUID, Item]:
        """The rows with these uuids as dicts of the model, by uuid: one statement, and one per loader asked for."""
        reading = _reading(self, self.known(names))
        rows = await reading.rows(connection, uuids)
        loaded = await reading.load(connection, context, rows)
        return {row[0]: reading.assemble(row, context, loaded) for row in rows}

    async def read_fragments(
        self, connection: AsyncConnection, context: Context, uuids: Iterable[UUID], names: tuple[str, ...]
    ) -> dict[UUID, Fragment]:
        """The same as JSON, but for what depends on the caller, by uuid; in one snapshot if the connection has one."""
        reading = _reading(self, names)
        rows = await reading.rows(connection, uuids)
        loaded = await reading.load(connection, context, rows)
        return {row[0]: reading.fragment(self.model, row, context, loaded) for row in rows}


@dataclass(frozen=True)
class _Part:
    name: str
    source: Source | Related
    positions: tuple[int, ...]

    @property
    def per_caller(self) -> bool:
        """Whether the value depends on who asks."""
        return isinstance(self.source, Source) and self.source.per_caller

    @property
    def read(self) -> Reader:
        """What works the value out of columns."""
        assert isinstance(self.source, Source)
        return self.source.read


@dataclass(frozen=True)
class _Reading:
    """A fieldset made ready: the statement that reads rows by a key, and which columns of a row each field takes."""

    statement: Statement
    key: ColumnElement[UUID]
    parts: tuple[_Part, ...]

    @cached_property
    def of_one(self) -> Prepared:
        """For a single row; a plan for several looks up in whole tables what one for it fetches by a key."""
        return prepared(self.statement.where(self.key == _ONE))

    @cached_property
    def of_several(self) -> Prepared:
        """For any number of rows."""
        return prepared(self.statement.where(among(self.key, _GIVEN)))

    async def rows(self, connection: AsyncConnection, uuids: Iterable[UUID]) -> Rows:
        given = list(uuids)
        if len(given) == 1:
            found = await self.of_one.rows(connection, {"uuid": given[0]})
        else:
            found = await self.of_several.rows(connection, {"uuids": given})
        return [tuple(row.values()) for row in found]

    async def load(self, connection: AsyncConnection, context: Context, rows: Rows) -> Loaded:
        wanted: dict[Loader, set[UUID]] = {}
        for part in self.parts:
            if isinstance(part.source, Related):
                keys = {row[part.positions[0]] for row in rows}
                wanted.setdefault(part.source.load, set()).update(keys - {None})
        return {load: await load(connection, context, keys) for load, keys in wanted.items()}

    def assemble(self, row: Sequence[Any], context: Context, loaded: Loaded) -> Item:
        """The row as a dict of the model."""
        return _assembled(self.parts, row, context, loaded)

    def fragment(self, model: type[Fieldset], row: Sequence[Any], context: Context, loaded: Loaded) -> Fragment:
        """The row as JSON, with a hole for each field that depends on the caller."""
        found: list[bytes | Hole] = []
        for per_caller, group in groupby(self.parts, lambda part: part.per_caller):
            parts = tuple(group)
            if per_caller:
                found += [Hole(part.name, part.read, tuple(row[at] for at in part.positions)) for part in parts]
            else:
                item = model.model_validate(_assembled(parts, row, context, loaded))
                found.append(item.model_dump_json(exclude_unset=True)[1:-1].encode())
        return Fragment(tuple(found))


def _assembled(parts: Iterable[_Part], row: Sequence[Any], context: Context, loaded: Loaded) -> Item:
    item: Item = {}
    for part in parts:
        values = [row[position] for position in part.positions]
        if isinstance(part.source, Related):
            found = loaded[part.source.load].get(values[0])
            item[part.name] = part.source.missing if found is None else found
        elif (value := part.source.read(context, *values)) is not ABSENT:
            item[part.name] = value
    return item


MOST_READINGS = 64
"""How many combinations of fields are kept ready. A client has one or two; whoever makes up more fills no memory."""


@lru_cache(maxsize=MOST_READINGS)
def _reading(view: View, names: tuple[str, ...]) -> _Reading:
    """Kept by known names only, so that what callers make up does not fill memory."""
    columns: dict[int, tuple[int, Expression]] = {id(view.uuid): (0, view.uuid)}
    parts = []
    for name in names:
        source = source_of(view.model, name)
        needed = (source.key,) if isinstance(source, Related) else source.columns
        found = [columns.setdefault(id(each), (len(columns), each))[0] for each in needed]
        parts.append(_Part(name, source, tuple(found)))
    selected = [expression for _, expression in columns.values()]
    statement: Statement = select(*(expression.label(f"c{index}") for index, expression in enumerate(selected)))
    statement = with_joins(statement, view.root, view.relations, selected)
    return _Reading(statement, view.uuid, tuple(parts))
