"""Conditions that lists of bookings and lists of orders are filtered by alike."""

from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, String, and_, bindparam, exists, func, or_

from app.auth import GRANT_HOLDS
from app.columns import Expression
from app.models import Offering, Resource, RoleGrant
from app.query.filtering import Values, contains, pattern
from app.values import uuid_or_none

QUERY_UUID: BindParameter[UUID] = bindparam("query_uuid", required=False)
"""What is searched for, if it is a UUID."""


def is_found(booking: type[Resource], part: Expression) -> ColumnElement[bool]:
    """Whether a search means the booking: its uuid, or a text in name, slug, ids or addresses. Rule: contract, 4.10."""
    whole = func.lower(bindparam("query_whole", type_=String, required=False))
    return or_(
        contains(booking.searched, part),
        func.lower(booking.backend_id) == whole,
        func.lower(booking.effective_id) == whole,
        booking.uuid == QUERY_UUID,
    )


def searched(name: str, value: str) -> Values:
    """What a search takes of its text."""
    return {name: pattern(value), "query_whole": value, "query_uuid": uuid_or_none(value)}


def active_grant(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is a grant in force of which the conditions hold."""
    return exists().where(GRANT_HOLDS, *conditions)


def managed_by(user: UUID, offering: Expression) -> ColumnElement[bool]:
    """Whether the offering, of which the column has the uuid, is shared, and the user holds a role on it."""
    held = active_grant(RoleGrant.user_uuid == user, RoleGrant.offering_uuid == offering)
    return and_(Offering.shared, held)
