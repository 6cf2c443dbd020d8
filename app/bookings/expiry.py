"""Requests whose time has passed without a decision are rejected on behalf of the service."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.bookings import repository
from app.database import FAILURES, Database, is_lost
from app.errors import for_log
from app.lifecycle.service import Actor, InvalidState, apply
from app.lifecycle.transitions import EXPIRE

EXPIRED = Actor(comment="expired")
AT_ONCE = 250
"""How many requests are looked up by one statement."""
log = logging.getLogger(__name__)


async def expire_pending(database: Database) -> list[UUID]:
    """Rejects each request whose last slot has begun, in a transaction of its own, and returns their uuids.

    A booking that cannot be rejected does not keep the others from it. Rule: decision 27.
    """
    return [uuid async for uuid in _found(database, repository.overdue) if await _expires(database, uuid)]


async def expire_by_rules(database: Database) -> list[UUID]:
    """Rejects each request on which nobody decided within the time that its offering gives, likewise."""
    return [uuid async for uuid in _found(database, repository.overdue_by_rules) if await _expires(database, uuid)]


Overdue: TypeAlias = Callable[[AsyncConnection, UUID, int], Awaitable[Sequence[UUID]]]


async def _found(database: Database, overdue: Overdue) -> AsyncIterator[UUID]:
    last = UUID(int=0)
    while True:
        async with database.transaction() as connection:
            found = await overdue(connection, last, AT_ONCE)
        for uuid in found:
            yield uuid
        if len(found) < AT_ONCE:
            return
        last = found[-1]


async def _expires(database: Database, uuid: UUID) -> bool:
    try:
        async with database.transaction() as connection:
            await apply(connection, EXPIRE, uuid, EXPIRE.sources[0], EXPIRED)
    except InvalidState:
        log.info("booking %s was decided on just before it would have expired", uuid)
    except FAILURES as error:
        if is_lost(error):
            raise  # nothing else can be written either
        log.error("booking %s could not be rejected as expired", uuid, exc_info=for_log(error))
    else:
        return True
    return False
