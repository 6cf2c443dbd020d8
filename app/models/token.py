"""Keys that callers present."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, func
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Identified, owned_by


class Token(Identified, Base):
    """One key of one user; only its SHA-256 digest (hex) is stored."""

    __tablename__ = "token"

    user_uuid: Mapped[UUID] = mapped_column(owned_by("user.uuid"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(default="", server_default="")
    created: Mapped[datetime] = mapped_column(server_default=func.now())
    refreshed: Mapped[datetime] = mapped_column(server_default=func.now())
    expires: Mapped[datetime | None]
