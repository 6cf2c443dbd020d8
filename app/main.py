"""Assembly of the application; no logic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import RedirectResponse
from starlette.routing import Route

from app import __version__, health
from app.api.failures import answer_errors
from app.api.openapi import describe
from app.api.routing import TrailingSlash, answer_other_methods
from app.bookings.router import router as bookings
from app.calendar.router import router as calendar
from app.config import Settings, settings
from app.daily import working_daily
from app.database import connected
from app.directory.router import router as directory
from app.document import supplement
from app.offerings.media import router as media
from app.offerings.router import router as offerings
from app.orders.router import router as orders

ROUTERS = (bookings, orders, calendar, offerings, directory, media, health.router)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with connected(app.state.settings) as database:
        app.state.database = database
        async with working_daily(database, app.state.settings.expire_pending):
            yield


def create_app(configured: Settings | None = None) -> FastAPI:
    """The application, not yet connected; `configured` overrides what the environment says."""
    app = FastAPIOffline(
        title="Booking Resources",
        version=__version__,
        summary="Bookings that never overlap.",
        license_info={"name": "MIT"},
        lifespan=_lifespan,
        redirect_slashes=False,
        swagger_ui_parameters={"persistAuthorization": True, "displayRequestDuration": True, "tryItOutEnabled": True},
    )
    for route in app.routes:
        if isinstance(route, Route) and route.methods:
            route.methods.add("HEAD")  # for the documentation pages; other routes have their own
    app.state.settings = configured or settings()
    for router in ROUTERS:
        app.include_router(router)
    answer_other_methods(app, "/api/", "/health/")
    app.openapi = describe(app, supplement)  # type: ignore[method-assign]
    app.add_route("/", lambda _: RedirectResponse("docs"), include_in_schema=False)
    answer_errors(app)
    app.add_middleware(TrailingSlash)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=app.state.settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Link", "X-Result-Count", "Preference-Applied", "ETag", "Location"],
    )
    return app


app = create_app()
