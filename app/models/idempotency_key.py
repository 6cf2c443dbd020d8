"""Requests that have been answered, so that a retry gets the same answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, owned_by


class IdempotencyKey(Base):
    """The answer to a request that carried an `Idempotency-Key`; `fingerprint` is the SHA-256 of path and body."""

    __tablename__ = "idempotency_key"

    user_uuid: Mapped[UUID] = mapped_column(owned_by("user.uuid"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    body: Mapped[dict[str, Any]]
    created: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
