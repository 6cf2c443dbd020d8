"""In what order it is decided whether a role is given, changed or taken away."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller
from app.errors import Forbidden, Invalid, NotFound, RuleBroken
from app.registry import grants
from app.registry.grants import Held
from app.registry.repository import role_named
from app.registry.roles import scope_type_of
from app.roles import repository
from app.roles.repository import RoleScope, ScopeKind
from app.roles.schemas import UserRoleExpirationTime, UserRoleRequest

CLOSED = "Blocked or archived organization is not available."
HELD_ALREADY = "The user holds this role already."
NOT_HELD = "The user does not hold this role."


async def add_user(
    connection: AsyncConnection, caller: Caller, kind: ScopeKind, uuid: UUID, asked: UserRoleRequest
) -> UserRoleExpirationTime:
    """Gives a role; raises NotFound, Forbidden, RuleBroken or Invalid, in this order."""
    scope = await _scope(connection, caller, kind, uuid, "CREATE")
    _check_open(scope)
    _check_time(asked)
    held = await _held(connection, caller, kind, uuid, asked)
    if not await repository.is_active_user(connection, asked.user):
        raise Invalid({"user": ["There is no such active user."]})
    await _check_reach(connection, caller, uuid, scope, held)
    if not await grants.grant(connection, held, asked.expiration_time):
        raise Invalid({"non_field_errors": [HELD_ALREADY]})
    return UserRoleExpirationTime(expiration_time=asked.expiration_time)


async def update_user(
    connection: AsyncConnection, caller: Caller, kind: ScopeKind, uuid: UUID, asked: UserRoleRequest
) -> UserRoleExpirationTime:
    """Says until when a role is held; raises as `add_user`."""
    scope = await _scope(connection, caller, kind, uuid, "UPDATE")
    _check_open(scope)
    _check_time(asked)
    held = await _held(connection, caller, kind, uuid, asked)
    await _check_reach(connection, caller, uuid, scope, held)
    if not await grants.change(connection, held, asked.expiration_time):
        raise Invalid({"non_field_errors": [NOT_HELD]})
    return UserRoleExpirationTime(expiration_time=asked.expiration_time)


async def delete_user(
    connection: AsyncConnection, caller: Caller, kind: ScopeKind, uuid: UUID, asked: UserRoleRequest
) -> None:
    """Takes a role away; raises as `add_user`. Staff may of a closed organisation too: it gives nothing away."""
    scope = await _scope(connection, caller, kind, uuid, "DELETE")
    if not caller.is_staff:
        _check_open(scope)
    held = await _held(connection, caller, kind, uuid, asked)
    await _check_reach(connection, caller, uuid, scope, held)
    if not await grants.revoke(connection, held):
        raise Invalid({"non_field_errors": [NOT_HELD]})


async def check_may_list(connection: AsyncConnection, caller: Caller, kind: ScopeKind, uuid: UUID) -> None:
    """Raises NotFound, or Forbidden for all but staff, support, and who holds a role on it or its organisation."""
    scope = await _visible(connection, caller, kind, uuid)
    member = not caller.scopes.isdisjoint({uuid, scope.organisation})
    if not (caller.is_staff or caller.is_support or member):
        raise Forbidden


async def _visible(connection: AsyncConnection, caller: Caller, kind: ScopeKind, uuid: UUID) -> RoleScope:
    scope = await repository.scope(connection, caller, kind, uuid)
    if scope is None:
        raise NotFound.of(kind.noun)
    return scope


async def _scope(connection: AsyncConnection, caller: Caller, kind: ScopeKind, uuid: UUID, action: str) -> RoleScope:
    scope = await _visible(connection, caller, kind, uuid)
    if not (caller.is_staff or caller.may(kind.permission(action), uuid, scope.organisation)):
        raise Forbidden
    return scope


def _check_open(scope: RoleScope) -> None:
    if scope.is_closed:
        raise RuleBroken(CLOSED)


def _check_time(asked: UserRoleRequest) -> None:
    if asked.expiration_time is not None and asked.expiration_time <= datetime.now(UTC):
        raise Invalid({"expiration_time": ["Must be in the future."]})


async def _held(
    connection: AsyncConnection, caller: Caller, kind: ScopeKind, uuid: UUID, asked: UserRoleRequest
) -> Held:
    role = await role_named(connection, asked.role)
    if role is None:
        raise Invalid({"role": ["There is no such role."]})
    if scope_type_of(role) != kind.type:
        raise Invalid({"role": [f"{role} cannot be held on this."]})
    return Held(user=asked.user, role=role, scope_type=kind.type, scope=uuid, by=caller.uuid)


async def _check_reach(connection: AsyncConnection, caller: Caller, uuid: UUID, scope: RoleScope, held: Held) -> None:
    """Nobody gives or takes what goes beyond his own. Rule: decision 74."""
    if caller.is_staff:
        return
    for permission in await grants.permissions_of(connection, held.role):
        if not caller.may(permission, uuid, scope.organisation):
            raise Forbidden
