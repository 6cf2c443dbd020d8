"""Roles and who holds them: one line for each field of those that clients of the published API read."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import ARRAY, Text, func, select
from sqlalchemy.orm import aliased

from app.api.parameters import refusal
from app.api.wire import Comment
from app.auth import GRANT_HOLDS
from app.columns import Expression
from app.models import RoleEvent, RoleGrant, RolePermission, User
from app.models.enums import RoleAction
from app.query.fieldset import ABSENT, Context, Fieldset, View, column, computed, constant
from app.registry.repository import HeldRole, role_uuid
from app.relations import full_name
from app.values import is_storable

_held = HeldRole.__table__.c
_carried = (
    select(RolePermission.permission).where(RolePermission.role == _held.name).order_by(RolePermission.permission)
)
USERS_COUNT = (
    select(func.count(RoleGrant.user_uuid.distinct()))
    .where(RoleGrant.role == _held.name, GRANT_HOLDS)
    .correlate(HeldRole.__table__)
    .scalar_subquery()
)
"""How many users hold a role anywhere."""
SCOPE_TYPE = func.lower(func.split_part(_held.name, ".", 1))
"""On what a role is held."""


class RoleDetails(Fieldset):
    """A role: what it may be held on, and what it allows there."""

    uuid: UUID = column(_held.uuid, "UUID of the role.")
    name: str = column(_held.name, "Its name, by which it may be given too.")
    description: str = column(_held.description, "What it is for; empty for roles of this deployment's own.")
    permissions: list[str] = column(
        func.array(_carried.correlate(HeldRole.__table__).scalar_subquery(), type_=ARRAY(Text)), "What it allows."
    )
    is_system_role: bool = column(_held.is_system_role, "Whether it is there everywhere.")
    is_active: bool = constant(True, "Always true: each may be given.")
    users_count: int = column(USERS_COUNT, "How many users hold it, on whatever.")
    content_type: str = column(SCOPE_TYPE, "What it is held on.")


ROLE_VIEW = View(RoleDetails, HeldRole, {})


def _storable(moment: datetime) -> datetime:
    if not is_storable(moment):
        raise refusal("Must be in the years 2 to 9998.")
    return moment


class UserRoleRequest(BaseModel):
    """Which role of which user is given, changed or taken away."""

    model_config = ConfigDict(strict=True)

    role: Comment = Field(description="Name or UUID of the role.")
    user: UUID = Field(description="UUID of the user.")
    expiration_time: Annotated[AwareDatetime, AfterValidator(_storable)] | None = Field(
        default=None, description="When the role ends by itself; never if left out. Not read where it is taken away."
    )


class UserRoleExpirationTime(BaseModel):
    """Until when a role is held."""

    expiration_time: datetime | None = Field(description="When the role ends by itself; null if it does not.")


_Author = aliased(User, name="author")
_SCOPES = ("customer_uuid", "project_uuid", "offering_uuid")


def _giving(shown: Expression) -> Expression:
    """What is shown of the event by which the role was given last."""
    same = [
        RoleEvent.user_uuid == RoleGrant.user_uuid,
        RoleEvent.role == RoleGrant.role,
        *(getattr(RoleEvent, name).is_not_distinct_from(getattr(RoleGrant, name)) for name in _SCOPES),
    ]
    last = select(shown).select_from(RoleEvent).outerjoin(_Author, _Author.uuid == RoleEvent.created_by_uuid)
    last = last.where(*same, RoleEvent.action == RoleAction.GRANTED).order_by(RoleEvent.created.desc()).limit(1)
    return last.correlate(RoleGrant).scalar_subquery()


def _email(context: Context, user: UUID, email: str) -> object:
    return email if context.caller.is_staff or context.caller.uuid == user else ABSENT


GRANTED_AT = _giving(RoleEvent.created)


class UserRoleDetails(Fieldset):
    """A role that somebody holds on something."""

    uuid: UUID = column(RoleGrant.uuid, "UUID of this fact.")
    created: datetime = column(GRANTED_AT, "When the role was given; absent if that is not known.", optional=True)
    expiration_time: datetime | None = column(RoleGrant.expiration_time, "When the role ends by itself.")
    role_name: str = column(RoleGrant.role, "Name of the role.")
    role_uuid: UUID = column(role_uuid(RoleGrant.role), "UUID of the role.")
    user_email: str = computed(
        _email, User.uuid, User.email, description="Address; absent for all but staff and the user."
    )
    user_full_name: str = column(full_name(User), "First and last name.")
    user_username: str = column(User.username, "Name to log in with.")
    user_uuid: UUID = column(User.uuid, "UUID of the user.")
    created_by_full_name: str = column(
        _giving(full_name(_Author)), "Who gave the role; absent if that is not known.", optional=True
    )
    created_by_uuid: UUID = column(
        _giving(RoleEvent.created_by_uuid), "UUID of that user; absent if that is not known.", optional=True
    )


USER_ROLE_VIEW = View(UserRoleDetails, RoleGrant, {User: User.uuid == RoleGrant.user_uuid})
