"""What handlers ask of the request at hand: its transaction, its caller, and what its answer depends on."""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import HTTPConnection

from app.api.deadlines import SAFE_METHODS, WORK
from app.api.limits import address_of, count_request
from app.auth import Caller, authenticate, presented_key
from app.database import Database
from app.database.standby import WRITTEN
from app.errors import Unauthenticated
from app.query.fieldset import Context
from app.telemetry.notes import at_hand


class _Scheme(HTTPBearer):
    async def __call__(self, request: HTTPConnection) -> None:
        """Nothing: it is there for the OpenAPI document; see `presented_key`."""


SCHEME = _Scheme(
    scheme_name="tokenAuth",
    auto_error=False,
    description="The key of a token. Programs may send it as `Authorization: Token <key>` too.",
)


async def _transaction(request: Request) -> AsyncIterator[AsyncConnection]:
    """The transaction of a request. It is committed before the response is sent, so that a 200 is a promise kept."""
    database: Database = request.app.state.database
    async with database.transaction(snapshot=request.method in SAFE_METHODS) as connection:
        yield connection
        request.scope[WORK].is_decided = True


Transaction = Annotated[AsyncConnection, Depends(_transaction, scope="function")]


async def _presented(request: Request, _: Annotated[object, Depends(SCHEME)]) -> str:
    return presented_key(dict(request.headers.raw).get(b"authorization"))


async def current_caller(request: Request, key: Annotated[str, Depends(_presented)]) -> Caller:
    """The caller, for handlers; answers 401 when there is none, without a database connection if no key is given.

    429 beyond the rate, and for further failures after many from one address. Callers are recognised by the database
    itself. What else a request reads that changes nothing may come from a standby that has what was written until then.
    """
    database: Database = request.app.state.database
    WRITTEN.set(None)
    async with database.reading() as reader:
        try:
            caller = await authenticate(reader, key)
        except Unauthenticated:
            await count_request(request, reader, None, key)
            request.app.state.failures.note(address_of(request))
            raise
        at_hand().caller = caller.uuid
        await count_request(request, reader, caller, key)
    if request.method not in SAFE_METHODS:
        WRITTEN.set(None)
    return caller


CurrentCaller = Annotated[Caller, Depends(current_caller)]


async def _context(request: Request, caller: CurrentCaller) -> Context:
    """Who asks, and what absolute URLs start with: the setting, else scheme and host of the request."""
    settings = request.app.state.settings
    return Context(caller, settings.base_url or base_url(request), settings.directory_base_url)


def base_url(request: Request) -> str:
    """Scheme and host of a request, and the path below which a proxy has the service; without a slash at the end."""
    scope = request.scope
    root = scope.get("app_root_path", scope.get("root_path", ""))
    server = scope.get("server")
    return _base_url_of(scope.get("scheme", "http"), request.headers.get("host"), server and tuple(server), root)


@lru_cache(maxsize=64)
def _base_url_of(scheme: str, host: str | None, server: tuple[str, int | None] | None, root: str) -> str:
    """As the framework puts it together."""
    headers = [] if host is None else [(b"host", host.encode("latin-1"))]
    asked = {"type": "http", "scheme": scheme, "server": server, "path": "/", "root_path": root}
    return str(Request({**asked, "query_string": b"", "headers": headers}).base_url).rstrip("/")


RequestContext = Annotated[Context, Depends(_context)]


async def _usual_time_zone(request: Request) -> ZoneInfo:
    zone: ZoneInfo = request.app.state.settings.time_zone
    return zone


UsualTimeZone = Annotated[ZoneInfo, Depends(_usual_time_zone)]
"""The time zone of weekly hours that do not say theirs."""
