"""What a role permits."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base


class RolePermission(Base):
    """A permission that a role carries; both are text, since deployments add their own."""

    __tablename__ = "role_permission"

    role: Mapped[str] = mapped_column(String(150), primary_key=True)
    permission: Mapped[str] = mapped_column(String(255), primary_key=True)
