"""Roles, of which everybody sees all, and who holds them; and by what they are looked up."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, cast, false, or_, true
from sqlalchemy import Text as SqlText

from app.api.parameters import Flag, PlainText, Text, TextList, Uuid, uuid_in_path
from app.auth import GRANT_HOLDS
from app.columns import Expression
from app.models import RoleGrant, User
from app.query.collection import Collection
from app.query.filtering import FilterSet, Values, equals, one_of, part_of, where
from app.query.lists import any_scope
from app.registry.repository import HeldRole, role_uuid
from app.relations import full_name
from app.roles.schemas import GRANTED_AT, ROLE_VIEW, SCOPE_TYPE, USER_ROLE_VIEW, USERS_COUNT
from app.values import uuid_or_none

_held = HeldRole.__table__.c


def _all_if(value: bool) -> ColumnElement[bool]:
    return true() if value else false()


def _all(_: object) -> ColumnElement[bool]:
    return true()


class RoleFilters(FilterSet):
    """What roles are looked up by."""

    available_for_customer: Uuid = where(_all, "Organisation in which the role may be given: each may be in any.")
    content_type: Text = where(equals(SCOPE_TYPE), "What the role is held on: customer, project or offering.")
    description: Text = where(part_of(_held.description), "Part of the description, in any case.")
    include_concealed: Flag = where(_all, "Whether concealed roles are shown too: there are none.")
    is_active: Flag = where(_all_if, "Whether the role may be given: each may be.")
    is_system_role: Flag = where(equals(_held.is_system_role), "Whether the role is there everywhere.")
    name: Text = where(part_of(_held.name), "Part of the name, in any case.")
    query: Text = where(part_of(_held.name, _held.description), "Part of name or description, in any case.")


_NAME = _held.name.collate("C")
ROLES = Collection(
    "Role",
    ROLE_VIEW,
    any_scope(_all),
    {
        "is_active": _held.name.is_not(None),
        "name": _NAME,
        "origin": _held.is_system_role,
        "scope": SCOPE_TYPE,
        "users_count": USERS_COUNT,
    },
    "name",
)


_full_name = full_name(User)
_role_uuid = cast(role_uuid(RoleGrant.role), SqlText)


def _nobody(_: object) -> ColumnElement[bool]:
    return false()


def _is_role(values: Any) -> ColumnElement[bool]:
    return or_(one_of(RoleGrant.role)(values), one_of(_role_uuid)(values))


def _dashed(name: str, values: Sequence[str]) -> Values:
    return {name: [str(uuid_or_none(value) or value) for value in values]}


class UserRoleFilters(FilterSet):
    """What roles of users are looked up by."""

    full_name: Text = where(part_of(_full_name), "Part of first and last name, in any case.")
    native_name: Text = where(_nobody, "Name in one's own language, which users do not have here: finds nobody.")
    role: TextList = where(_is_role, "Name or UUID of the role; several may be given.", prepare=_dashed)
    search_string: Text = where(part_of(_full_name, User.username), "Part of name or username, in any case.")
    user: Uuid = where(equals(RoleGrant.user_uuid), "User.")
    user_slug: Text = where(_nobody, "Short name, which users do not have here: finds nobody.")
    user_url: Annotated[UUID | None, uuid_in_path("users"), PlainText] = where(
        equals(RoleGrant.user_uuid), "User: URL or path."
    )
    username: Text = where(equals(User.username), "Name to log in with, to the letter.")


ORDERINGS = {
    "username": User.username.collate("C"),
    "full_name": _full_name.collate("C"),
    "role": RoleGrant.role.collate("C"),
    "created": GRANTED_AT,
    "expiration_time": RoleGrant.expiration_time,
}


def user_roles_on(scope: Expression, uuid: UUID) -> Collection:
    """The roles that are held on one thing; whether the caller may see them is not asked here."""
    held = scope == uuid
    own = any_scope(lambda _: and_(held, GRANT_HOLDS))
    return Collection("UserRole", USER_ROLE_VIEW, own, ORDERINGS, "username")
