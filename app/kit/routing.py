"""What every path of the API has beside its own methods: HEAD with GET, JSON only, and an answer to other methods."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.auth import CurrentCaller, current_caller
from app.errors import MethodNotAllowed, NotAcceptable
from app.kit.fieldset import Context

_NEVER = {"q=0", "q=0.0", "q=0.00", "q=0.000"}


class Headers(Response):
    """An answer to HEAD: no body, and no claim about the length of the one that GET would have."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]


class _AnyMethod(APIRoute):
    """Takes what no other route of the path took, whatever the method."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        return (Match.FULL if match is Match.PARTIAL else match), child

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class TrailingSlash:
    """Serves `/api/things` as `/api/things/`, without a redirect, which would cost clients their POST bodies."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/api/") and not scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"] + "/"}
        await self.app(scope, receive, send)


def takes_json(request: Request) -> None:
    """Raises NotAcceptable for a client that takes no JSON."""
    wanted = ",".join(request.headers.getlist("accept")).lower().replace(" ", "") or "*/*"
    taken = {kind for kind, *details in (part.split(";") for part in wanted.split(",")) if not _NEVER & {*details}}
    if not {"application/json", "application/*", "*/*", ""} & taken:
        raise NotAcceptable


def base_url(request: Request) -> str:
    """What absolute URLs start with: the setting, else scheme and host of the request."""
    configured: str | None = request.app.state.settings.base_url
    return configured or str(request.base_url).rstrip("/")


def context(request: Request, caller: CurrentCaller) -> Context:
    """Who asks, and what absolute URLs start with."""
    return Context(caller, base_url(request), request.app.state.settings.directory_base_url)


RequestContext = Annotated[Context, Depends(context)]


def get(router: APIRouter, path: str, **options: Any) -> Callable[[Any], Any]:
    """GET, and HEAD with the same headers and no body."""

    def register(handler: Any) -> Any:
        router.head(path, **{**options, "include_in_schema": False})(handler)
        return router.get(path, **options)(handler)

    return register


def close(router: APIRouter, methods: dict[str, tuple[str, ...]], *, public: bool = False) -> None:
    """Answers OPTIONS with what a path has, and any other method with 405; unless `public`, to known callers only."""
    known = [] if public else [Depends(current_caller)]
    for path, own in methods.items():
        allowed = (*own, "OPTIONS")
        router.options(path, include_in_schema=False, dependencies=known)(_describe(allowed))
        router.add_api_route(
            path,
            _refuse(allowed),
            methods=["TRACE"],
            include_in_schema=False,
            dependencies=known,
            route_class_override=_AnyMethod,
        )


def _describe(allowed: tuple[str, ...]) -> Callable[..., Any]:
    async def describe() -> Response:
        body = {"renders": ["application/json"], "parses": ["application/json"]}
        return JSONResponse(body, headers={"Allow": ", ".join(allowed)})

    return describe


def _refuse(allowed: tuple[str, ...]) -> Callable[..., Any]:
    async def refuse(request: Request) -> None:
        raise MethodNotAllowed(request.method, allowed)

    return refuse
