"""Orders, and the answers that retries get."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import KEPT, Base, Dated, Identified, enum_type, owned_by, refers_to
from app.models.enums import OrderState, RequestType
from app.values import JsonObject

LISTS = {
    "offering_created": "offering_uuid, is_booking, created, uuid",
    "project_created": "project_uuid, is_booking, created, uuid",
    "consumer_created": "consumer_uuid, is_booking, created, uuid, provider_uuid",
    "booked_offering_created": "booked_offering_uuid, created, uuid",
    "provider_created": "provider_uuid, created, uuid",
    "provider_state": "provider_uuid, state, uuid",
    "provider_state_created": "provider_uuid, state, created, uuid",
}
"""Indexes along which those on either side read their lists of orders."""
LISTS_OF_ALL = {
    "created": "created, uuid",
    "state": "state, uuid",
    "state_created": "state, created, uuid",
}
"""Indexes along which staff read them; partial, for orders of offerings for bookings only."""


def _list_index(name: str, columns: str, where: str | None = None) -> Index:
    return Index(f"ix_order_list_{name}", *columns.split(", "), postgresql_where=where and text(where))


class Order(Identified, Dated, Base):
    """A request to create, change or terminate a booking.

    Triggers keep `is_booking` as the order's own offering has it, `provider_uuid` and `booked_offering_uuid` as the
    booking has them (null if it is of an offering that is not for bookings), and `consumer_uuid` as the project has it.
    """

    __table_args__ = (
        Index("ix_order_resource_uuid_created", "resource_uuid", "created", "uuid"),
        Index("ix_order_created_by_uuid_type_resource_uuid", "created_by_uuid", "type", "resource_uuid"),
        Index("ix_order_plan_uuid", "plan_uuid", postgresql_where=text("plan_uuid IS NOT NULL")),
        Index("ix_order_state", "state", "resource_uuid"),
        *(_list_index(name, columns) for name, columns in LISTS.items()),
        *(_list_index(name, columns, "is_booking") for name, columns in LISTS_OF_ALL.items()),
    )

    resource_uuid: Mapped[UUID] = mapped_column(refers_to("resource.uuid"))
    offering_uuid: Mapped[UUID] = mapped_column(refers_to("offering.uuid"))
    project_uuid: Mapped[UUID] = mapped_column(refers_to("project.uuid"))
    plan_uuid: Mapped[UUID | None] = mapped_column(refers_to("plan.uuid"))
    old_plan_uuid: Mapped[UUID | None] = mapped_column(refers_to("plan.uuid"))
    type: Mapped[RequestType] = mapped_column(enum_type(RequestType, "request_type"))
    state: Mapped[OrderState] = mapped_column(enum_type(OrderState, "order_state"))
    attributes: Mapped[JsonObject] = mapped_column(server_default="{}")
    limits: Mapped[JsonObject] = mapped_column(server_default="{}")
    cost: Mapped[Decimal | None]
    output: Mapped[str] = mapped_column(default="", server_default="")
    error_message: Mapped[str] = mapped_column(default="", server_default="")
    error_traceback: Mapped[str] = mapped_column(default="", server_default="")
    completed_at: Mapped[datetime | None]
    created_by_uuid: Mapped[UUID] = mapped_column(refers_to("user.uuid"))
    consumer_reviewed_by_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    consumer_reviewed_at: Mapped[datetime | None]
    provider_reviewed_by_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    provider_reviewed_at: Mapped[datetime | None]
    callback_url: Mapped[str | None]
    request_comment: Mapped[str | None]
    start_date: Mapped[date | None]
    termination_comment: Mapped[str | None]
    backend_id: Mapped[str] = mapped_column(default="", server_default="")
    is_booking: Mapped[bool] = mapped_column(server_default="false", info=KEPT)
    provider_uuid: Mapped[UUID | None] = mapped_column(info=KEPT)
    booked_offering_uuid: Mapped[UUID | None] = mapped_column(info=KEPT)
    consumer_uuid: Mapped[UUID | None] = mapped_column(info=KEPT)


ANYBODY, NOBODY = UUID(int=0), UUID(int=2**128 - 1)
"""In counters: whatever the organisation, and no organisation."""


class OrderCount(Base):
    """How many orders of a type and state there are between a provider and a consumer, either of which may be ANYBODY.

    Triggers keep them. The sum over all buckets is the number: which one an order is in depends on its offering, so
    that writers of different offerings rarely wait for each other.
    """

    provider_uuid: Mapped[UUID] = mapped_column(primary_key=True)
    consumer_uuid: Mapped[UUID] = mapped_column(primary_key=True)
    is_booking: Mapped[bool] = mapped_column(primary_key=True)
    type: Mapped[RequestType] = mapped_column(enum_type(RequestType, "request_type"), primary_key=True)
    state: Mapped[OrderState] = mapped_column(enum_type(OrderState, "order_state"), primary_key=True)
    bucket: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class IdempotencyKey(Base):
    """The answer to a request that carried an `Idempotency-Key`; `fingerprint` is the SHA-256 of path and body."""

    user_uuid: Mapped[UUID] = mapped_column(owned_by("user.uuid"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[JsonObject]
    created: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
