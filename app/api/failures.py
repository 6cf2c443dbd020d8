"""How errors are answered: in the documented shapes, as JSON, and silent about the inside."""

from asyncpg import PostgresError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from app.database import LOST
from app.errors import ApiError, Invalid, NotFound, Unavailable, sqlstate

UNAVAILABLE_STATES = ("08", "40", "53", "57P")
"""Classes of SQLSTATE: connection exceptions, transactions rolled back for the sake of others (deadlocks), insufficient
resources, and a server that is starting or stopping."""


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
    if isinstance(error, DBAPIError | PostgresError) and not _is_unavailable(error):
        raise error
    return respond(Unavailable())


def _is_unavailable(error: DBAPIError | PostgresError) -> bool:
    lost = isinstance(error, DBAPIError) and (isinstance(error, InterfaceError) or error.connection_invalidated)
    return lost or sqlstate(error).startswith(UNAVAILABLE_STATES)


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
