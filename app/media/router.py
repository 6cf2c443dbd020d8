"""The content of media files. Only what no browser would run is said to be an image; the rest is to be saved."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.auth import CurrentCaller
from app.database import Transaction
from app.errors import NotFound
from app.kit.publishing import path_uuid
from app.kit.responses import answers, headers
from app.kit.routing import close, get
from app.media.repository import stored

IMAGES = ("image/avif", "image/gif", "image/jpeg", "image/png", "image/webp")
UNKNOWN = "application/octet-stream"


def not_found() -> NotFound:
    """What is said of a file that is not there."""
    return NotFound("No MediaFile matches the given query.")


router = APIRouter(prefix="/api/media", tags=["media"])
Uuid = Annotated[UUID, Depends(path_uuid(not_found))]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_ANSWERS: dict[int | str, Any] = {
    200: {
        "description": "The file.",
        "content": dict.fromkeys((*IMAGES, UNKNOWN), _BINARY),
        "headers": headers({"X-Content-Type-Options": ("Always `nosniff`.", "string")}),
    },
    **{status: described for status, described in answers(404).items() if status in (401, 404, 500, 503)},
}


class File(Response):
    """An answer that is a file."""

    media_type = UNKNOWN


@get(
    router,
    "/{uuid}/",
    operation_id="media_retrieve",
    summary="Retrieve an image",
    response_class=File,
    responses=_ANSWERS,
)
async def retrieve_media(caller: CurrentCaller, connection: Transaction, uuid: Uuid) -> Response:
    """An image of an offering, or the icon of a kind of offerings."""
    found = await stored(connection, caller, uuid)
    if found is None:
        raise not_found()
    content, kind = found
    safety = {"X-Content-Type-Options": "nosniff"}
    if kind in IMAGES:
        return File(content, media_type=kind, headers=safety)
    return File(content, headers={**safety, "Content-Disposition": "attachment"})


close(router, {"/{uuid}/": ("GET", "HEAD")})
