"""Assembly of the application; no logic."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import RedirectResponse
from starlette.routing import Route

from app import health
from app.bookings.router import router as bookings
from app.bookings.schemas import BookingOrderUUID
from app.config import Settings, settings
from app.database import connected
from app.demo.dataset import EXAMPLE_BOOKING, EXAMPLE_TO_ACCEPT, EXAMPLE_TO_REJECT, EXAMPLES
from app.errors import answer_errors
from app.kit.openapi import describe
from app.kit.routing import TrailingSlash

VERSION = "0.1.0"
DESCRIPTION = """\
See, filter, accept and reject bookings of lab instruments, GPU nodes, meeting rooms and the like.
No two bookings of one offering ever overlap.

To try an operation out, press **Authorize** and paste a token. Errors are JSON: `{"detail": "..."}`,
`{"<parameter>": ["..."]}` for bad parameters, `["..."]` for broken rules.
"""
TAGS = [
    {"name": "booking-resources", "description": "Bookings, as the published contract has them."},
    {"name": "extensions", "description": "What this service adds to the published contract."},
    {"name": "health", "description": "For those who operate the service."},
]

FILLED_IN = {
    **EXAMPLES,
    "uuid": EXAMPLE_BOOKING,
    "booking_resources_accept.uuid": EXAMPLE_TO_ACCEPT,
    "booking_resources_reject.uuid": EXAMPLE_TO_REJECT,
    "Prefer": "return=representation",
}
"""Examples by parameter, or by operation and parameter; they work on the demo data."""
ON_REQUEST: dict[str, type[BaseModel]] = {
    "booking_resources_accept": BookingOrderUUID,
    "booking_resources_reject": BookingOrderUUID,
}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with connected(app.state.settings) as database:
        app.state.database = database
        yield


def create_app(configured: Settings | None = None) -> FastAPI:
    """The application, not yet connected; `configured` overrides what the environment says."""
    app = FastAPIOffline(
        title="Booking Resources",
        version=VERSION,
        summary="Bookings that never overlap.",
        description=DESCRIPTION,
        openapi_tags=TAGS,
        license_info={"name": "MIT"},
        lifespan=_lifespan,
        redirect_slashes=False,
        swagger_ui_parameters={"persistAuthorization": True, "displayRequestDuration": True, "tryItOutEnabled": True},
    )
    for route in app.routes:
        if isinstance(route, Route) and route.methods:
            route.methods.add("HEAD")  # for the documentation pages; other routes have their own
    app.state.settings = configured or settings()
    app.include_router(bookings)
    app.include_router(health.router)
    app.openapi = describe(app, FILLED_IN, ON_REQUEST)  # type: ignore[method-assign]
    app.add_route("/", lambda _: RedirectResponse("docs"), include_in_schema=False)
    answer_errors(app)
    app.add_middleware(TrailingSlash)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=app.state.settings.cors_origins,
        allow_methods=["*"],
        allow_headers=["*"],
        expose_headers=["Link", "X-Result-Count", "Preference-Applied"],
    )
    return app


app = create_app()
