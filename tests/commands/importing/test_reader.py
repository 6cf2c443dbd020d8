"""Reading over HTTP: pages, patience, and what is refused."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from app.commands.importing.reader import ATTEMPTS, Reader, SourceError, base_of
from tests.commands.importing.fake import ADDRESS, FakeSource, at, booking

Answer = Callable[[httpx.Request], httpx.Response]


@asynccontextmanager
async def reader_of(answer: Answer, pauses: list[float] | None = None) -> AsyncIterator[Reader]:
    noted: list[float] = [] if pauses is None else pauses

    async def sleep(seconds: float) -> None:
        noted.append(seconds)

    headers = {"Authorization": "Token secret"}
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), headers=headers) as client:
        yield Reader(client, base_of(ADDRESS), page_size=2, sleep=sleep)


async def names(reader: Reader, since: datetime | None = None) -> list[str]:
    return [str(item["name"]) async for item in reader.bookings(since)]


def then(*answers: httpx.Response | Exception) -> Answer:
    """Gives one answer after the other, and the last one again and again."""
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        given = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(given, Exception):
            raise given
        return given

    return answer


async def test_pages_are_followed_and_the_host_of_links_is_not() -> None:
    source = FakeSource(*(booking(str(number)) for number in range(5)))
    async with reader_of(source) as reader:
        assert await names(reader) == ["0", "1", "2", "3", "4"]


async def test_orders_are_retrieved_where_the_list_has_none() -> None:
    async with reader_of(FakeSource(booking("a"))) as reader:
        (order,) = [item["creation_order"] async for item in reader.bookings()]
    assert isinstance(order, dict)
    assert order["type"] == "Create"


async def test_only_changes_are_read_also_where_only_days_are_known() -> None:
    source = FakeSource(booking("old", modified=at(1)), booking("new", modified=at(9)))
    async with reader_of(source) as reader:
        assert await names(reader, datetime(2030, 5, 5, tzinfo=UTC)) == ["new"]


async def test_what_changes_meanwhile_is_read_again() -> None:
    source = FakeSource(booking("a"), booking("b"), booking("c"))

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params.get("page") == "2":
            source.bookings[0] = booking("a", modified="2030-05-31T00:00:00Z", state="Terminated")
        return source(request)

    async with reader_of(answer) as reader:
        states = [(item["name"], item["state"]) async for item in reader.bookings()]
    assert states == [("a", "OK"), ("b", "OK"), ("c", "OK"), ("a", "Terminated")]


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(503),
        httpx.Response(500, html="<h1>Oops</h1>"),
        httpx.Response(429),
        httpx.ReadTimeout("too slow"),
        httpx.ConnectError("refused"),
    ],
)
async def test_trouble_that_passes_is_waited_for(trouble: Any) -> None:
    pauses: list[float] = []
    async with reader_of(then(trouble, trouble, httpx.Response(200, json=[])), pauses) as reader:
        assert await names(reader) == []
    assert pauses == [0.5, 1.0]


async def test_pause_is_as_long_as_the_source_asks_within_reason() -> None:
    pauses: list[float] = []
    busy = [httpx.Response(429, headers={"Retry-After": asked}) for asked in ("7", "86400", "Mon, 01 Jan", "")]
    async with reader_of(then(*busy, httpx.Response(200, json=[])), pauses) as reader:
        await names(reader)
    assert pauses == [7.0, 60.0, 2.0, 4.0]


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (httpx.Response(502), "502 Bad Gateway"),
        (httpx.ConnectError("refused"), "cannot be reached: refused"),
        (httpx.ReadTimeout(""), "cannot be reached: ReadTimeout"),
    ],
)
async def test_trouble_that_stays_is_named(trouble: Any, message: str) -> None:
    pauses: list[float] = []
    async with reader_of(then(trouble), pauses) as reader:
        with pytest.raises(SourceError, match=message):
            await names(reader)
    assert len(pauses) == ATTEMPTS - 1


@pytest.mark.parametrize(
    "target",
    ["http://evil.example.com/", "http://source.example.com:81/", "ftp://source.example.com/", "//evil.example.com"],
)
async def test_token_goes_to_no_other_host(target: str) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": target})

    async with reader_of(answer) as reader:
        with pytest.raises(SourceError, match="does not get the token"):
            await names(reader)
    assert asked == ["source.example.com"]


async def test_redirects_within_the_host_are_followed() -> None:
    moved = [httpx.Response(301, headers={"Location": "https://source.example.com/api/booking-resources/?page_size=2"})]
    async with reader_of(then(*moved, httpx.Response(200, json=[]))) as reader:
        assert await names(reader) == []
    async with reader_of(then(*moved)) as reader:
        with pytest.raises(SourceError, match="redirects too often"):
            await names(reader)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(401, json={"detail": "Invalid token."}), "does not accept the token"),
        (httpx.Response(403, json={}), "403 Forbidden"),
        (httpx.Response(200, html="<h1>Welcome</h1>"), "no list of bookings"),
        (httpx.Response(200, content=b"\xff\xfe\x00"), "no list of bookings"),
        (httpx.Response(200, json={"bookings": []}), "no list of bookings"),
        (httpx.Response(200, json=["booking"]), "no list of bookings"),
        (httpx.Response(200, json=[], headers={"Link": '<http://x:y/>; rel="next"'}), "broken link"),
        (httpx.Response(200, json=[], headers={"Link": '<?o=created&page_size=2>; rel="next"'}), "round in circles"),
        (httpx.Response(302, headers={"Location": "http://x:y/"}), "Invalid URL in location header"),
    ],
)
async def test_useless_answers_are_named(answer: httpx.Response, message: str) -> None:
    async with reader_of(then(answer)) as reader:
        with pytest.raises(SourceError, match=message):
            await names(reader)


@pytest.mark.parametrize(
    "odd", [{"X-Result-Count": "many"}, {"Date": "yesterday"}, {"Date": "Fri, 31 May 2030 00:00:00"}]
)
async def test_odd_headers_do_no_harm(odd: dict[str, str]) -> None:
    async with reader_of(then(httpx.Response(200, json=[], headers=odd))) as reader:
        assert await names(reader) == []


@pytest.mark.parametrize(
    "answer", [httpx.Response(404, json={}), httpx.Response(403), httpx.Response(200, html="<h1>Welcome</h1>")]
)
async def test_object_that_is_not_shown_is_none(answer: httpx.Response) -> None:
    async with reader_of(then(answer)) as reader:
        assert await reader.one("/api/users/x/") is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "source.example.com",
        "ftp://source.example.com",
        "http://",
        "http://ada:pw@x.example.com",
        "http://x.example.com/?a=b",
    ],
)
def test_impossible_address_is_refused(address: str) -> None:
    with pytest.raises(SourceError, match="is no address"):
        base_of(address)


@pytest.mark.parametrize("address", ["http://x.example.com", "http://x.example.com/", "http://x.example.com/api/"])
def test_address_is_that_of_the_system(address: str) -> None:
    assert str(base_of(address)) == "http://x.example.com"


@pytest.mark.parametrize("token", ["", " ", "a\nb", "é"])
async def test_impossible_token_is_refused(token: str) -> None:
    with pytest.raises(SourceError, match="token"):
        async with Reader.opened(ADDRESS, token):
            pass
