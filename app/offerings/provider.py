"""A provider's own offerings: looked up, and changed."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from app.api.body import documented_body, whole_body
from app.api.parameters import path_uuid
from app.api.publishing import publish
from app.api.requests import CurrentCaller, Transaction, UsualTimeZone
from app.api.responses import DETAIL, PARAMETER_ERRORS, answers
from app.api.routing import get, takes_json
from app.offerings import changes
from app.offerings.collections import OFFERING, PROVIDER_OFFERINGS
from app.offerings.filters import ProviderOfferingFilters
from app.offerings.rules import BookingRules
from app.offerings.schemas import ChangedAttributes, OfferingAttributesRequest
from app.values import JsonObject

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])
_own = APIRouter(prefix="/marketplace-provider-offerings", tags=["marketplace-provider-offerings"])
RULES_PATH = "/booking-offerings/{uuid}/rules/"
OfferingUuid = Annotated[UUID, Depends(path_uuid(OFFERING))]
NewRules = Annotated[BookingRules, Depends(whole_body(BookingRules))]
Attributes = Annotated[OfferingAttributesRequest, Depends(whole_body(OfferingAttributesRequest))]


@_own.post(
    "/{uuid}/update_attributes/",
    operation_id="marketplace_provider_offerings_update_attributes",
    summary="Change the attributes of an offering",
    response_model=ChangedAttributes,
    responses={
        200: {"description": "They are changed."},
        **answers(400, 403, 404, on_400={"anyOf": [PARAMETER_ERRORS, DETAIL]}),
    },
    openapi_extra=documented_body(OfferingAttributesRequest, required=True),
)
async def update_attributes(
    caller: CurrentCaller, connection: Transaction, uuid: OfferingUuid, asked: Attributes, zone: UsualTimeZone
) -> dict[str, Any]:
    """Replaces all attributes, the windows in `schedules` among them. Bookings outside new hours stay, and are told."""
    outside, count = await changes.change_attributes(connection, caller, uuid, asked.root, zone)
    return {"outside": outside, "outside_count": count}


@get(
    router,
    RULES_PATH,
    operation_id="booking_offerings_rules_retrieve",
    summary="Retrieve the rules of an offering (extension)",
    tags=["extensions"],
    response_model=BookingRules,
    responses={200: {"description": "The rules."}, **answers(403, 404)},
)
async def retrieve_rules(caller: CurrentCaller, connection: Transaction, uuid: OfferingUuid) -> JsonObject:
    """By which rules it is booked; those that are null do not limit it."""
    return await changes.rules(connection, caller, uuid)


@router.put(
    RULES_PATH,
    operation_id="booking_offerings_rules_update",
    summary="Change the rules of an offering (extension)",
    tags=["extensions"],
    response_model=BookingRules,
    responses={
        200: {"description": "They are changed."},
        **answers(400, 403, 404, on_400={"anyOf": [PARAMETER_ERRORS, DETAIL]}),
    },
    openapi_extra=documented_body(BookingRules, required=True),
)
async def update_rules(
    caller: CurrentCaller, connection: Transaction, uuid: OfferingUuid, asked: NewRules
) -> BookingRules:
    """Replaces all rules, for requests from now on. What was booked, and what holds its time, stays."""
    await changes.change_rules(connection, caller, uuid, asked.stored())
    return asked


publish(
    _own,
    "",
    PROVIDER_OFFERINGS,
    ProviderOfferingFilters,
    "marketplace_provider_offerings",
    "provider's offering",
)
router.include_router(_own)
