"""Bookings, the periods that they hold, and what happened to them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import KEPT, Base, Dated, Identified, JsonOrNull, enum_type, owned_by, refers_to
from app.models.enums import LIVE_STATES, ResourceState
from app.values import JsonObject

SLUG_STEM = "regexp_replace(slug::text, '-[0-9]{1,9}$'::text, ''::text)"
"""What is before the number at the end of a slug, in SQL; as PostgreSQL writes it, or the migration check complains."""
SLUG_NUMBER = "(\"substring\"(slug::text, '-([0-9]{1,9})$'::text)::integer)"
"""The number at the end of a slug, or null."""


ORDERS = {"name": 'name COLLATE "C"', "created": "created", "first_start": "first_start"}
LISTS = {
    f"{scope}_{name}": f"{scope}_uuid, {key}, uuid"
    for scope in ("provider", "offering", "project")
    for name, key in ORDERS.items()
} | {
    "first_start": "first_start, uuid",
    "first_start_desc": "first_start DESC NULLS LAST, uuid",
    "provider_first_start_desc": "provider_uuid, first_start DESC NULLS LAST, uuid",
    "name": 'name COLLATE "C", uuid',
    "created": "created, uuid",
    "state_name": 'state, name COLLATE "C", uuid',
    "provider_state_name": 'provider_uuid, state, name COLLATE "C", uuid',
}
"""Indexes along which lists of bookings are read, whoever sees them and however they are ordered."""


def _list_index(name: str, columns: str) -> Index:
    return Index(f"ix_resource_list_{name}", *map(text, columns.split(", ")), postgresql_where=text("is_booking"))


def _index_of_some(column: str) -> Index:
    """An index that most rows are not in, as they have nothing there."""
    return Index(f"ix_resource_{column}", column, postgresql_where=text(f"{column} IS NOT NULL"))


def _live() -> str:
    """As PostgreSQL writes it back, so that the migration check finds it unchanged."""
    return "state = ANY (ARRAY[{}])".format(", ".join(f"'{state}'::resource_state" for state in LIVE_STATES))


class Resource(Identified, Dated, Base):
    """A booking: slots of an offering, for a project. `live` says whether it holds its slots (`LIVE_STATES`).

    Triggers keep `provider_uuid` and `is_booking` as the offering has them, `first_start` as the slots have it,
    `searched` as name, slug and addresses of `backend_metadata` have it, and change `version` whenever the row, its
    slots, its orders or its endpoints change.
    """

    __table_args__ = (
        UniqueConstraint("uuid", "offering_uuid", "live"),
        Index("ix_resource_offering_uuid_state", "offering_uuid", "state"),
        *(_list_index(name, columns) for name, columns in LISTS.items()),
        Index(
            "ix_resource_searched_trgm", "searched", postgresql_using="gin", postgresql_ops={"searched": "gin_trgm_ops"}
        ),
        Index("ix_resource_slug_number", text(SLUG_STEM), text(SLUG_NUMBER)),
        Index("ix_resource_lower_backend_id", text("lower(backend_id)")),
        Index("ix_resource_lower_effective_id", text("lower(effective_id)")),
        Index("ix_resource_runtime_state", text("(backend_metadata ->> 'runtime_state')")),
        *(_index_of_some(column) for column in ("plan_uuid", "parent_uuid", "end_date_requested_by_uuid")),
        Index("ix_resource_end_date", "end_date", postgresql_where=text("end_date IS NOT NULL")),
        Index("ix_resource_downscaled", "uuid", postgresql_where=text("downscaled")),
        Index("ix_resource_restrict_member_access", "uuid", postgresql_where=text("restrict_member_access")),
        Index("ix_resource_paused", "uuid", postgresql_where=text("paused")),
    )

    offering_uuid: Mapped[UUID] = mapped_column(refers_to("offering.uuid"))
    plan_uuid: Mapped[UUID | None] = mapped_column(refers_to("plan.uuid"))
    project_uuid: Mapped[UUID] = mapped_column(refers_to("project.uuid"), index=True)
    parent_uuid: Mapped[UUID | None] = mapped_column(refers_to("resource.uuid"))
    name: Mapped[str] = mapped_column(String(150))
    slug: Mapped[str] = mapped_column(String(255), index=True)
    description: Mapped[str] = mapped_column(default="", server_default="")
    state: Mapped[ResourceState] = mapped_column(enum_type(ResourceState, "resource_state"))
    live: Mapped[bool] = mapped_column(Computed(_live(), persisted=True))
    attributes: Mapped[JsonObject] = mapped_column(server_default="{}")
    limits: Mapped[JsonObject] = mapped_column(server_default="{}")
    current_usages: Mapped[JsonObject] = mapped_column(server_default="{}")
    cost: Mapped[Decimal | None]
    backend_id: Mapped[str] = mapped_column(String(255), default="", server_default="")
    effective_id: Mapped[str] = mapped_column(String(255), default="", server_default="")
    backend_metadata: Mapped[JsonObject] = mapped_column(server_default="{}")
    report: Mapped[list[Any] | None] = mapped_column(JsonOrNull)
    options: Mapped[JsonObject | None] = mapped_column(JsonOrNull)
    end_date: Mapped[date | None]
    end_date_requested_by_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    downscaled: Mapped[bool] = mapped_column(default=False, server_default="false")
    restrict_member_access: Mapped[bool] = mapped_column(default=False, server_default="false")
    paused: Mapped[bool] = mapped_column(default=False, server_default="false")
    error_message: Mapped[str] = mapped_column(default="", server_default="")
    error_traceback: Mapped[str] = mapped_column(default="", server_default="")
    last_sync: Mapped[datetime | None]
    provider_uuid: Mapped[UUID | None] = mapped_column(info=KEPT)
    is_booking: Mapped[bool] = mapped_column(server_default="false", info=KEPT)
    first_start: Mapped[datetime | None] = mapped_column(info=KEPT)
    version: Mapped[int] = mapped_column(BigInteger, server_default="0", info=KEPT)
    searched: Mapped[str] = mapped_column(server_default="", info=KEPT)


NO_OVERLAP = "ex_slot_no_overlap"
"""The constraint by which PostgreSQL refuses overlapping slots of two live bookings of one offering."""


class Slot(Base):
    """One booked period, half-open: `start` belongs to it, `end` does not.

    It holds the time until `held_until` where that is later, by the rule `turnaround` when it was asked for.
    `offering_uuid` and `live` repeat the booking's. The foreign key compares them and carries each change of the
    booking over, so a slot can neither claim to be free while its booking is live nor stay taken afterwards.
    """

    __table_args__ = (
        ForeignKeyConstraint(
            ["resource_uuid", "offering_uuid", "live"],
            ["resource.uuid", "resource.offering_uuid", "resource.live"],
            name="fk_slot_resource",
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        CheckConstraint('"start" < "end"', name="start_before_end"),
        ExcludeConstraint(
            ("offering_uuid", "="),
            ("resource_uuid", "<>"),
            (text('tstzrange(start, GREATEST("end", held_until))'), "&&"),
            name=NO_OVERLAP,
            using="gist",
            where=text("live"),
        ),
        Index("ix_slot_resource_uuid_start", "resource_uuid", "start"),
        Index("ix_slot_start", "start", "resource_uuid"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    resource_uuid: Mapped[UUID]
    offering_uuid: Mapped[UUID]
    live: Mapped[bool]
    start: Mapped[datetime]
    end: Mapped[datetime]
    held_until: Mapped[datetime | None]
    backend_id: Mapped[str] = mapped_column(String(255))


class ResourceEndpoint(Identified, Base):
    """A named address of a booked thing; `position` keeps the order in which they were given."""

    resource_uuid: Mapped[UUID] = mapped_column(owned_by("resource.uuid"), index=True)
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    name: Mapped[str]
    url: Mapped[str]


class History(Identified, Base):
    """One change of a booking's state. Without a user, the service itself made the change."""

    __table_args__ = (Index("ix_history_resource_uuid_created", "resource_uuid", "created", "uuid"),)

    resource_uuid: Mapped[UUID] = mapped_column(refers_to("resource.uuid"))
    order_uuid: Mapped[UUID | None] = mapped_column(refers_to("order.uuid"))
    user_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    from_state: Mapped[ResourceState] = mapped_column(enum_type(ResourceState, "resource_state"))
    to_state: Mapped[ResourceState] = mapped_column(enum_type(ResourceState, "resource_state"))
    comment: Mapped[str | None]


class BookingCount(Base):
    """How many bookings an offering has in a state, for a project or (ANY_PROJECT) in all; triggers keep it."""

    __table_args__ = (Index("ix_booking_count_project_uuid", "project_uuid", "offering_uuid"),)

    offering_uuid: Mapped[UUID] = mapped_column(primary_key=True)
    project_uuid: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[ResourceState] = mapped_column(enum_type(ResourceState, "resource_state"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class BookingTotal(Base):
    """How many bookings there are in a state, in some parts that add up to all; triggers keep it."""

    part: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    state: Mapped[ResourceState] = mapped_column(enum_type(ResourceState, "resource_state"), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


ANY_PROJECT = UUID(int=0)
REFERENCE_VERSION = Table("reference_version", Base.metadata, Column("value", BigInteger, nullable=False))
"""One number that changes with what bookings share: organisations, projects, offerings, users, prices, media."""
