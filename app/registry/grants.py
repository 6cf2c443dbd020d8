"""How a role is given to a user, changed and taken away; each time, that is written down."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models import RoleEvent, RoleGrant, RolePermission
from app.models.enums import RoleAction
from app.registry.roles import ScopeType

HOLDS = and_(RoleGrant.is_active, or_(RoleGrant.expiration_time.is_(None), RoleGrant.expiration_time > func.now()))
"""Whether a grant is in force."""
_ONE = (
    RoleGrant.user_uuid,
    RoleGrant.role,
    RoleGrant.customer_uuid,
    RoleGrant.project_uuid,
    RoleGrant.offering_uuid,
)


@dataclass(frozen=True, kw_only=True)
class Held:
    """Which role of which user on what, and who gives or takes it; without `by`, an operator."""

    user: UUID
    role: str
    scope_type: ScopeType
    scope: UUID
    by: UUID | None = None

    @property
    def values(self) -> dict[str, object]:
        """What a grant and its events say of it."""
        return {"user_uuid": self.user, "role": self.role, f"{self.scope_type}_uuid": self.scope}


async def grant(connection: AsyncConnection, held: Held, expires: datetime | None = None) -> bool:
    """Gives the role, until then if it expires; False if the user holds it already."""
    adding = upsert(RoleGrant).values(**held.values, is_active=True, expiration_time=expires)
    again = {"is_active": True, "expiration_time": adding.excluded.expiration_time}
    adding = adding.on_conflict_do_update(index_elements=_ONE, set_=again, where=not_(HOLDS))
    return await _noted(connection, held, RoleAction.GRANTED, expires, (await connection.execute(adding)).rowcount)


async def change(connection: AsyncConnection, held: Held, expires: datetime | None) -> bool:
    """Sets or lifts the time after which the role is gone; False if the user does not hold it."""
    changed = update(RoleGrant).where(*_own(held), HOLDS).values(expiration_time=expires)
    return await _noted(connection, held, RoleAction.CHANGED, expires, (await connection.execute(changed)).rowcount)


async def revoke(connection: AsyncConnection, held: Held) -> bool:
    """Takes the role away; False if the user does not hold it."""
    taken = update(RoleGrant).where(*_own(held), HOLDS).values(is_active=False)
    return await _noted(connection, held, RoleAction.REVOKED, None, (await connection.execute(taken)).rowcount)


def _own(held: Held) -> list[ColumnElement[bool]]:
    return [getattr(RoleGrant, name) == value for name, value in held.values.items()]


async def _noted(
    connection: AsyncConnection, held: Held, action: RoleAction, expires: datetime | None, rows: int
) -> bool:
    if rows:
        told = {**held.values, "action": action, "expiration_time": expires, "created_by_uuid": held.by}
        await connection.execute(insert(RoleEvent).values(**told))
    return rows > 0


async def permissions_of(connection: AsyncConnection, role: str) -> set[str]:
    """What the role allows."""
    return set(await connection.scalars(select(RolePermission.permission).where(RolePermission.role == role)))
