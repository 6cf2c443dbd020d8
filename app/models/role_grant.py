"""Who holds which role on what."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, owned_by


class RoleGrant(Identified, Base):
    """A role of a user on exactly one organisation, project or offering."""

    __tablename__ = "role_grant"
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
