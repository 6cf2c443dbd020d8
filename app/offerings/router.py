"""Offerings, their plans and their images, to be looked up by consumers and by providers."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api.parameters import Fields, path_uuid
from app.api.publishing import RequestedPages, publish
from app.api.requests import RequestContext, Transaction
from app.api.responses import PAGE_HEADERS, answers
from app.api.routing import get, takes_json
from app.offerings.collections import BOOKING_OFFERINGS, OFFERING, PUBLIC_OFFERINGS, OfferingFilters
from app.offerings.plans import BasePublicPlan, plans_of
from app.query.collection import ListQuery
from app.query.fieldset import Item

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])
_public = APIRouter(prefix="/marketplace-public-offerings", tags=["marketplace-public-offerings"])
_provided = APIRouter(tags=["booking-offerings"])
OfferingUuid = Annotated[UUID, Depends(path_uuid(OFFERING))]
PlanUuid = Annotated[UUID, Depends(path_uuid("Plan", "plan_uuid", "UUID of a plan."))]


@get(
    _public,
    "/{uuid}/plans/",
    operation_id="marketplace_public_offerings_plans_list",
    summary="List plans of an offering",
    response_model=list[BasePublicPlan],
    response_model_exclude_unset=True,
    responses={200: {"description": "A page of plans.", "headers": PAGE_HEADERS}, **answers(404)},
)
async def list_plans(pages: RequestedPages, uuid: OfferingUuid, fields: Fields) -> Sequence[Item] | Response:
    """The price lists that can be chosen when booking."""
    await pages.require(PUBLIC_OFFERINGS, uuid)
    return await pages.show(plans_of(uuid, archived=False), ListQuery(fields=fields))


@get(
    _public,
    "/{uuid}/plans/{plan_uuid}/",
    operation_id="marketplace_public_offerings_plans_retrieve",
    summary="Retrieve a plan of an offering",
    response_model=BasePublicPlan,
    response_model_exclude_unset=True,
    responses={200: {"description": "The plan."}, **answers(404)},
)
async def retrieve_plan(
    context: RequestContext, connection: Transaction, uuid: OfferingUuid, plan_uuid: PlanUuid, fields: Fields
) -> Item:
    """One price list, archived or not."""
    await PUBLIC_OFFERINGS.require(connection, context.caller, uuid)
    return await plans_of(uuid, archived=True).one(connection, context, plan_uuid, fields)


publish(_public, "", PUBLIC_OFFERINGS, OfferingFilters, "marketplace_public_offerings", "offering")
publish(_provided, "/booking-offerings", BOOKING_OFFERINGS, OfferingFilters, "booking_offerings", "own offering")
router.include_router(_public)
router.include_router(_provided)
