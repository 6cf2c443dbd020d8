"""List, count, retrieve, accept, reject, history: each handler is one call."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.auth import CurrentCaller
from app.bookings import service
from app.bookings.filters import BookingFilters
from app.bookings.repository import BOOKINGS
from app.bookings.schemas import BookingEvent, BookingOrderUUID, BookingResource, Rejection, Termination
from app.bookings.transitions import ACCEPT, REJECT
from app.database import Transaction
from app.errors import BookingNotFound
from app.kit.body import documented_body, optional_body
from app.kit.collection import Query as ListQuery
from app.kit.fields import Fields
from app.kit.preference import Preferred
from app.kit.publishing import Paged, path_uuid, query_of
from app.kit.responses import DETAIL, PAGE_HEADERS, PARAMETER_ERRORS, RULE_ERRORS, TAG_HEADERS, answers, headers
from app.kit.routing import Headers, RequestContext, close, get, takes_json
from app.kit.versions import Seen, tagged

router = APIRouter(prefix="/api/booking-resources", tags=["booking-resources"], dependencies=[Depends(takes_json)])

_TRANSITION: dict[int | str, Any] = {
    200: {
        "description": 'No response body. With `Prefer: return=representation`, `{"order_uuid": "..."}`: the order '
        "that has ended.",
        "headers": headers({"Preference-Applied": ("The preference that was followed.", "string")}, required=False),
    },
    **answers(400, 403, 404, 409, 412, on_400={"anyOf": [PARAMETER_ERRORS, RULE_ERRORS, DETAIL]}),
}

_TERMINATION = answers(400, 403, 404, 409, on_400={"anyOf": [PARAMETER_ERRORS, RULE_ERRORS, DETAIL]})
ends = optional_body(Termination)


Uuid = Annotated[UUID, Depends(path_uuid(BookingNotFound))]
Filtered = Annotated[ListQuery, Depends(query_of(BOOKINGS, BookingFilters))]
Reason = Annotated[Rejection, Depends(optional_body(Rejection))]


@router.get(
    "/",
    operation_id="booking_resources_list",
    summary="List bookings",
    response_model=list[BookingResource],
    response_model_exclude_unset=True,
    responses={200: {"description": "A page of bookings.", "headers": PAGE_HEADERS}, **answers(400, 404)},
)
async def list_bookings(
    request: Request, response: Response, context: RequestContext, connection: Transaction, query: Filtered, page: Paged
) -> list[dict[str, Any]]:
    """The bookings that the caller may see: as a provider those of its offerings, and those one has asked for."""
    listing = await service.list_page(connection, context, query, page)
    response.headers.update(listing.headers(request, context.base_url))
    return listing.items


@router.head(
    "/",
    operation_id="booking_resources_count",
    summary="Count bookings",
    response_class=Response,
    responses={200: {"description": "No response body.", "headers": PAGE_HEADERS}, **answers(400, 404)},
)
async def count_bookings(
    request: Request, context: RequestContext, connection: Transaction, query: Filtered, page: Paged
) -> Response:
    """How many bookings a list with the same parameters has, in the header `X-Result-Count`."""
    listing = await service.count(connection, context, query, page)
    return Headers(listing.headers(request, context.base_url))


@get(
    router,
    "/{uuid}/",
    operation_id="booking_resources_retrieve",
    summary="Retrieve a booking",
    response_model=BookingResource,
    response_model_exclude_unset=True,
    responses={
        200: {"description": "The booking.", "headers": TAG_HEADERS},
        304: {"description": "The client has just that (`If-None-Match`).", "headers": TAG_HEADERS},
        **answers(404),
    },
)
async def retrieve_booking(
    request: Request, context: RequestContext, connection: Transaction, uuid: Uuid, fields: Fields
) -> Response:
    """One booking that the caller may see."""
    found, modified = await service.retrieve(connection, context, uuid, fields)
    content = BookingResource.model_validate(found).model_dump_json(exclude_unset=True)
    return tagged(request, content.encode(), modified)


@router.post(
    "/{uuid}/accept/",
    operation_id="booking_resources_accept",
    summary="Accept a booking",
    response_class=Response,
    responses=_TRANSITION,
)
async def accept_booking(
    caller: CurrentCaller, connection: Transaction, uuid: Uuid, seen: Seen, preferred: Preferred
) -> Response:
    """Confirms a requested booking: its state becomes `OK`, and its order is done."""
    order = await service.change(connection, caller, uuid, ACCEPT, seen=seen)
    return preferred.response({"order_uuid": str(order)})


@router.post(
    "/{uuid}/reject/",
    operation_id="booking_resources_reject",
    summary="Reject or withdraw a booking",
    response_class=Response,
    responses=_TRANSITION,
    openapi_extra=documented_body(Rejection),
)
async def reject_booking(
    caller: CurrentCaller, connection: Transaction, uuid: Uuid, reason: Reason, seen: Seen, preferred: Preferred
) -> Response:
    """Turns a requested booking down, or as its creator withdraws it: it is `Terminated`, and its slots are free."""
    comment = reason.provider_rejection_comment
    order = await service.change(connection, caller, uuid, REJECT, comment, seen)
    return preferred.response({"order_uuid": str(order)})


@get(
    router,
    "/{uuid}/history/",
    operation_id="booking_resources_history_list",
    summary="List changes of a booking (extension)",
    tags=["extensions"],
    response_model=list[BookingEvent],
    response_model_exclude_unset=True,
    responses={200: {"description": "A page of changes, oldest first.", "headers": PAGE_HEADERS}, **answers(404)},
)
async def list_history(
    request: Request, response: Response, context: RequestContext, connection: Transaction, uuid: Uuid, page: Paged
) -> list[dict[str, Any]]:
    """Who changed the state of a booking, when, from what to what, and why. Entries are only ever added."""
    listing = await service.history_page(connection, context, uuid, page)
    response.headers.update(listing.headers(request, context.base_url))
    return listing.items


ending = APIRouter(
    prefix="/api/marketplace-resources", tags=["marketplace-resources"], dependencies=[Depends(takes_json)]
)


@ending.post(
    "/{uuid}/terminate/",
    operation_id="marketplace_resources_terminate",
    summary="End a booking",
    response_model=BookingOrderUUID,
    responses={200: {"description": "The order that says so."}, **_TERMINATION},
    openapi_extra=documented_body(Termination),
)
async def terminate_booking(
    caller: CurrentCaller, connection: Transaction, uuid: Uuid, asked: Annotated[Termination, Depends(ends)]
) -> dict[str, UUID]:
    """Ends an accepted booking, which frees its slots at once; for the project, the consumer and the provider."""
    return {"order_uuid": await service.terminate(connection, caller, uuid, asked.attributes.termination_comment)}


close(ending, {"/{uuid}/terminate/": ("POST",)})
close(
    router,
    {
        "/": ("GET", "HEAD"),
        "/{uuid}/": ("GET", "HEAD"),
        "/{uuid}/accept/": ("POST",),
        "/{uuid}/reject/": ("POST",),
        "/{uuid}/history/": ("GET", "HEAD"),
    },
)
