"""Calendar of an offering, free periods, and busy slots: each handler is one call."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.auth import CurrentCaller
from app.availability import service
from app.availability.repository import MOST_PERIODS, no_busy_slot
from app.availability.schemas import BookedPeriod, BusyPeriod, BusySlotRequest, FreePeriod, Sought, Within
from app.availability.service import no_offering
from app.database import Transaction
from app.kit.body import documented_body, required_body
from app.kit.publishing import Paged, path_uuid
from app.kit.responses import DETAIL, PAGE_HEADERS, PARAMETER_ERRORS, answers, headers
from app.kit.routing import Headers, RequestContext, close, get, takes_json
from app.requests.conflicts import PERIOD_TAKEN

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])
CALENDAR = "/marketplace-bookings/{offering_uuid}/"
FREE = "/booking-offerings/{uuid}/free/"
BUSY_SLOTS = "/booking-offerings/{uuid}/busy-slots/"
BUSY_SLOT = BUSY_SLOTS + "{busy_slot_uuid}/"


def _within(given: Annotated[Within, Query()]) -> Within:
    return given


def _sought(given: Annotated[Sought, Query()]) -> Sought:
    return given


Calendar = Annotated[UUID, Depends(path_uuid(no_offering, "offering_uuid", "UUID of an offering, dashed or not."))]
Offering = Annotated[UUID, Depends(path_uuid(no_offering, described="UUID of an offering."))]
BusySlot = Annotated[UUID, Depends(path_uuid(no_busy_slot, "busy_slot_uuid", "UUID of a busy slot."))]
Asked = Annotated[BusySlotRequest, Depends(required_body(BusySlotRequest))]
_CALENDAR: dict[str, Any] = {
    "tags": ["marketplace-bookings"],
    "responses": {
        200: {
            "description": f"The earliest {MOST_PERIODS} periods at most, by start.",
            "headers": headers({"X-Result-Count": ("Number of periods that there are in all.", "integer")}),
        },
        **answers(400, 404),
    },
}
_REFUSED = {"anyOf": [PARAMETER_ERRORS, PERIOD_TAKEN, DETAIL]}


@router.get(
    CALENDAR,
    operation_id="marketplace_bookings_list",
    summary="List when an offering is taken",
    response_model=list[BookedPeriod],
    **_CALENDAR,
)
async def list_taken(
    response: Response,
    caller: CurrentCaller,
    connection: Transaction,
    uuid: Calendar,
    within: Annotated[Within, Depends(_within)],
) -> Any:
    """Slots of bookings that are requested or confirmed, and busy time of the offering, past ones included.

    There are no pages. `start` and `end` (extensions) limit the list to periods that touch the time between them;
    of more than 5,000 periods the earliest are listed, and `X-Result-Count` says how many there are.
    Creators are named to staff, to the provider, and to those with a role at the same organisation.
    """
    periods, total = await service.calendar(connection, caller, uuid, within)
    response.headers["X-Result-Count"] = str(total)
    return periods


@router.head(
    CALENDAR,
    operation_id="marketplace_bookings_count",
    summary="Count when an offering is taken",
    response_class=Response,
    **_CALENDAR,
)
async def count_taken(
    caller: CurrentCaller, connection: Transaction, uuid: Calendar, within: Annotated[Within, Depends(_within)]
) -> Response:
    """How many periods the list with the same parameters has, in the header `X-Result-Count`."""
    return Headers({"X-Result-Count": str(await service.count(connection, caller, uuid, within))})


@get(
    router,
    FREE,
    operation_id="booking_offerings_free_list",
    summary="List when an offering is free (extension)",
    tags=["extensions"],
    response_model=list[FreePeriod],
    responses={200: {"description": "The free periods, earliest first."}, **answers(400, 404)},
)
async def list_free(
    caller: CurrentCaller,
    connection: Transaction,
    uuid: Offering,
    sought: Annotated[Sought, Depends(_sought)],
) -> Any:
    """What the schedules of the offering leave between live bookings and busy slots, from now on."""
    return await service.free(connection, caller, uuid, sought)


@get(
    router,
    BUSY_SLOTS,
    operation_id="booking_offerings_busy_slots_list",
    summary="List busy slots of an offering (extension)",
    tags=["extensions"],
    response_model=list[BusyPeriod],
    response_model_exclude_unset=True,
    responses={200: {"description": "A page of busy slots.", "headers": PAGE_HEADERS}, **answers(403, 404)},
)
async def list_busy_slots(
    request: Request,
    response: Response,
    context: RequestContext,
    connection: Transaction,
    uuid: Offering,
    page: Paged,
) -> list[dict[str, Any]]:
    """Periods that the provider keeps free of bookings, for maintenance and the like, earliest first."""
    listing = await service.busy_slots(connection, context, uuid, page)
    response.headers.update(listing.headers(request, context.base_url))
    return listing.items


@router.post(
    BUSY_SLOTS,
    operation_id="booking_offerings_busy_slots_create",
    summary="Keep a period free of bookings (extension)",
    tags=["extensions"],
    status_code=201,
    response_model=BusyPeriod,
    response_model_exclude_unset=True,
    responses={201: {"description": "The busy slot."}, **answers(400, 403, 404, on_400=_REFUSED)},
    openapi_extra=documented_body(BusySlotRequest, required=True),
)
async def create_busy_slot(
    context: RequestContext, connection: Transaction, uuid: Offering, asked: Asked
) -> dict[str, Any]:
    """Takes the offering off for a time; refused as a request would be where a live booking is in the way."""
    return await service.add_busy_slot(connection, context, uuid, asked)


@router.delete(
    BUSY_SLOT,
    operation_id="booking_offerings_busy_slots_destroy",
    summary="Open a busy period again (extension)",
    tags=["extensions"],
    status_code=204,
    responses={204: {"description": "No response body."}, **answers(403, 404)},
)
async def delete_busy_slot(caller: CurrentCaller, connection: Transaction, uuid: Offering, busy_slot: BusySlot) -> None:
    """Removes a busy slot, which frees its time at once."""
    await service.drop_busy_slot(connection, caller, uuid, busy_slot)


close(
    router,
    {
        CALENDAR: ("GET", "HEAD"),
        FREE: ("GET", "HEAD"),
        BUSY_SLOTS: ("GET", "HEAD", "POST"),
        BUSY_SLOT: ("DELETE",),
    },
)
