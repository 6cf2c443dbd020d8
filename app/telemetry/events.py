"""Changes of bookings are told once they are committed: to the log, and to those who count."""

import logging
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy.ext.asyncio import AsyncConnection

from app.telemetry.metrics import CHANGES

CREATE = "create"
"""The change by which a booking comes to be; the others have the names of their transitions."""
log = logging.getLogger(__name__)
_HELD: WeakKeyDictionary[AsyncConnection, list[tuple[str, dict[str, str | None]]]] = WeakKeyDictionary()


def note(connection: AsyncConnection, change: str, *, booking: UUID, offering: UUID, caller: UUID | None) -> None:
    """Holds a change until its transaction is committed; one that is rolled back is never told."""
    about = {"booking": str(booking), "offering": str(offering), "caller": str(caller) if caller else None}
    _HELD.setdefault(connection, []).append((change, about))


def tell(connection: AsyncConnection) -> None:
    """Tells what was held for a transaction that is committed now."""
    if not _HELD:
        return
    for change, about in _HELD.pop(connection, ()):
        CHANGES.labels(change).inc()
        log.info("booking changed", extra={"about": {"change": change, **about}})
