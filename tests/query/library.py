"""A made-up library, which the service has never heard of: books, their authors, and the countries of those."""

from collections.abc import Mapping
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ForeignKey, MetaData, Select
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.sql import ClauseElement

from app.auth import Caller
from app.columns import Expression
from app.models.base import Base, Identified
from app.query.fieldset import Context
from app.query.joins import Relations

ADA = Caller(UUID(int=7), "ada", is_staff=False, is_support=False, roles={}, permissions={})
POSTGRESQL = create_async_engine("postgresql+asyncpg://").dialect
CONTEXT = Context(ADA, "http://library.example.org")


class Unstored(Base):
    """Tables that are in no database."""

    __abstract__ = True
    metadata = MetaData()


class Country(Identified, Unstored):
    __tablename__ = "country"

    name: Mapped[str]


class Author(Identified, Unstored):
    __tablename__ = "author"

    name: Mapped[str]
    country_uuid: Mapped[UUID | None] = mapped_column(ForeignKey("country.uuid"))


class Book(Identified, Unstored):
    __tablename__ = "book"

    title: Mapped[str]
    pages: Mapped[int | None]
    author_uuid: Mapped[UUID | None] = mapped_column(ForeignKey("author.uuid"))


RELATIONS: Relations = {
    Author: Author.uuid == Book.author_uuid,
    Country: Country.uuid == Author.country_uuid,
}


def sql(clause: ClauseElement | Expression) -> str:
    """What PostgreSQL is asked, on one line, with the values in it."""
    compiled = cast("ClauseElement", clause).compile(dialect=POSTGRESQL, compile_kwargs={"literal_binds": True})
    return " ".join(str(compiled).split())


def columns_in(statement: ClauseElement) -> list[str]:
    """What a SELECT gives, each as `table.column`, without its label."""
    assert isinstance(statement, Select)
    return [str(getattr(column, "element", column)) for column in statement.selected_columns]


class Answers:
    """Stands for a connection: answers every statement with the same rows, and keeps what it was asked.

    A row is given as its values by `table.column`.
    """

    def __init__(self, *rows: Mapping[str, object]) -> None:
        self.rows = rows
        self.asked: list[tuple[ClauseElement, dict[str, Any]]] = []

    @property
    def connection(self) -> AsyncConnection:
        return cast("AsyncConnection", self)

    async def execute(self, statement: ClauseElement, values: dict[str, Any], **_: object) -> "Answers":
        self.asked.append((statement, values))
        return self

    def all(self) -> list[tuple[object, ...]]:
        statement, _ = self.asked[-1]
        return [tuple(row.get(name) for name in columns_in(statement)) for row in self.rows]

    def mappings(self) -> list[dict[str, object]]:
        statement, _ = self.asked[-1]
        assert isinstance(statement, Select)
        return [dict(zip(statement.selected_columns.keys(), row, strict=True)) for row in self.all()]


class Unprepared:
    """Stands for a prepared statement: asks `Answers` as it is."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement

    async def rows(self, connection: AsyncConnection, values: dict[str, Any]) -> list[dict[str, object]]:
        """The rows of the answers."""
        return (await cast("Answers", connection).execute(self._statement, values)).mappings()
