"""Optional JSON bodies, read after the caller is known, so that who is calling is settled before what was sent."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from app.api.requests import CurrentCaller
from app.errors import Invalid, Malformed
from app.values import JsonObject

Body = TypeVar("Body", bound=BaseModel)


def optional_body(model: type[Body]) -> Callable[..., Awaitable[Body]]:
    """A dependency that gives the body as the model, or its defaults when there is none; raises Invalid, Malformed."""

    async def read(request: Request, _: CurrentCaller) -> Body:
        content = await request.body()
        return _parsed(model, content if content.strip() else b"{}")

    return read


def required_body(model: type[Body]) -> Callable[..., Awaitable[Body]]:
    """A dependency that gives the body as the model; raises Invalid, Malformed."""

    async def read(request: Request, _: CurrentCaller) -> Body:
        return _parsed(model, await request.body() or b"{}")

    return read


def whole_body(model: type[Body]) -> Callable[..., Awaitable[Body]]:
    """A dependency that gives the body as the model, and does not take none for an empty one; raises as others do."""

    async def read(request: Request, _: CurrentCaller) -> Body:
        return _parsed(model, await request.body())

    return read


def _parsed(model: type[Body], content: bytes) -> Body:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise _refusal(error) from None


def _refusal(error: ValidationError) -> Exception:
    messages: dict[str, list[str]] = {}
    for item in error.errors(include_url=False, include_context=False, include_input=False):
        if item["type"] == "json_invalid":
            return Malformed(f"JSON parse error - {item['msg']}")
        message = "This field is required." if item["type"] == "missing" else item["msg"]
        member, *within = item["loc"] or ("non_field_errors",)
        place = ".".join(map(str, within)) if within and isinstance(within[0], int) else ""
        messages.setdefault(str(member), []).append(f"{place}: {message}" if place else message)
    return Invalid(messages)


def documented_body(model: type[BaseModel], *, required: bool = False) -> JsonObject:
    """The OpenAPI description of such a body."""
    content = {"application/json": {"schema": model.model_json_schema(ref_template="#/components/schemas/{model}")}}
    return {"requestBody": {"required": required, "content": content}}
