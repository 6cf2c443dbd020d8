"""What operators enter, and how they name what is there: by name, short name or UUID."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.columns import Expression
from app.mistakes import Mistake
from app.models import Category, Customer, Offering, Project, RoleGrant, User
from app.registry import grants
from app.registry.grants import Held
from app.registry.repository import enter, load_permissions, role_named
from app.registry.roles import ScopeType, scope_type_of
from app.values import uuid_or_none

_NAMES: dict[str, tuple[Expression, tuple[Expression, ...]]] = {
    "organisation": (Customer.uuid, (Customer.name, Customer.slug)),
    "project": (Project.uuid, (Project.name, Project.slug)),
    "offering": (Offering.uuid, (Offering.name, Offering.slug)),
    "user": (User.uuid, (User.username,)),
}
_NOUNS = {ScopeType.CUSTOMER: "organisation", ScopeType.PROJECT: "project", ScopeType.OFFERING: "offering"}


class RegistryError(Mistake):
    """Something that is not there, or cannot be; the message says what."""


async def find(connection: AsyncConnection, noun: str, text: str) -> UUID:
    """The one that is called so; raises RegistryError."""
    column, names = _NAMES[noun]
    named = or_(*(name == text for name in names))
    uuid = uuid_or_none(text)
    found = list(await connection.scalars(select(column).where(or_(named, column == uuid) if uuid else named)))
    if not found:
        raise RegistryError(f"There is no {noun} {text!r}.")
    if len(found) > 1:
        uuids = ", ".join(map(str, sorted(found)))
        raise RegistryError(f"There is more than one {noun} {text!r}; name it by its UUID: {uuids}.")
    uuid_found: UUID = found[0]
    return uuid_found


async def find_open(connection: AsyncConnection, text: str) -> UUID:
    """The organisation that is called so, which is neither blocked nor archived; raises RegistryError."""
    uuid = await find(connection, "organisation", text)
    if await connection.scalar(select(or_(Customer.blocked, Customer.archived)).where(Customer.uuid == uuid)):
        raise RegistryError(f"The organisation {text!r} is blocked or archived.")
    return uuid


async def category(connection: AsyncConnection, title: str) -> UUID:
    """The kind of that title, the oldest if there are several; it is made if there is none."""
    oldest = select(Category.uuid).where(Category.title == title).order_by(Category.created, Category.uuid).limit(1)
    found: UUID | None = await connection.scalar(oldest)
    return found or await enter(connection, Category, title=title)


async def held(connection: AsyncConnection, username: str, role: str, on: str) -> Held:
    """The role of a user on what is called so; raises RegistryError."""
    await load_permissions(connection)
    user, name = await find(connection, "user", username), await role_named(connection, role)
    scope_type = scope_type_of(name or "")
    if name is None or scope_type is None:
        raise RegistryError(f"There is no role {role!r}.")
    return Held(user=user, role=name, scope_type=scope_type, scope=await find(connection, _NOUNS[scope_type], on))


async def grant(connection: AsyncConnection, username: str, role: str, on: str, expires: datetime | None) -> None:
    """Gives a role; raises RegistryError if the user holds it already."""
    if not await grants.grant(connection, await held(connection, username, role, on), expires):
        raise RegistryError(f"{username!r} holds {role} on {on!r} already.")


async def revoke(connection: AsyncConnection, username: str, role: str, on: str) -> None:
    """Takes a role away; raises RegistryError if the user does not hold it."""
    if not await grants.revoke(connection, await held(connection, username, role, on)):
        raise RegistryError(f"{username!r} does not hold {role} on {on!r}.")


async def roles(connection: AsyncConnection) -> Iterable[Iterable[object]]:
    """Who holds which role on what, and until when."""
    on = func.coalesce(Customer.name, Project.name, Offering.name)
    kind = case((Customer.uuid.is_not(None), "organisation"), (Project.uuid.is_not(None), "project"), else_="offering")
    statement = (
        select(User.username, RoleGrant.role, kind, on, RoleGrant.expiration_time)
        .join(User, User.uuid == RoleGrant.user_uuid)
        .outerjoin(Customer, Customer.uuid == RoleGrant.customer_uuid)
        .outerjoin(Project, Project.uuid == RoleGrant.project_uuid)
        .outerjoin(Offering, Offering.uuid == RoleGrant.offering_uuid)
        .where(grants.HOLDS)
        .order_by(User.username, RoleGrant.role, on)
    )
    return (await connection.execute(statement)).all()


async def organisations(connection: AsyncConnection) -> Iterable[Iterable[object]]:
    """All organisations by name."""
    columns = select(Customer.name, Customer.uuid, Customer.slug, Customer.blocked, Customer.archived)
    return (await connection.execute(columns.order_by(Customer.name, Customer.uuid))).all()


async def projects(connection: AsyncConnection) -> Iterable[Iterable[object]]:
    """All projects by name, with their organisations."""
    columns = select(Project.name, Project.uuid, Customer.name, Project.start_date, Project.end_date)
    joined = columns.join(Customer, Customer.uuid == Project.customer_uuid).where(~Project.is_removed)
    return (await connection.execute(joined.order_by(Project.name, Project.uuid))).all()


async def offerings(connection: AsyncConnection) -> Iterable[Iterable[object]]:
    """All offerings by name, with their providers and states."""
    columns = select(Offering.name, Offering.uuid, Customer.name, Category.title, Offering.state)
    joined = columns.join(Category, Category.uuid == Offering.category_uuid)
    joined = joined.outerjoin(Customer, Customer.uuid == Offering.customer_uuid)
    return (await connection.execute(joined.order_by(Offering.name, Offering.uuid))).all()
