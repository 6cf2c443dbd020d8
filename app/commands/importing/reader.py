"""Reads from another system over HTTP: pages and single objects, with patience, and without giving the token away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Self, TypeAlias
from urllib.parse import quote

import httpx

from app.commands.progress import Progress, silent
from app.values import text_of

ATTEMPTS = 6
LONGEST_PAUSE = 60.0
"""Seconds to wait before a request is sent again, whatever the source asks for."""
TIMEOUT = 60.0
AT_ONCE = 4
"""Requests under way at the same time."""
MOST_REDIRECTS = 5
MOST_PASSES = 10
"""How often to look for changes that were made while reading."""
MARGIN = timedelta(minutes=5)
"""How far back to look again: for transactions that end late, and clocks that differ."""

BOOKINGS = "/api/booking-resources/"
Object: TypeAlias = dict[str, object]
"""A JSON object."""


class SourceError(Exception):
    """The source cannot be read; the message says why."""


def base_of(address: str) -> httpx.URL:
    """The address of a system, given with or without `/api/` at its end; raises SourceError."""
    try:
        url = httpx.URL(address.strip().rstrip("/").removesuffix("/api"))
    except httpx.InvalidURL as error:
        raise SourceError(f"{address!r} is no address: {error}") from error
    if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment or url.userinfo:
        raise SourceError(f"{address!r} is no address of a system, such as https://waldur.example.com")
    return url


class Reader:
    """Reads from one system with one token."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        base: httpx.URL,
        page_size: int = 100,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.base = base
        self._client = client
        self._page_size = page_size
        self._sleep = sleep
        self._turn = asyncio.Semaphore(AT_ONCE)

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, address: str, token: str, page_size: int = 100, transport: httpx.AsyncBaseTransport | None = None
    ) -> AsyncIterator[Self]:
        """A reader with connections of its own; raises SourceError if the address or the token cannot be one."""
        base = base_of(address)
        if not token.isascii() or not token.isprintable() or not token.strip():
            raise SourceError("the token must be printable ASCII")
        sent = {"Authorization": f"Token {token.strip()}", "Accept": "application/json"}
        async with httpx.AsyncClient(headers=sent, timeout=TIMEOUT, transport=transport) as client:
            yield cls(client, base, page_size)

    async def bookings(self, since: datetime | None = None, progress: Progress = silent) -> AsyncIterator[Object]:
        """Bookings that have changed since, with their orders.

        What changes meanwhile is read again, until nothing new turns up, so that no change falls between two imports.
        """
        seen: dict[object, object] = {}
        for _ in range(MOST_PASSES):
            fresh, began = False, None
            async for items, response in self._pages(since, progress):
                began = began or _date_of(response)
                news = [item for item in items if seen.get(item["uuid"], seen) != item.get("modified")]
                seen.update((item["uuid"], item.get("modified")) for item in news)
                fresh = fresh or bool(news)
                for item in await asyncio.gather(*map(self._whole, news)):
                    yield item
            if began is None or not fresh:
                return
            since = began - MARGIN

    async def one(self, path: str, **parameters: str) -> object:
        """The JSON under a path, or None if the source does not show any there."""
        response = await self._get(path, parameters)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            raise self._refusal(response)
        return _json_of(response) if response.status_code == httpx.codes.OK else None

    async def shown(self, path: str) -> Object | None:
        """The JSON object under a path, or None."""
        found = await self.one(path)
        return found if isinstance(found, dict) else None

    async def _whole(self, item: Object) -> Object:
        """Systems of 2024 show orders only of a single booking."""
        if "creation_order" in item:
            return item
        return await self.shown(f"{BOOKINGS}{quote(str(item['uuid']), safe='')}/") or item

    async def _pages(
        self, since: datetime | None, progress: Progress
    ) -> AsyncIterator[tuple[list[Object], httpx.Response]]:
        query = httpx.QueryParams({"o": "created", "page_size": str(self._page_size)})
        response = await self._first_page(query, since)
        asked, done = {query}, 0
        while True:
            items = self._items(response)
            done += len(items)
            progress("bookings", done, _count_of(response))
            yield items, response
            following = self._next(response)
            if following is None:
                return
            if following in asked:
                raise SourceError(f"{self.base} answers with pages that go round in circles")
            asked.add(following)
            response = await self._get(BOOKINGS, following)

    async def _first_page(self, query: httpx.QueryParams, since: datetime | None) -> httpx.Response:
        if since is None:
            return await self._get(BOOKINGS, query)
        response = await self._get(BOOKINGS, query.set("modified", text_of(since)))
        if response.status_code == httpx.codes.BAD_REQUEST:  # systems of 2024 know days only
            response = await self._get(BOOKINGS, query.set("modified", text_of(since)[:10]))
        return response

    def _items(self, response: httpx.Response) -> list[Object]:
        if response.status_code != httpx.codes.OK:
            raise self._refusal(response)
        items = _json_of(response)
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise SourceError(f"{response.url} answers with no list of bookings; is that the address of the system?")
        if not all(isinstance(item.get("uuid"), str) for item in items):
            raise SourceError(f"{response.url} answers with a booking without uuid")
        return items

    def _next(self, response: httpx.Response) -> httpx.QueryParams | None:
        """What to ask for the next page. Of the link only the query counts: the token goes to the given host alone."""
        link = response.links.get("next", {}).get("url")
        try:
            return httpx.URL(link).params if link else None
        except httpx.InvalidURL as error:
            raise SourceError(f"{response.url} answers with a broken link to the next page: {link!r}") from error

    def _refusal(self, response: httpx.Response) -> SourceError:
        if response.status_code == httpx.codes.UNAUTHORIZED:
            return SourceError(f"{self.base} does not accept the token")
        return SourceError(f"{response.url} answers {response.status_code} {response.reason_phrase}".strip())

    async def _get(self, path: str, query: Mapping[str, str] | httpx.QueryParams) -> httpx.Response:
        """The answer to a request, which is sent again after a pause if the source is out of order or overrun."""
        attempt = 0
        while True:
            attempt += 1
            try:
                async with self._turn:
                    response = await self._follow(self._url(path), query)
            except httpx.RequestError as error:
                if attempt == ATTEMPTS:
                    raise SourceError(f"{self.base} cannot be reached: {str(error) or type(error).__name__}") from error
                await self._sleep(_pause(attempt))
            else:
                busy = response.status_code == httpx.codes.TOO_MANY_REQUESTS
                if attempt == ATTEMPTS or not (busy or response.is_server_error):
                    return response
                await self._sleep(_pause(attempt, response))

    def _url(self, path: str) -> httpx.URL:
        return self.base.copy_with(path=self.base.path.rstrip("/") + path)

    async def _follow(self, url: httpx.URL, query: Mapping[str, str] | httpx.QueryParams) -> httpx.Response:
        url = url.copy_merge_params(query)
        for _ in range(MOST_REDIRECTS):
            response = await self._client.get(url)
            if not response.has_redirect_location:
                return response
            try:
                url = response.url.join(response.headers["Location"])
            except httpx.InvalidURL as error:
                raise SourceError(f"{response.url} redirects to what is no address") from error
            if not self._is_home(url):
                raise SourceError(
                    f"{self.base} redirects to {url.scheme}://{url.netloc.decode()}, which does not get the token; "
                    "if that is the right address, give it as --url"
                )
        raise SourceError(f"{self.base} redirects too often")

    def _is_home(self, url: httpx.URL) -> bool:
        """The host that the token is for; another way there may only be a safer one."""
        ways = {(self.base.scheme, self.base.port), ("https", None)}
        return url.host == self.base.host and (url.scheme, url.port) in ways


def _json_of(response: httpx.Response) -> object:
    """What an answer says; None if that is no JSON."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _pause(attempt: int, response: httpx.Response | None = None) -> float:
    """Seconds: what the source asks for, or longer each time."""
    asked = response.headers.get("Retry-After", "") if response else ""
    seconds = float(asked) if asked.isascii() and asked.isdecimal() else 0.5 * 2.0 ** (attempt - 1)
    return min(seconds, LONGEST_PAUSE)


def _count_of(response: httpx.Response) -> int | None:
    count = response.headers.get("X-Result-Count", "")
    return int(count) if count.isascii() and count.isdecimal() and len(count) < 10 else None


def _date_of(response: httpx.Response) -> datetime | None:
    """When the source says that it answered."""
    try:
        moment = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
