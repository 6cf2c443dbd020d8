"""Calendar of an offering, free periods, and busy slots: each handler is one call."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from app.api.body import documented_body, required_body
from app.api.parameters import path_uuid
from app.api.publishing import RequestedPages
from app.api.requests import CurrentCaller, RequestContext, Transaction, UsualTimeZone
from app.api.responses import DETAIL, PAGE_HEADERS, PARAMETER_ERRORS, answers, headers
from app.api.routing import Headers, get, takes_json
from app.calendar import service
from app.calendar.repository import BUSY_SLOT, MOST_PERIODS, TakenPeriod, busy_slots_of
from app.calendar.schemas import BookedPeriod, BusyPeriod, BusySlotRequest, FreePeriod, Sought, Within
from app.calendar.service import OFFERING
from app.query.fieldset import Item
from app.slots.conflicts import PERIOD_TAKEN
from app.slots.repository import FreeTime
from app.values import JsonObject

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])
CALENDAR_PATH = "/marketplace-bookings/{offering_uuid}/"
FREE_PATH = "/booking-offerings/{uuid}/free/"
BUSY_SLOTS_PATH = "/booking-offerings/{uuid}/busy-slots/"
BUSY_SLOT_PATH = BUSY_SLOTS_PATH + "{busy_slot_uuid}/"


async def _within(given: Annotated[Within, Query()]) -> Within:
    return given


async def _sought(given: Annotated[Sought, Query()]) -> Sought:
    return given


CalendarUuid = Annotated[UUID, Depends(path_uuid(OFFERING, "offering_uuid", "UUID of an offering, dashed or not."))]
OfferingUuid = Annotated[UUID, Depends(path_uuid(OFFERING, described="UUID of an offering."))]
BusySlotUuid = Annotated[UUID, Depends(path_uuid(BUSY_SLOT, "busy_slot_uuid", "UUID of a busy slot."))]
Requested = Annotated[BusySlotRequest, Depends(required_body(BusySlotRequest))]
_CALENDAR: JsonObject = {
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
    CALENDAR_PATH,
    operation_id="marketplace_bookings_list",
    summary="List when an offering is taken",
    response_model=list[BookedPeriod],
    **_CALENDAR,
)
async def list_taken(
    response: Response,
    caller: CurrentCaller,
    connection: Transaction,
    uuid: CalendarUuid,
    within: Annotated[Within, Depends(_within)],
) -> list[TakenPeriod]:
    """Slots of bookings that are requested or confirmed, and busy time of the offering, past ones included.

    There are no pages. `start` and `end` (extensions) limit the list to periods that touch the time between them;
    of more than 5,000 periods the earliest are listed, and `X-Result-Count` says how many there are.
    Creators are named to staff, to the provider, and to those with a role at the same organisation.
    """
    periods, total = await service.calendar(connection, caller, uuid, within)
    response.headers["X-Result-Count"] = str(total)
    return periods


@router.head(
    CALENDAR_PATH,
    operation_id="marketplace_bookings_count",
    summary="Count when an offering is taken",
    response_class=Response,
    **_CALENDAR,
)
async def count_taken(
    caller: CurrentCaller, connection: Transaction, uuid: CalendarUuid, within: Annotated[Within, Depends(_within)]
) -> Response:
    """How many periods the list with the same parameters has, in the header `X-Result-Count`."""
    return Headers({"X-Result-Count": str(await service.count(connection, caller, uuid, within))})


@get(
    router,
    FREE_PATH,
    operation_id="booking_offerings_free_list",
    summary="List when an offering is free (extension)",
    tags=["extensions"],
    response_model=list[FreePeriod],
    responses={
        200: {
            "description": f"The earliest {MOST_PERIODS} free periods at most.",
            "headers": headers({"X-Result-Count": ("Number of periods that there are in all.", "integer")}),
        },
        **answers(400, 404),
    },
)
async def list_free(
    response: Response,
    caller: CurrentCaller,
    connection: Transaction,
    uuid: OfferingUuid,
    sought: Annotated[Sought, Depends(_sought)],
    zone: UsualTimeZone,
) -> list[FreeTime]:
    """What windows and weekly hours of the offering leave between live bookings and busy slots, from now on."""
    periods, total = await service.free(connection, caller, uuid, sought, zone)
    response.headers["X-Result-Count"] = str(total)
    return periods


@get(
    router,
    BUSY_SLOTS_PATH,
    operation_id="booking_offerings_busy_slots_list",
    summary="List busy slots of an offering (extension)",
    tags=["extensions"],
    response_model=list[BusyPeriod],
    response_model_exclude_unset=True,
    responses={200: {"description": "A page of busy slots.", "headers": PAGE_HEADERS}, **answers(403, 404)},
)
async def list_busy_slots(pages: RequestedPages, uuid: OfferingUuid) -> Sequence[Item] | Response:
    """Periods that the provider keeps free of bookings, for maintenance and the like, earliest first."""
    async with pages.database.transaction(snapshot=True) as connection:
        await service.require_managed(connection, pages.caller, uuid)
    return await pages.show(busy_slots_of(uuid))


@router.post(
    BUSY_SLOTS_PATH,
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
    context: RequestContext, connection: Transaction, uuid: OfferingUuid, asked: Requested
) -> Item:
    """Takes the offering off for a time; refused as a request would be where a live booking is in the way."""
    return await service.add_busy_slot(connection, context, uuid, asked)


@router.delete(
    BUSY_SLOT_PATH,
    operation_id="booking_offerings_busy_slots_destroy",
    summary="Open a busy period again (extension)",
    tags=["extensions"],
    status_code=204,
    responses={204: {"description": "No response body."}, **answers(403, 404)},
)
async def delete_busy_slot(
    caller: CurrentCaller, connection: Transaction, uuid: OfferingUuid, busy_slot: BusySlotUuid
) -> None:
    """Removes a busy slot, which frees its time at once."""
    await service.drop_busy_slot(connection, caller, uuid, busy_slot)
