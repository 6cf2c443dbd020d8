"""Pages of a list: how many rows they have, where they begin, and their addresses."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from app.errors import NotFound
from app.query.fieldset import Item


class InvalidPage(NotFound):
    """A page number that is none, or is beyond the last page."""

    detail = "Invalid page."


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


@dataclass(frozen=True)
class Part:
    """Rows of an ordered list of `count`, from `offset` on; beyond the middle, they are counted from its end."""

    offset: int
    limit: int
    count: int

    @property
    def is_backward(self) -> bool:
        """Whether the end of the list is nearer."""
        return self.offset > self.count // 2

    @property
    def first(self) -> int:
        """How many rows to pass over, from whichever end."""
        return max(self.count - self.offset - self.limit, 0) if self.is_backward else self.offset

    @property
    def size(self) -> int:
        """How many rows to take."""
        return min(self.limit, self.count - self.offset)


@dataclass(frozen=True)
class Listing:
    """A page of a list, and how many rows the list has in all."""

    items: list[Item] | list[bytes]
    count: int
    page: Page

    def headers(self, url: str, query: str) -> dict[str, str]:
        """`X-Result-Count`, and `Link` with first, prev, next and last, which keep every other parameter."""
        number, last = self.page.number_of(self.count), self.page.last(self.count)
        pages = {"first": 1, "prev": number - 1, "next": number + 1, "last": last}
        address = _Address(url, query)
        links = ", ".join(f'<{address.of(to)}>; rel="{relation}"' for relation, to in pages.items() if 1 <= to <= last)
        return {"X-Result-Count": str(self.count), "Link": links}


class _Address:
    """The address of a list, and of each of its pages; parameters are in the order of their names."""

    def __init__(self, url: str, query: str) -> None:
        given = sorted(parse_qs(query, keep_blank_values=True).items())
        self._url = url
        self._before = [urlencode([each], doseq=True) for each in given if each[0] < "page"]
        self._after = [urlencode([each], doseq=True) for each in given if each[0] > "page"]

    def of(self, number: int) -> str:
        """The address of a page; the first one is the list itself."""
        text = "&".join([*self._before, *([f"page={number}"] if number > 1 else []), *self._after])
        return f"{self._url}?{text}" if text else self._url
