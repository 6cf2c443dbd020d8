"""Requests whose time has passed without a decision are rejected on behalf of the service."""

import logging
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from app.bookings import repository, service
from app.database import Database

REASON = "expired"
log = logging.getLogger(__name__)


async def expire_pending(database: Database) -> list[UUID]:
    """Rejects each request whose last slot has begun, in a transaction of its own, and returns their uuids.

    A booking that cannot be rejected does not keep the others from it. Rule: decision 27.
    """
    now = datetime.now(UTC)
    async with database.transaction() as connection:
        overdue = await repository.overdue(connection, now)
    expired = []
    for uuid in overdue:
        try:
            async with database.transaction() as connection:
                if await service.expire(connection, uuid, now, REASON):
                    expired.append(uuid)
        except SQLAlchemyError:
            log.exception("booking %s could not be rejected as expired", uuid)
    return expired
