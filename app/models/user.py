"""People and programs that call the service."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Dated, Identified


class User(Identified, Dated, Base):
    """One caller. `token_lifetime` is in seconds of idleness; null means that tokens do not expire that way."""

    __tablename__ = "user"

    username: Mapped[str] = mapped_column(String(128), unique=True)
    first_name: Mapped[str] = mapped_column(default="", server_default="")
    last_name: Mapped[str] = mapped_column(default="", server_default="")
    email: Mapped[str] = mapped_column(default="", server_default="")
    civil_number: Mapped[str | None]
    is_staff: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_support: Mapped[bool] = mapped_column(default=False, server_default="false")
    is_active: Mapped[bool] = mapped_column(default=True, server_default="true")
    token_lifetime: Mapped[int | None]
