"""Dependencies called straight, in the order in which the framework would call them, which looks up how each time.

So are answered the routes that return a ready response and depend on asynchronous functions alone.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from inspect import iscoroutinefunction, isfunction
from typing import Any, TypeAlias, get_type_hints

from fastapi import Request, Response, params
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.routing import RouteContext
from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Receive, Scope, Send

_NOTHING = QueryParams()
_FAILED = object()
"""Stands for what could not be worked out of the parameters of a request."""
_UNKNOWN = (
    "cookie_params",
    "body_params",
    "websocket_param_name",
    "background_tasks_param_name",
    "security_scopes_param_name",
    "own_oauth_scopes",
    "concurrency",
)
"""What only the framework knows how to provide."""
_Given: TypeAlias = Callable[[Request], Mapping[str, Any]]
_GIVEN: Mapping[str, _Given] = {
    "path_params": lambda request: request.path_params,
    "query_params": lambda request: request.query_params if request.scope["query_string"] else _NOTHING,
    "header_params": lambda request: request.headers,
}
"""Where the parameters of each kind are; nothing is read where there are none."""


class _Fields:
    """Parameters of one kind."""

    def __init__(self, fields: Sequence[Any], given: _Given) -> None:
        self._fields, self._given = fields, given
        self._texts = {each.name: each.alias for each in fields if _is_any_text(each)}
        self._usual = {each.name: each.default for each in fields if _may_be_absent(each)}
        self._names = {each.alias for each in fields}

    def read(self, request: Request) -> tuple[Mapping[str, Any], list[Any]]:
        """The values, and what is wrong with them; as the framework would, which is not asked about the plainest."""
        given = self._given(request)
        if len(self._usual) == len(self._fields) and self._names.isdisjoint(given):
            return deepcopy(self._usual), []
        if len(self._texts) == len(self._fields) and all(alias in given for alias in self._texts.values()):
            return {name: given[alias] for name, alias in self._texts.items()}, []
        return request_params_to_args(self._fields, given)


def _is_any_text(field: Any) -> bool:
    return field.field_info.annotation is str and not field.field_info.metadata


def _may_be_absent(field: Any) -> bool:
    info = field.field_info
    is_one_name = isinstance(info, params.Query) and info.validation_alias in (None, field.alias)
    return is_one_name and not (info.is_required() or info.default_factory or info.validate_default)


@dataclass(frozen=True)
class _Step:
    """A function to call: what it is given of the steps before, and of the request; `after` are all that it needs."""

    call: Callable[..., Any]
    given: tuple[tuple[str, int], ...]
    after: tuple[int, ...]
    fields: tuple[_Fields, ...]
    requests: tuple[str, ...]
    responses: tuple[str, ...]

    async def take(self, request: Request, found: Sequence[object], errors: list[Any]) -> object:
        """What the function gives; notes what is wrong with its parameters."""
        values = {name: found[at] for name, at in self.given}
        is_known = not self.fields or self._read(request, values, errors)
        if not is_known or (errors and any(found[at] is _FAILED for at in self.after)):
            return _FAILED
        for name in self.requests:
            values[name] = request
        for name in self.responses:
            values[name] = Response()
        return await self.call(**values)

    def _read(self, request: Request, values: dict[str, Any], errors: list[Any]) -> bool:
        known = len(errors)
        for each in self.fields:
            read, wrong = each.read(request)
            values.update(read)
            errors += wrong
        return len(errors) == known


def straight(route: RouteContext) -> ASGIApp:
    """The route as an application, the framework's if that has to do more than call functions."""
    usual: ASGIApp = route.app
    provider = getattr(route, "dependency_overrides_provider", None)
    dependant: Dependant | None = getattr(route, "dependant", None)
    steps = _steps(dependant) if dependant and _gives_response(route.endpoint) else None
    if provider is None or steps is None or len(steps) == 1:
        return usual

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if provider.dependency_overrides:
            await usual(scope, receive, send)
            return
        response = await _answer(steps, Request(scope, receive, send))
        await response(scope, receive, send)

    return app


async def _answer(steps: Sequence[_Step], request: Request) -> Response:
    found: list[Any] = []
    errors: list[Any] = []
    for step in steps:
        found.append(await step.take(request, found, errors))
    if errors:
        raise RequestValidationError(errors)
    response: Response = found[-1]
    return response


def _gives_response(endpoint: Callable[..., Any] | None) -> bool:
    """Whether an endpoint says so of itself."""
    kind = get_type_hints(endpoint).get("return") if isfunction(endpoint) else None
    return isinstance(kind, type) and issubclass(kind, Response)


def _steps(dependant: Dependant) -> list[_Step] | None:
    """The functions of a route, each once, and its endpoint at the end; None if any needs the framework."""
    steps: list[_Step] = []
    places: dict[Callable[..., Any], int] = {}
    return steps if _add(dependant, steps, places) else None


def _add(dependant: Dependant, steps: list[_Step], places: dict[Callable[..., Any], int]) -> bool:
    if any(getattr(dependant, name) for name in _UNKNOWN) or not dependant.use_cache or dependant.call is None:
        return False
    if not iscoroutinefunction(dependant.call) and not iscoroutinefunction(getattr(dependant.call, "__call__", None)):  # noqa: B004
        return False
    if dependant.call in places:
        return True
    if not all(_add(each, steps, places) for each in dependant.dependencies):
        return False
    needed = [(each.name, places[each.call]) for each in dependant.dependencies if each.call is not None]
    places[dependant.call] = len(steps)
    step = _Step(
        call=dependant.call,
        given=tuple((name, at) for name, at in needed if name is not None),
        after=tuple(at for _, at in needed),
        fields=tuple(_Fields(fields, given) for kind, given in _GIVEN.items() if (fields := getattr(dependant, kind))),
        requests=_named(dependant.request_param_name, dependant.http_connection_param_name),
        responses=_named(dependant.response_param_name),
    )
    steps.append(step)
    return True


def _named(*names: str | None) -> tuple[str, ...]:
    return tuple(name for name in names if name is not None)
