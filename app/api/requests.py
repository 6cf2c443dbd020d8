"""What handlers ask of the request at hand: its transaction, its caller, and what its answer depends on."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth import Caller, authenticate, presented_key
from app.database import Database
from app.query.fieldset import Context

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
SCHEME = HTTPBearer(
    scheme_name="tokenAuth",
    auto_error=False,
    description="The key of a token. Programs may send it as `Authorization: Token <key>` too.",
)


async def _transaction(request: Request) -> AsyncIterator[AsyncConnection]:
    """The transaction of a request. It is committed before the response is sent, so that a 200 is a promise kept."""
    database: Database = request.app.state.database
    async with database.transaction(snapshot=request.method in SAFE_METHODS) as connection:
        yield connection


Transaction = Annotated[AsyncConnection, Depends(_transaction, scope="function")]


async def _presented(request: Request, _: Annotated[object, Depends(SCHEME)]) -> str:
    return presented_key(dict(request.headers.raw).get(b"authorization"))


async def current_caller(request: Request, key: Annotated[str, Depends(_presented)]) -> Caller:
    """The caller, for handlers; answers 401 when there is none, without a database connection if no key is given."""
    database: Database = request.app.state.database
    async with database.reading() as reader:
        return await authenticate(reader, key)


CurrentCaller = Annotated[Caller, Depends(current_caller)]


async def _context(request: Request, caller: CurrentCaller) -> Context:
    """Who asks, and what absolute URLs start with: the setting, else scheme and host of the request."""
    settings = request.app.state.settings
    return Context(caller, settings.base_url or str(request.base_url).rstrip("/"), settings.directory_base_url)


RequestContext = Annotated[Context, Depends(_context)]
