"""Orderings: rows without a value come last both ways, and ties are broken."""

import pytest

from app.query.ordering import Orderings, ordered
from tests.query.library import Author, Book, sql

KEYS: Orderings = {"title": Book.title, "pages": Book.pages, "author": Author.name}


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([], ["book.title ASC NULLS LAST"]),
        (["title"], ["book.title ASC NULLS LAST"]),
        (["pages"], ["book.pages ASC NULLS LAST"]),
        (["-pages"], ["book.pages DESC NULLS LAST"]),
        (["author", "-title"], ["author.name ASC NULLS LAST", "book.title DESC NULLS LAST"]),
        (["pages", "-pages"], ["book.pages ASC NULLS LAST", "book.pages DESC NULLS LAST"]),
    ],
    ids=str,
)
def test_nulls_are_last_and_ties_are_broken_by_the_uuid(chosen: list[str], expected: list[str]) -> None:
    order = ordered(KEYS, chosen, "title", Book.uuid)
    assert [sql(each) for each in order] == [*expected, "book.uuid"]


def test_default_may_run_backwards() -> None:
    first, _ = ordered(KEYS, [], "-pages", Book.uuid)
    assert sql(first) == "book.pages DESC NULLS LAST"


def test_unknown_ordering_is_a_defect() -> None:
    with pytest.raises(KeyError):
        ordered(KEYS, ["colour"], "title", Book.uuid)
