"""What `serve` logs: one line for each request and each change, as JSON or text, and nothing that was sent."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
import uvicorn
from typer.testing import CliRunner

from app.cli import cli
from app.commands import serving as serving_module
from app.config import Settings
from app.embedded import Cluster
from app.errors import Overloaded
from app.telemetry import events, logs, refusals
from tests.conftest import AsUser
from tests.databases import address, filled, other
from tests.dataset import USERS, uuid_of
from tests.orders.conftest import MICROSCOPE, body, period
from tests.test_processes import serving, wait_until

SECRETS = ("canary-of-a-query", "canary-of-a-body", "canary-of-nobody", "canary-of-a-header")
BOOKINGS, ORDERS = "/api/booking-resources/", "/api/marketplace-orders/"


@pytest.fixture
async def url(cluster: Cluster) -> AsyncIterator[str]:
    """The address of a database of its own, with the recorded data set."""
    async with filled(cluster, "logs") as database:
        yield address(database)


def lines(log: Path) -> list[dict[str, Any]]:
    """Every line of the log: each is JSON, but for what the command says before it serves."""
    return [json.loads(line) for line in log.read_text().splitlines() if not line.startswith("booking: ")]


def requests(log: Path) -> list[dict[str, Any]]:
    """The lines of requests, but for those that ask whether the service is ready."""
    return [line for line in lines(log) if line["event"] == "request" and line["route"] != "/health/ready"]


@pytest.mark.slow
async def test_each_request_is_one_line(url: str, tmp_path: Path, as_user: AsUser) -> None:
    booking = uuid_of("resources", state="OK")
    before = [(f"{BOOKINGS}?page_size=1", "staff"), (f"{BOOKINGS}{booking}/", "staff"), (BOOKINGS, "powner")]
    asked = [
        ("GET", f"{BOOKINGS}?page_size=1&created_before=2100-01-01", "staff", 200, BOOKINGS, 2),  # is counted anew
        ("HEAD", f"{BOOKINGS}{booking}/", "staff", 200, f"{BOOKINGS}{{uuid}}/", 2),
        ("GET", f"{BOOKINGS}?state=x", "powner", 400, BOOKINGS, 1),
        ("GET", BOOKINGS, "nobody", 401, BOOKINGS, 1),
        ("PUT", "/api/users/", "staff", 405, "/api/users/", 1),
        ("GET", f"/nothing/{booking}", "staff", 404, None, 0),
        ("GET", "/docs", "staff", 200, "/docs", 0),
    ]
    log = tmp_path / "log"
    with serving(log, database_url=url) as served:
        async with httpx.AsyncClient(base_url=served.base, trust_env=False) as client:
            for path, user in before:  # what it shows is kept then, and when the token was last used is written
                await client.get(path, headers=as_user(user))
            ids = []
            for method, path, user, status, *_ in asked:
                headers = as_user(user) if user in USERS else {"Authorization": "Token of-nobody"}
                answer = await client.request(method, path, headers=headers)
                assert answer.status_code == status
                ids.append(answer.headers["X-Request-ID"])
        await asyncio.to_thread(wait_until, lambda: len(requests(log)) == len(before + asked), 10)  # after the answer
        told = requests(log)[len(before) :]
    assert [line["request_id"] for line in told] == ids
    for line, (method, path, user, status, route, statements) in zip(told, asked, strict=True):
        known = user in USERS and path.startswith("/api/")
        caller = str(uuid_of("users", username=user)) if known else None
        assert line.keys() == {"time", "level", "event", *SHOWN}
        expected = {"method": method, "status": status, "route": route, "caller": caller, "statements": statements}
        assert {name: line[name] for name in expected} == expected
        assert line["level"] == "info"
        assert 0 < line["duration_ms"] < 10_000


SHOWN = ("request_id", "caller", "method", "route", "status", "duration_ms", "statements")


@pytest.mark.slow
async def test_changes_are_told_once_they_are_committed(url: str, tmp_path: Path, as_user: AsUser) -> None:
    log = tmp_path / "log"
    with serving(log, database_url=url) as served:
        async with httpx.AsyncClient(base_url=served.base, trust_env=False, timeout=30) as client:
            placed = await client.post(ORDERS, json=body(period(9, 10)), headers=as_user("cowner"))
            assert placed.status_code == 201
            booking = placed.json()["marketplace_resource_uuid"]
            taken = await client.post(ORDERS, json=body(period(9, 10)), headers=as_user("cowner"))
            assert taken.status_code == 400
            decided = [
                await client.post(f"{BOOKINGS}{booking}/accept/", headers={**as_user("powner"), "X-Request-ID": name})
                for name in ("first", "second")
            ]
            assert [each.status_code for each in decided] == [200, 409]
        told = [line for line in lines(log) if line["event"] == "booking changed"]
    users = [str(uuid_of("users", username=name)) for name in ("cowner", "powner")]
    of_both = {"booking": booking, "offering": MICROSCOPE}
    assert [{name: line[name] for name in ("change", "caller", *of_both)} for line in told] == [
        {"change": "create", "caller": users[0], **of_both},
        {"change": "accept", "caller": users[1], **of_both},
    ]
    assert told[1]["request_id"] == "first"
    assert told[0]["request_id"] == placed.headers["X-Request-ID"]


async def test_change_that_is_rolled_back_is_not_told(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    ids = {"booking": uuid_of("resources", state="OK"), "offering": uuid_of("offerings"), "caller": None}
    caplog.set_level(logging.INFO, "app.telemetry.events")
    async with filled(cluster, "untold") as database:
        with suppress(ZeroDivisionError):
            async with database.transaction() as connection:
                events.note(connection, "accept", **ids)  # type: ignore[arg-type]
                raise ZeroDivisionError
        assert caplog.records == []
        async with database.transaction() as connection:
            events.note(connection, "accept", **ids)  # type: ignore[arg-type]
            assert caplog.records == []
    assert [record.about["change"] for record in caplog.records] == ["accept"]  # type: ignore[attr-defined]


async def canaries(base: str, token: str, url: str) -> list[int]:
    """What is answered to requests that have a secret in every place; the last are defects."""
    known, stranger = {"Authorization": f"Token {token}"}, {"Authorization": f"Token {SECRETS[2]}"}
    query, sent = f"?query={SECRETS[0]}&name={SECRETS[0]}&{SECRETS[0]}=1", {"attributes": {"name": SECRETS[1]}}
    told = []
    limits = httpx.Limits(max_keepalive_connections=0)  # a defect ends its connection
    async with (
        httpx.AsyncClient(base_url=base, trust_env=False, timeout=30, limits=limits) as client,
        other(url) as rival,
    ):
        for table in ("plan", "resource"):
            for headers in (known, stranger):
                more = {**headers, "X-Canary": SECRETS[3], "X-Request-ID": f"{SECRETS[3]} {token}"}
                told.append((await client.get(BOOKINGS + query, headers=more)).status_code)
                told.append((await client.get(f"/api/{SECRETS[0]}/{query}", headers=more)).status_code)
                wrong = {**body(period(9, 10)), **sent, "request_comment": [SECRETS[1]]}
                for each in (wrong, body(period(9, 10), attributes={"name": SECRETS[1]}), {SECRETS[1]: 1}):
                    told.append((await client.post(ORDERS + query, json=each, headers=more)).status_code)
                named = body(period(9, 10), request_comment=SECRETS[1])
                told.append((await client.post(ORDERS + query, json=named, headers=more)).status_code)
            await rival.execute(f'ALTER TABLE "{table}" RENAME COLUMN uuid TO "gone"')
        told.append((await client.get(BOOKINGS + query, headers=known)).status_code)
    return told


@pytest.mark.slow
@pytest.mark.parametrize("form", ["json", "text"])
async def test_nothing_that_was_sent_is_logged(url: str, tmp_path: Path, tokens: dict[str, str], form: str) -> None:
    log = tmp_path / "log"
    with serving(log, database_url=url, log_level="debug", log_form=form) as served:
        told = await canaries(served.base, tokens["cowner"], url)
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.request("BREW", f"{served.base}/?{SECRETS[0]}")).status_code == 400
    assert {200, 201, 400, 401, 404, 500} <= set(told), told
    written = log.read_text()
    assert written.count("booking changed") == 1
    assert "Traceback" in written
    assert "UndefinedColumnError" in written
    assert "requests were refused" in written
    for secret in (*SECRETS, tokens["cowner"]):
        assert secret not in written


@pytest.mark.slow
async def test_level_leaves_out_requests_and_the_server_speaks_alike(url: str, tmp_path: Path, as_user: AsUser) -> None:
    quiet, loud = tmp_path / "quiet", tmp_path / "loud"
    for log, level in ((quiet, "warning"), (loud, "info")):
        with serving(log, workers=2, database_url=url, log_level=level, log_form="json") as served:
            async with httpx.AsyncClient(base_url=served.base, trust_env=False) as client:
                await client.get(BOOKINGS, headers=as_user("staff"))
            served.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(served.process.wait, 30)
    assert lines(quiet) == []
    assert {"uvicorn.error", None} <= {line.get("logger") for line in lines(loud)}
    assert len(requests(loud)) == 1


@pytest.mark.slow
async def test_refusals_are_told_together(url: str, tmp_path: Path, as_user: AsUser) -> None:
    log = tmp_path / "log"
    with serving(log, database_url=url, requests_per_token=1, requests_at_once=1) as served:
        limits = httpx.Limits(max_connections=40)
        async with httpx.AsyncClient(base_url=served.base, trust_env=False, limits=limits, timeout=30) as client:
            asked = [client.get(BOOKINGS, headers=as_user("staff")) for _ in range(200)]
            statuses = [answer.status_code for answer in await asyncio.gather(*asked)]
        refused = len(statuses) - statuses.count(200)
        assert refused > 20

        def told() -> int:
            return sum(sum(line["refused"].values()) for line in lines(log) if "refused" in line)

        await asyncio.to_thread(wait_until, lambda: told() == refused, refusals.EVERY + 10)
        assert len(requests(log)) == statuses.count(200)
        assert len([line for line in lines(log) if "refused" in line]) <= 3


def test_refusal_is_named_by_its_error() -> None:
    assert refusals._named(Overloaded) == "overloaded"


def shown(error: BaseException, form: logs.LogForm = "json") -> str:
    """A line about an error."""
    about = (type(error), error, error.__traceback__)
    return logs.Form(form).format(logging.LogRecord("app.x", logging.ERROR, "", 1, "it %s", ("broke",), about))


@pytest.mark.parametrize("form", ["json", "text"])
def test_error_is_shown_without_values(form: logs.LogForm) -> None:
    secret = "canary-of-a-value"  # what tracebacks with local variables would show
    errors: list[BaseException] = []
    cause = asyncpg.UniqueViolationError(f"DETAIL: Key (x)=({secret})")
    for raised, led_to_by in ((cause, None), (ValueError(secret), None), (KeyError("harmless"), ValueError(secret))):
        try:
            raise raised from led_to_by
        except Exception as error:
            errors.append(error)
    for each in errors:
        line = shown(each, form)
        assert "it broke" in line
        assert "test_error_is_shown_without_values" in line
        assert secret not in line
    assert "harmless" in shown(errors[2], form)


def test_errors_that_say_nothing_of_values_are_shown_with_what_led_to_them() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError as first:
            raise RuntimeError("second") from first
    except RuntimeError as error:
        line = shown(error)
    assert "first" in line
    assert "second" in line


def test_lines_are_text_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    record = logging.LogRecord("app.x", logging.INFO, "", 1, "it works", (), None)
    for on_terminal in (True, False):
        monkeypatch.setattr(sys.stderr, "isatty", lambda on_terminal=on_terminal: on_terminal, raising=False)
        line = logs.Form().format(record)
        assert line.startswith("{") is not on_terminal
        assert "it works" in line


@pytest.mark.parametrize(("options", "expected"), [([], "WARNING"), (["--log-level", "error"], "ERROR")])
def test_option_goes_before_the_setting(monkeypatch: pytest.MonkeyPatch, options: list[str], expected: str) -> None:
    served: dict[str, Any] = {}
    monkeypatch.setattr(serving_module, "configured", lambda: Settings(log_level="warning"))
    monkeypatch.setattr(serving_module, "ensure_ports", lambda *_: None)
    monkeypatch.setattr(serving_module, "ensure_database", lambda _: asyncio.sleep(0))
    monkeypatch.setattr(uvicorn, "run", lambda _, **named: served.update(named))
    assert CliRunner().invoke(cli, ["serve", *options]).exit_code == 0
    assert served["log_config"]["loggers"]["app"]["level"] == expected
    assert served["access_log"] is False
    assert CliRunner().invoke(cli, ["serve", "--log-level", "loud"]).exit_code == 2


def test_libraries_tell_neither_statements_nor_rows() -> None:
    for level in ("debug", "info", "warning", "error"):
        configured = logs.configuration(level)
        assert configured["root"]["level"] in ("WARNING", "ERROR")
        assert set(configured["loggers"]) == {"app", "uvicorn"}
