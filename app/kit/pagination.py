"""Pages of a list: `page` and `page_size` in, `Link` and `X-Result-Count` out, as the reference does."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import Query, Request
from pydantic import WithJsonSchema

from app.errors import InvalidPage

DEFAULT_SIZE = 10
MAX_SIZE = 300


def _integer(value: str) -> int | None:
    try:
        return int(value)
    except ValueError:
        return None


@dataclass(frozen=True)
class Page:
    """The part of a list that was asked for: a number from 1, or None for the last page, and rows per page."""

    number: int | None
    size: int

    def offset(self, count: int) -> int:
        """Rows before this page of `count` in all; raises InvalidPage beyond the last one."""
        if not 1 <= self.number_of(count) <= self.last(count):
            raise InvalidPage
        return (self.number_of(count) - 1) * self.size

    def last(self, count: int) -> int:
        """The number of the last page; an empty list has one page."""
        return max(1, -(-count // self.size))

    def number_of(self, count: int) -> int:
        """The number of this page in a list of `count`."""
        return self.last(count) if self.number is None else self.number

    def headers(self, base_url: str, path: str, query: str, count: int) -> dict[str, str]:
        """`X-Result-Count`, and `Link` with first, prev, next and last, which keep every other parameter."""
        number, last = self.number_of(count), self.last(count)
        pages = {"first": 1, "prev": number - 1, "next": number + 1, "last": last}
        links = ", ".join(
            f'<{_with_page(base_url + path, query, to)}>; rel="{relation}"'
            for relation, to in pages.items()
            if 1 <= to <= last
        )
        return {"X-Result-Count": str(count), "Link": links}


@dataclass(frozen=True)
class Listing:
    """A page of a list, and how many rows the list has in all."""

    items: list[dict[str, Any]]
    count: int
    page: Page

    def headers(self, request: Request, base_url: str) -> dict[str, str]:
        """The pagination headers of the response to the request."""
        return self.page.headers(base_url, request.url.path, request.url.query, self.count)


def _with_page(url: str, query: str, number: int) -> str:
    parameters: dict[str, Any] = parse_qs(query, keep_blank_values=True)
    parameters.pop("page", None)
    if number > 1:
        parameters["page"] = [number]
    text = urlencode(sorted(parameters.items()), doseq=True)
    return f"{url}?{text}" if text else url


Number = Annotated[int | str, WithJsonSchema({"type": "integer"})]
Size = Annotated[int | str, WithJsonSchema({"type": ["integer", "string"]})]


def page(
    number: Annotated[
        Number, Query(alias="page", description="A page number within the paginated result set, or `last`.")
    ] = 1,
    size: Annotated[
        Size,
        Query(
            alias="page_size",
            description="Number of results to return per page: at most 300; what is no number counts as 10.",
        ),
    ] = DEFAULT_SIZE,
) -> Page:
    """The page of a request. A size that is none is the default; a number that is none is beyond every list."""
    rows, chosen = _integer(str(size)), _integer(str(number or 1))
    if number != "last" and chosen is None:
        chosen = 0
    return Page(chosen, min(rows, MAX_SIZE) if rows is not None and rows > 0 else DEFAULT_SIZE)
