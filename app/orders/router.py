"""Orders: place, list, retrieve, and decide for the consumer."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from app.api.body import documented_body, required_body
from app.api.idempotency import OnceOnly
from app.api.parameters import Fields, path_uuid
from app.api.publishing import publish
from app.api.requests import CurrentCaller, RequestContext, Transaction, UsualTimeZone
from app.api.responses import DETAIL, LOCATION, PARAMETER_ERRORS, RULE_ERRORS, answers, created
from app.api.routing import get, takes_json
from app.lifecycle.transitions import APPROVE, CANCEL, REJECT_FOR_CONSUMER, Transition
from app.offerings.collections import PUBLIC_OFFERINGS
from app.offerings.schemas import PublicOfferingDetails
from app.orders import service
from app.orders.filters import OrderFilters
from app.orders.repository import ORDERS, ordered
from app.orders.schemas import OrderCreate, OrderCreateRequest
from app.query.fieldset import Item
from app.slots.conflicts import PERIOD_TAKEN
from app.values import JsonObject

router = APIRouter(prefix="/api", tags=["marketplace-orders"], dependencies=[Depends(takes_json)])
OrderUuid = Annotated[UUID, Depends(path_uuid(ORDERS.noun))]
Request = Annotated[OrderCreateRequest, Depends(required_body(OrderCreateRequest))]
_PLACED: TypeAdapter[OrderCreate] = TypeAdapter(OrderCreate)
_REFUSED = {"anyOf": [PARAMETER_ERRORS, PERIOD_TAKEN, DETAIL]}
_DECISION: dict[int | str, JsonObject] = {
    200: {"description": "No response body."},
    **answers(400, 403, 404, 409, on_400={"anyOf": [RULE_ERRORS, DETAIL]}),
}


@router.post(
    "/marketplace-orders/",
    operation_id="marketplace_orders_create",
    summary="Request a booking",
    status_code=201,
    response_model=OrderCreate,
    responses={201: {"description": "The order.", "headers": LOCATION}, **answers(400, 409, 422, on_400=_REFUSED)},
    openapi_extra=documented_body(OrderCreateRequest, required=True),
)
async def create_order(
    context: RequestContext, connection: Transaction, asked: Request, zone: UsualTimeZone, retries: OnceOnly
) -> JSONResponse:
    """Asks for periods of an offering. They are held at once: of any number of rivals, one gets them."""

    async def work() -> JsonObject:
        placed = await service.create(connection, context, asked, zone)
        shown: JsonObject = _PLACED.dump_python(_PLACED.validate_python(placed), mode="json", exclude_unset=True)
        return shown

    return await retries.once(connection, work, created)


def _publish_decision(transition: Transition, summary: str, about: str) -> None:
    """Registers a decision for the consumer at the order, under the name of the transition."""

    @router.post(
        f"/marketplace-orders/{{uuid}}/{transition.name}/",
        operation_id=f"marketplace_orders_{transition.name}",
        summary=summary,
        description=about,
        response_class=Response,
        responses=_DECISION,
    )
    async def decide(caller: CurrentCaller, connection: Transaction, uuid: OrderUuid) -> Response:
        await service.review(connection, caller, uuid, transition)
        return Response()


_publish_decision(
    APPROVE,
    "Agree to a request for the consumer",
    "Lets a request go on to the provider, who then accepts or rejects the booking.",
)
_publish_decision(
    REJECT_FOR_CONSUMER, "Turn a request down for the consumer", "Ends a request, which frees its periods."
)
_publish_decision(
    CANCEL,
    "Withdraw a request",
    "Ends a request, whatever it waits for, which frees its periods; for its creator and the consumer.",
)


@get(
    router,
    "/marketplace-orders/{uuid}/offering/",
    operation_id="marketplace_orders_offering_retrieve",
    summary="Retrieve the offering of an order",
    response_model=PublicOfferingDetails,
    response_model_exclude_unset=True,
    responses={200: {"description": "The offering."}, **answers(404)},
)
async def retrieve_offering(context: RequestContext, connection: Transaction, uuid: OrderUuid, fields: Fields) -> Item:
    """What was ordered, for whoever may see the order."""
    order = await ordered(connection, context.caller, uuid)
    return await PUBLIC_OFFERINGS.one(connection, context, order.offering, fields)


publish(router, "/marketplace-orders", ORDERS, OrderFilters, "marketplace_orders", "order")
