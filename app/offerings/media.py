"""The content of media files. Only what no browser would run is said to be an image; the rest is to be saved."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from app.api.parameters import path_uuid
from app.api.requests import CurrentCaller, Transaction
from app.api.responses import answers, headers
from app.api.routing import get
from app.errors import NotFound
from app.offerings.repository import stored_media
from app.values import JsonObject

IMAGES = ("image/avif", "image/gif", "image/jpeg", "image/png", "image/webp")
UNKNOWN = "application/octet-stream"


MEDIA_FILE = "MediaFile"
"""What error messages call a file."""
router = APIRouter(prefix="/api/media", tags=["media"])
MediaUuid = Annotated[UUID, Depends(path_uuid(MEDIA_FILE))]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_ANSWERS: dict[int | str, JsonObject] = {
    200: {
        "description": "The file.",
        "content": dict.fromkeys((*IMAGES, UNKNOWN), _BINARY),
        "headers": headers({"X-Content-Type-Options": ("Always `nosniff`.", "string")}),
    },
    **{status: described for status, described in answers(404).items() if status in (401, 404, 429, 500, 503)},
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
async def retrieve_media(caller: CurrentCaller, connection: Transaction, uuid: MediaUuid) -> Response:
    """An image of an offering, or the icon of a kind of offerings."""
    found = await stored_media(connection, caller, uuid)
    if found is None:
        raise NotFound.of(MEDIA_FILE)
    content, kind = found
    safety = {"X-Content-Type-Options": "nosniff"}
    if kind in IMAGES:
        return File(content, media_type=kind, headers=safety)
    return File(content, headers={**safety, "Content-Disposition": "attachment"})
