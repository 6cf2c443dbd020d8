"""What every path of the API has beside its own methods: HEAD with GET, JSON only, and an answer to other methods."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.auth import CurrentCaller, current_caller
from app.errors import MethodNotAllowed, NotAcceptable
from app.kit.fieldset import Context

OTHER_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE")


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
    ranges = [part.split(";")[0].strip() for part in request.headers.get("accept", "*/*").split(",")]
    if not {"application/json", "application/*", "*/*", ""}.intersection(ranges):
        raise NotAcceptable


def base_url(request: Request) -> str:
    """What absolute URLs start with: the setting, else scheme and host of the request."""
    configured: str | None = request.app.state.settings.base_url
    return configured or str(request.base_url).rstrip("/")


def context(request: Request, caller: CurrentCaller) -> Context:
    """Who asks, and what absolute URLs start with."""
    return Context(caller, base_url(request))


RequestContext = Annotated[Context, Depends(context)]


def get(router: APIRouter, path: str, **options: Any) -> Callable[[Any], Any]:
    """GET, and HEAD with the same headers and no body."""

    def register(handler: Any) -> Any:
        router.head(path, include_in_schema=False, response_model=options.get("response_model"))(handler)
        return router.get(path, **options)(handler)

    return register


def close(router: APIRouter, methods: dict[str, tuple[str, ...]], *, public: bool = False) -> None:
    """Answers OPTIONS with what a path has, and any other method with 405; unless `public`, to known callers only."""
    known = [] if public else [Depends(current_caller)]
    for path, own in methods.items():
        allowed = (*own, "OPTIONS")
        others = [method for method in OTHER_METHODS if method not in own]
        router.options(path, include_in_schema=False, dependencies=known)(_describe(allowed))
        router.add_api_route(path, _refuse(allowed), methods=others, include_in_schema=False, dependencies=known)


def _describe(allowed: tuple[str, ...]) -> Callable[..., Any]:
    async def describe() -> Response:
        body = {"renders": ["application/json"], "parses": ["application/json"]}
        return JSONResponse(body, headers={"Allow": ", ".join(allowed)})

    return describe


def _refuse(allowed: tuple[str, ...]) -> Callable[..., Any]:
    async def refuse(request: Request) -> None:
        raise MethodNotAllowed(request.method, allowed)

    return refuse
