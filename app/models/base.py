"""The declarative base: naming of constraints, column types, and the columns that most tables share."""

import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import Column, DateTime, Enum, ForeignKey, MetaData, Numeric, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from app.values import JsonObject

Price = Numeric(22, 10)
"""Ten decimals, which prices and costs are written with. Rule: contract, 2.3."""

JsonOrNull = JSONB(none_as_null=True)
"""JSON whose absence is SQL NULL, never the JSON literal null."""


class Base(DeclarativeBase):
    """Every constraint has a name, by which migrations and error handlers speak of it. Tables are named as classes."""

    @declared_attr.directive
    def __tablename__(cls) -> str:  # noqa: N805 - SQLAlchemy calls it so
        return re.sub("(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - read by SQLAlchemy at class creation
        datetime: DateTime(timezone=True),
        Decimal: Price,
        JsonObject: JSONB,
        str: Text,
        UUID: Uuid,
    }


class Identified:
    """A row known to clients by its uuid."""

    uuid: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4, server_default=text("gen_random_uuid()"))


class Dated:
    """When a row was made and last changed, UTC."""

    created: Mapped[datetime] = mapped_column(server_default=func.now())
    modified: Mapped[datetime] = mapped_column(server_default=func.now())


def enum_type(members: type[StrEnum], name: str) -> Enum:
    """A PostgreSQL enum that stores the values that clients see, not the Python names."""
    return Enum(members, name=name, values_callable=lambda kind: [member.value for member in kind])


KEPT = {"kept": True}
"""Mark of a column that triggers fill, whatever statements set."""


def is_set(column: Column[object]) -> bool:
    """Whether statements set the column: PostgreSQL neither computes it nor keeps it by a trigger."""
    return column.computed is None and not column.info.get("kept")


def owned_by(column: str) -> ForeignKey:
    """A foreign key of a part that goes when its owner goes."""
    return ForeignKey(column, ondelete="CASCADE")


def refers_to(column: str) -> ForeignKey:
    """A foreign key to a row that may not go while it is referred to."""
    return ForeignKey(column, ondelete="RESTRICT")
