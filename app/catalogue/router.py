"""Offerings and their plans, to be looked up by consumers and by providers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from app.catalogue.collections import BOOKING_OFFERINGS, PUBLIC_OFFERINGS, OfferingFilters
from app.catalogue.plans import BasePublicPlan, no_plan, plans_of
from app.database import Transaction
from app.kit.collection import Query
from app.kit.fields import Fields
from app.kit.publishing import Paged, path_uuid, publish
from app.kit.responses import PAGE_HEADERS, answers
from app.kit.routing import RequestContext, close, get, takes_json

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])
_public = APIRouter(prefix="/marketplace-public-offerings", tags=["marketplace-public-offerings"])
_provided = APIRouter(tags=["booking-offerings"])


Uuid = Annotated[UUID, Depends(path_uuid(PUBLIC_OFFERINGS.not_found))]
PlanUuid = Annotated[UUID, Depends(path_uuid(no_plan, "plan_uuid", "UUID of a plan."))]


@get(
    _public,
    "/{uuid}/plans/",
    operation_id="marketplace_public_offerings_plans_list",
    summary="List plans of an offering",
    response_model=list[BasePublicPlan],
    response_model_exclude_unset=True,
    responses={200: {"description": "A page of plans.", "headers": PAGE_HEADERS}, **answers(404)},
)
async def list_plans(
    request: Request,
    response: Response,
    context: RequestContext,
    connection: Transaction,
    uuid: Uuid,
    fields: Fields,
    page: Paged,
) -> list[dict[str, Any]]:
    """The price lists that can be chosen when booking."""
    await PUBLIC_OFFERINGS.require(connection, context.caller, uuid)
    listing = await plans_of(uuid, archived=False).page(connection, context, Query(fields=fields), page)
    response.headers.update(listing.headers(request, context.base_url))
    return listing.items


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
    context: RequestContext, connection: Transaction, uuid: Uuid, plan_uuid: PlanUuid, fields: Fields
) -> dict[str, Any]:
    """One price list, archived or not."""
    await PUBLIC_OFFERINGS.require(connection, context.caller, uuid)
    return await plans_of(uuid, archived=True).one(connection, context, plan_uuid, fields)


publish(_public, "", PUBLIC_OFFERINGS, OfferingFilters, "marketplace_public_offerings", "offering")
close(_public, {"/{uuid}/plans/": ("GET", "HEAD"), "/{uuid}/plans/{plan_uuid}/": ("GET", "HEAD")})
publish(_provided, "/booking-offerings", BOOKING_OFFERINGS, OfferingFilters, "booking_offerings", "own offering")
router.include_router(_public)
router.include_router(_provided)
