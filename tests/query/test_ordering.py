"""Orderings: rows without a value come last both ways, and ties are broken."""

import pytest

from app.query.ordering import Orderings, order_keys
from tests.query.library import Author, Book, sql

KEYS: Orderings = {"title": Book.title, "pages": Book.pages, "author": Author.name}


def ordered(chosen: list[str], default: str = "title", *, backward: bool = False) -> list[str]:
    return [sql(key.expressed(backward=backward)) for key in order_keys(KEYS, chosen, default, Book.uuid)]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([], ["book.title ASC"]),
        (["title"], ["book.title ASC"]),
        (["pages"], ["book.pages ASC NULLS LAST"]),
        (["-pages"], ["book.pages DESC NULLS LAST"]),
        (["author", "-title"], ["author.name ASC", "book.title DESC"]),
        (["title", "-pages", "title", "-pages"], ["book.title ASC", "book.pages DESC NULLS LAST"]),
        (["pages", "-pages"], ["book.pages ASC NULLS LAST", "book.pages DESC NULLS LAST"]),
    ],
    ids=str,
)
def test_nulls_are_last_and_ties_are_broken_by_the_uuid(chosen: list[str], expected: list[str]) -> None:
    assert ordered(chosen) == [*expected, "book.uuid ASC"]


def test_backward_is_the_same_order_from_its_end() -> None:
    assert ordered(["-pages", "title"], backward=True) == [
        "book.pages ASC NULLS FIRST",
        "book.title DESC",
        "book.uuid DESC",
    ]


def test_default_may_run_backwards() -> None:
    assert ordered([], "-pages")[0] == "book.pages DESC NULLS LAST"


def test_unknown_ordering_is_a_defect() -> None:
    with pytest.raises(KeyError):
        ordered(["colour"])
