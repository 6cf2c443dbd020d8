"""How a provider changes when an offering is open, and its rules: who may, what must hold, what is told."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.database.locks import Lock, wait_for
from app.errors import Forbidden, Invalid, NotFound
from app.models.enums import Permission, Subject
from app.offerings import repository
from app.offerings.collections import OFFERING
from app.offerings.repository import BookedSlot, ProvidedOffering
from app.offerings.schemas import MOST_OUTSIDE
from app.slots.opening import Opening, faults
from app.values import JsonObject


async def require_provided(
    connection: AsyncConnection, caller: Caller, uuid: UUID, permission: Permission, *, lock: bool = False
) -> ProvidedOffering:
    """The offering, if the caller is staff or holds the permission on it or its provider; raises NotFound, Forbidden.

    With `lock`, it and what is booked of it stay as they are until the transaction ends.
    """
    if lock:
        await wait_for(connection, Lock.PERIODS, uuid)
    offering = await repository.provided(connection, caller, uuid, permission, lock=lock)
    if offering is None:
        raise NotFound.of(OFFERING)
    if not caller.is_staff and not caller.may(permission, offering.uuid, offering.provider):
        raise Forbidden
    return offering


async def change_attributes(
    connection: AsyncConnection, caller: Caller, uuid: UUID, attributes: JsonObject, zone: ZoneInfo
) -> tuple[list[BookedSlot], int]:
    """Replaces the attributes; returns the first slots that stand outside the new hours, and how many do.

    Raises NotFound, Forbidden or Invalid.
    """
    await require_provided(connection, caller, uuid, Permission.UPDATE_OFFERING_ATTRIBUTES)
    wrong = faults(attributes, zone)
    if wrong:
        raise Invalid({"schedules": wrong})
    offering = await require_provided(connection, caller, uuid, Permission.UPDATE_OFFERING_ATTRIBUTES, lock=True)
    now = datetime.now(UTC)
    await _change(connection, caller, offering, Subject.ATTRIBUTES, attributes, now)
    booked = await repository.booked_slots(connection, uuid, now)
    covered = Opening(attributes, zone).covering([slot.period for slot in booked])
    outside = [slot for slot, inside in zip(booked, covered, strict=True) if not inside]
    return outside[:MOST_OUTSIDE], len(outside)


async def rules(connection: AsyncConnection, caller: Caller, uuid: UUID) -> JsonObject:
    """The rules by which an offering is booked; raises NotFound or Forbidden."""
    return (await require_provided(connection, caller, uuid, Permission.UPDATE_OFFERING_ATTRIBUTES)).rules


async def change_rules(connection: AsyncConnection, caller: Caller, uuid: UUID, stored: JsonObject) -> None:
    """Replaces the rules, for requests from now on; raises NotFound or Forbidden."""
    offering = await require_provided(connection, caller, uuid, Permission.UPDATE_OFFERING_ATTRIBUTES, lock=True)
    await _change(connection, caller, offering, Subject.RULES, stored, datetime.now(UTC))


async def _change(
    connection: AsyncConnection,
    caller: Caller,
    offering: ProvidedOffering,
    subject: Subject,
    after: JsonObject,
    now: datetime,
) -> None:
    """Changes one thing of an offering, and records who did, if that makes a difference."""
    before: JsonObject = getattr(offering, subject)
    if before == after:
        return
    values = {str(subject): after} | ({"rules_changed": now} if subject == Subject.RULES else {})
    await repository.change(connection, offering.uuid, now, values)
    told = {"offering_uuid": offering.uuid, "user_uuid": caller.uuid, "created": now, "subject": subject}
    await repository.record(connection, **told, before=before, after=after)
