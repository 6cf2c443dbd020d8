"""Requests whose time has passed without a decision are rejected on behalf of the service."""

import logging
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from app.bookings import repository
from app.database import Database
from app.lifecycle.service import Actor, InvalidState, apply
from app.lifecycle.transitions import EXPIRE

EXPIRED = Actor(comment="expired")
log = logging.getLogger(__name__)


async def expire_pending(database: Database) -> list[UUID]:
    """Rejects each request whose last slot has begun, in a transaction of its own, and returns their uuids.

    A booking that cannot be rejected does not keep the others from it. Rule: decision 27.
    """
    async with database.transaction() as connection:
        overdue = await repository.overdue(connection, datetime.now(UTC))
    expired = []
    for uuid in overdue:
        try:
            async with database.transaction() as connection:
                await apply(connection, EXPIRE, uuid, EXPIRE.sources[0], EXPIRED)
            expired.append(uuid)
        except InvalidState:
            log.info("booking %s was decided on just before it would have expired", uuid)
        except SQLAlchemyError:
            log.exception("booking %s could not be rejected as expired", uuid)
    return expired
