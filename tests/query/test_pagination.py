"""Pages: where they begin, which one is the last, and the addresses of their neighbours."""

from typing import NamedTuple

import pytest

from app.query.pagination import InvalidPage, Listing, Page

URL = "http://library.example.org/books/"


class Place(NamedTuple):
    """A page of a list of so many rows, ten on each page, and the rows before it; None where there is no such page."""

    number: int | None
    rows: int
    offset: int | None


PLACES = [
    Place(number=1, rows=0, offset=0),
    Place(number=None, rows=0, offset=0),
    Place(number=2, rows=0, offset=None),
    Place(number=1, rows=10, offset=0),
    Place(number=2, rows=10, offset=None),
    Place(number=2, rows=11, offset=10),
    Place(number=None, rows=10, offset=0),
    Place(number=None, rows=11, offset=10),
    Place(number=3, rows=11, offset=None),
    Place(number=0, rows=11, offset=None),
    Place(number=-1, rows=11, offset=None),
    Place(number=10**30, rows=11, offset=None),
]


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_offset_is_that_of_a_page_that_exists(place: Place) -> None:
    page = Page(place.number, 10)
    if place.offset is None:
        with pytest.raises(InvalidPage):
            page.offset(place.rows)
    else:
        assert page.offset(place.rows) == place.offset


@pytest.mark.parametrize(("count", "last"), [(0, 1), (1, 1), (3, 1), (4, 2), (6, 2), (7, 3)])
def test_last_page_is_never_empty_but_for_an_empty_list(count: int, last: int) -> None:
    assert Page(None, 3).last(count) == Page(None, 3).number_of(count) == last


def links(page: Page, count: int, query: str = "") -> dict[str, str]:
    """The query strings of the `Link` header, by relation."""
    header = Listing([], count, page).headers(URL, query)["Link"]
    parts = [part.split("; rel=") for part in header.split(", ")]
    return {relation.strip('"'): url.removeprefix(f"<{URL}").removesuffix(">") for url, relation in parts}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (Page(1, 10), {"first": "", "next": "?page=2", "last": "?page=3"}),
        (Page(2, 10), {"first": "", "prev": "", "next": "?page=3", "last": "?page=3"}),
        (Page(3, 10), {"first": "", "prev": "?page=2", "last": "?page=3"}),
        (Page(None, 10), {"first": "", "prev": "?page=2", "last": "?page=3"}),
        (Page(1, 30), {"first": "", "last": ""}),
    ],
    ids=str,
)
def test_links_name_the_neighbours_that_there_are(page: Page, expected: dict[str, str]) -> None:
    assert links(page, 30) == expected
    assert Listing([], 30, page).headers(URL, "")["X-Result-Count"] == "30"


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("page=7", "?page=2"),
        ("page=7&page=8", "?page=2"),
        ("b=2&a=1", "?a=1&b=2&page=2"),
        ("a=2&a=1", "?a=2&a=1&page=2"),
        ("a=", "?a=&page=2"),
        ("a=%C3%BC%26", "?a=%C3%BC%26&page=2"),
        ("page_size=10&z=1", "?page=2&page_size=10&z=1"),
    ],
)
def test_links_keep_every_other_parameter(query: str, kept: str) -> None:
    assert links(Page(1, 10), 11, query)["next"] == kept


def test_empty_list_has_one_page() -> None:
    assert links(Page(1, 10), 0) == {"first": "", "last": ""}
