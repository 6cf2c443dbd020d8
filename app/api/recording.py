"""Each request has an id, which its answer and its log line tell; and it is counted, by template of its route."""

import re
from collections.abc import Callable
from os import urandom
from time import perf_counter
from typing import Any, cast

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.routing import METHODS
from app.telemetry import logs, notes
from app.telemetry.metrics import OTHER, REQUESTS, SECONDS, STATEMENTS
from app.telemetry.notes import Notes

REQUEST_ID = b"x-request-id"
_SANE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,63}")
_METHODS = frozenset(METHODS)


class Recording:
    """Gives each request an id, and writes its line and counts it when it has been answered.

    Its duration is the time until its answer begins, since how long a client takes to read is the client's matter.
    """

    def __init__(self, app: ASGIApp, counts: bool) -> None:
        self._app = app
        self._log = logs.of_requests()
        self._count: Callable[[str, str, Notes, float], None] | None = Counted().add if counts else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        noted = Notes(_given(scope) or urandom(16).hex())
        token, began = notes.start(noted), perf_counter()

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                noted.answered, noted.status = perf_counter(), message["status"]
                message["headers"] = [*message["headers"], (REQUEST_ID, noted.request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            notes.stop(token)
            if not noted.is_refused:
                self._record(scope["method"], noted, (noted.answered or perf_counter()) - began)

    def _record(self, method: str, noted: Notes, seconds: float) -> None:
        method = method if method in _METHODS else OTHER
        route = noted.route or getattr(noted.traced, "route", None)
        if self._count is not None:
            self._count(route or OTHER, method, noted, seconds)
        if self._log is not None:
            self._write(method, route, noted, seconds)

    def _write(self, method: str, route: str | None, noted: Notes, seconds: float) -> None:
        try:
            self._log.info(
                "request",
                request_id=noted.request_id,
                caller=str(noted.caller) if noted.caller else None,
                method=method,
                route=route,
                status=noted.status or None,
                duration_ms=round(seconds * 1000, 1),
                statements=noted.statements,
            )
        except OSError:  # nobody reads the log, or not fast enough; the request has been answered
            return


class Counted:
    """Counts requests; what is counted under is looked up once for each combination of labels."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, int], tuple[Any, Any, Any]] = {}

    def add(self, route: str, method: str, noted: Notes, seconds: float) -> None:
        """Adds a request; one whose client left before it was answered has no status."""
        kind = noted.status // 100
        known = self._known.get((route, method, kind))
        if known is None:
            status = f"{kind}xx" if kind else "none"
            of_route = SECONDS.labels(route, method), STATEMENTS.labels(route, method)
            known = self._known[route, method, kind] = (REQUESTS.labels(route, method, status), *of_route)
        number, histogram, statements = known
        number.inc()
        histogram.observe(seconds)
        statements.inc(noted.statements)


def _given(scope: Scope) -> str | None:
    """The id that the client, or a proxy before it, gave the request, if it may be written down as it stands."""
    for name, value in scope["headers"]:
        if name == REQUEST_ID:
            return value.decode() if _SANE.fullmatch(value) else None
    return None


def record(app: FastAPI, *, counts: bool) -> None:
    """Puts this around all else; logging has to be set up before the first request."""
    build = app.build_middleware_stack

    def recorded() -> ASGIApp:
        return cast("ASGIApp", Recording(build(), counts))

    app.build_middleware_stack = recorded  # type: ignore[method-assign]
