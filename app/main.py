"""Assembly of the application; no logic."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from app import __version__
from app.administration.router import router as administration
from app.api.admission import Admission
from app.api.bodies import WholeBody
from app.api.deadlines import Watched
from app.api.failures import answer_errors
from app.api.finding import find_by_path
from app.api.guard import guard
from app.api.limits import Failures
from app.api.openapi import describe
from app.api.recording import record
from app.api.repeating import OnceMore
from app.api.routing import TrailingSlash, answer_other_methods
from app.bookings.router import router as bookings
from app.calendar.router import router as calendar
from app.config import Settings, settings
from app.daily import working_daily
from app.database import connected
from app.directory.router import router as directory
from app.document import supplement
from app.monitoring import health
from app.monitoring.scraping import scraped
from app.offerings.media import router as media
from app.offerings.provider import router as provided
from app.offerings.router import router as offerings
from app.orders.router import router as orders
from app.pages import serve_pages
from app.process import end_with_supervisor
from app.roles.router import router as roles
from app.telemetry.traces import TELEMETRY, withhold_queries
from app.usage.router import router as usage

EXPOSED = ["Link", "X-Result-Count", "Preference-Applied", "ETag", "Location", "Retry-After", "X-Request-ID"]
EXPOSED += ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"]
"""Headers that scripts of other origins may read."""
LARGE = 100_000
"""Bytes from which an answer is compressed, if the client takes that: a page of 100, but not one of 10."""
ROUTERS = (
    bookings,
    orders,
    calendar,
    usage,
    offerings,
    provided,
    directory,
    administration,
    roles,
    media,
    health.router,
)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    end_with_supervisor()
    withhold_queries()
    async with connected(app.state.settings, serving=True) as database:
        app.state.database = database
        first_look = asyncio.create_task(database.probe.standing())  # compares the clocks
        apart = health.answering_apart(database.new_probe(), app.state.settings.health_port)
        watched = scraped(database, app.state.settings)
        async with working_daily(database, app.state.settings.expire_pending), apart, watched:
            yield
        await first_look


def _guard(app: FastAPI, limits: Settings) -> None:
    """Puts the boundary around the application; what is added last is met first."""
    app.add_middleware(OnceMore)
    app.add_middleware(TrailingSlash)
    app.add_middleware(GZipMiddleware, minimum_size=LARGE, compresslevel=1)
    app.add_middleware(Watched, seconds=limits.request_seconds)
    app.add_middleware(
        Admission,
        at_once=limits.requests_at_once,
        per_token=limits.requests_per_token,
        seconds=limits.queue_seconds,
    )
    app.add_middleware(WholeBody, most=limits.body_kilobytes * 1024, seconds=limits.body_seconds)


def create_app(configured: Settings | None = None) -> FastAPI:
    """The application, not yet connected; `configured` overrides what the environment says."""
    app = FastAPIOffline(
        title="Booking Resources",
        version=__version__,
        summary="Bookings that never overlap.",
        license_info={"name": "MIT", "identifier": "MIT"},
        lifespan=_lifespan,
        redirect_slashes=False,
        telemetry=TELEMETRY,
        swagger_ui_parameters={"persistAuthorization": True, "displayRequestDuration": True, "tryItOutEnabled": True},
    )
    serve_pages(app)
    app.state.settings = configured or settings()
    app.state.turn_of_parts = asyncio.Semaphore(1)
    app.state.failures = Failures(app.state.settings.failed_authentications)
    for router in ROUTERS:
        app.include_router(router)
    answer_other_methods(app, "/api/", "/health/")
    describe(app, supplement)
    find_by_path(app)
    answer_errors(app)
    _guard(app, app.state.settings)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=app.state.settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=EXPOSED,
    )
    guard(app)
    record(app, counts=app.state.settings.metrics_port is not None)
    return app


app = create_app()
