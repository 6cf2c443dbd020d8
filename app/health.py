"""Whether the service lives, and whether it can serve."""

import asyncio

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from app.api.routing import get
from app.database import is_migrated

router = APIRouter(prefix="/health", tags=["health"])
PATIENCE = 5
"""Seconds to wait for the database."""


class Health(BaseModel):
    """The state of the service in a word or two."""

    status: str = Field(description="`ok`, or what is amiss.")


@get(router, "/live", operation_id="health_live", summary="Is the process alive?")
async def live() -> Health:
    """Answers as long as the process does; says nothing of the database."""
    return Health(status="ok")


@get(
    router,
    "/ready",
    operation_id="health_ready",
    summary="Can requests be served?",
    response_model=Health,
    responses={
        503: {"description": "Not now: the database is away, or its schema is of another version.", "model": Health}
    },
)
async def ready(request: Request) -> JSONResponse:
    """Answers 200 when the database answers and its schema is the one that this version works on."""
    try:
        async with asyncio.timeout(PATIENCE), request.app.state.database.transaction() as connection:
            migrated = await is_migrated(connection)
    except (SQLAlchemyError, OSError, TimeoutError):
        return JSONResponse({"status": "the database does not answer"}, 503)
    if not migrated:
        return JSONResponse({"status": "the database schema is of another version"}, 503)
    return JSONResponse({"status": "ok"})
