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
from app.offerings.categories import CATEGORIES
from app.offerings.collections import BOOKING_OFFERINGS, OFFERING, PUBLIC_OFFERINGS, OfferingFilters, changes_of
from app.offerings.filters import CategoryFilters, PublicOfferingFilters
from app.offerings.plans import BasePublicPlan, plans_of
from app.offerings.schemas import OfferingChange
from app.query.fieldset import Item
from app.query.lists import ListQuery

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])
_public = APIRouter(prefix="/marketplace-public-offerings", tags=["marketplace-public-offerings"])
_categories = APIRouter(tags=["marketplace-categories"])
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


@get(
    _provided,
    "/booking-offerings/{uuid}/changes/",
    operation_id="booking_offerings_changes_list",
    summary="List changes of an offering (extension)",
    tags=["extensions"],
    response_model=list[OfferingChange],
    response_model_exclude_unset=True,
    responses={200: {"description": "A page of changes, oldest first.", "headers": PAGE_HEADERS}, **answers(404)},
)
async def list_changes(pages: RequestedPages, uuid: OfferingUuid) -> Sequence[Item] | Response:
    """Who changed the attributes or the rules of an offering, when, from what to what; for the provider's side."""
    await pages.require(BOOKING_OFFERINGS, uuid)
    return await pages.show(changes_of(uuid))


publish(
    _categories, "/marketplace-categories", CATEGORIES, CategoryFilters, "marketplace_categories", "kind of offerings"
)
publish(_public, "", PUBLIC_OFFERINGS, PublicOfferingFilters, "marketplace_public_offerings", "offering")
publish(_provided, "/booking-offerings", BOOKING_OFFERINGS, OfferingFilters, "booking_offerings", "own offering")
router.include_router(_categories)
router.include_router(_public)
router.include_router(_provided)
