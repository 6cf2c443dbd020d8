"""Bookings."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Computed, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Dated, Identified, JsonOrNull, enum_type, refers_to
from app.models.enums import LIVE_STATES, ResourceState

SLUG_STEM = "regexp_replace(slug::text, '-[0-9]{1,9}$'::text, ''::text)"
"""What is before the number at the end of a slug, in SQL; as PostgreSQL writes it, or the migration check complains."""
SLUG_NUMBER = "(\"substring\"(slug::text, '-([0-9]{1,9})$'::text)::integer)"
"""The number at the end of a slug, or null."""


def _live() -> str:
    """As PostgreSQL writes it back, so that the migration check finds it unchanged."""
    return "state = ANY (ARRAY[{}])".format(", ".join(f"'{state}'::resource_state" for state in LIVE_STATES))


class Resource(Identified, Dated, Base):
    """A booking: slots of an offering, for a project. `live` says whether it holds its slots (`LIVE_STATES`)."""

    __tablename__ = "resource"
    __table_args__ = (
        UniqueConstraint("uuid", "offering_uuid", "live"),
        Index("ix_resource_offering_uuid_state", "offering_uuid", "state"),
        Index("ix_resource_name_uuid", text('name COLLATE "C"'), "uuid"),
        Index("ix_resource_created_uuid", "created", "uuid"),
        Index("ix_resource_name_trgm", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
        Index("ix_resource_slug_trgm", "slug", postgresql_using="gin", postgresql_ops={"slug": "gin_trgm_ops"}),
        Index("ix_resource_slug_number", text(SLUG_STEM), text(SLUG_NUMBER)),
        Index("ix_resource_lower_backend_id", text("lower(backend_id)")),
        Index("ix_resource_lower_effective_id", text("lower(effective_id)")),
        Index("ix_resource_runtime_state", text("(backend_metadata ->> 'runtime_state')")),
        Index("ix_resource_end_date", "end_date", postgresql_where=text("end_date IS NOT NULL")),
        Index("ix_resource_downscaled", "uuid", postgresql_where=text("downscaled")),
        Index("ix_resource_restrict_member_access", "uuid", postgresql_where=text("restrict_member_access")),
        Index("ix_resource_paused", "uuid", postgresql_where=text("paused")),
    )

    offering_uuid: Mapped[UUID] = mapped_column(refers_to("offering.uuid"))
    plan_uuid: Mapped[UUID | None] = mapped_column(refers_to("plan.uuid"), index=True)
    project_uuid: Mapped[UUID] = mapped_column(refers_to("project.uuid"), index=True)
    parent_uuid: Mapped[UUID | None] = mapped_column(refers_to("resource.uuid"), index=True)
    name: Mapped[str] = mapped_column(String(150), index=True)
    slug: Mapped[str] = mapped_column(String(255), index=True)
    description: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[ResourceState] = mapped_column(enum_type(ResourceState, "resource_state"), index=True)
    live: Mapped[bool] = mapped_column(Computed(_live(), persisted=True))
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    limits: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    current_usages: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    cost: Mapped[Decimal | None]
    backend_id: Mapped[str] = mapped_column(String(255), default="", server_default="", index=True)
    effective_id: Mapped[str] = mapped_column(String(255), default="", server_default="")
    backend_metadata: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    report: Mapped[list[Any] | None] = mapped_column(JsonOrNull)
    options: Mapped[dict[str, Any] | None] = mapped_column(JsonOrNull)
    end_date: Mapped[date | None]
    end_date_requested_by_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    downscaled: Mapped[bool] = mapped_column(default=False, server_default="false")
    restrict_member_access: Mapped[bool] = mapped_column(default=False, server_default="false")
    paused: Mapped[bool] = mapped_column(default=False, server_default="false")
    error_message: Mapped[str] = mapped_column(default="", server_default="")
    error_traceback: Mapped[str] = mapped_column(default="", server_default="")
    last_sync: Mapped[datetime | None]
