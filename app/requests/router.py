"""Orders: place, list, retrieve, approve and reject for the consumer."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import TypeAdapter

from app.auth import CurrentCaller
from app.database import Transaction
from app.kit.body import documented_body, required_body
from app.kit.idempotency import OnceOnly
from app.kit.publishing import path_uuid, publish
from app.kit.responses import DETAIL, LOCATION, PARAMETER_ERRORS, answers, created
from app.kit.routing import RequestContext, close, takes_json
from app.requests import service
from app.requests.collection import ORDERS, OrderFilters
from app.requests.conflicts import PERIOD_TAKEN
from app.requests.schemas import OrderCreate, OrderCreateRequest

router = APIRouter(prefix="/api", tags=["marketplace-orders"], dependencies=[Depends(takes_json)])
Uuid = Annotated[UUID, Depends(path_uuid(ORDERS.not_found))]
Asked = Annotated[OrderCreateRequest, Depends(required_body(OrderCreateRequest))]
_PLACED: TypeAdapter[Any] = TypeAdapter(OrderCreate)
_REFUSED = {"anyOf": [PARAMETER_ERRORS, PERIOD_TAKEN, DETAIL]}
_DECISION: dict[int | str, Any] = {200: {"description": "No response body."}, **answers(403, 404, 409)}


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
    context: RequestContext, connection: Transaction, asked: Asked, retries: OnceOnly
) -> JSONResponse:
    """Asks for periods of an offering. They are held at once: of any number of rivals, one gets them."""

    async def work() -> dict[str, Any]:
        placed = await service.create(connection, context, asked)
        shown: dict[str, Any] = _PLACED.dump_python(_PLACED.validate_python(placed), mode="json", exclude_unset=True)
        return shown

    return await retries.once(connection, work, created)


@router.post(
    "/marketplace-orders/{uuid}/approve_by_consumer/",
    operation_id="marketplace_orders_approve_by_consumer",
    summary="Agree to a request for the consumer",
    responses=_DECISION,
    status_code=200,
)
async def approve_by_consumer(caller: CurrentCaller, connection: Transaction, uuid: Uuid) -> None:
    """Lets a request go on to the provider, who then accepts or rejects the booking."""
    await service.approve(connection, caller, uuid)


@router.post(
    "/marketplace-orders/{uuid}/reject_by_consumer/",
    operation_id="marketplace_orders_reject_by_consumer",
    summary="Turn a request down for the consumer",
    responses=_DECISION,
    status_code=200,
)
async def reject_by_consumer(caller: CurrentCaller, connection: Transaction, uuid: Uuid) -> None:
    """Ends a request, which frees its periods."""
    await service.reject(connection, caller, uuid)


publish(router, "/marketplace-orders", ORDERS, OrderFilters, "marketplace_orders", "order", also=("POST",))
close(
    router,
    {f"/marketplace-orders/{{uuid}}/{action}/": ("POST",) for action in ("approve_by_consumer", "reject_by_consumer")},
)
