"""Temporary tables that hold a file's rows until all of them are known to be good."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement, DropTable
from sqlalchemy.sql.schema import Index

from app.commands.progress import Progress
from app.commands.transfer.parts import ENDPOINTS, PARTS, SLOTS
from app.commands.transfer.row import Record

BATCH = 1000
"""Rows kept in memory until they are sent."""

STAGED = {part.stored.name: part for part in (*PARTS, ENDPOINTS, SLOTS)}
_HELD = 'tstzrange("start", greatest("end", held_until))'
_SLOT_PERIODS = f"CREATE INDEX ON staging_slot USING gist (offering_uuid, {_HELD}) WHERE live"


def _script(*statements: DDLElement | str) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return ";\n".join(part if isinstance(part, str) else str(part.compile(dialect=dialect)) for part in statements)


def _index(columns: Sequence[Column[object]]) -> str:
    return _script(CreateIndex(Index(f"ix_{columns[0].table.name}", *columns)))


_DROP = _script(*(DropTable(part.staging, if_exists=True) for part in STAGED.values()))
_CREATE = _script(*(CreateTable(part.staging) for part in STAGED.values()))
_INDEX = _script(
    *(_index([part.staging.c[name] for name in part.identity[:2]]) for part in STAGED.values()),
    _SLOT_PERIODS,
    *(f"ANALYZE {part.staging.name}" for part in STAGED.values()),
)


class Staging:
    """The rows of a file by stored table; calls `progress` with the table of the file and how many rows were read."""

    def __init__(self, connection: AsyncConnection, progress: Progress) -> None:
        self._connection = connection
        self._progress = progress
        self._waiting: dict[str, list[tuple[object, ...]]] = {name: [] for name in STAGED}
        self._columns = {name: [column.name for column in part.staging.columns] for name, part in STAGED.items()}
        self.rows = {part.name: 0 for part in PARTS}

    async def open(self) -> None:
        """Makes the tables, empty."""
        await self._run(f"{_DROP};\n{_CREATE}")

    async def add(self, table: str, record: Record) -> None:
        """Takes one row; sends a batch when there are enough."""
        waiting = self._waiting[table]
        waiting.append(tuple(map(record.get, self._columns[table])))
        if len(waiting) >= BATCH:
            await self._send(table)

    def count(self, name: str) -> None:
        """Counts one row of a table of the file."""
        self.rows[name] += 1
        if self.rows[name] % BATCH == 0:
            self._progress(name, self.rows[name])

    async def complete(self) -> None:
        """Sends what is left, and gets the tables ready for queries."""
        for table in self._waiting:
            await self._send(table)
        for name, rows in self.rows.items():
            if rows % BATCH:
                self._progress(name, rows)
        await self._run(_INDEX)

    async def close(self) -> None:
        """Drops the tables, which the end of the transaction would do as well."""
        await self._run(_DROP)

    async def _send(self, table: str) -> None:
        waiting = self._waiting[table]
        if waiting:
            name, columns = STAGED[table].staging.name, self._columns[table]
            await (await self._driver()).copy_records_to_table(name, columns=columns, records=waiting)
            waiting.clear()

    async def _run(self, script: str) -> None:
        await (await self._driver()).execute(script)

    async def _driver(self) -> Any:
        return (await self._connection.get_raw_connection()).driver_connection
