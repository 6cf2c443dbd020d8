"""The server: which one it is, whether it takes changes, its clock, and what is in between."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.doctor.finding import Finding, advice, good, wrong
from app.config import Settings
from app.database import Database
from app.database.probe import LARGEST_SKEW
from app.embedded.programs import OLDEST_MAJOR

_SERVER = text(
    "SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int / 10000 AS major,"
    " current_setting('server_encoding') AS encoding, current_setting('transaction_read_only')::bool AS read_only"
)
_WHO = "SELECT pg_backend_pid()"
_LIMIT = "SELECT current_setting('statement_timeout')"
PATIENCE = 5
"""Seconds to find out what is in between."""


async def server(connection: AsyncConnection, where: str) -> list[Finding]:
    """Version, encoding, and whether it takes changes."""
    row = (await connection.execute(_SERVER)).one()
    found = [good("database", f"PostgreSQL {row.version.split()[0]} answers: {where}.")]
    if row.major < OLDEST_MAJOR:
        told = f"PostgreSQL {row.version.split()[0]} is too old."
        found = [wrong("database", told, f"Upgrade it to version {OLDEST_MAJOR} or newer.")]
    if row.encoding != "UTF8":
        told = f"The database is encoded in {row.encoding}, which cannot hold all names."
        found.append(wrong("database", told, "Create it anew: createdb --encoding=UTF8 --template=template0."))
    if row.read_only:
        told = "The database takes no changes: it is a standby, or default_transaction_read_only is on."
        found.append(wrong("database", told, "Name the one that takes changes in BOOKING_DATABASE_URL."))
    return found


async def clock(connection: AsyncConnection) -> Finding:
    """How far the clock of this machine is ahead of that of the database."""
    before = datetime.now(UTC)
    now: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
    between = before + (datetime.now(UTC) - before) / 2
    return skew(between - now)


def skew(ahead: timedelta) -> Finding:
    """What is to be said of two clocks of which one is ahead."""
    seconds = ahead.total_seconds()
    if abs(ahead) <= LARGEST_SKEW:
        return good("clock", f"The clocks of machine and database differ by {abs(seconds):.1f} s.")
    side = "ahead of" if seconds > 0 else "behind"
    told = f"The clock of this machine is {abs(seconds):.0f} s {side} that of the database."
    return wrong("clock", told, "Keep both by NTP; then start the service anew.")


async def pooler(database: Database, settings: Settings) -> list[Finding]:
    """Whether a pooler shares connections between transactions, and the settings say so."""
    shared, asked = await _is_shared(database), settings.database_pooler
    if not shared:
        told = "No pooler is seen, though BOOKING_DATABASE_POOLER is on: each statement takes longer."
        fine = good("pooler", "None shares connections between transactions.")
        return [advice("pooler", told, "Turn it off, unless one comes later.") if asked else fine]
    if not asked:
        told = "A pooler shares connections between transactions, and BOOKING_DATABASE_POOLER is off."
        return [wrong("pooler", told, "Set BOOKING_DATABASE_POOLER=on.")]
    async with database.reading() as reader:
        if await reader.fetchval(_LIMIT) == "0":
            told = "Behind the pooler, statements outside of transactions have no limit of time in PostgreSQL."
            remedy = "ALTER ROLE ... SET statement_timeout = '10s', as docs/operate.md says under \"A pooler\"."
            return [advice("pooler", told, remedy)]
    return [good("pooler", "It shares connections between transactions, and the settings say so.")]


async def _is_shared(database: Database) -> bool:
    """A connection that nobody shares has one server process as long as it lasts, and has it alone."""
    with suppress(TimeoutError, asyncpg.InvalidSQLStatementNameError, asyncpg.DuplicatePreparedStatementError):
        async with asyncio.timeout(PATIENCE), database.reading() as reader:
            before = await reader.fetchval(_WHO)
            async with database.transaction() as connection:
                if await connection.scalar(text(_WHO)) == before:
                    return True
                return bool(before != await reader.fetchval(_WHO))
    return True
