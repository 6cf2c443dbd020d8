"""What is done once a day, by one replica; PostgreSQL decides which."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, time, timedelta

from sqlalchemy.exc import SQLAlchemyError

from app.api.idempotency import forget
from app.bookings.expiry import expire_pending
from app.database import Database
from app.locks import Lock, try_for
from app.orders.service import start_due

USUAL_TIME = time(10)
"""When the day's work is done, UTC, where no time is set for it."""
log = logging.getLogger(__name__)


async def day(database: Database, *, expire: bool = True) -> bool:
    """Expires pending requests, starts orders whose day has come, and forgets old answers; not while another does."""
    async with database.transaction() as leading:
        if not await try_for(leading, Lock.DAILY_WORK):
            return False
        for uuid in await expire_pending(database) if expire else ():
            log.info("booking %s was rejected as expired", uuid)
        await start_due(leading)
        await forget(leading)
    return True


async def _every_day(database: Database, at: time, expire: bool) -> None:
    while True:
        await asyncio.sleep(seconds_until(at, datetime.now(UTC)))
        try:
            await day(database, expire=expire)
        except (SQLAlchemyError, OSError):
            log.exception("the work of the day could not be done; the next try is tomorrow")


def seconds_until(at: time, now: datetime) -> float:
    """Seconds from now to the next such time of day, UTC; a day if it is just now."""
    following = datetime.combine(now.date(), at, UTC)
    if following <= now:
        following += timedelta(days=1)
    return (following - now).total_seconds()


@asynccontextmanager
async def working_daily(database: Database, at: time | None) -> AsyncIterator[None]:
    """Does the day's work at that time, UTC, as long as the context lasts; without a time, requests do not expire."""
    task = asyncio.create_task(_every_day(database, at or USUAL_TIME, at is not None))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
