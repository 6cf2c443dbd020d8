"""List, count, retrieve, accept, reject, history: each handler is one call."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.auth import CurrentCaller
from app.bookings import service
from app.bookings.filters import BookingFilters, ordering
from app.bookings.schemas import BookingEvent, BookingResource, Rejection
from app.bookings.transitions import ACCEPT, REJECT
from app.database import Transaction
from app.errors import BookingNotFound
from app.kit.body import documented_body, optional_body
from app.kit.collection import Query as ListQuery
from app.kit.fields import fields_of
from app.kit.pagination import Page, page
from app.kit.parameters import uuid_or_none
from app.kit.preference import Preferred
from app.kit.responses import DETAIL, PAGE_HEADERS, PARAMETER_ERRORS, RULE_ERRORS, answers, headers
from app.kit.routing import Headers, RequestContext, close, get, takes_json

router = APIRouter(prefix="/api/booking-resources", tags=["booking-resources"], dependencies=[Depends(takes_json)])

_TRANSITION: dict[int | str, Any] = {
    200: {
        "description": 'No response body. With `Prefer: return=representation`, `{"order_uuid": "..."}`: the order '
        "that has ended.",
        "headers": headers({"Preference-Applied": ("The preference that was followed.", "string")}, required=False),
    },
    **answers(400, 403, 404, 409, on_400={"anyOf": [PARAMETER_ERRORS, RULE_ERRORS, DETAIL]}),
}


def booking_uuid(
    uuid: Annotated[str, Path(description="UUID of a booking.", json_schema_extra={"format": "uuid"})],
) -> UUID:
    """The booking that a path names; raises BookingNotFound for what is no UUID."""
    found = uuid_or_none(uuid)
    if found is None:
        raise BookingNotFound
    return found


def booking_query(
    filters: Annotated[BookingFilters, Query()],
    orderings: Annotated[Sequence[str], Depends(ordering)],
    fields: Annotated[Sequence[str], Depends(fields_of(BookingResource))],
) -> ListQuery:
    """What a list was asked for."""
    return ListQuery(filters, orderings, fields)


Uuid = Annotated[UUID, Depends(booking_uuid)]
Filtered = Annotated[ListQuery, Depends(booking_query)]
Paged = Annotated[Page, Depends(page)]
Fields = Annotated[Sequence[str], Depends(fields_of(BookingResource))]
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
    responses={200: {"description": "The booking."}, **answers(404)},
)
async def retrieve_booking(
    context: RequestContext, connection: Transaction, uuid: Uuid, fields: Fields
) -> dict[str, Any]:
    """One booking that the caller may see."""
    return await service.retrieve(connection, context, uuid, fields)


@router.post(
    "/{uuid}/accept/",
    operation_id="booking_resources_accept",
    summary="Accept a booking",
    response_class=Response,
    responses=_TRANSITION,
)
async def accept_booking(caller: CurrentCaller, connection: Transaction, uuid: Uuid, preferred: Preferred) -> Response:
    """Confirms a requested booking: its state becomes `OK`, and its order is done."""
    return preferred.response({"order_uuid": str(await service.change(connection, caller, uuid, ACCEPT))})


@router.post(
    "/{uuid}/reject/",
    operation_id="booking_resources_reject",
    summary="Reject or withdraw a booking",
    response_class=Response,
    responses=_TRANSITION,
    openapi_extra=documented_body(Rejection),
)
async def reject_booking(
    caller: CurrentCaller, connection: Transaction, uuid: Uuid, reason: Reason, preferred: Preferred
) -> Response:
    """Turns a requested booking down, or as its creator withdraws it: it is `Terminated`, and its slots are free."""
    comment = reason.provider_rejection_comment
    return preferred.response({"order_uuid": str(await service.change(connection, caller, uuid, REJECT, comment))})


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
