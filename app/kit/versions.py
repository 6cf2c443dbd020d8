"""Versions of what is retrieved: `ETag`, `If-None-Match` and `If-Match` (RFC 9110).

An entity tag is `"<version>-<digest>"`: when the row last changed, and what exactly was answered. A retrieval is the
same if both are; a change may go ahead if the version is, whichever members were looked at.
"""

from datetime import datetime
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Header, Request, Response

from app.errors import PreconditionFailed
from app.kit.responses import NOT_MODIFIED


def _version(modified: datetime) -> str:
    return f"{round(modified.timestamp() * 1_000_000):x}"


def tagged(request: Request, content: bytes, modified: datetime) -> Response:
    """The answer with its tag, or "not modified" without it if the client has just that (`If-None-Match`)."""
    tag = f'"{_version(modified)}-{sha256(content).hexdigest()[:16]}"'
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Response(status_code=NOT_MODIFIED, headers={"ETag": tag})
    return Response(content, media_type="application/json", headers={"ETag": tag})


class IfMatch:
    """What a client has seen before it decides; without the header, anything."""

    def __init__(
        self,
        if_match: Annotated[
            str, Header(alias="If-Match", description="An `ETag` of the booking; 412 if it has changed since.")
        ] = "",
    ) -> None:
        self._tags = [each.strip() for each in if_match.split(",") if each.strip()]

    def check(self, modified: datetime) -> None:
        """Raises PreconditionFailed if none of the tags is of this version."""
        if self._tags and "*" not in self._tags:
            versions = [tag.strip('"').partition("-")[0] for tag in self._tags if tag.startswith('"')]
            if _version(modified) not in versions:
                raise PreconditionFailed


Seen = Annotated[IfMatch, Depends(IfMatch)]
