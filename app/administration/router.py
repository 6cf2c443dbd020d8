"""Create organisations, projects, kinds and offerings; put an offering up, and withdraw it."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from app.administration import rules, service
from app.administration.rules import OfferingTransition
from app.administration.schemas import (
    CustomerRequest,
    DetailState,
    MarketplaceCategoryCreate,
    MarketplaceCategoryRequest,
    OfferingCreate,
    OfferingCreateRequest,
    OfferingOverviewUpdateRequest,
    OfferingPauseRequest,
    ProjectRequest,
)
from app.api.body import documented_body, optional_body, required_body
from app.api.parameters import path_uuid
from app.api.requests import CurrentCaller, RequestContext, Transaction
from app.api.responses import DETAIL, LOCATION, PARAMETER_ERRORS, RULE_ERRORS, answers, created
from app.api.routing import takes_json
from app.directory.schemas import Customer, Project
from app.query.fieldset import Context, Fieldset, Item
from app.values import JsonObject

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json)])
OFFERINGS = "/marketplace-provider-offerings"
OfferingUuid = Annotated[UUID, Depends(path_uuid(service.OFFERING))]
Overview = Annotated[OfferingOverviewUpdateRequest, Depends(required_body(OfferingOverviewUpdateRequest))]
Pause = Annotated[OfferingPauseRequest, Depends(optional_body(OfferingPauseRequest))]
_REFUSED = {"anyOf": [PARAMETER_ERRORS, RULE_ERRORS, DETAIL]}
_CHANGE = answers(400, 403, 404, on_400=_REFUSED)
_TRANSITION = {
    200: {"description": "What has become of it."},
    **answers(400, 403, 404, 409, on_400=_REFUSED),
}
Make = Callable[[AsyncConnection, Context, BaseModel], Awaitable[Item]]


def _publish(
    path: str,
    name: str,
    summary: str,
    about: str,
    model: type[BaseModel],
    answer: type[Fieldset],
    make: Callable[..., Awaitable[Item]],
) -> None:
    """Registers how one of a collection is made."""
    request = Annotated[model, Depends(required_body(model))]  # type: ignore[valid-type]
    made: TypeAdapter[Fieldset] = TypeAdapter(answer)

    @router.post(
        path,
        operation_id=f"{name}_create",
        summary=summary,
        description=about,
        tags=[path.strip("/")],
        status_code=201,
        response_model=answer,
        responses={
            201: {"description": "What has been made.", "headers": LOCATION},
            **answers(400, 403, on_400=_REFUSED),
        },
        openapi_extra=documented_body(model, required=True),
    )
    async def create(context: RequestContext, connection: Transaction, asked: request) -> JSONResponse:
        item = await make(connection, context, asked)
        shown: JsonObject = made.dump_python(made.validate_python(item), mode="json", exclude_unset=True)
        return created(shown)


_publish(
    "/customers/",
    "customers",
    "Register an organisation",
    "Adds an organisation, which then needs an owner; for staff.",
    CustomerRequest,
    Customer,
    service.create_customer,
)
_publish(
    "/marketplace-categories/",
    "marketplace_categories",
    "Add a kind of offerings",
    "Adds a kind of offerings; for staff.",
    MarketplaceCategoryRequest,
    MarketplaceCategoryCreate,
    service.create_category,
)
_publish(
    "/projects/",
    "projects",
    "Add a project",
    "Adds a project of an organisation; for its owners.",
    ProjectRequest,
    Project,
    service.create_project,
)
_publish(
    f"{OFFERINGS}/",
    "marketplace_provider_offerings",
    "Add an offering",
    "Adds an offering as a draft, with its plans and components; for owners of the provider. `warnings` says what is "
    "still missing before it can be booked.",
    OfferingCreateRequest,
    OfferingCreate,
    service.create_offering,
)


def _publish_transition(transition: OfferingTransition, summary: str) -> None:
    """Registers how an offering is put into another state."""

    @router.post(
        f"{OFFERINGS}/{{uuid}}/{transition.name}/",
        operation_id=f"marketplace_provider_offerings_{transition.name}",
        summary=summary,
        description=f"From {', '.join(transition.sources)} to {transition.target}.",
        tags=[OFFERINGS.strip("/")],
        response_model=DetailState,
        responses=_TRANSITION,
    )
    async def change_state(caller: CurrentCaller, connection: Transaction, uuid: OfferingUuid) -> DetailState:
        return await service.change_state(connection, caller, uuid, transition)


_publish_transition(rules.ACTIVATE, "Let an offering be booked")
_publish_transition(rules.UNPAUSE, "Let a paused offering be booked again")
_publish_transition(rules.ARCHIVE, "Withdraw an offering")
_publish_transition(rules.TO_DRAFT, "Take an offering back to prepare it")


@router.post(
    f"{OFFERINGS}/{{uuid}}/pause/",
    operation_id="marketplace_provider_offerings_pause",
    summary="Keep an offering from being booked for now",
    tags=[OFFERINGS.strip("/")],
    response_model=DetailState,
    responses=_TRANSITION,
    openapi_extra=documented_body(OfferingPauseRequest),
)
async def pause(caller: CurrentCaller, connection: Transaction, uuid: OfferingUuid, asked: Pause) -> DetailState:
    """From Active to Paused, with a reason for those who would book."""
    return await service.change_state(connection, caller, uuid, rules.PAUSE, asked.paused_reason)


@router.post(
    f"{OFFERINGS}/{{uuid}}/update_overview/",
    operation_id="marketplace_provider_offerings_update_overview",
    summary="Say what an offering is",
    tags=[OFFERINGS.strip("/")],
    response_class=Response,
    responses={200: {"description": "No response body."}, **_CHANGE},
    openapi_extra=documented_body(OfferingOverviewUpdateRequest, required=True),
)
async def update_overview(
    caller: CurrentCaller, connection: Transaction, uuid: OfferingUuid, asked: Overview
) -> Response:
    """Changes name, description, short name and ID elsewhere; what is left out stays as it is."""
    await service.update_overview(connection, caller, uuid, asked)
    return Response()
