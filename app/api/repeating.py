"""What a standby did not answer is answered by the database itself."""

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.failures import respond
from app.database.standby import StandbyLost
from app.errors import Unavailable


class OnceMore:
    """Has a request answered once more if a standby was lost on the way; only what changes nothing asks one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nothing has been sent when a standby is lost, as answers are sent whole."""
        try:
            await self._app({**scope}, receive, send)
        except StandbyLost:
            try:
                await self._app(scope, receive, send)
            except StandbyLost:
                await respond(Unavailable())(scope, receive, send)
