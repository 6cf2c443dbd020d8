"""Organisations."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Dated, Identified


class Customer(Identified, Dated, Base):
    """An organisation: provider of offerings, consumer of them, or both."""

    __tablename__ = "customer"

    name: Mapped[str]
    slug: Mapped[str] = mapped_column(String(255), index=True)
    abbreviation: Mapped[str] = mapped_column(default="", server_default="")
    native_name: Mapped[str] = mapped_column(default="", server_default="")
    blocked: Mapped[bool] = mapped_column(default=False, server_default="false")
    archived: Mapped[bool] = mapped_column(default=False, server_default="false")
