"""The `Prefer` header (RFC 7240): whether a successful change is answered with a representation or with nothing."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from fastapi.responses import JSONResponse

_BLANKS_AND_QUOTES = re.compile(r'[\s"]')


class Preference:
    """What a client prefers to get back: `representation`, `minimal`, or None when it does not say."""

    def __init__(self, header: str, *, usual: bool) -> None:
        told = _BLANKS_AND_QUOTES.sub("", header.lower())
        wishes = [wish.split(";")[0] for wish in told.split(",")]
        self.wanted = next((kind for kind in ("representation", "minimal") if f"return={kind}" in wishes), None)
        self._usual = usual

    def response(self, representation: dict[str, str]) -> Response:
        """200 with the representation, or without a body as documented."""
        headers = {"Preference-Applied": f"return={self.wanted}"} if self.wanted else {}
        if self.wanted == "representation" or (self.wanted is None and self._usual):
            return JSONResponse(representation, headers=headers)
        return Response(headers=headers)


async def _preferred(
    request: Request,
    prefer: Annotated[
        str,
        Header(
            alias="Prefer", description="`return=representation` for what the change made, `return=minimal` for none."
        ),
    ] = "",
) -> Preference:
    usual = request.app.state.settings.transition_response != "empty"
    return Preference(",".join(request.headers.getlist("prefer")), usual=usual)


Preferred = Annotated[Preference, Depends(_preferred)]
