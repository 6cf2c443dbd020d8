"""Response models whose fields say where they come from, and how exactly those asked for are read.

A field is one line: `name: type = column(...)`, `link(...)`, `computed(...)`, `constant(...)` or `related(...)`.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ARRAY, ColumnElement, Row, Select, Uuid, any_, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.kit.joins import Relations, with_joins

ABSENT: Any = object()
"""What a reader returns when the field is to be left out of this object."""

CALLER: ColumnElement[UUID] = bindparam("caller", type_=Uuid())
"""The caller's uuid, for relations that depend on who asks."""


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

    def url(self, path: str, *uuids: UUID) -> str:
        """The absolute URL made of a path and uuids."""
        start = self.directory_url if isinstance(path, DirectoryPath) else self.base_url
        return start + path.format(*uuids)


Loader = Callable[[AsyncConnection, Context, Collection[UUID]], Awaitable[Mapping[UUID, Any]]]


@dataclass(frozen=True)
class Source:
    """Where a field comes from: columns, and either a reader of their values or a loader keyed by the one column."""

    columns: tuple[ColumnElement[Any], ...] = ()
    read: Callable[..., Any] | None = None
    load: Loader | None = None
    missing: Callable[[], Any] | None = None

    def __call__(self, schema: dict[str, Any]) -> None:
        """Corrects the JSON schema: a field may be left out, and has no default that a client could rely on."""
        schema.pop("default", None)


def _field(source: Source, description: str) -> Any:
    return Field(default=None, description=description, json_schema_extra=source)


def column(expression: Any, description: str, *, optional: bool = False) -> Any:
    """A field that is a column as it is; with `optional`, absent instead of null."""
    read = (lambda _, value: ABSENT if value is None else value) if optional else None
    return _field(Source((expression,), read), description)


def link(path: str, *uuids: Any, description: str, optional: bool = False) -> Any:
    """An absolute URL made of a path and uuids; null (or absent) when the last uuid is."""
    nothing = ABSENT if optional else None

    def read(context: Context, *values: Any) -> Any:
        return nothing if values[-1] is None else context.url(path, *values)

    return _field(Source(uuids, read), description)


def computed(read: Callable[..., Any], *columns: Any, description: str) -> Any:
    """A field that `read(context, *columns)` works out."""
    return _field(Source(columns, read), description)


def constant(value: Callable[[], Any], description: str) -> Any:
    """A field that has the same value for every booking, or with ABSENT is never there."""
    return _field(Source((), lambda _: value()), description)


def related(load: Loader, key: Any, missing: Callable[[], Any], description: str) -> Any:
    """A list or nested object, loaded for all rows at once by the uuid in `key`."""
    return _field(Source((key,), None, load, missing), description)


class Fieldset(BaseModel):
    """A response model that is read field by field. No field is required: `field=` may leave out any of them."""

    model_config = ConfigDict(extra="forbid", defer_build=False)


def sources(model: type[Fieldset], names: Collection[str]) -> dict[str, Source]:
    """The sources of the named fields, in documented order; of all fields when no name is known."""
    known = [name for name in model.model_fields if name in names] or list(model.model_fields)
    return {name: _source(model, name) for name in known}


def _source(model: type[Fieldset], name: str) -> Source:
    source = model.model_fields[name].json_schema_extra
    if not isinstance(source, Source):
        raise TypeError(f"{model.__name__}.{name} does not say where it comes from")
    return source


@dataclass(frozen=True, eq=False)
class View:
    """A model read from a root table and its relations."""

    model: type[Fieldset]
    root: Any
    relations: Relations

    async def read(
        self, connection: AsyncConnection, context: Context, uuids: Collection[UUID], names: Collection[str] = ()
    ) -> dict[UUID, dict[str, Any]]:
        """The rows with these uuids as dicts of the model, by uuid: one statement, and one per loader asked for."""
        reading = _reading(self, frozenset(names))
        values = {"uuids": list(uuids), "caller": context.caller.uuid}
        rows = (await connection.execute(reading.statement, values)).all()
        loaded = await reading.load(connection, context, rows)
        return {row[0]: reading.assemble(row, context, loaded) for row in rows}


@dataclass(frozen=True)
class _Part:
    name: str
    source: Source
    start: int
    end: int


@dataclass(frozen=True)
class _Reading:
    """A fieldset made ready: its statement, and which columns of a row each field takes."""

    statement: Select[Any]
    parts: tuple[_Part, ...]

    async def load(
        self, connection: AsyncConnection, context: Context, rows: Sequence[Row[Any]]
    ) -> dict[Loader, Mapping[UUID, Any]]:
        wanted: dict[Loader, set[UUID]] = {}
        for part in self.parts:
            if part.source.load is not None:
                wanted.setdefault(part.source.load, set()).update(row[part.start] for row in rows)
        return {
            load: await load(connection, context, [key for key in keys if key is not None])
            for load, keys in wanted.items()
        }

    def assemble(self, row: Row[Any], context: Context, loaded: Mapping[Loader, Mapping[UUID, Any]]) -> dict[str, Any]:
        item = {}
        for name, source, start, end in ((part.name, part.source, part.start, part.end) for part in self.parts):
            if source.load is not None and source.missing is not None:
                found = loaded[source.load].get(row[start])
                item[name] = source.missing() if found is None else found
            elif source.read is None:
                item[name] = row[start]
            elif (value := source.read(context, *row[start:end])) is not ABSENT:
                item[name] = value
        return item


@lru_cache(maxsize=512)
def _reading(view: "View", names: frozenset[str]) -> _Reading:
    columns: list[Any] = [view.root.uuid]
    parts = []
    for name, source in sources(view.model, names).items():
        parts.append(_Part(name, source, len(columns), len(columns) + len(source.columns)))
        columns.extend(source.columns)
    statement = select(*(expression.label(f"c{index}") for index, expression in enumerate(columns)))
    statement = with_joins(statement, view.root, view.relations, columns)
    given = bindparam("uuids", type_=ARRAY(Uuid()))
    return _Reading(statement.where(view.root.uuid == any_(given)), tuple(parts))
