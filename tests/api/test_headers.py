"""What headers ask for: preferences, versions, and that a request is answered once."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast

import pytest
from fastapi import Request
from fastapi.responses import JSONResponse
from sqlalchemy import Executable, Insert
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import Message

from app.api import idempotency
from app.api.idempotency import LONGEST_KEY, Retries
from app.api.preference import Preference
from app.api.responses import created
from app.api.versions import IfMatch, tagged
from app.errors import Invalid, PreconditionFailed
from app.query.fieldset import Item
from tests.query.library import ADA

NOW = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
LATER = NOW + timedelta(microseconds=1)


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw})


class Wish(NamedTuple):
    """A `Prefer` header, what it wants, and whether a body is sent where one is usual, and where none is."""

    header: str
    wanted: str | None
    usually: bool
    unusually: bool


WISHES = [
    Wish("", wanted=None, usually=True, unusually=False),
    Wish("wait=10", wanted=None, usually=True, unusually=False),
    Wish("return=nonsense", wanted=None, usually=True, unusually=False),
    Wish("return=representation", wanted="representation", usually=True, unusually=True),
    Wish("return=minimal", wanted="minimal", usually=False, unusually=False),
    Wish('Return = "Minimal"', wanted="minimal", usually=False, unusually=False),
    Wish("respond-async, return=representation; foo=bar", wanted="representation", usually=True, unusually=True),
]


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.header)
def test_preference_decides_whether_there_is_a_body(wish: Wish) -> None:
    applied = f"return={wish.wanted}" if wish.wanted else None
    for usual, has_body in ((True, wish.usually), (False, wish.unusually)):
        response = Preference(wish.header, usual=usual).response({"a": "b"})
        assert (response.status_code, response.body) == (200, b'{"a":"b"}' if has_body else b"")
        assert response.headers.get("Preference-Applied") == applied


def tag_of(content: bytes, modified: datetime) -> str:
    return tagged(request(), content, modified).headers["ETag"]


def test_tag_is_of_the_content_and_of_its_version() -> None:
    tags = {tag_of(content, modified) for content in (b"a", b"b") for modified in (NOW, LATER)}
    assert len(tags) == 4
    assert tag_of(b"a", NOW) == tag_of(b"a", NOW.astimezone())


TAG = tag_of(b"a", NOW)


@pytest.mark.parametrize("known", [TAG, f"W/{TAG}", f'"x", {TAG}', f" {TAG} ,", "*"])
def test_what_the_client_has_is_not_sent_again(known: str) -> None:
    response = tagged(request(if_none_match=known), b"a", NOW)
    assert (response.status_code, response.body, response.headers["ETag"]) == (304, b"", TAG)


@pytest.mark.parametrize(
    "known", ["", '"x"', TAG.strip('"'), tag_of(b"b", NOW), tag_of(b"a", LATER), '*, "x"'], ids=str
)
def test_what_the_client_has_not_is_sent(known: str) -> None:
    response = tagged(request(if_none_match=known), b"a", NOW)
    assert (response.status_code, response.body, response.headers["ETag"]) == (200, b"a", TAG)
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("header", ["", " , ", "*", f"*, {TAG}"])
def test_any_version_will_do(header: str) -> None:
    assert IfMatch(header).check is None


@pytest.mark.parametrize("header", [TAG, tag_of(b"b", NOW), f'"x", {TAG}', f"{TAG},{tag_of(b'a', LATER)}"])
def test_version_that_was_seen_may_change(header: str) -> None:
    check = IfMatch(header).check
    assert check is not None
    check(NOW)


@pytest.mark.parametrize("header", ['"x"', "x", '""', tag_of(b"a", LATER), f"W/{TAG}", TAG.strip('"')])
def test_version_that_was_not_seen_may_not_change(header: str) -> None:
    check = IfMatch(header).check
    assert check is not None
    with pytest.raises(PreconditionFailed):
        check(NOW)


@pytest.mark.parametrize("key", ["", "  ", "a\n", "a\x00", "x" * (LONGEST_KEY + 1)], ids=repr)
def test_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(Invalid) as refused:
        Retries(request(), ADA, key)
    assert refused.value.body == {"Idempotency-Key": ["Must be 1 to 255 printable characters."]}


class EmptyStore:
    """Stands for a connection to a database in which no answer is stored; keeps the fingerprints that it is given."""

    def __init__(self) -> None:
        self.fingerprints: list[str] = []

    async def execute(self, statement: Executable, *_: object) -> "EmptyStore":
        if isinstance(statement, Insert):
            self.fingerprints.append(statement.compile().params["fingerprint"])
        return self

    def mappings(self) -> "EmptyStore":
        return self

    def one_or_none(self) -> None:
        return None


def sent(path: str, body: bytes) -> Request:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": [(b"host", b"a")]}
    return Request(scope, receive)


async def test_request_is_known_by_its_path_and_body(monkeypatch: pytest.MonkeyPatch) -> None:
    async def taken(*_: object) -> bool:
        return True

    monkeypatch.setattr(idempotency, "try_for", taken)

    async def work() -> Item:
        return {"url": "/books/1/"}

    store = EmptyStore()
    for path, body in (("/a", b"{}"), ("/b", b"{}"), ("/a", b"{ }"), ("/a", b""), ("/a", b"{}")):
        await Retries(sent(path, body), ADA, "key").once(cast("AsyncConnection", store), work, created)
    assert len(store.fingerprints) == 5
    assert len(set(store.fingerprints)) == 4
    assert store.fingerprints[0] == store.fingerprints[-1]


async def test_without_a_key_every_request_is_worked_on() -> None:
    nowhere = cast("AsyncConnection", None)
    worked: list[Item] = []

    async def work() -> Item:
        worked.append({"url": f"/books/{len(worked)}/"})
        return worked[-1]

    retries = Retries(request(), ADA, None)
    answers: list[JSONResponse] = [await retries.once(nowhere, work, created) for _ in range(2)]
    assert [answer.headers["Location"] for answer in answers] == ["/books/0/", "/books/1/"]
    assert [answer.status_code for answer in answers] == [201, 201]
