"""Routes are found by the segments of a path, in a time that does not depend on how many there are."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, TypeAlias

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.routing import BaseRoute, Match, NoMatchFound, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.routing import AnyMethod
from app.api.straight import straight
from app.telemetry.notes import at_hand

ANY = "*"
FOUND = "route.found"
"""Under which the scope of a request keeps the application of the route that was found."""
Shape: TypeAlias = tuple[str | None, ...]
"""The segments of a path; None where a parameter is."""
Places: TypeAlias = tuple[int, ...]
"""Which segments of a path are parameters."""
Held: TypeAlias = tuple[RouteContext, ASGIApp, str]
"""A route, its application, and the template of its path."""


def find_by_path(app: FastAPI) -> None:
    """Puts a table of all routes before them. Those that it cannot hold, or that are added later, are tried in turn."""
    app.router.routes.insert(0, RouteTable(app.router.routes))


class RouteTable(BaseRoute):
    """Stands for the routes whose parameters are whole segments; literal segments go before parameters."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self._routes = routes

    @cached_property
    def _by_shape(self) -> dict[Shape, dict[str, Held]]:
        table: dict[Shape, dict[str, Held]] = {}
        for shape, route in self._held:
            held = route, straight(route), route.path or ""
            for method in _methods(route):
                table.setdefault(shape, {}).setdefault(method, held)
        return table

    @cached_property
    def _places(self) -> dict[int, list[Places]]:
        """Where parameters may be in a path of so many segments, fewest first."""
        found: dict[int, set[Places]] = {}
        for shape, _ in self._held:
            found.setdefault(len(shape), set()).add(tuple(at for at, part in enumerate(shape) if part is None))
        return {length: sorted(places, key=lambda each: (len(each), each)) for length, places in found.items()}

    @property
    def _held(self) -> Iterator[tuple[Shape, RouteContext]]:
        for route in iter_route_contexts(self._routes):
            if isinstance(route.original_route, Route) and (shape := _shape(route.path or "")) is not None:
                yield shape, route

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The route of the path and method; none where the framework has to do more than call it."""
        if scope["type"] != "http" or scope.get("root_path"):
            return Match.NONE, {}
        if traced := scope.get("fastapi.telemetry"):
            at_hand().traced = traced
            return Match.NONE, {}
        segments = scope["path"].split("/")
        for places in self._places.get(len(segments), ()):
            methods = self._by_shape.get(_without(segments, places), {})
            held = methods.get(scope["method"]) or methods.get(ANY)
            if held is not None and all(segments[at] for at in places):
                at_hand().route = held[2]
                return Match.FULL, _child(held, [segments[at] for at in places])
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Calls the route that was found."""
        await scope[FOUND](scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """Never an address: the routes themselves know theirs."""
        raise NoMatchFound(name, path_params)


def _shape(path: str) -> Shape | None:
    """The shape of a route's path; None if a parameter is less or more than a segment."""
    parts = [None if part[:1] == "{" and part[-1:] == "}" else part for part in path.split("/")]
    return None if ":" in path or any(part and "{" in part for part in parts) else tuple(parts)


def _methods(route: RouteContext) -> Sequence[str]:
    return [ANY] if isinstance(route.original_route, AnyMethod) or route.methods is None else sorted(route.methods)


def _without(segments: list[str], places: Places) -> Shape:
    shape: list[str | None] = [*segments]
    for at in places:
        shape[at] = None
    return tuple(shape)


def _child(held: Held, values: Sequence[str]) -> Scope:
    route, app, _ = held
    parameters = dict(zip(route.param_convertors, values, strict=True))
    return {FOUND: app, "route": route.original_route, "endpoint": route.endpoint, "path_params": parameters}
