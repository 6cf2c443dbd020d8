"""On what a role may be held, as far as the caller sees it, and to whom it may be given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from sqlalchemy import ColumnElement, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.access import visible_customers, visible_offerings, visible_projects
from app.auth import Caller
from app.columns import Expression, Statement, columns_of, read_one
from app.models import Customer, Offering, Project, RoleGrant, User
from app.models.enums import Permission
from app.registry.roles import ScopeType

_CLOSED = func.coalesce(or_(Customer.blocked, Customer.archived), false())


@dataclass(frozen=True, kw_only=True)
class RoleScope:
    """On what a role is to be given, and the organisation that it belongs to."""

    organisation: Annotated[UUID | None, Customer.uuid]
    is_closed: Annotated[bool, _CLOSED]


_READ: Statement = select(*columns_of(RoleScope).values())


@dataclass(frozen=True, kw_only=True)
class ScopeKind:
    """A kind of scope: what error messages call it, how it is read, who sees it, and what giving a role takes."""

    type: ScopeType
    noun: str
    uuid: ColumnElement[UUID]
    statement: Statement
    visible: Callable[[Caller], ColumnElement[bool]]
    held: Expression

    def permission(self, action: str) -> Permission:
        """What the action takes: CREATE, UPDATE or DELETE."""
        return Permission(f"{self.type.upper()}.{action}_PERMISSION")


def _column(expression: object) -> ColumnElement[UUID]:
    assert isinstance(expression, ColumnElement)
    return expression


KINDS: Mapping[ScopeType, ScopeKind] = {
    ScopeType.CUSTOMER: ScopeKind(
        type=ScopeType.CUSTOMER,
        noun="Customer",
        uuid=_column(Customer.__table__.c.uuid),
        statement=_READ,
        visible=visible_customers,
        held=RoleGrant.customer_uuid,
    ),
    ScopeType.PROJECT: ScopeKind(
        type=ScopeType.PROJECT,
        noun="Project",
        uuid=_column(Project.__table__.c.uuid),
        statement=_READ.select_from(Project).join(Customer, Customer.uuid == Project.customer_uuid),
        visible=visible_projects,
        held=RoleGrant.project_uuid,
    ),
    ScopeType.OFFERING: ScopeKind(
        type=ScopeType.OFFERING,
        noun="Offering",
        uuid=_column(Offering.__table__.c.uuid),
        statement=_READ.select_from(Offering).outerjoin(Customer, Customer.uuid == Offering.customer_uuid),
        visible=visible_offerings,
        held=RoleGrant.offering_uuid,
    ),
}


async def scope(connection: AsyncConnection, caller: Caller, kind: ScopeKind, uuid: UUID) -> RoleScope | None:
    """What has that uuid, if the caller may see it."""
    return await read_one(connection, RoleScope, kind.statement.where(kind.uuid == uuid, kind.visible(caller)))


async def is_active_user(connection: AsyncConnection, uuid: UUID) -> bool:
    """Whether there is that user, and may call."""
    statement = select(User.uuid).where(User.uuid == uuid, User.is_active)
    return (await connection.execute(statement)).first() is not None
