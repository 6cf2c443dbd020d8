"""Filters: what is not given does not filter, and conditions within the same row are looked for in one row."""

from typing import Annotated, Any

import pytest
from pydantic import BeforeValidator
from sqlalchemy import ColumnElement, and_, exists, literal, select

from app.query.filtering import FilterSet, contains, equals, given, one_of, part_of, since, until, where
from tests.query.library import POSTGRESQL, Author, Book, Country, sql


def of_author(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Author.uuid == Book.author_uuid, *conditions)


def of_country(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(and_(*conditions))


class BookFilters(FilterSet):
    title: str = where(equals(Book.title), "The title.")
    titles: list[str] = where(one_of(Book.title), "Any of the titles.")
    pages: int = where(equals(Book.pages), "Pages.")
    thick: bool = where(lambda is_thick: (Book.pages > 500) == is_thick, "Whether it is thick.")
    state: str = where(equals(Book.title), "May be empty.", empty_is_value=True)
    author: str = where(equals(Author.name), "By name.", within=of_author)
    author_after: str = where(since(Author.name), "By name.", extension=True, within=of_author)
    country: str = where(equals(Country.name), "By country.", within=of_country)
    remark: str = given("Filters nothing.")


class Shouting(FilterSet):
    title: Annotated[str, BeforeValidator(str.upper)] = where(equals(Book.title), "In capitals.")


class Searching(FilterSet):
    title: str = where(part_of(Book.title), "A part of it.")


def conditions(filters: FilterSet) -> list[str]:
    wheres = [
        select(literal(1)).where(each).params(filters.values()) for each in type(filters).conditions(filters.shape())
    ]
    return [sql(each).split("WHERE ", 1)[1] for each in wheres]


AUTHOR = "EXISTS (SELECT * FROM author, book WHERE author.uuid = book.author_uuid AND {})"
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, []),
    "one": ({"title": "Emma"}, ["book.title = 'Emma'"]),
    "several": ({"pages": "7", "title": "Emma"}, ["book.title = 'Emma'", "book.pages = 7"]),
    "zero is given": ({"pages": "0"}, ["book.pages = 0"]),
    "false is given": ({"thick": "false"}, ["(book.pages > 500) = false"]),
    "empty": ({"title": ""}, []),
    "blank": ({"title": "  "}, []),
    "null": ({"title": None}, []),
    "empty list": ({"titles": []}, []),
    "list of empty values": ({"titles": ["", ",", " "]}, []),
    "empty where that is a value": ({"state": ""}, ["book.title = ''"]),
    "what filters nothing": ({"remark": "x"}, []),
    "what is unknown": ({"colour": "red"}, []),
    "within a row": ({"author": "Jane"}, [AUTHOR.format("author.name = 'Jane'")]),
    "twice within one row": (
        {"author": "Jane", "author_after": "A"},
        [AUTHOR.format("author.name = 'Jane' AND author.name >= 'A'")],
    ),
    "within two rows, and beside them": (
        {"author": "Jane", "country": "UK", "title": "Emma"},
        [
            "book.title = 'Emma'",
            AUTHOR.format("author.name = 'Jane'"),
            "EXISTS (SELECT * FROM country WHERE country.name = 'UK')",
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_parameters_that_were_given_make_conditions(case: str) -> None:
    values, expected = CASES[case]
    assert conditions(BookFilters.model_validate(values)) == expected


def test_values_are_those_of_the_type() -> None:
    assert conditions(Shouting.model_validate({"title": "emma"})) == ["book.title = 'EMMA'"]


def test_shape_has_flags_and_choices_but_no_other_values() -> None:
    given = {"title": "Emma", "thick": "true", "titles": ["a", "b"]}
    filters = BookFilters.model_validate(given)
    assert filters.shape() == (("title", None), ("titles", None), ("thick", True))
    assert filters.values() == {"title": "Emma", "titles": ["a", "b"]}


@pytest.mark.parametrize("titles", [["a"], ["", "a"], ["a"] * 1_000])
def test_list_is_one_parameter_however_long(titles: list[str]) -> None:
    filters = BookFilters.model_validate({"titles": titles})
    [condition] = BookFilters.conditions(filters.shape())
    assert str(condition.compile(dialect=POSTGRESQL)) == "book.title = ANY ($1)"
    assert filters.values() == {"titles": titles}


def test_part_of_a_text_is_given_as_a_pattern() -> None:
    part = Searching.model_validate({"title": "a%b_c\\d"})
    assert part.values() == {"title": r"%a\%b\_c\\d%"}
    assert conditions(part) == [r"book.title ILIKE '%a\%b\_c\\d%' ESCAPE '\'"]


def test_parameters_with_a_meaning_when_empty_are_known() -> None:
    assert BookFilters.empty_values() == {"state"}


def test_extension_says_that_it_is_one() -> None:
    described = {name: field.description for name, field in BookFilters.model_fields.items()}
    assert described["author_after"] == "By name. (An extension.)"
    assert described["author"] == "By name."


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (contains(Book.title, literal("%x%")), r"book.title ILIKE '%x%' ESCAPE '\'"),
        (
            part_of(Book.title, Author.name)(literal("%x%")),
            r"book.title ILIKE '%x%' ESCAPE '\' OR author.name ILIKE '%x%' ESCAPE '\'",
        ),
        (since(Book.pages)(3), "book.pages >= 3"),
        (until(Book.pages)(3), "book.pages <= 3"),
    ],
    ids=["contains", "part_of", "since", "until"],
)
def test_condition_means_what_its_name_says(condition: ColumnElement[bool], expected: str) -> None:
    assert sql(condition) == expected
