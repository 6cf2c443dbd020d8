"""Who is calling: from the Authorization header to a `Caller`. Knows nothing of bookings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from sqlalchemy import BigInteger, Text, and_, bindparam, case, cast, func, literal_column, not_, or_, select, update
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.columns import columns_of
from app.database.prepared import prepared
from app.database.readers import Reader
from app.database.standby import WRITTEN
from app.errors import Unauthenticated
from app.keys import digest
from app.memory import Memory
from app.models import OfferingUser, RoleGrant, RolePermission, Token, User

REFRESH_AT_MOST_EVERY = timedelta(minutes=1)
"""How often the use of a token is written down; reading requests in between write nothing."""
_SIZE_OF_CALLER, _TIMES = 2_000, 8
"""About how many bytes of memory a caller takes, and how many for each character of the texts it is made of."""


@dataclass(frozen=True)
class Caller:
    """An authenticated user, the scopes (organisations, projects, offerings) of each role and permission, which of them
    are organisations and which are projects, and the name of the account at each offering.
    """

    uuid: UUID
    username: str
    is_staff: bool
    is_support: bool
    roles: Mapping[str, frozenset[UUID]]
    permissions: Mapping[str, frozenset[UUID]]
    accounts: Mapping[UUID, str | None] = field(default_factory=dict)
    customers: frozenset[UUID] = frozenset()
    projects: frozenset[UUID] = frozenset()

    def holding(self, *roles: str) -> frozenset[UUID]:
        """Uuids of all scopes on which the caller holds any of the roles."""
        return frozenset().union(*(self.roles.get(role, frozenset()) for role in roles))

    @property
    def scopes(self) -> frozenset[UUID]:
        """Uuids of all scopes on which the caller holds any role."""
        return frozenset().union(*self.roles.values())

    def may(self, permission: str, *scopes: UUID | None) -> bool:
        """Whether the caller holds the permission on any of the scopes."""
        return not self.permissions.get(permission, frozenset()).isdisjoint(scopes)


def presented_key(header: bytes | None) -> str:
    """The key in an Authorization header: `Token <key>`, `Bearer <key>` or `Bearer Token <key>`, in any case.

    Raises Unauthenticated. Texts: contract, 1.3.
    """
    parts = (header or b"").split()
    if not parts or parts[0].lower() not in (b"token", b"bearer"):
        raise Unauthenticated("Authentication credentials were not provided.")
    if len(parts) == 3 and parts[0].lower() == b"bearer" and parts[1].lower() == b"token":
        del parts[1]
    if len(parts) == 1:
        raise Unauthenticated("Invalid token. No credentials provided.")
    if len(parts) > 2:
        raise Unauthenticated("Invalid token. Token string should not contain spaces.")
    try:
        return parts[1].decode()
    except UnicodeDecodeError:
        raise Unauthenticated("Invalid token header. Token string should not contain invalid characters.") from None


GRANT_HOLDS = and_(
    RoleGrant.is_active, or_(RoleGrant.expiration_time.is_(None), RoleGrant.expiration_time > func.now())
)
"""Whether a grant is in force."""
_grant = func.jsonb_build_array(
    RoleGrant.role, RoleGrant.customer_uuid, RoleGrant.project_uuid, RoleGrant.offering_uuid
)
_grants = (
    select(func.jsonb_agg(aggregate_order_by(_grant, RoleGrant.uuid)))
    .where(RoleGrant.user_uuid == User.uuid, GRANT_HOLDS)
    .scalar_subquery()
)
_accounts = (
    select(func.jsonb_object_agg(OfferingUser.offering_uuid, OfferingUser.username))
    .where(OfferingUser.user_uuid == User.uuid)
    .scalar_subquery()
)
_own_roles = select(RoleGrant.role).where(RoleGrant.user_uuid == User.uuid).correlate(User)
_permissions = (
    select(func.jsonb_agg(func.jsonb_build_array(RolePermission.role, RolePermission.permission)))
    .where(RolePermission.role.in_(_own_roles))
    .correlate(User)
    .scalar_subquery()
)

_end = func.pg_wal_lsn_diff(func.pg_current_wal_flush_lsn(), literal_column("'0/0'"))
_written = case((not_(func.pg_is_in_recovery()), cast(_end, BigInteger)))


@dataclass(kw_only=True)
class _Presented:
    """The token of a key, with its user; grants, accounts and permissions as JSON.

    `written` is how far the database has been written; it is not known of a server that takes no changes.
    """

    now: Annotated[datetime, func.clock_timestamp()]
    written: Annotated[int | None, _written]
    token: Annotated[UUID, Token.uuid]
    refreshed: Annotated[datetime, Token.refreshed]
    expires: Annotated[datetime | None, Token.expires]
    uuid: Annotated[UUID, User.uuid]
    username: Annotated[str, User.username]
    is_active: Annotated[bool, User.is_active]
    is_staff: Annotated[bool, User.is_staff]
    is_support: Annotated[bool, User.is_support]
    token_lifetime: Annotated[int | None, User.token_lifetime]
    grants: Annotated[str | None, cast(_grants, Text)]
    accounts: Annotated[str | None, cast(_accounts, Text)]
    permissions: Annotated[str | None, cast(_permissions, Text)]


_BY_DIGEST = prepared(
    select(*columns_of(_Presented).values())
    .join(User, User.uuid == Token.user_uuid)
    .where(Token.digest == bindparam("digest", required=False))
)
_UNLOCKED = select(Token.uuid).where(Token.uuid == bindparam("token", required=False)).with_for_update(skip_locked=True)
_USED = prepared(update(Token).where(Token.uuid.in_(_UNLOCKED)).values(refreshed=bindparam("now", required=False)))


async def authenticate(reader: Reader, key: str) -> Caller:
    """The user that a key belongs to; raises Unauthenticated. Unknown and known keys cost one statement alike.

    Notes how far the database had been written by then.
    """
    rows = await _BY_DIGEST.fetch(reader, {"digest": digest(key)})
    if not rows:
        raise Unauthenticated("Invalid token.")
    row = _Presented(**rows[0])
    if not row.is_active:
        raise Unauthenticated("User inactive or deleted.")
    await _keep_alive(reader, row)
    WRITTEN.set(row.written)
    return _known(row)


async def _keep_alive(reader: Reader, row: _Presented) -> None:
    """Refuses an expired token, and now and then writes down that it is in use (sliding expiry)."""
    now = row.now
    lifetime = timedelta(seconds=row.token_lifetime) if row.token_lifetime is not None else None
    idle = now - row.refreshed
    if (row.expires and row.expires <= now) or (lifetime is not None and idle > lifetime):
        raise Unauthenticated("Token has expired.")
    if idle >= min(REFRESH_AT_MOST_EVERY, lifetime / 10 if lifetime is not None else REFRESH_AT_MOST_EVERY):
        await _USED.fetch(reader, {"token": row.token, "now": now})


_KNOWN = Memory(4_000_000)


def _known(row: _Presented) -> Caller:
    """The caller, made anew only if anything of the user is not what it was: the database has just told all of it."""
    told = row.username, row.is_staff, row.is_support, row.grants, row.accounts, row.permissions
    known = _KNOWN.get(row.uuid, told)
    if isinstance(known, Caller):
        return known
    made = _caller(row)
    texts = (row.username, row.grants, row.accounts, row.permissions)
    _KNOWN.put(row.uuid, told, made, _SIZE_OF_CALLER + _TIMES * sum(len(text or "") for text in texts))
    return made


def _caller(row: _Presented) -> Caller:
    roles: dict[str, set[UUID]] = {}
    grants = json.loads(row.grants or "[]")
    for role, *scopes in grants:
        roles.setdefault(role, set()).update(UUID(scope) for scope in scopes if scope)
    permissions: dict[str, set[UUID]] = {}
    for role, permission in json.loads(row.permissions or "[]"):
        permissions.setdefault(permission, set()).update(roles.get(role, ()))
    return Caller(
        uuid=row.uuid,
        username=row.username,
        is_staff=row.is_staff,
        is_support=row.is_support,
        roles={role: frozenset(scopes) for role, scopes in roles.items()},
        permissions={permission: frozenset(scopes) for permission, scopes in permissions.items()},
        accounts={UUID(offering): username for offering, username in json.loads(row.accounts or "{}").items()},
        customers=frozenset(UUID(customer) for _, customer, _, _ in grants if customer),
        projects=frozenset(UUID(project) for _, _, project, _ in grants if project),
    )
