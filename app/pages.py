"""The pages: the calendar to decide in, and Swagger UI and ReDoc to explore with. None asks for anything outside."""

import mimetypes
from functools import cache
from pathlib import Path
from typing import Any

import fastapi_offline
from fastapi import FastAPI
from fastapi.responses import Response
from starlette.requests import Request
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"
CALENDAR = "/calendar"
_BUNDLE = "/static-offline-docs/redoc.standalone.js"
_LOGO = b"https://cdn.redoc.ly/redoc/logo-mini.svg"
"""The logo of ReDoc's maker, which it would ask for; it does without."""
_OWN_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""What our own pages may do; they have no script and no style of their own inside, and no such attribute."""

for _ending, _kind in ((".js", "text/javascript"), (".css", "text/css"), (".svg", "image/svg+xml")):
    mimetypes.add_type(_kind, _ending)  # whatever the machine says, since browsers do not guess


class _Files(StaticFiles):
    """Files that a browser keeps, and asks about before it uses them: an upgrade shows at once."""

    def file_response(self, *found: Any, **more: Any) -> Response:
        answer = super().file_response(*found, **more)
        answer.headers["Cache-Control"] = "no-cache"
        return answer


@cache
def _bundle() -> bytes:
    return (
        (Path(fastapi_offline.__file__).parent / "static" / Path(_BUNDLE).name).read_bytes().replace(_LOGO, b"data:,")
    )


async def _redoc(_: Request) -> Response:
    return Response(_bundle(), media_type="text/javascript", headers={"Cache-Control": "max-age=3600"})


def _page(path: str, file: str) -> Route:
    """A page of our own, at a path from which it finds its files, and the service, by relative addresses."""
    content = (STATIC / file).read_bytes()
    headers = {"Content-Security-Policy": _OWN_POLICY, "Cache-Control": "no-cache"}

    async def page(_: Request) -> Response:
        return Response(content, media_type="text/html", headers=headers)

    return Route(path, page, include_in_schema=False)


def serve_pages(app: FastAPI) -> None:
    """Makes the pages answer HEAD too, serves ReDoc without its maker's logo, and adds the pages of our own."""
    for route in app.routes:
        if isinstance(route, Route) and route.methods:
            route.methods.add("HEAD")  # other routes have their own
    app.router.routes.insert(0, Route(_BUNDLE, _redoc, include_in_schema=False))
    app.router.routes += [
        _page("/", "index.html"),
        _page(CALENDAR, "calendar/index.html"),
        Mount("/static", _Files(directory=STATIC), name="static"),
    ]
