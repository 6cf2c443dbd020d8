"""Columns of a class: one for each member, labelled by it, and made once."""

from dataclasses import dataclass
from typing import Annotated

from sqlalchemy import func, select

from app.columns import columns_of
from tests.query.library import Author, Book, sql


@dataclass
class Summary:
    title: Annotated[str, Book.title]
    author: Annotated[str | None, Author.name]
    length: Annotated[int, func.length(Book.title)]


@dataclass
class Longer(Summary):
    pages: Annotated[int | None, Book.pages]


def test_each_member_is_a_column_with_its_name() -> None:
    columns = columns_of(Summary)
    assert list(columns) == ["title", "author", "length"]
    assert select(*columns.values()).selected_columns.keys() == list(columns)
    assert sql(columns["author"]) == "author.name"


def test_columns_are_made_once_for_each_class() -> None:
    assert columns_of(Summary) is columns_of(Summary)
    assert columns_of(Summary) is not columns_of(Longer)


def test_inherited_members_are_columns_too() -> None:
    assert list(columns_of(Longer)) == ["title", "author", "length", "pages"]
