"""The command, as an operator types it."""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr
from typer.testing import Result

from app.commands.importing.reader import Reader
from app.config import Settings
from app.database import connected
from tests.commandline import Booking
from tests.commands.importing.conftest import shown_from
from tests.commands.importing.fake import ADDRESS, FakeSource, booking, hexed

pytestmark = pytest.mark.slow

OVERLAPPING = (booking("first", (8, 10), requested=1), booking("second", (9, 11), requested=2))


@pytest.fixture
def run(booking: Booking, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Imports from what answers, with further words on the command line."""

    def called(answer: Any, *words: str, address: str = ADDRESS, token: str = "secret") -> Result:
        transport = httpx.MockTransport(answer)
        with monkeypatch.context() as patched:
            patched.setattr(Reader, "opened", partial(Reader.opened, transport=transport))
            return booking("import-waldur", "--url", address, "--token", token, *words)

    return called


def stored(url: str) -> dict[str, str]:
    """States of bookings by name."""

    async def read() -> dict[str, str]:
        async with connected(Settings(database_url=SecretStr(url))) as database:
            return {item["name"]: item["state"] for item in (await shown_from(database)).values()}

    return asyncio.run(read())


def no_traceback(result: Result) -> bool:
    return isinstance(result.exception, SystemExit) and "Traceback" not in result.output


def test_import_tells_what_it_did_and_what_it_cannot_read(run: Callable[..., Result], url: str) -> None:
    result = run(FakeSource(booking("scan", (8, 9))))
    assert result.exit_code == 0
    assert "Read 1 bookings.\n" in result.output
    assert "role grants" in result.output
    assert stored(url) == {"scan": "OK"}
    assert "Read 1 bookings that have changed since 2030-05-10" in run(FakeSource(booking("scan", (8, 9)))).output


def test_dry_run_stores_nothing(run: Callable[..., Result], url: str, tmp_path: Path) -> None:
    result = run(FakeSource(booking("scan", (8, 9))), "--dry-run", "--state", str(tmp_path / "state.json"))
    assert result.exit_code == 0
    assert "nothing was stored" in result.output
    assert stored(url) == {}
    assert list(tmp_path.iterdir()) == []


def test_overlaps_are_listed_and_refused(run: Callable[..., Result], url: str, tmp_path: Path) -> None:
    file = tmp_path / "audit.json"
    result = run(FakeSource(*OVERLAPPING), "--audit", str(file))
    assert result.exit_code == 1
    assert no_traceback(result)
    for said in (
        "first",
        "second",
        str(UUID(hexed("first"))),
        "2030-05-20T09:00:00+00:00 to 2030-05-20T11:00:00+00:00",
    ):
        assert said in result.output
    [pair] = json.loads(file.read_text())
    assert [each["name"] for each in pair["bookings"]] == ["first", "second"]
    assert pair["offering"] == str(UUID(hexed("microscope")))
    assert stored(url) == {}


def test_overlaps_are_ended_on_request_and_named(run: Callable[..., Result], url: str, tmp_path: Path) -> None:
    result = run(FakeSource(*OVERLAPPING), "--terminate-overlapping", "--audit", str(tmp_path / "audit.json"))
    assert result.exit_code == 0
    assert f"Terminated: {UUID(hexed('second'))} 'second', for {UUID(hexed('first'))}." in result.output
    assert stored(url) == {"first": "OK", "second": "Terminated"}
    assert len(json.loads((tmp_path / "audit.json").read_text())) == 1


def test_state_file_tells_where_to_take_up(run: Callable[..., Result], tmp_path: Path) -> None:
    file, source = tmp_path / "state.json", FakeSource(booking("scan", (8, 9)))
    assert "modified" not in "".join((run(source, "--state", str(file)), source.asked[0])[1])
    assert json.loads(file.read_text()) == {ADDRESS: "2030-05-10T00:00:00+00:00"}
    source.asked.clear()
    run(source, "--state", str(file))
    assert "modified=2030-05-09T23" in source.asked[0]
    source.asked.clear()
    run(source, "--state", str(file), "--full")
    assert "modified" not in source.asked[0]
    source.bookings.clear()
    run(source, "--state", str(file))
    assert json.loads(file.read_text()) == {ADDRESS: "2030-05-10T00:00:00+00:00"}


@pytest.mark.parametrize("content", ["", "[]", json.dumps({ADDRESS: "yesterday"}), json.dumps({ADDRESS: 5})])
def test_other_file_is_no_state(run: Callable[..., Result], tmp_path: Path, content: str) -> None:
    (tmp_path / "state.json").write_text(content)
    result = run(FakeSource(), "--state", str(tmp_path / "state.json"))
    assert result.exit_code == 1
    assert no_traceback(result)
    assert "state" in result.output


GARBAGE: list[Any] = [
    httpx.Response(200, html="<h1>Welcome</h1>"),
    httpx.Response(200, json=[{}]),
    httpx.Response(200, json=[{"uuid": 5}]),
    httpx.Response(200, json=[{"uuid": []}]),
    httpx.Response(200, json=[{"uuid": "../../users/me"}]),
    httpx.Response(200, content=b"[" * 100_000),
    httpx.Response(200, json=[booking("scan", created="soon", provider_name="\x00", created_by_username=["x"])]),
    httpx.Response(200, json=[booking("scan", state="Lost")]),
    httpx.Response(200, json=[booking("scan", slots="none", modified=5)]),
    httpx.Response(200, json=[booking("scan", slots=[{"start": "soon"}], creation_order={"uuid": 5})]),
    httpx.Response(200, json=[booking("scan", name=None, attributes=[], backend_metadata="x", created_by=7)]),
    httpx.Response(302, headers={"Location": "http://evil.example.com/"}),
    httpx.Response(404),
]


@pytest.mark.parametrize("answer", GARBAGE)
def test_garbage_ends_with_one_message(run: Callable[..., Result], url: str, answer: httpx.Response) -> None:
    result = run(lambda request: answer)
    assert result.exit_code == 1
    assert no_traceback(result)
    assert "nothing was imported" in result.output
    assert stored(url) == {}


PLAN = {"uuid": hexed("p"), "name": "P", "unit": "day", "prices": {"a": 1, "b": 1}, "quotas": {"a": "x"}}
ODD = {
    **{"plans": [1, PLAN], "attributes": 5, "end_date_requested_by": 5},
    "components": [{"type": []}, {"type": "a", "name": "A", "billing_type": "one"}],
}


@pytest.mark.parametrize(
    ("others", "status"), [(ODD, 0), ({"unit": 5}, 1), ({"name": []}, 1), ({"customer_uuid": 5}, 1)]
)
def test_odd_side_objects_are_passed_over_and_wrong_ones_named(
    run: Callable[..., Result], url: str, others: dict[str, Any], status: int
) -> None:
    scan = booking("scan", (8, 9), plan_uuid=hexed("plan"), creation_order=None)

    def answer(request: httpx.Request) -> httpx.Response:
        if "booking-resources" in request.url.path:
            return FakeSource(scan)(request)
        return httpx.Response(200, json=others)

    result = run(answer)
    assert (result.exit_code, stored(url)) == (status, {} if status else {"scan": "OK"})
    assert not status or no_traceback(result)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"token": "wrong"}, "does not accept the token"),
        ({"address": "nowhere"}, "is no address"),
        ({"token": "a b\n"}, ""),
    ],
)
def test_mistakes_are_named(run: Callable[..., Result], changes: dict[str, str], said: str) -> None:
    result = run(FakeSource(), **changes)
    assert result.exit_code == 1
    assert no_traceback(result)
    assert said in result.output
    assert "nothing was imported" in result.output
