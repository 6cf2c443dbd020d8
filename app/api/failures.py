"""How errors are answered: in the documented shapes, as JSON, and silent about the inside."""

from asyncpg import PostgresError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app.database import LOST, is_lost
from app.errors import ApiError, Invalid, NotFound, TooMuch, Unavailable, for_log, is_mistaken, sqlstate
from app.telemetry.metrics import CONFLICTS

UNAVAILABLE_STATES = ("08", "25006", "25P03", "25P04", "40", "53", "55P03", "57", "58")
"""Classes of SQLSTATE: connection exceptions, a server that takes no changes, transactions that took too long, or were
rolled back for the sake of others (deadlocks), insufficient resources, locks that were waited for too long, statements
that took too long and servers that are starting or stopping, and errors of the system."""
TOO_MUCH_STATES = "54"
"""Limits of PostgreSQL: too complex, too many, too large."""


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
    if error.conflict:
        CONFLICTS.labels(error.conflict).inc()
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
    if sqlstate(error).startswith(TOO_MUCH_STATES):
        return respond(TooMuch())
    if is_mistaken(error) or (isinstance(error, DBAPIError | PostgresError) and not _is_unavailable(error)):
        raise for_log(error) from None
    return respond(Unavailable())


def _is_unavailable(error: DBAPIError | PostgresError) -> bool:
    return isinstance(error, InterfaceError) or is_lost(error) or sqlstate(error).startswith(UNAVAILABLE_STATES)


async def _on_defect(_: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": "Internal server error."}, 500)


def answer_errors(app: FastAPI) -> None:
    """Makes the application answer every error in the documented shapes, as JSON, and silent about its inside."""
    app.add_exception_handler(ApiError, _on_api_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for lost in (DBAPIError, PostgresError, PoolTimeout, *LOST):
        app.add_exception_handler(lost, _on_database_error)
    app.add_exception_handler(Exception, _on_defect)
