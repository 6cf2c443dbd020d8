"""Whatever is wrong with a file is named, by table and uuid, and then nothing of the file is loaded."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from asyncpg import PostgresError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.commands.transfer import Problem, load_dataset
from app.commands.transfer.values import DEEPEST
from tests.commands.transfer.datasets import BASIS, Dataset, booking, nested, order, period, problems, small, uuid
from tests.dataset import DATASET

pytestmark = pytest.mark.slow

SCAN, OTHER, NOWHERE = uuid("scan"), uuid("other"), uuid("nowhere")
NOT_FOUND = f"{NOWHERE} is neither in the file nor in the database."


BAD_VALUES = [
    ("name", "x" * 151, "name: String should have at most 150 characters"),
    ("name", None, "name: Input should be a valid string"),
    ("name", "a\0b", "name: must not contain the character NUL"),
    ("name", "\ud800", "name: Input should be a valid string, unable to parse raw data as a unicode string"),
    ("description", "\ud800", "description: must not contain lone surrogates"),
    ("description", 5, "description: Input should be a valid string"),
    ("state", "ok", "state: Input should be 'Creating', 'OK', 'Erred', 'Updating', 'Terminating' or 'Terminated'"),
    ("paused", "yes", "paused: Input should be a valid boolean"),
    ("project", "hive", "project: must be a UUID: 32 hexadecimal digits, with or without dashes"),
    ("plan", "{" + SCAN + "}", "plan: must be a UUID: 32 hexadecimal digits, with or without dashes"),
    ("created", "2030-01-01T08:00:00", "created: must say its time zone: end in Z, or in an offset as +02:00"),
    ("created", "0001-01-01T00:00:00+14:00", "created: must be in the years 2 to 9998"),
    ("end_date", "9999-12-31", "end_date: must be in the years 2 to 9998"),
    ("modified", 1700000000, "modified: must be a date and time, as 2030-01-31T08:00:00Z"),
    ("end_date", "tomorrow", "end_date: must be a date, as 2030-01-31"),
    ("cost", "ten", "cost: must be a decimal number, as a string"),
    ("cost", True, "cost: must be a decimal number, as a string"),
    ("cost", "NaN", "cost: Input should be a finite number"),
    ("cost", "1" * 13, "cost: Decimal input should have no more than 12 digits before the decimal point"),
    ("attributes", [], "attributes: must be a JSON object"),
    ("attributes", {"a": ["\0"]}, "attributes: must not contain the character NUL"),
    ("attributes", {"a\ud800": 1}, "attributes: must not contain lone surrogates"),
    ("limits", {"a": float("inf")}, "limits: must not contain numbers beyond the range of JSON"),
    ("report", [{"header": "x"}], 'report: must be a list of sections, each with the texts "header" and "body"'),
    ("slots", [period(9, 9)], "slots.0: start must be before end"),
    ("slots", [{"start": "2030-05-01T08:00:00Z"}], "slots.0.end: Field required"),
    ("slots", {}, "slots: Input should be a valid tuple"),
    ("endpoints", [{"name": "SSH"}], "endpoints.0.url: Field required"),
]


@pytest.mark.parametrize(("member", "bad", "message"), BAD_VALUES)
async def test_bad_value_is_named(connection: AsyncConnection, member: str, bad: Any, message: str) -> None:
    found = await problems(connection, small({"scan": booking((8, 9)) | {member: bad}, "good": booking()}))
    assert found == [Problem("resources", SCAN, message)]


def broken(change: Callable[[Dataset], Any]) -> Dataset:
    """A good data set of two bookings, changed for the worse."""
    orders = {uuid("o1"): order("scan"), uuid("o2"): order("other")}
    data = small({"scan": booking((8, 9)), "other": booking((9, 10))}, orders=orders)
    change(data)
    return data


def put(table: str, key: str, **values: Any) -> Callable[[Dataset], Any]:
    """Sets values of a row, or adds one."""
    return lambda data: data.setdefault(table, {}).setdefault(key, {}).update(values)


def add(table: str, *rows: Any) -> Callable[[Dataset], Any]:
    """Sets a table that is a list."""
    return lambda data: data.update({table: list(rows)})


GRANT = {"user": uuid("ada"), "role": "R", "scope_type": "offering", "scope": uuid("laser")}
COMPONENT = {"offering": uuid("laser"), "type": "hours", "name": "Hours", "billing_type": "usage"}
ENDPOINT = {"uuid": uuid("endpoint"), "name": "SSH", "url": "ssh://bees"}
GIVEN_TWICE = "is given 2 times in the file."


class Bad(NamedTuple):
    """A change for the worse, and the problem that it makes."""

    change: Callable[[Dataset], Any]
    table: str
    key: str
    message: str


BAD_ROWS = [
    Bad(change=put("resources", SCAN, project=NOWHERE), table="resources", key=SCAN, message=f"project {NOT_FOUND}"),
    Bad(change=put("resources", SCAN, parent=NOWHERE), table="resources", key=SCAN, message=f"parent {NOT_FOUND}"),
    Bad(
        change=put("orders", uuid("o1"), created_by=NOWHERE),
        table="orders",
        key=uuid("o1"),
        message=f"created_by {NOT_FOUND}",
    ),
    Bad(
        change=put("resources", SCAN.replace("-", "").upper(), **booking()),
        table="resources",
        key=SCAN,
        message=GIVEN_TWICE,
    ),
    Bad(
        change=put("resources", "scan", **booking()),
        table="resources",
        key="scan",
        message="uuid: must be a UUID: 32 hexadecimal digits, with or without dashes",
    ),
    Bad(
        change=put("users", OTHER, username="ada"),
        table="users",
        key=max(uuid("ada"), OTHER),
        message=f"username ada is also that of {min(uuid('ada'), OTHER)} in the file.",
    ),
    Bad(
        change=put("users", OTHER, username="eve", tokens=[{"uuid": uuid("t"), "digest": "x"}]),
        table="users",
        key=OTHER,
        message="tokens.0.digest: String should match pattern '^[0-9a-f]{64}$'",
    ),
    Bad(
        change=put("users", OTHER, username="eve", token="a b"),
        table="users",
        key=OTHER,
        message=r"token: String should match pattern '^\S+$'",
    ),
    Bad(change=put("customers", OTHER), table="customers", key=OTHER, message="name: Field required"),
    Bad(
        change=put("categories", uuid("instruments"), icon="a.png"),
        table="categories",
        key=uuid("instruments"),
        message="icon a.png is no name of a media file in the file or in the database.",
    ),
    Bad(
        change=put("media_files", OTHER, name="a.png", size=2**31),
        table="media_files",
        key=OTHER,
        message="size: Input should be less than 2147483648",
    ),
    Bad(
        change=put("offerings", uuid("laser"), latitude="1"),
        table="offerings",
        key=uuid("laser"),
        message="latitude: Input should be a valid number",
    ),
    Bad(
        change=put("role_permissions", "R" * 151, a=1),
        table="role_permissions",
        key="R" * 151,
        message="role: String should have at most 150 characters",
    ),
    Bad(
        change=add("user_roles", GRANT, GRANT),
        table="user_roles",
        key=f"{uuid('ada')} / R / {uuid('laser')}",
        message=GIVEN_TWICE,
    ),
    Bad(
        change=add("user_roles", GRANT | {"scope": NOWHERE}),
        table="user_roles",
        key=f"{uuid('ada')} / R / {NOWHERE}",
        message=f"offering {NOT_FOUND}",
    ),
    Bad(
        change=add("user_roles", GRANT, GRANT | {"scope_type": "moon"}),
        table="user_roles",
        key="#2",
        message="scope_type: Input should be 'customer', 'project' or 'offering'",
    ),
    Bad(
        change=add("offering_users", None),
        table="offering_users",
        key="#1",
        message="Input should be a valid dictionary or instance of OfferingUserRow",
    ),
    Bad(change=add("resources"), table="resources", key="", message="must be an object: rows by key."),
    Bad(change=put("plan_components", "a"), table="plan_components", key="", message="must be a list of rows."),
    Bad(
        change=lambda data: data.update(history=None),
        table="history",
        key="",
        message="must be an object: rows by key.",
    ),
]


@pytest.mark.parametrize("bad", BAD_ROWS, ids=lambda bad: f"{bad.table}: {bad.message}")
async def test_bad_row_is_named(connection: AsyncConnection, bad: Bad) -> None:
    assert Problem(bad.table, bad.key, bad.message) in await problems(connection, broken(bad.change))


async def test_unknown_table_is_named(connection: AsyncConnection) -> None:
    for content in ({}, {"a": {"b": 1}}, [1], "x"):
        [problem] = await problems(connection, {"bookings": content, "_note": content})
        assert (problem.table, problem.message[:37]) == ("bookings", "is no table that can be loaded; there")


async def test_shared_tokens_components_and_endpoints_are_named(connection: AsyncConnection) -> None:
    one, two = sorted((uuid("ada"), uuid("eve")))
    users = {one: {"username": "ada", "token": "key"}, two: {"username": "eve", "token": "key"}}
    bookings = {"scan": booking(endpoints=[ENDPOINT]), "other": booking(endpoints=[ENDPOINT])}
    data = small(bookings, users=users, offering_components={uuid("1"): COMPONENT, uuid("2"): COMPONENT})
    found = await problems(connection, data)
    assert [problem[:2] for problem in found] == [
        ("users", two),
        ("offering_components", max(uuid("1"), uuid("2"))),
        ("resources", min(SCAN, OTHER)),
    ]
    assert found[0].message.startswith("token digest ")
    assert found[0].message.endswith(f" is also that of {one} in the file.")
    assert found[2].message == f"endpoint {ENDPOINT['uuid']} is given 2 times in the file."


async def test_what_is_taken_by_stored_rows_is_named(connection: AsyncConnection) -> None:
    components, taken = {uuid("1"): COMPONENT}, {uuid("2"): COMPONENT}
    files, same_name = {uuid("1"): {"name": "a"}}, {uuid("2"): {"name": "a"}}
    bookings = {"scan": booking(endpoints=[ENDPOINT])}
    await load_dataset(connection, small(bookings, offering_components=components, media_files=files))
    users = {uuid("eve"): {"username": "ada", "token": "key-of-ada"}}
    rows = {OTHER: booking(endpoints=[ENDPOINT])}
    bad = {"users": users, "offering_components": taken, "media_files": same_name, "resources": rows}
    found = await problems(connection, bad)
    assert [problem[:2] for problem in found] == [
        *(("users", uuid("eve")) for _ in range(2)),
        ("media_files", uuid("2")),
        ("offering_components", uuid("2")),
        ("resources", OTHER),
    ]
    assert found[0].message == f"username ada is also that of {uuid('ada')}, which is stored."
    assert found[4].message == f"endpoint {ENDPOINT['uuid']} is that of {SCAN}."


async def test_all_problems_are_named_without_those_that_follow(connection: AsyncConnection) -> None:
    bookings = {
        "scan": booking((8, 9), state="?", paused=0),
        "other": booking((8, 10)),
        "third": booking((9, 11), project=NOWHERE),
    }
    found = await problems(connection, small(bookings, orders={uuid("o1"): order("scan")}))
    assert [problem.message.split(" ")[0] for problem in found] == ["state:", "paused:", "project", "its"]


async def test_no_more_than_a_thousand_problems_are_named(connection: AsyncConnection) -> None:
    for row in ({"title": 1}, {"title": "x", "icon": "none"}):
        found = await problems(connection, {"categories": {uuid(str(number)): row for number in range(1001)}})
        assert len(found) == 1001
        assert str(found[-1]) == "There are more problems; these are the first 1000."
    found = await problems(connection, {"categories": {uuid(str(number)): row for number in range(1000)}})
    assert len(found) == 1000


GARBAGE = [
    (b"", "The file must be a JSON object of tables, but the file ends."),
    (b"[]", "The file must be a JSON object of tables (line 1)."),
    (b"{} {}", "Nothing may follow the object of tables (line 1)."),
    (b'{\n"users": {"a": {"b": NaN}}}', "NaN is no JSON number (line 2)."),
    (b'{"users": {"a": tru}}', "This is no JSON: Expecting value (line 1)."),
    (b'{"_rows": {"a": {}, }}', "A member's name in double quotes is expected (line 1)."),
    (b'{"users" {}}', ": is expected (line 1)."),
    (b'{"_rows": {"a": {} "b"}}', ", or } is expected (line 1)."),
    (b'{"_list": [1, 2', ", or ] is expected, but the file ends."),
    (b'{"users": {"a": {"name": "x', "This is no JSON: Unterminated string starting at (line 1)."),
    (b'{"users": \xff}', "The file is not in UTF-8: invalid start byte near byte 10."),
    (b'{"users": {"a": "\xc3', "The file is not in UTF-8: unexpected end of data near byte 18."),
    (b'{"_deep": [' + b"[" * 100_000, "This is nested too deeply (line 1)."),
    (b'{"_number": [' + b"1" * 5000 + b"]}", "Exceeds the limit (4300 digits) for integer string conversion"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), GARBAGE)
async def test_garbage_is_refused(connection: AsyncConnection, content: bytes, message: str) -> None:
    [problem] = await problems(connection, content)
    assert problem[:2] == ("", "")
    assert problem.message.startswith(message)


async def test_endless_row_is_refused(connection: AsyncConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.commands.transfer.reader.CHUNK", 1000)
    monkeypatch.setattr("app.commands.transfer.reader.LARGEST_VALUE", 10_000)
    [problem] = await problems(connection, b'{"_text": ["' + b"x" * 100_000)
    assert problem.message == "This is no JSON, or a row of more than 10000 characters (line 1)."


async def test_truncated_file_is_refused(connection: AsyncConnection) -> None:
    content = json.dumps(DATASET).encode()
    for end in range(0, len(content), len(content) // 30):
        assert (await problems(connection, content[:end]))[-1].table == ""


@pytest.mark.parametrize("levels", [DEEPEST + 1, 5000])
async def test_nesting_that_could_not_be_shown_is_named(connection: AsyncConnection, levels: int) -> None:
    [problem] = await problems(connection, small({"scan": booking(attributes=nested(levels))}))
    assert problem == Problem("resources", SCAN, "attributes: is nested too deeply")


async def test_what_postgresql_refuses_is_a_problem(connection: AsyncConnection) -> None:
    state = "".join(chr(0x4E00 + number * 7 % 20000) for number in range(20000))
    [problem] = await problems(connection, small({"scan": booking(backend_metadata={"runtime_state": state})}))
    assert "index row" in problem.message


async def test_other_errors_of_the_database_are_not_taken_for_problems(connection: AsyncConnection) -> None:
    await connection.execute(text("SET TRANSACTION READ ONLY"))
    with pytest.raises((DBAPIError, PostgresError)):
        await load_dataset(connection, BASIS)
