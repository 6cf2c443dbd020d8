"""Everything that can go wrong for a caller, and the only place that knows status codes.

ApiError
├── Invalid                 400  {"<parameter>": ["..."], ...}
├── RuleBroken              400  ["..."]
│   ├── PeriodTaken              ["...", {"conflicts": [...]}]
│   ├── OrderMissing
│   └── OrdersAmbiguous
└── Detailed                     {"detail": "..."}
    ├── Malformed           400
    ├── Unauthenticated     401
    ├── Forbidden           403
    ├── NotFound            404
    │   ├── BookingNotFound
    │   └── InvalidPage
    ├── MethodNotAllowed    405
    ├── NotAcceptable       406
    ├── InvalidState        409
    ├── RequestInFlight     409
    ├── PreconditionFailed  412
    ├── KeyReused           422
    └── Unavailable         503
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

UNAVAILABLE_STATES = ("08", "40", "53", "57P")
"""Classes of SQLSTATE: connection exceptions, transactions rolled back for the sake of others (deadlocks), insufficient
resources, and a server that is starting or stopping."""
UNAUTHENTICATED_HEADERS = {"WWW-Authenticate": "Token"}


class ApiError(Exception):
    """An answer other than success: a status, a JSON body in the shape of the reference, and headers."""

    status = 400
    headers: Mapping[str, str] = {}

    def __init__(self, body: Any) -> None:
        super().__init__(body)
        self.body = body


class Invalid(ApiError):
    """Input that does not have the documented form: messages by parameter or body member."""

    def __init__(self, messages: Mapping[str, list[str]]) -> None:
        super().__init__(dict(messages))


class RuleBroken(ApiError):
    """A request that is well formed, and not possible as things are."""

    def __init__(self, message: str) -> None:
        super().__init__([message])


class PeriodTaken(RuleBroken):
    """Periods that collide with others; those follow the message, for clients that can show them."""

    def __init__(self, message: str, conflicts: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.body.append({"conflicts": conflicts})


class OrderMissing(RuleBroken):
    """A booking without the order that a transition would end."""

    def __init__(self) -> None:
        super().__init__("Unable to complete action because related order is not found.")


class OrdersAmbiguous(RuleBroken):
    """A booking with several orders that a transition could end."""

    def __init__(self) -> None:
        super().__init__("Unable to complete action because multiple related orders are found.")


class Detailed(ApiError):
    """An answer with one message."""

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__({"detail": detail})
        self.headers = headers or type(self).headers


class Malformed(Detailed):
    """A body that is no JSON."""


class Unauthenticated(Detailed):
    """Nobody that we know."""

    status = 401
    headers = UNAUTHENTICATED_HEADERS


class Forbidden(Detailed):
    """Visible to the caller, and not for the caller to do."""

    status = 403

    def __init__(self) -> None:
        super().__init__("You do not have permission to perform this action.")


class NotFound(Detailed):
    """Not there, or not for the caller to see; the two are not told apart."""

    status = 404

    def __init__(self, detail: str = "Not found.") -> None:
        super().__init__(detail)


class BookingNotFound(NotFound):
    """No booking of that uuid is visible to the caller."""

    def __init__(self) -> None:
        super().__init__("No Resource matches the given query.")


class InvalidPage(NotFound):
    """A page number that is none, or is beyond the last page."""

    def __init__(self) -> None:
        super().__init__("Invalid page.")


class MethodNotAllowed(Detailed):
    """A method that the path does not have."""

    status = 405

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        super().__init__(f'Method "{method}" not allowed.', {"Allow": ", ".join(allowed)})


class NotAcceptable(Detailed):
    """The client takes no JSON."""

    status = 406

    def __init__(self) -> None:
        super().__init__("Could not satisfy the request Accept header.")


class InvalidState(Detailed):
    """A transition that does not start from the state the booking is in."""

    status = 409

    def __init__(self, valid_states: Iterable[str]) -> None:
        super().__init__(f"Valid states for operation: {', '.join(valid_states)}.")


class RequestInFlight(Detailed):
    """A request with the same Idempotency-Key has not been answered yet."""

    status = 409

    def __init__(self) -> None:
        super().__init__("A request with this Idempotency-Key is being processed.")


class PreconditionFailed(Detailed):
    """The booking is not what the caller saw (If-Match)."""

    status = 412

    def __init__(self) -> None:
        super().__init__("The booking has changed since it was retrieved.")


class KeyReused(Detailed):
    """An Idempotency-Key that came with another request before."""

    status = 422

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request.")


class Unavailable(Detailed):
    """The database cannot be reached, or is too busy; nothing was changed, and trying again later may work."""

    status = 503

    def __init__(self) -> None:
        super().__init__("The service is temporarily unavailable.", {"Retry-After": "5"})


def respond(error: ApiError) -> JSONResponse:
    """The error as a response."""
    return JSONResponse(error.body, error.status, dict(error.headers))


def messages_by_member(error: RequestValidationError) -> dict[str, list[str]]:
    """The messages of all bad parameters together; what concerns a body as a whole is under `non_field_errors`."""
    messages: dict[str, list[str]] = {}
    for item in error.errors():
        names = [part for part in item["loc"][1:] if isinstance(part, str)]
        told = messages.setdefault(names[0] if names else "non_field_errors", [])
        if item["msg"] not in told:
            told.append(item["msg"])
    return messages


async def _on_api_error(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ApiError)
    return respond(error)


async def _on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    if error.errors()[0]["loc"][0] == "path":
        return respond(NotFound())
    return respond(Invalid(messages_by_member(error)))


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    detail = {404: "Not found.", 405: f'Method "{request.method}" not allowed.'}.get(error.status_code, error.detail)
    return JSONResponse({"detail": detail}, error.status_code, error.headers)


async def _on_database_error(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, DBAPIError) and not _is_unavailable(error):
        raise error
    return respond(Unavailable())


def _is_unavailable(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None) or ""
    return isinstance(error, InterfaceError) or error.connection_invalidated or state.startswith(UNAVAILABLE_STATES)


async def _on_defect(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "Internal server error."}, 500)


def answer_errors(app: FastAPI) -> None:
    """Makes the application answer every error in the documented shapes, as JSON, and silent about its inside."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for lost in (DBAPIError, PoolTimeout, OSError):
        app.add_exception_handler(lost, _on_database_error)
    app.add_exception_handler(Exception, _on_defect)
