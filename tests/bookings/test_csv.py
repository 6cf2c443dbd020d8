"""The list of bookings as CSV: the same rows, whole or by page, with the columns that were asked for."""

import asyncio
import csv
import io
import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.types import Message

from app.api import publishing
from app.database.standby import StandbyLost
from app.models import Resource
from app.query.collection import Collection, Everything
from tests.api.asgi import Call
from tests.conftest import AsUser
from tests.databases import statements

PATH = "/api/booking-resources/"


def table(answer: Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@")
    return f"'{text}" if is_formula else text


@pytest.mark.parametrize("user", ["staff", "powner", "creator"])
async def test_lines_are_the_bookings(client: AsyncClient, as_user: AsUser, user: str) -> None:
    asked: dict[str, Any] = {"page_size": 300}
    listed = await client.get(PATH, headers=as_user(user), params=asked)
    answer = await client.get(PATH, headers=as_user(user) | {"Accept": "text/csv"}, params=asked)
    found, expected = table(answer), listed.json()
    assert len(found) == len(expected) > 0
    for line, booking in zip(found, expected, strict=True):
        assert line == {name: cell(booking.get(name)) for name in line}
        assert booking.keys() <= line.keys()
    assert [json.loads(line["attributes"]) for line in found] == [booking["attributes"] for booking in expected]
    for name in ("X-Result-Count", "Link"):
        assert answer.headers[name] == listed.headers[name]
    assert answer.headers["Content-Disposition"] == 'attachment; filename="booking-resources.csv"'


async def test_fields_and_pages_are_chosen(client: AsyncClient, as_user: AsUser) -> None:
    headers = as_user("staff") | {"Accept": "text/csv"}
    asked: dict[str, Any] = {"field": "name,state,uuid,nothing", "o": "-name", "page_size": 2, "state": "OK"}
    first = await client.get(PATH, headers=headers, params=asked)
    second = await client.get(PATH, headers=headers, params={**asked, "page": 2})
    whole = await client.get(PATH, headers=as_user("staff"), params={**asked, "page_size": 4})
    assert [list(line) for line in table(first)] == [list(whole.json()[0])] * 2
    assert [line["uuid"] for line in (*table(first), *table(second))] == [each["uuid"] for each in whole.json()]
    assert 'rel="next"' in first.headers["Link"]


@pytest.fixture
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(publishing, "AT_ONCE", 4)
    return 4


@pytest.mark.usefixtures("few_at_once")
@pytest.mark.parametrize("user", ["staff", "powner", "creator", "outsider"])
@pytest.mark.parametrize("order", ["name", "-created", "type,-schedules", "schedules"])
async def test_without_a_page_all_bookings_come(client: AsyncClient, as_user: AsUser, user: str, order: str) -> None:
    asked: dict[str, Any] = {"field": "uuid,name", "o": order}
    listed = await client.get(PATH, headers=as_user(user), params={**asked, "page_size": 300})
    headers = as_user(user) | {"Accept": "text/csv"}
    answer = await client.get(PATH, headers=headers, params=asked)
    assert [line["uuid"] for line in table(answer)] == [each["uuid"] for each in listed.json()]
    counted = await client.head(PATH, headers=headers, params=asked)
    for told in (answer.headers, counted.headers):
        assert told["X-Result-Count"] == listed.headers["X-Result-Count"] == str(len(listed.json()))
        assert "Accept" in told["Vary"].split(", ")
        assert "Link" not in told
    assert (len(listed.json()) > 8) == (user != "outsider"), "of several parts"


@pytest.mark.usefixtures("few_at_once")
async def test_filters_and_columns_hold_for_all(client: AsyncClient, as_user: AsUser) -> None:
    asked = {"state": ["OK", "Creating"], "field": "state,name"}
    listed = (await client.get(PATH, headers=as_user("staff"), params={**asked, "page_size": 300})).json()
    answer = await client.get(PATH, headers=as_user("staff") | {"Accept": "text/csv"}, params=asked)
    assert table(answer) == [{"name": cell(each["name"]), "state": each["state"]} for each in listed]
    assert answer.content.count(b"\xef\xbb\xbf") == answer.content.count(b"state,name\r\n") == 1


@pytest.mark.parametrize("asked", ["page=1", "page=last", "page_size=3", "page_size=", "page=1&page_size=2"])
async def test_whoever_names_a_page_is_given_that(client: AsyncClient, as_user: AsUser, asked: str) -> None:
    listed = await client.get(f"{PATH}?{asked}", headers=as_user("staff"))
    headers = as_user("staff") | {"Accept": "text/csv"}
    answer = await client.get(f"{PATH}?{asked}", headers=headers)
    assert [line["uuid"] for line in table(answer)] == [each["uuid"] for each in listed.json()]
    assert answer.headers["Link"] == listed.headers["Link"]
    assert (await client.head(f"{PATH}?{asked}", headers=headers)).headers["Link"] == listed.headers["Link"]
    assert (await client.get(f"{PATH}?page=99", headers=headers)).status_code == 404


async def test_answers_that_have_a_twin_say_so(client: AsyncClient, as_user: AsUser) -> None:
    for accept in ("application/json", "text/csv"):
        headers = as_user("staff") | {"Accept": accept}
        for method in ("GET", "HEAD"):
            answer = await client.request(method, PATH, headers=headers)
            assert "Accept" in answer.headers["Vary"].split(", ")
    plain = await client.get("/api/booking-offerings/", headers=as_user("staff"))
    assert "Accept" not in plain.headers["Vary"].split(", ")


async def test_parts_are_read_as_the_client_reads(
    client: AsyncClient, rows: AsyncConnection, application: FastAPI, as_user: AsUser, few_at_once: int
) -> None:
    """What the client has not taken yet is not read yet, so that memory holds one part."""
    del client  # has the application serve these rows
    key = as_user("staff") | {"host": "here", "accept": "text/csv", "content-length": "0"}
    call = Call(method="GET", path=PATH, headers=key, scheme="http")
    lines, taken = 0, asyncio.Event()

    async def slowly(message: Message) -> None:
        nonlocal lines
        call.sent.append(message)
        lines += message.get("body", b"").count(b"\r\n")
        if lines > few_at_once:
            taken.set()
            await asyncio.Event().wait()

    with statements(rows) as executed:
        answering = asyncio.ensure_future(application(call.scope, call.receive, slowly))
        await asyncio.wait_for(taken.wait(), 10)
        read = [each for each in executed if each.startswith("SELECT resource.uuid AS c0")]
        answering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answering
    assert int(call.headers["x-result-count"]) > 2 * few_at_once
    assert (len(read), lines) == (1, 1 + few_at_once)


@pytest.mark.usefixtures("few_at_once")
async def test_booking_that_is_gone_meanwhile_is_left_out(
    client: AsyncClient, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = as_user("staff") | {"Accept": "text/csv"}
    before = table(await client.get(PATH, headers=headers))
    everything = Collection.all

    async def with_another(*given: Any) -> Everything:
        found = await everything(*given)
        return replace(found, uuids=found.uuids[:16] + uuid4().bytes + found.uuids[16:])

    monkeypatch.setattr(Collection, "all", with_another)
    answer = await client.get(PATH, headers=headers)
    assert table(answer) == before
    assert answer.headers["X-Result-Count"] == str(len(before) + 1)


@pytest.mark.usefixtures("few_at_once")
async def test_what_a_standby_does_not_answer_is_asked_again(
    client: AsyncClient, as_user: AsUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer has begun, so that nobody can begin it anew."""
    headers = as_user("staff") | {"Accept": "text/csv"}
    before = (await client.get(PATH, headers=headers)).content
    part, lost = Everything.part, [False, True, False]

    async def once_lost(itself: Everything, first: int, most: int) -> list[bytes]:
        if lost and lost.pop(0):
            raise StandbyLost
        return await part(itself, first, most)

    monkeypatch.setattr(Everything, "part", once_lost)
    assert (await client.get(PATH, headers=headers)).content == before
    assert lost == []


async def test_empty_page_has_its_titles(client: AsyncClient, as_user: AsUser) -> None:
    headers = as_user("staff") | {"Accept": "text/csv"}
    answer = await client.get(PATH, headers=headers, params={"name_exact": "nothing of that name", "field": "name"})
    assert answer.content == b"\xef\xbb\xbfname\r\n"


async def test_name_of_a_booking_is_no_formula(client: AsyncClient, as_user: AsUser, rows: AsyncConnection) -> None:
    await rows.execute(update(Resource).values(name="=1+1"))
    headers = as_user("staff") | {"Accept": "text/csv"}
    found = table(await client.get(PATH, headers=headers, params={"field": "name"}))
    assert {line["name"] for line in found} == {"'=1+1"}


async def test_only_the_list_is_csv(client: AsyncClient, as_user: AsUser) -> None:
    headers = as_user("staff") | {"Accept": "text/csv"}
    [booking, *_] = (await client.get(PATH, headers=as_user("staff"))).json()
    for path in (f"{booking['uuid']}/", f"{booking['uuid']}/history/"):
        assert (await client.get(PATH + path, headers=headers)).status_code == 406
    assert (await client.post(f"{PATH}{booking['uuid']}/accept/", headers=headers)).status_code == 406
    assert (await client.get("/api/marketplace-orders/", headers=headers)).status_code == 406
    counted = await client.head(PATH, headers=headers)
    assert (counted.status_code, counted.content) == (200, b"")
    wrong = await client.get(PATH, headers=headers, params={"state": "ok"})
    assert (wrong.status_code, list(wrong.json())) == (400, ["state"])
