"""What is done once a day, and once a minute, by one replica; PostgreSQL decides which."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from app.api.idempotency import forget
from app.api.limits import forget_counts
from app.bookings.expiry import expire_by_rules, expire_pending
from app.database import Database
from app.database.locks import Lock, may_stand_idle, try_for
from app.errors import for_log
from app.orders.service import start_due
from app.telemetry.metrics import ran

USUAL_TIME = time(10)
"""When the day's work is done, UTC, where no time is set for it."""
PAUSE = 300
"""Seconds until work that failed is tried again."""
MINUTE = 60
"""Seconds between looks at requests that wait longer than the rules of their offerings allow."""
AT_ONCE = 250
"""How many rows one transaction changes."""
log = logging.getLogger(__name__)


async def day(database: Database, *, expire: bool = True) -> bool:
    """Expires pending requests, starts orders whose day has come, and forgets old answers; not while another does."""
    async with database.transaction() as leading:
        if not await try_for(leading, Lock.DAILY_WORK):
            return False
        await may_stand_idle(leading)
        for uuid in await expire_pending(database) if expire else ():
            log.info("booking %s was rejected as expired", uuid)
        await _in_batches(database, start_due)
        await _in_batches(database, forget)
        await forget_counts(leading)
    return True


async def _in_batches(database: Database, work: Callable[[AsyncConnection, int], Awaitable[int]]) -> None:
    """Does the work in transactions of at most so many rows each, until one has fewer."""
    done = AT_ONCE
    while done == AT_ONCE:
        async with database.transaction() as connection:
            done = await work(connection, AT_ONCE)


async def minute(database: Database) -> bool:
    """Rejects requests on which nobody decided in the time that their offerings give; not while another does."""
    async with database.transaction() as leading:
        if not await try_for(leading, Lock.RULE_WORK):
            return False
        await may_stand_idle(leading)
        for uuid in await expire_by_rules(database):
            log.info("booking %s was rejected, since nobody decided on it", uuid)
    return True


async def _every_minute(database: Database) -> None:
    while True:
        await asyncio.sleep(MINUTE)
        try:
            ran("minute", "done" if await minute(database) else "elsewhere")
        except Exception as error:  # a task that ended would be missed by nobody
            ran("minute", "failed")
            log.error("requests could not be held against rules", exc_info=for_log(error))


async def _every_day(database: Database, at: time, expire: bool) -> None:
    has_worked = True
    while True:
        await asyncio.sleep(seconds_until(at, datetime.now(UTC)) if has_worked else PAUSE)
        has_worked = await _has_worked(database, expire)


async def _has_worked(database: Database, expire: bool) -> bool:
    try:
        ran("day", "done" if await day(database, expire=expire) else "elsewhere")
    except Exception as error:  # a task that ended would be missed by nobody
        ran("day", "failed")
        log.error("the work of the day could not be done; the next try is in %s s", PAUSE, exc_info=for_log(error))
        return False
    return True


def seconds_until(at: time, now: datetime) -> float:
    """Seconds from now to the next such time of day, UTC; a day if it is just now."""
    following = datetime.combine(now.date(), at, UTC)
    if following <= now:
        following += timedelta(days=1)
    return (following - now).total_seconds()


@asynccontextmanager
async def working_daily(database: Database, at: time | None) -> AsyncIterator[None]:
    """Does the day's work at that time, UTC, as long as the context lasts, and that of the minute.

    Without a time, requests do not expire unless the rules of their offerings say so.
    """
    day = _every_day(database, at or USUAL_TIME, at is not None)
    tasks = [asyncio.create_task(work) for work in (day, _every_minute(database))]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
