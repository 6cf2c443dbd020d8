"""Versions of what is retrieved: `ETag`, `If-None-Match` and `If-Match` (RFC 9110).

An entity tag is `"<version>-<digest>"`: when the row last changed, and what exactly was answered. A retrieval is the
same if both are; a change may go ahead if the version is, whichever members were looked at.
"""

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Header, Request, Response

from app.errors import PreconditionFailed


def _version(modified: datetime) -> str:
    return f"{round(modified.timestamp() * 1_000_000):x}"


def tagged(request: Request, content: bytes, modified: datetime) -> Response:
    """The answer with its tag, or "not modified" without it if the client has just that (`If-None-Match`)."""
    tag = f'"{_version(modified)}-{sha256(content).hexdigest()[:16]}"'
    known = [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]
    if tag in known or known == ["*"]:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(content, media_type="application/json", headers={"ETag": tag})


class IfMatch:
    """What a client has seen before it decides; without the header, anything."""

    def __init__(self, header: str) -> None:
        self._tags = [each.strip() for each in header.split(",") if each.strip()]

    @property
    def check(self) -> Callable[[datetime], None] | None:
        """Raises PreconditionFailed if none of the tags is of the given version; None where any version will do."""
        return self._check if self._tags and "*" not in self._tags else None

    def _check(self, modified: datetime) -> None:
        versions = [tag.strip('"').partition("-")[0] for tag in self._tags if tag.startswith('"')]
        if _version(modified) not in versions:
            raise PreconditionFailed


async def _seen(
    if_match: Annotated[
        str, Header(alias="If-Match", description="An `ETag` of what was retrieved; 412 if it has changed since.")
    ] = "",
) -> IfMatch:
    return IfMatch(if_match)


Seen = Annotated[IfMatch, Depends(_seen)]
