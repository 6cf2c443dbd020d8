"""How much an offering was used: the handler is one call."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from app.api.parameters import path_uuid
from app.api.requests import CurrentCaller, Transaction, UsualTimeZone
from app.api.responses import answers
from app.api.routing import get
from app.api.spreadsheets import AS_CSV, VARIES, table, takes_json_or_csv, wants_csv
from app.usage import service
from app.usage.schemas import Asked, Figures, Usage
from app.usage.service import OFFERING

router = APIRouter(prefix="/api", dependencies=[Depends(takes_json_or_csv)])


async def _asked(given: Annotated[Asked, Query()]) -> Asked:
    return given


_COLUMNS = ("key", "name", "weekday", "hour", *Figures.model_fields)
OfferingUuid = Annotated[UUID, Depends(path_uuid(OFFERING, described="UUID of an offering."))]


@get(
    router,
    "/booking-offerings/{uuid}/usage/",
    operation_id="booking_offerings_usage_retrieve",
    summary="Retrieve how much an offering was used (extension)",
    tags=["extensions"],
    response_model=Usage,
    responses={200: {"description": "The figures; as CSV only the groups.", "content": AS_CSV}, **answers(400, 404)},
)
async def retrieve_usage(
    request: Request,
    response: Response,
    caller: CurrentCaller,
    connection: Transaction,
    uuid: OfferingUuid,
    asked: Annotated[Asked, Depends(_asked)],
    zone: UsualTimeZone,
) -> Usage | Response:
    """Hours that it was open, booked and blocked, and what became of requests; for the provider's side.

    A request counts where its first period starts. Time is told apart by the clock of the offering's time zone, that of
    the first window that says one. `Accept: text/csv` gives the groups as a table.
    """
    found = await service.usage(connection, caller, uuid, asked, zone)
    if wants_csv(request):
        return table(_COLUMNS, (group.model_dump() for group in found.groups), "usage")
    response.headers.update(VARIES)
    return found
