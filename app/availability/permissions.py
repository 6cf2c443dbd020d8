"""Who may see when an offering is taken, and who may take it off for maintenance."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_

from app.auth import Caller
from app.models import Offering
from app.models.enums import BOOKING_OFFERING_TYPE, Role
from app.offerings.permissions import orderable_by, provides


@dataclass(frozen=True)
class Offered:
    """An offering, with what its calendar depends on."""

    uuid: UUID
    provider: UUID | None
    attributes: dict[str, Any]


def visible_to(caller: Caller) -> ColumnElement[bool]:
    """Offerings whose calendar the caller may see: staff all; others what they may book, and what they provide."""
    booked = Offering.type == BOOKING_OFFERING_TYPE
    if caller.is_staff:
        return booked
    provided = or_(
        Offering.customer_uuid.in_(caller.holding(Role.CUSTOMER_OWNER, Role.CUSTOMER_MANAGER)),
        Offering.uuid.in_(caller.holding(Role.OFFERING_MANAGER)),
    )
    return or_(orderable_by(caller), and_(booked, provided))


def manages(caller: Caller, offered: Offered) -> bool:
    """Staff and the provider's side: they see who has booked, and say when the offering is busy."""
    return caller.is_staff or provides(caller, offered.uuid, offered.provider)
