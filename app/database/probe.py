"""What the database is asked to know whether requests can be served, along a connection of its own."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from enum import Enum
from time import monotonic
from typing import TypeAlias

import asyncpg

PATIENCE = 2.0
"""Seconds to wait for the database."""
KEPT = 1.0
"""Seconds for which an answer holds."""
RENEWED = 10.0
"""Seconds after which the connection is made anew, so that it leads where new connections lead."""
LARGEST_SKEW = timedelta(seconds=5)
log = logging.getLogger(__name__)
_QUESTION = """
    SELECT current_setting('transaction_read_only')::boolean AS read_only, clock_timestamp() AS now,
    (SELECT max(version_num) FROM alembic_version) AS revision,
    obj_description('alembic_version'::regclass, 'pg_class') AS served
"""


Suits: TypeAlias = Callable[[str | None, str | None], bool]
"""Says whether a schema of a revision, on which those versions of the service can work, will do."""


class Standing(Enum):
    """Whether requests can be served."""

    READY = "ok"
    SILENT = "the database does not answer"
    READ_ONLY = "the database takes no changes"
    OTHER_SCHEMA = "the database schema is of another version"


class Probe:
    """Asks the database, at most once a second, however many want to know."""

    def __init__(self, connect: Callable[[], Awaitable[asyncpg.Connection]], suits: Suits) -> None:
        self._connect, self._suits = connect, suits
        self._connection: asyncpg.Connection | None = None
        self._since = self._asked = -RENEWED
        self._standing = Standing.SILENT
        self._asking = asyncio.Lock()
        self._clock_was_compared = False

    async def standing(self) -> Standing:
        """The answer, of just now or of up to a second ago."""
        async with self._asking:
            if monotonic() - self._asked > KEPT:
                self._standing = await self._ask()
                self._asked = monotonic()
            return self._standing

    def close(self) -> None:
        """Gives the connection up."""
        if self._connection is not None:
            self._connection.terminate()
        self._connection = None

    async def _ask(self) -> Standing:
        try:
            async with asyncio.timeout(PATIENCE):
                return self._judged(await (await self._current()).fetchrow(_QUESTION))
        except asyncpg.UndefinedTableError:
            return Standing.OTHER_SCHEMA
        except asyncpg.TargetServerAttributeNotMatched:
            return Standing.READ_ONLY
        except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            self.close()
            return Standing.SILENT

    async def _current(self) -> asyncpg.Connection:
        if monotonic() - self._since > RENEWED:
            self.close()
        if self._connection is None or self._connection.is_closed():
            self._connection = await self._connect()
            self._since = monotonic()
        return self._connection

    def _judged(self, row: asyncpg.Record) -> Standing:
        self._compare_clocks(row["now"])
        if not self._suits(row["revision"], row["served"]):
            return Standing.OTHER_SCHEMA
        return Standing.READ_ONLY if row["read_only"] else Standing.READY

    def _compare_clocks(self, now: datetime) -> None:
        if self._clock_was_compared:
            return
        self._clock_was_compared = True
        ahead = datetime.now(UTC) - now
        if abs(ahead) > LARGEST_SKEW:
            log.warning("the clock of this machine is %.0f s ahead of that of the database", ahead.total_seconds())
