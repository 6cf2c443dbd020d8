"""Orders, and the answers that retries get."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Dated, Identified, enum_type, owned_by, refers_to
from app.models.enums import OrderState, RequestType
from app.values import JsonObject


class Order(Identified, Dated, Base):
    """A request to create, change or terminate a booking."""

    __table_args__ = (
        Index("ix_order_resource_uuid_created", "resource_uuid", "created", "uuid"),
        Index("ix_order_creator", "created_by_uuid", "resource_uuid", postgresql_where=text("type = 'Create'")),
        Index("ix_order_state", "state", "resource_uuid"),
    )

    resource_uuid: Mapped[UUID] = mapped_column(refers_to("resource.uuid"))
    offering_uuid: Mapped[UUID] = mapped_column(refers_to("offering.uuid"), index=True)
    project_uuid: Mapped[UUID] = mapped_column(refers_to("project.uuid"), index=True)
    plan_uuid: Mapped[UUID | None] = mapped_column(refers_to("plan.uuid"), index=True)
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
    created_by_uuid: Mapped[UUID] = mapped_column(refers_to("user.uuid"), index=True)
    consumer_reviewed_by_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    consumer_reviewed_at: Mapped[datetime | None]
    provider_reviewed_by_uuid: Mapped[UUID | None] = mapped_column(refers_to("user.uuid"))
    provider_reviewed_at: Mapped[datetime | None]
    callback_url: Mapped[str | None]
    request_comment: Mapped[str | None]
    start_date: Mapped[date | None]
    termination_comment: Mapped[str | None]
    backend_id: Mapped[str] = mapped_column(default="", server_default="")


class IdempotencyKey(Base):
    """The answer to a request that carried an `Idempotency-Key`; `fingerprint` is the SHA-256 of path and body."""

    user_uuid: Mapped[UUID] = mapped_column(owned_by("user.uuid"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[JsonObject]
    created: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
