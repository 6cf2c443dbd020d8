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
from app.availability.router import router as availability
from app.bookings.router import ending
from app.bookings.router import router as bookings
from app.bookings.schemas import BookingOrderUUID
from app.catalogue.router import router as catalogue
from app.config import Settings, settings
from app.daily import working_daily
from app.database import connected
from app.demo.dataset import EXAMPLE_BOOKING, EXAMPLE_ORDER, EXAMPLE_TO_ACCEPT, EXAMPLE_TO_REJECT, EXAMPLES
from app.demo.lookups import LOOKUPS
from app.directory.router import router as directory
from app.errors import answer_errors
from app.kit.openapi import describe
from app.kit.routing import TrailingSlash
from app.media.router import router as media
from app.requests.router import router as requests

VERSION = "0.1.0"
DESCRIPTION = """\
See, filter, accept and reject bookings of lab instruments, GPU nodes, meeting rooms and the like.
No two bookings of one offering ever overlap.

To try an operation out, press **Authorize** and paste a token. Errors are JSON: `{"detail": "..."}`,
`{"<parameter>": ["..."]}` for bad parameters, `["..."]` for broken rules.
"""
TAGS = [
    {"name": "booking-resources", "description": "Bookings, as the published contract has them."},
    {"name": "marketplace-public-offerings", "description": "What can be booked, and at what price."},
    {"name": "booking-offerings", "description": "What the caller's organisations offer."},
    {"name": "customers", "description": "Organisations that book or offer."},
    {"name": "projects", "description": "What bookings are for."},
    {"name": "users", "description": "Who books and decides."},
    {"name": "media", "description": "Images of what can be booked."},
    {"name": "marketplace-bookings", "description": "When offerings are taken."},
    {"name": "extensions", "description": "What this service adds to the published contract."},
    {"name": "health", "description": "For those who operate the service."},
]

ORDER_OPERATIONS = ("retrieve", "approve_by_consumer", "reject_by_consumer")
FILLED_IN = {
    **EXAMPLES,
    **LOOKUPS,
    "uuid": EXAMPLE_BOOKING,
    "booking_resources_accept.uuid": EXAMPLE_TO_ACCEPT,
    "booking_resources_reject.uuid": EXAMPLE_TO_REJECT,
    "Prefer": "return=representation",
    "If-Match": "*",
    "Idempotency-Key": "bee-brains-1",
    **{f"marketplace_orders_{name}.uuid": EXAMPLE_ORDER for name in ORDER_OPERATIONS},
    "marketplace_orders_list.state": ["done"],
    "marketplace_orders_count.state": ["done"],
    "marketplace_orders_list.o": ["-created"],
    "marketplace_orders_count.o": ["-created"],
    "resource_uuid": EXAMPLE_BOOKING,
    "type": ["Create"],
    "marketplace_bookings_list.offering_uuid": EXAMPLES["offering_uuid"][0],
    "marketplace_bookings_count.offering_uuid": EXAMPLES["offering_uuid"][0],
    "booking_offerings_free_list.uuid": EXAMPLES["offering_uuid"][0],
    "booking_offerings_free_list.start": "2030-05-01T00:00:00Z",
    "booking_offerings_free_list.end": "2030-06-01T00:00:00Z",
    "booking_offerings_busy_slots_list.uuid": EXAMPLES["offering_uuid"][0],
    "booking_offerings_busy_slots_create.uuid": EXAMPLES["offering_uuid"][0],
    "booking_offerings_busy_slots_destroy.uuid": EXAMPLES["offering_uuid"][0],
    "busy_slot_uuid": "00000000-0000-4000-8000-000000000000",
    "start": "2024-01-01T00:00:00Z",
    "end": "2100-01-01T00:00:00Z",
    "duration": "PT1H30M",
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
        async with working_daily(database, app.state.settings.expire_pending):
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
    app.include_router(ending)
    app.include_router(requests)
    app.include_router(availability)
    app.include_router(catalogue)
    app.include_router(directory)
    app.include_router(media)
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
        expose_headers=["Link", "X-Result-Count", "Preference-Applied", "ETag"],
    )
    return app


app = create_app()
