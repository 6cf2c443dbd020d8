"""What is entered, and roles as they are stored: which there are, and what they carry."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Text, Uuid, cast, column, func, literal, or_, select, union, values
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute, Mapped

from app.models import Base, Customer, Offering, OfferingComponent, Plan, PlanComponent, Project, RolePermission
from app.models.base import Identified
from app.registry.roles import STANDARD_ROLES
from app.values import slug_of, uuid_or_none


def role_uuid(name: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[UUID]:
    """The uuid of the role of that name, the same everywhere."""
    return cast(func.md5(func.concat(literal("role/"), name)), Uuid)


_system = values(column("name", Text), column("description", Text), name="system").data(
    [(str(role), known.description) for role, known in STANDARD_ROLES.items()]
)
_names = union(select(_system.c.name), select(RolePermission.role)).subquery("names")


class HeldRole(Base):
    """A role that somebody may be given: one of the table, or one that carries something here."""

    __table__ = (
        select(
            _names.c.name.label("name"),
            role_uuid(_names.c.name).label("uuid"),
            func.coalesce(_system.c.description, "").label("description"),
            _system.c.name.is_not(None).label("is_system_role"),
        )
        .select_from(_names.outerjoin(_system, _system.c.name == _names.c.name))
        .subquery("held_role")
    )
    __mapper_args__: Mapping[str, object] = {"primary_key": [__table__.c.name]}

    name: Mapped[str]


async def load_permissions(connection: AsyncConnection, *, where_none: bool = True) -> int:
    """Stores what the roles of the table carry, `where_none` only if no role carries anything; how many were new."""
    rows = [(str(role), str(each)) for role, known in STANDARD_ROLES.items() for each in known.permissions]
    usual = values(column("role", Text), column("permission", Text), name="usual").data(rows)
    wanted = select(usual.c.role, usual.c.permission)
    if where_none:
        wanted = wanted.where(~select(RolePermission.role).exists())
    adding = insert(RolePermission).from_select(["role", "permission"], wanted).on_conflict_do_nothing()
    return (await connection.execute(adding)).rowcount


LONGEST_STEM = 240
"""So that a number fits behind it."""


async def enter(connection: AsyncConnection, kind: type[Identified], **values: object) -> UUID:
    """Adds a row of that kind, and returns its uuid."""
    uuid: UUID = (await connection.execute(insert(kind).values(**values).returning(kind.uuid))).scalar_one()
    return uuid


async def enter_named(
    connection: AsyncConnection, kind: type[Customer | Project | Offering], name: str, slug: str = "", **values: object
) -> UUID:
    """The same of what has a slug, which is made of the name if it is not given."""
    slug = slug or await _free_slug(connection, kind, name)
    return await enter(connection, kind, name=name, slug=slug, **values)


async def _free_slug(connection: AsyncConnection, kind: type[Customer | Project | Offering], name: str) -> str:
    """The name as a slug, with a number behind it where others of that kind have it already."""
    stem = slug_of(name, LONGEST_STEM).strip("-") or kind.__tablename__
    own = or_(kind.slug == stem, kind.slug.startswith(f"{stem}-", autoescape=True))
    taken = set(await connection.scalars(select(kind.slug).where(own)))
    number, slug = 1, stem
    while slug in taken:
        number += 1
        slug = f"{stem}-{number}"
    return slug


Prices = Mapping[str, tuple[int, Decimal]]
"""Amount and price by key of the component."""


async def enter_parts(
    connection: AsyncConnection,
    offering: UUID,
    components: Sequence[Mapping[str, object]],
    plans: Sequence[tuple[Mapping[str, object], Prices]],
) -> None:
    """Adds what an offering is charged by, and its plans; a plan has a price for each component."""
    keys = {
        str(each["type"]): await enter(connection, OfferingComponent, offering_uuid=offering, **each)
        for each in components
    }
    for about, prices in plans:
        plan = await enter(connection, Plan, offering_uuid=offering, **about)
        priced = [
            {"plan_uuid": plan, "component_uuid": uuid, "amount": amount, "price": price}
            for key, uuid in keys.items()
            for amount, price in [prices.get(key, (0, Decimal(0)))]
        ]
        if priced:
            await connection.execute(insert(PlanComponent).values(priced))


async def role_named(connection: AsyncConnection, text: str) -> str | None:
    """The name of the role that has this name or uuid; None if there is none."""
    held, uuid = HeldRole.__table__.c, uuid_or_none(text)
    known = held.uuid == uuid if uuid else held.name == text
    name: str | None = await connection.scalar(select(held.name).where(known))
    return name
