"""What every path has beside its own methods: HEAD with GET, JSON only, and an answer to other methods."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request, Response, params
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.requests import current_caller
from app.errors import MethodNotAllowed, NotAcceptable
from app.values import JsonObject

API = "/api/"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""In the order in which `Allow` names them."""
_NEVER = {"q=0", "q=0.0", "q=0.00", "q=0.000"}
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Handler = Callable[Parameters, Awaitable[Result]]


class Headers(Response):
    """An answer to HEAD: no body, and no claim about the length of the one that GET would have."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]


class AnyMethod(APIRoute):
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
        if scope["type"] == "http" and scope["path"].startswith(API) and not scope["path"].endswith("/"):
            scope = {**scope, "path": scope["path"] + "/"}
        await self.app(scope, receive, send)


async def takes_json(request: Request) -> None:
    """Raises NotAcceptable for a client that takes no JSON."""
    wanted = ",".join(request.headers.getlist("accept")).lower().replace(" ", "") or "*/*"
    taken = {kind for kind, *details in (part.split(";") for part in wanted.split(",")) if not _NEVER & {*details}}
    if not {"application/json", "application/*", "*/*", ""} & taken:
        raise NotAcceptable


def get(
    router: APIRouter, path: str, **options: Any
) -> Callable[[Handler[Parameters, Result]], Handler[Parameters, Result]]:
    """GET, and HEAD with the same headers and no body."""

    def register(handler: Handler[Parameters, Result]) -> Handler[Parameters, Result]:
        router.head(path, **{**options, "include_in_schema": False})(handler)
        return router.get(path, **options)(handler)

    return register


def answer_other_methods(app: FastAPI, *prefixes: str) -> None:
    """Makes each path below the prefixes answer OPTIONS with the methods that it has, and any other method with 405.

    Below `/api/` only to known callers. Call it when all routes are there: it reads them.
    """
    methods: dict[str, set[str]] = {}
    dependencies: dict[str, Sequence[params.Depends]] = {}
    for route in iter_route_contexts(app.routes):
        if route.path is not None and route.path.startswith(prefixes):
            methods.setdefault(route.path, {"OPTIONS"}).update(route.methods or ())
            dependencies[route.path] = route.dependencies
    for path, own in methods.items():
        known = [Depends(current_caller)] if path.startswith(API) else []
        allowed = [method for method in METHODS if method in own]
        options: JsonObject = {"include_in_schema": False, "dependencies": [*dependencies[path], *known]}
        app.router.add_api_route(path, _describe(allowed), methods=["OPTIONS"], **options)
        app.router.add_api_route(path, _refuse(allowed), methods=["TRACE"], route_class_override=AnyMethod, **options)


def _describe(allowed: Sequence[str]) -> Callable[[], Awaitable[Response]]:
    async def describe() -> Response:
        body = {"renders": ["application/json"], "parses": ["application/json"]}
        return JSONResponse(body, headers={"Allow": ", ".join(allowed)})

    return describe


def _refuse(allowed: Sequence[str]) -> Callable[[Request], Awaitable[None]]:
    async def refuse(request: Request) -> None:
        raise MethodNotAllowed(request.method, allowed)

    return refuse
