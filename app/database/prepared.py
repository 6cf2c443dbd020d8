"""Statements that are composed once for each shape of a request, and then run as prepared statements."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from asyncpg import Record
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Float,
    Insert,
    Numeric,
    TableClause,
    Update,
    Uuid,
    any_,
    bindparam,
    cast,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeEngine

from app.columns import Expression, Kind, Statement
from app.database import driver
from app.database.readers import Reader
from app.memory import Memory
from app.telemetry.notes import at_hand

_DIALECT = PGDialect_asyncpg(dbapi=PGDialect_asyncpg.import_dbapi())  # type: ignore[no-untyped-call]
Codec: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Prepared:
    """The text of a statement, the names of its parameters in order, and those values that belong to its shape.

    `encoders` by parameter and `decoders` by column say how the driver takes and gives what it does not know itself.
    """

    sql: str
    parameters: tuple[str, ...]
    fixed: Mapping[str, object]
    encoders: Mapping[str, Codec] = field(default_factory=dict)
    decoders: Mapping[str, Codec] = field(default_factory=dict)

    @property
    def tells_the_time(self) -> bool:
        """Whether the answer may change although nothing is written."""
        return "now()" in self.sql

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes, with its shape."""
        return 4_000 + len(self.sql) + 256 * len(self.parameters)

    async def fetch(
        self, reader: Reader, values: Mapping[str, object], *, planned_anew: bool = False
    ) -> Sequence[Record]:
        """The rows for these values of the parameters; with `planned_anew`, by a plan for these very values."""
        at_hand().statements += 1
        arguments = [values[name] if name in values else self.fixed[name] for name in self.parameters]
        if planned_anew:
            return list(await (await reader.prepare(self.sql)).fetch(*arguments))
        rows: Sequence[Record] = await reader.fetch(self.sql, *arguments)
        return rows

    async def rows(self, connection: AsyncConnection, values: Mapping[str, object]) -> list[dict[str, Any]]:
        """The rows by column, within the transaction of a connection; all values are of the types of their columns."""
        given = {name: self.encoders[name](value) if name in self.encoders else value for name, value in values.items()}
        rows = [dict(row) for row in await self.fetch(driver(connection), given)]
        for row in rows:
            row.update({name: decode(row[name]) for name, decode in self.decoders.items()})
        return rows

    async def one(self, connection: AsyncConnection, kind: type[Kind], values: Mapping[str, object]) -> Kind | None:
        """The row, as an object of the class whose columns are selected; None if there is none."""
        rows = await self.rows(connection, values)
        return kind(**rows[0]) if rows else None


async def together(connection: AsyncConnection, *statements: str) -> str:
    """Runs statements without parameters, one after another, in one message; each is its own snapshot.

    No rows are returned, but what PostgreSQL says of the last one, such as `SELECT 1`.
    """
    at_hand().statements += len(statements)
    told: str = await driver(connection).execute("; ".join(statements))
    return told


def prepared(statement: Statement | Insert | Update, columns: Iterable[str] = ()) -> Prepared:
    """The statement made ready; `columns` are those that an update sets. The driver keeps it prepared by its text."""
    keys = list(columns) or None
    compiled = statement.compile(dialect=_DIALECT, column_keys=keys, compile_kwargs={"render_postcompile": True})
    fixed = compiled.construct_params(_check=False)
    encoders = {str(name): _encoder(each.type) for name, each in compiled.binds.items()}
    decoders = {str(name): _decoder(each.type) for name, each in statement.exported_columns.items()}
    return Prepared(compiled.string, tuple(compiled.positiontup or ()), fixed, _some(encoders), _some(decoders))


def _encoder(kind: TypeEngine[Any]) -> Codec | None:
    return kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _decoder(kind: TypeEngine[Any]) -> Codec | None:
    if isinstance(kind, Numeric | Float):
        return None  # numbers come as what they are
    return kind.dialect_impl(_DIALECT).result_processor(_DIALECT, None)


def _some(codecs: Mapping[str, Codec | None]) -> dict[str, Codec]:
    return {name: codec for name, codec in codecs.items() if codec}


def adding(model: type[Any], names: Iterable[str], **computed: ColumnElement[Any]) -> Insert:
    """Adds a row: parameters by the names of their columns, and what is computed. PostgreSQL knows the defaults."""
    table: TableClause = model.__table__
    given = {name: bindparam(name, type_=table.c[name].type, required=False) for name in names}
    columns = {**given, **computed}
    return insert(table).from_select(list(columns), select(*columns.values()), include_defaults=False)


def among(column: Expression, uuids: Expression) -> ColumnElement[bool]:
    """Whether the column is one of a few uuids, which are a parameter.

    The planner does not look at how many they are. Else a plan for one or two looks so much better than that for any
    number that it plans each time anew, which takes longer than reading them.
    """
    return column == any_(cast(select(uuids).scalar_subquery(), ARRAY(Uuid())))


class Statements:
    """Prepared statements by shape, the most recently used of them, up to so many bytes."""

    def __init__(self, most_bytes: int = 4_000_000) -> None:
        self._kept = Memory(most_bytes)

    def of(
        self, shape: Hashable | None, compose: Callable[[], Statement | Insert | Update], columns: Iterable[str] = ()
    ) -> Prepared:
        """The statement of a shape, composed if it is new; without a shape, composed anew."""
        if shape is None:
            return prepared(compose())
        kept = self._kept.get(shape, None)
        if isinstance(kept, Prepared):
            return kept
        made = prepared(compose(), columns)
        self._kept.put(shape, None, made, made.size)
        return made
