"""Who books and who offers: organisations, projects, users, tokens and roles."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Dated, Identified, enum_type, owned_by, refers_to
from app.models.enums import RoleAction


class Customer(Identified, Dated, Base):
    """An organisation: provider of offerings, consumer of them, or both."""

    name: Mapped[str]
    slug: Mapped[str] = mapped_column(String(255), index=True)
    abbreviation: Mapped[str] = mapped_column(default="", server_default="")
    native_name: Mapped[str] = mapped_column(default="", server_default="")
    blocked: Mapped[bool] = mapped_column(default=False, server_default="false")
    archived: Mapped[bool] = mapped_column(default=False, server_default="false")


class Project(Identified, Dated, Base):
    """What a booking is for. A removed project still shows its data in its bookings."""

    customer_uuid: Mapped[UUID] = mapped_column(refers_to("customer.uuid"), index=True)
    name: Mapped[str] = mapped_column(index=True)
    slug: Mapped[str] = mapped_column(String(255), index=True)
    description: Mapped[str] = mapped_column(default="", server_default="")
    start_date: Mapped[date | None]
    end_date: Mapped[date | None]
    end_date_requested_by_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    is_removed: Mapped[bool] = mapped_column(default=False, server_default="false")


class User(Identified, Dated, Base):
    """One caller. `token_lifetime` is in seconds of idleness; null means that tokens do not expire that way."""

    username: Mapped[str] = mapped_column(String(128), unique=True)
    first_name: Mapped[str] = mapped_column(default="", server_default="")
    last_name: Mapped[str] = mapped_column(default="", server_default="")
    email: Mapped[str] = mapped_column(default="", server_default="")
    civil_number: Mapped[str | None]
    is_staff: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_support: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    token_lifetime: Mapped[int | None]


class Token(Identified, Base):
    """One key of one user; only its SHA-256 digest (hex) is stored."""

    user_uuid: Mapped[UUID] = mapped_column(owned_by("user.uuid"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(default="", server_default="")
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    refreshed: Mapped[datetime] = mapped_column(server_default=func.now())
    expires: Mapped[datetime | None]


class RoleGrant(Identified, Base):
    """A role of a user on exactly one organisation, project or offering."""

    __table_args__ = (
        CheckConstraint("num_nonnulls(customer_uuid, project_uuid, offering_uuid) = 1", name="one_scope"),
        Index(
            "uq_role_grant_user_role_scope",
            "user_uuid",
            "role",
            "customer_uuid",
            "project_uuid",
            "offering_uuid",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    user_uuid: Mapped[UUID] = mapped_column(owned_by("user.uuid"))
    role: Mapped[str] = mapped_column(String(150))
    customer_uuid: Mapped[UUID | None] = mapped_column(owned_by("customer.uuid"), index=True)
    project_uuid: Mapped[UUID | None] = mapped_column(owned_by("project.uuid"), index=True)
    offering_uuid: Mapped[UUID | None] = mapped_column(owned_by("offering.uuid"), index=True)
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    expiration_time: Mapped[datetime | None]


class RoleEvent(Identified, Base):
    """A role that was given, changed or taken away; only ever added to. Without an author, an operator did it."""

    __table_args__ = (
        CheckConstraint("num_nonnulls(customer_uuid, project_uuid, offering_uuid) = 1", name="one_scope"),
        Index("ix_role_event_user_uuid_role", "user_uuid", "role", "created"),
    )

    action: Mapped[RoleAction] = mapped_column(enum_type(RoleAction, "role_action"))
    user_uuid: Mapped[UUID] = mapped_column(refers_to("user.uuid"))
    role: Mapped[str] = mapped_column(String(150))
    customer_uuid: Mapped[UUID | None] = mapped_column(refers_to("customer.uuid"))
    project_uuid: Mapped[UUID | None] = mapped_column(refers_to("project.uuid"))
    offering_uuid: Mapped[UUID | None] = mapped_column(refers_to("offering.uuid"))
    expiration_time: Mapped[datetime | None]
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))


class RolePermission(Base):
    """A permission that a role carries; both are text, since deployments add their own."""

    role: Mapped[str] = mapped_column(String(150), primary_key=True)
    permission: Mapped[str] = mapped_column(String(255), primary_key=True)


class RateLimit(Base):
    """How often somebody has called in a time that ends then; lost after a crash, which does no harm."""

    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    key: Mapped[str] = mapped_column(primary_key=True)
    used: Mapped[int]
    ends: Mapped[datetime]
