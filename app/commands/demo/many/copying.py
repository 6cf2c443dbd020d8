"""Many bookings copied into an empty database."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.demo.many.crowd import Crowd
from app.commands.demo.many.market import MarketMaker, Size, staff
from app.commands.demo.many.rows import TABLES
from app.commands.demo.many.story import Batch
from app.database import Database
from app.registry.repository import load_permissions

AT_ONCE = 5_000
"""Bookings in memory, and in a transaction."""


async def fill(database: Database, size: Size, progress: Callable[[int], None], now: datetime | None = None) -> None:
    """Copies everything in, some bookings at a time, and gathers statistics; calls `progress` with how many.

    All constraints and triggers are active. While some bookings are copied, the next ones are made up. The staff user
    comes last: without it, the data is incomplete.
    """
    chance = Random(size.seed)
    today = (now or datetime.now(UTC)).replace(hour=0, minute=0, second=0, microsecond=0)
    market = MarketMaker(size, today, chance).make()
    async with database.transaction() as connection:
        await load_permissions(connection)
        for kind in TABLES:
            await _copy(connection, [row for row in market.rows if type(row) is kind])
        await connection.execute(text("ANALYZE"))
    batches = Crowd(market, today, chance).batches(AT_ONCE)
    batch: Batch | None = next(batches)
    while batch is not None:
        coming = asyncio.create_task(asyncio.to_thread(next, batches, None))
        async with database.transaction() as connection:
            for rows in batch.tables():
                await _copy(connection, rows)
        progress(len(batch.resources))
        batch = await coming
    async with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text("VACUUM (ANALYZE)"))
    async with database.transaction() as connection:
        await _copy(connection, [staff(chance)])


async def _copy(connection: AsyncConnection, rows: Sequence[NamedTuple]) -> None:
    """Adds rows of one kind; the first statement is what opens the transaction."""
    if rows:
        await connection.execute(text("SET LOCAL synchronous_commit = off"))
        driver: Any = (await connection.get_raw_connection()).driver_connection
        await driver.copy_records_to_table(TABLES[type(rows[0])], columns=rows[0]._fields, records=rows)
