"""Only relations that are mentioned are joined, each once, outer, and after those by which it is reached."""

import pytest
from sqlalchemy import func, literal, select

from app.columns import Expression
from app.query.joins import with_joins
from tests.query.library import RELATIONS, Author, Book, Country, sql

AUTHOR = "LEFT OUTER JOIN author ON author.uuid = book.author_uuid"
COUNTRY = "LEFT OUTER JOIN country ON country.uuid = author.country_uuid"
CASES: dict[str, tuple[list[Expression], list[str]]] = {
    "nothing": ([], []),
    "a constant": ([literal(1)], []),
    "the root alone": ([Book.title], []),
    "a relation": ([Author.name], [AUTHOR]),
    "a relation twice": ([Author.name, Author.uuid, Author.name], [AUTHOR]),
    "a relation of a relation": ([Country.name], [AUTHOR, COUNTRY]),
    "both, the farther one first": ([Country.name, Author.name], [AUTHOR, COUNTRY]),
    "within a function": ([func.lower(Author.name)], [AUTHOR]),
    "within a condition": ([Author.name == "Ada"], [AUTHOR]),
    "labelled": ([Author.name.label("c1")], [AUTHOR]),
    "within an ordering": ([Country.name.desc()], [AUTHOR, COUNTRY]),
}


@pytest.mark.parametrize("case", CASES)
def test_only_what_is_mentioned_is_joined(case: str) -> None:
    mentioned, joins = CASES[case]
    statement = with_joins(select(literal(1)), Book, RELATIONS, mentioned)
    assert sql(statement) == " ".join(["SELECT 1 AS anon_1 FROM book", *joins])


def test_statement_keeps_its_columns_and_conditions() -> None:
    statement = with_joins(select(Book.title).where(Book.pages > 9), Book, RELATIONS, [Author.name])
    assert sql(statement) == f"SELECT book.title FROM book {AUTHOR} WHERE book.pages > 9"
