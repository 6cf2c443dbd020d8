"""Whether the service lives, and whether it can serve."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from app.api.routing import get
from app.database.probe import Probe, Standing
from app.monitoring.apart import answering

router = APIRouter(prefix="/health", tags=["health"])


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
        503: {
            "description": "Not now: the database is away or takes no changes, or its schema is of another version.",
            "model": Health,
        }
    },
)
async def ready(request: Request) -> JSONResponse:
    """Answers 200 when the database takes changes and has a schema that this version works on; known for a second."""
    standing = await request.app.state.database.probe.standing()
    return JSONResponse({"status": standing.value}, 200 if standing is Standing.READY else 503)


@asynccontextmanager
async def answering_apart(probe: Probe, port: int | None) -> AsyncIterator[None]:
    """Answers on a port of its own too, if one is given."""
    if port is None:
        yield
        return
    app = FastAPI(openapi_url=None)
    app.include_router(router)
    app.state.database = SimpleNamespace(probe=probe)
    async with answering(app, "health", port):
        yield
