"""List, count, retrieve, accept, reject, terminate, history: each handler is one call."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api.body import documented_body, optional_body
from app.api.parameters import Fields, path_uuid
from app.api.preference import Preferred
from app.api.publishing import RequestedPages, publish
from app.api.requests import CurrentCaller, RequestContext, Transaction
from app.api.responses import DETAIL, PAGE_HEADERS, PARAMETER_ERRORS, RULE_ERRORS, answers, headers
from app.api.routing import get, takes_json
from app.api.versions import Seen
from app.bookings.filters import BookingFilters
from app.bookings.repository import BOOKINGS, changes_of
from app.bookings.resources import RESOURCES, Resource
from app.bookings.schemas import BookingEvent, BookingOrderUUID, Rejection, Termination
from app.lifecycle.service import BOOKING, change
from app.lifecycle.transitions import ACCEPT, REJECT, TERMINATE
from app.orders.repository import ORDERS, ordered
from app.query.fieldset import Item
from app.values import JsonObject

router = APIRouter(prefix="/api")
_listed = APIRouter(tags=["booking-resources"])
_bookings = APIRouter(tags=["booking-resources"], dependencies=[Depends(takes_json)])
_resources = APIRouter(tags=["marketplace-resources"], dependencies=[Depends(takes_json)])
_orders = APIRouter(tags=["marketplace-orders"], dependencies=[Depends(takes_json)])

BookingUuid = Annotated[UUID, Depends(path_uuid(BOOKING))]
OrderUuid = Annotated[UUID, Depends(path_uuid(ORDERS.noun))]
Reason = Annotated[Rejection, Depends(optional_body(Rejection))]
Ending = Annotated[Termination, Depends(optional_body(Termination))]
_ON_400 = {"anyOf": [PARAMETER_ERRORS, RULE_ERRORS, DETAIL]}
_TRANSITION: dict[int | str, JsonObject] = {
    200: {
        "description": 'No response body. With `Prefer: return=representation`, `{"order_uuid": "..."}`: the order '
        "that has ended.",
        "headers": headers({"Preference-Applied": ("The preference that was followed.", "string")}, required=False),
    },
    **answers(400, 403, 404, 409, 412, on_400=_ON_400),
}

publish(
    _listed,
    "/booking-resources",
    BOOKINGS,
    BookingFilters,
    "booking_resources",
    "booking",
    about="The bookings that the caller may see: as a provider those of its offerings, and those one has asked for. "
    "`Accept: text/csv` gives a table, whose columns `field` chooses: of all of them, unless a page is asked for.",
)


@_bookings.post(
    "/booking-resources/{uuid}/accept/",
    operation_id="booking_resources_accept",
    summary="Accept a booking",
    response_class=Response,
    responses=_TRANSITION,
)
async def accept_booking(
    caller: CurrentCaller, connection: Transaction, uuid: BookingUuid, seen: Seen, preferred: Preferred
) -> Response:
    """Confirms a requested booking: its state becomes `OK`, and its order is done."""
    order = await change(connection, caller, uuid, ACCEPT, check_version=seen.check)
    return preferred.response({"order_uuid": str(order)})


@_bookings.post(
    "/booking-resources/{uuid}/reject/",
    operation_id="booking_resources_reject",
    summary="Reject or withdraw a booking",
    response_class=Response,
    responses=_TRANSITION,
    openapi_extra=documented_body(Rejection),
)
async def reject_booking(
    caller: CurrentCaller, connection: Transaction, uuid: BookingUuid, reason: Reason, seen: Seen, preferred: Preferred
) -> Response:
    """Turns a requested booking down, or as its creator withdraws it: it is `Terminated`, and its slots are free."""
    order = await change(connection, caller, uuid, REJECT, reason.provider_rejection_comment, seen.check)
    return preferred.response({"order_uuid": str(order)})


@get(
    _bookings,
    "/booking-resources/{uuid}/history/",
    operation_id="booking_resources_history_list",
    summary="List changes of a booking (extension)",
    tags=["extensions"],
    response_model=list[BookingEvent],
    response_model_exclude_unset=True,
    responses={200: {"description": "A page of changes, oldest first.", "headers": PAGE_HEADERS}, **answers(404)},
)
async def list_history(pages: RequestedPages, uuid: BookingUuid) -> Sequence[Item] | Response:
    """Who changed the state of a booking, when, from what to what, and why. Entries are only ever added."""
    await pages.require(BOOKINGS, uuid)
    return await pages.show(changes_of(uuid))


@_resources.post(
    "/marketplace-resources/{uuid}/terminate/",
    operation_id="marketplace_resources_terminate",
    summary="End a booking",
    response_model=BookingOrderUUID,
    responses={200: {"description": "The order that says so."}, **answers(400, 403, 404, 409, on_400=_ON_400)},
    openapi_extra=documented_body(Termination),
)
async def terminate_booking(
    caller: CurrentCaller, connection: Transaction, uuid: BookingUuid, asked: Ending
) -> dict[str, UUID]:
    """Ends an accepted booking, which frees its slots at once; for the project, the consumer and the provider."""
    comment = asked.attributes.termination_comment
    return {"order_uuid": await change(connection, caller, uuid, TERMINATE, comment)}


@get(
    _resources,
    "/marketplace-resources/{uuid}/",
    operation_id="marketplace_resources_retrieve",
    summary="Retrieve a booking as a resource",
    response_model=Resource,
    response_model_exclude_unset=True,
    responses={200: {"description": "The resource."}, **answers(404)},
)
async def retrieve_resource(
    context: RequestContext, connection: Transaction, uuid: BookingUuid, fields: Fields
) -> Item:
    """One booking, for members of its project and its organisation too."""
    return await RESOURCES.one(connection, context, uuid, fields)


@get(
    _orders,
    "/marketplace-orders/{uuid}/resource/",
    operation_id="marketplace_orders_resource_retrieve",
    summary="Retrieve the booking of an order",
    response_model=Resource,
    response_model_exclude_unset=True,
    responses={200: {"description": "The resource."}, **answers(404)},
)
async def retrieve_ordered(context: RequestContext, connection: Transaction, uuid: OrderUuid, fields: Fields) -> Item:
    """The booking that was ordered, for whoever may see the order."""
    order = await ordered(connection, context.caller, uuid)
    return await RESOURCES.one(connection, context, order.booking, fields)


router.include_router(_listed)
router.include_router(_bookings)
router.include_router(_resources)
router.include_router(_orders)
